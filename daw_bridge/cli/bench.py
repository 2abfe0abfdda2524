"""`aiart-bridge bench`: latency, timing and speed of this machine, measured on whole turns over real ports."""

from __future__ import annotations

import argparse
import contextlib
import signal
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Final

from daw_bridge.arguments import Parser
from daw_bridge.cli.output import note, print_json
from daw_bridge.engine.parameters import defaults
from daw_bridge.errors import MissingPartError, UsageError

if TYPE_CHECKING:
    from daw_bridge.live.bench.peer import Compared
    from daw_bridge.live.bench.scene import Conditions, Measured
    from daw_bridge.live.wiring import Tier

TURNS: Final = 50
QUICK_TURNS: Final = 10
MOST_TURNS: Final = 10_000
COMPARED: Final = ("lstm", "transformer")


def main(argv: Sequence[str]) -> int:
    """Measure and print. Returns 0, or 1 if a note was left hanging or lost, or a turn stayed without an answer."""
    options = _checked(_parser().parse_args(list(argv)))
    from daw_bridge.cli.bench_tables import document, print_figures

    with _ending_whole():
        compared = _compared(options)
        runs = _measured(options)
    if options.picture is not None:
        from daw_bridge.cli.bench_picture import draw

        draw(runs, options.picture)
    if options.json:
        print_json(document(options.model, runs, compared))
    else:
        print_figures(runs, compared)
    return 0 if all(run.whole for run in runs) else 1


@contextlib.contextmanager
def _ending_whole() -> Iterator[None]:
    """Inside the block SIGTERM ends like Ctrl-C, so that no server, bridge or busy process is left behind."""
    before = signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def _parser() -> argparse.ArgumentParser:
    from daw_bridge.live.bench.scene import SCENES
    from daw_bridge.live.bench.stage import SERVERS

    parser = Parser(prog="aiart-bridge bench", description="Latency, jitter and speed of this machine, by whole turns.")
    parser.add_argument("--turns", type=int, default=None, metavar="N", help=f"turns of each scene (default {TURNS})")
    parser.add_argument("--quick", action="store_true", help=f"{QUICK_TURNS} turns of each scene")
    parser.add_argument("--model", default=str(defaults()["model"]), metavar="NAME|FILE", help="model that answers")
    parser.add_argument(
        "--scenes", default=",".join(SCENES), metavar="A,B", help=f"what to measure: {', '.join(SCENES)} (all)"
    )
    parser.add_argument("--over", choices=("both", "memory", "jack"), default="both", help="ports to measure over")
    parser.add_argument("--period", type=int, default=128, metavar="FRAMES", help="period of the JACK server (128)")
    parser.add_argument(
        "--server",
        choices=SERVERS,
        default=SERVERS[0],
        help="JACK server: of ordinary priority, raised like our own helpers, waiting for its clients, or real-time",
    )
    parser.add_argument("--load", type=int, default=0, metavar="N", help="busy processes beside it")
    parser.add_argument("--with-tui", action="store_true", help="also with the live screen attached")
    parser.add_argument("--compare", choices=("notochord",), help="time per note of another program's model, here")
    parser.add_argument("--compare-python", default="", metavar="FILE", help="the Python that program is installed for")
    parser.add_argument("--picture", type=Path, metavar="FILE.png", help="draw the histograms")
    parser.add_argument("--json", action="store_true", help="print the figures for a script")
    return parser


def _checked(options: argparse.Namespace) -> argparse.Namespace:
    """The options with turns and scenes settled. Raises UsageError."""
    from daw_bridge.live.bench.scene import SCENES

    if options.turns is None:
        options.turns = QUICK_TURNS if options.quick else TURNS
    if not 1 <= options.turns <= MOST_TURNS:
        raise UsageError(f"--turns is 1 to {MOST_TURNS}, not {options.turns}")
    if not 16 <= options.period <= 8192 or options.period & (options.period - 1):
        raise UsageError(f"--period is a power of two from 16 to 8192, not {options.period}")
    if not 0 <= options.load <= 64:
        raise UsageError(f"--load is 0 to 64, not {options.load}")
    options.scenes = [name.strip() for name in options.scenes.split(",") if name.strip()]
    for name in options.scenes:
        if name not in SCENES:
            raise UsageError(f"no scene {name!r}", where="--scenes", cure=f"choose from {', '.join(SCENES)}")
    if not options.scenes:
        raise UsageError("no scene named", where="--scenes", cure=f"choose from {', '.join(SCENES)}")
    if options.picture is not None and not options.picture.absolute().parent.is_dir():
        raise UsageError("no such folder", where=str(options.picture.parent), cure="name one that exists")
    return options


def _measured(options: argparse.Namespace) -> list[Measured]:
    """Each scene over each kind of port. Raises MissingPartError if JACK was asked for by name and is not there."""
    from daw_bridge.live.bench.scene import SCENES, THRU_NOTES_A_TURN, Conditions
    from daw_bridge.live.bench.stage import over_jack, over_memory
    from daw_models.weights_file import ladder

    runs = []
    tiers = len(ladder(options.model))
    tier = _tier(options.model) if options.over != "jack" else None
    for scene in sorted(set(options.scenes), key=SCENES.index):
        turns = options.turns * (THRU_NOTES_A_TURN if scene == "thru" else 1)
        if tier is not None:
            runs.append(over_memory(Conditions(scene, "memory", busy=options.load), tier, turns))
        if options.over in ("jack", "both"):
            try:
                for conditions in _over_jack(options, scene):
                    runs.append(over_jack(conditions, options.model, turns, tiers))
            except MissingPartError as error:
                if options.over == "jack":
                    raise
                note(f"bench: not measured over JACK: {error}")
    return runs


def _tier(name: str) -> Tier:
    """A model, warm. Raises UsageError."""
    from daw_bridge.cli.run_models import model_files
    from daw_bridge.live.wiring import load_tier

    return load_tier(model_files(name)[1])


def _over_jack(options: argparse.Namespace, scene: str) -> list[Conditions]:
    """With the screen, the same without it comes first: what it costs is the difference."""
    from daw_bridge.live.bench.scene import Conditions

    alone = Conditions(scene, "jack", options.period, options.server, options.load)
    return [alone, replace(alone, screen=True)] if options.with_tui else [alone]


def _compared(options: argparse.Namespace) -> list[Compared]:
    """The trained models of the tiers beside the other program's."""
    if options.compare is None:
        return []
    from daw_bridge.live.bench.peer import compare

    return compare([_tier(name) for name in COMPARED], options.compare_python)
