"""`aiart-bridge bench`: latency, timing and speed of this machine, measured on whole turns over real ports."""

from __future__ import annotations

import json
import math
import platform
import subprocess
import sys
import threading
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any, Final

from daw_bridge.arguments import Parser
from daw_bridge.cli.output import note, print_json, print_table
from daw_bridge.engine.events import Action, Event, Fault, Sent, TurnStreamed
from daw_bridge.engine.parameters import Value, defaults
from daw_bridge.errors import BridgeError, MissingPartError, UsageError
from daw_bridge.music.messages import NoteOn

if TYPE_CHECKING:
    from daw_bridge.live.player import Performance
    from daw_bridge.live.wiring import Tier

TURNS: Final = 50
QUICK_TURNS: Final = 10
GAP_BEATS: Final = 0.5
GAP_S: Final = 0.25
"""The same gap at 120 beats a minute."""

TURN_LIMIT_S: Final = 12.0


@dataclass(frozen=True, slots=True)
class Spread:
    """A distribution in the unit its name says; None when nothing was measured."""

    count: int
    p50: float | None
    p99: float | None
    p99_9: float | None
    worst: float | None

    @classmethod
    def of(cls, values: Sequence[float]) -> Spread:
        """Nearest-rank percentiles."""
        ordered = sorted(values)
        if not ordered:
            return cls(0, None, None, None, None)

        def at(share: float) -> float:
            return round(ordered[max(math.ceil(share * len(ordered)) - 1, 0)], 4)

        return cls(len(ordered), at(0.5), at(0.99), at(0.999), round(ordered[-1], 4))


@dataclass(frozen=True, slots=True)
class Measured:
    """One way of reaching the bridge. `first_note_ms` is seen from outside; output errors are the bridge's own log."""

    over: str
    period: int | None
    turns: int
    answered: int
    first_note_ms: Spread
    output_error_ms: Spread
    model_ms_per_note: float | None
    notes_per_s: float | None
    notes_on: int
    notes_off: int
    hanging: int
    misses: int
    faults: int


@dataclass(slots=True)
class Watcher:
    """An observer that keeps the figures of the bridge's own side."""

    errors_ms: list[float] = field(default_factory=list)
    model_s: float = 0.0
    model_notes: int = 0
    misses: int = 0
    faults: int = 0

    def heard(self, event: Event, now_s: float) -> None:
        """What comes in is measured from outside."""

    def done(self, actions: Sequence[Action | Sent], now_s: float) -> None:
        """Note what was sent when, and how long the model took."""
        del now_s
        for action in actions:
            match action:
                case Sent(NoteOn(), wanted_s, actual_s, turn) if turn > 0:
                    self.errors_ms.append((actual_s - wanted_s) * 1000)
                case TurnStreamed(notes=notes, model_s=model_s) if model_s > 0:
                    self.model_s += model_s
                    self.model_notes += len(notes)
                case Fault("miss"):
                    self.misses += 1
                case Fault():
                    self.faults += 1


def main(argv: Sequence[str]) -> int:
    """Measure and print. Returns 0, or 1 if a note was left hanging or a turn stayed without an answer."""
    options = _parser().parse_args(list(argv))
    turns = options.turns or (QUICK_TURNS if options.quick else TURNS)
    if turns < 1:
        raise UsageError("--turns is at least 1")
    from daw_bridge.cli.run_models import model_files
    from daw_bridge.live.wiring import load_tier

    _, program = model_files(options.model)
    tier = load_tier(program)
    runs = []
    if options.over in ("memory", "both"):
        runs.append(_over_memory(tier, turns))
    if options.over in ("jack", "both"):
        try:
            runs.append(_over_jack(tier, turns, options.period))
        except MissingPartError as error:
            if options.over == "jack":
                raise
            note(f"bench: not measured over JACK: {error}")
    if options.json:
        print_json(_document(tier, runs))
    else:
        _print(tier, runs)
    return 0 if all(run.hanging == 0 and run.answered == run.turns for run in runs) else 1


def _parser() -> Parser:
    parser = Parser(prog="aiart-bridge bench", description="Latency, jitter and speed of this machine, by whole turns.")
    parser.add_argument("--turns", type=int, default=0, metavar="N", help=f"calls to play each way (default {TURNS})")
    parser.add_argument("--quick", action="store_true", help=f"{QUICK_TURNS} calls each way")
    parser.add_argument("--model", default=str(defaults()["model"]), metavar="NAME|FILE", help="model that answers")
    parser.add_argument("--over", choices=("both", "memory", "jack"), default="both", help="ports to measure over")
    parser.add_argument("--period", type=int, default=128, metavar="FRAMES", help="period of the JACK server (128)")
    parser.add_argument("--json", action="store_true", help="print the figures for a script")
    return parser


def _settings(midi_api: str) -> dict[str, Value]:
    return {**defaults(), "midi_api": midi_api, "gap_beats": GAP_BEATS, "tempo": 120.0, "seed": 1, "mode": "pause"}


def _over_memory(tier: Tier, turns: int) -> Measured:
    """The player is a thread of this process: the bridge alone, without any driver."""
    from daw_bridge.io.ports_memory import MemorySystem
    from daw_bridge.live.player import Player
    from daw_bridge.live.wiring import Bridge

    bus = MemorySystem()
    watcher = Watcher()
    bridge = Bridge(_settings("memory"), system=bus)
    bridge.observe(watcher)
    player = Player(bus.keyboard("AI In"), bus.ear("AI Out"), GAP_S)
    found: list[Performance] = []
    bridge.start(tier)
    try:
        thread = threading.Thread(target=lambda: found.append(player.perform(turns)), name="player", daemon=True)
        thread.start()
        thread.join(TURN_LIMIT_S * turns)
    finally:
        bridge.stop()
    if not found:
        raise BridgeError("the player did not come to an end", where="bench over memory")
    return _measured("memory", None, found[0], watcher, bridge.faults)


def _over_jack(tier: Tier, turns: int, period: int) -> Measured:
    """The player is a process of its own, on a JACK server of our own."""
    from daw_bridge.io.jack_private import private_jack
    from daw_bridge.live.player import Heard, Performance
    from daw_bridge.live.wiring import Bridge

    watcher = Watcher()
    with private_jack(period):
        bridge = Bridge(_settings("jack"))
        bridge.observe(watcher)
        bridge.start(tier)
        command = [sys.executable, "-m", "daw_bridge.cli.bench_player", "--turns", str(turns), "--gap-s", str(GAP_S)]
        try:
            done = subprocess.run(command, capture_output=True, text=True, timeout=TURN_LIMIT_S * turns, check=False)
        except subprocess.TimeoutExpired:
            raise BridgeError("the player did not come to an end", where="bench over JACK") from None
        finally:
            bridge.stop()
    if done.returncode:
        last = (done.stderr.strip().splitlines() or ["no reason given"])[-1]
        raise BridgeError(f"the player's process failed ({last})", where="bench over JACK")
    told = json.loads(done.stdout)
    performance = Performance(**{**told, "turns": [Heard(**turn) for turn in told["turns"]]})
    return _measured("jack", period, performance, watcher, bridge.faults)


def _measured(over: str, period: int | None, heard: Performance, watcher: Watcher, own_faults: int) -> Measured:
    late_ms = [(turn.first_s - turn.over_s) * 1000 for turn in heard.turns if turn.first_s is not None]
    per_note_s = watcher.model_s / watcher.model_notes if watcher.model_notes else None
    return Measured(
        over=over,
        period=period,
        turns=len(heard.turns),
        answered=len(late_ms),
        first_note_ms=Spread.of(late_ms),
        output_error_ms=Spread.of(watcher.errors_ms),
        model_ms_per_note=None if per_note_s is None else round(per_note_s * 1000, 4),
        notes_per_s=None if not per_note_s else round(1 / per_note_s, 1),
        notes_on=heard.notes_on,
        notes_off=heard.notes_off,
        hanging=heard.hanging,
        misses=watcher.misses,
        faults=watcher.faults + own_faults,
    )


def _document(tier: Tier, runs: Sequence[Measured]) -> dict[str, Any]:
    return {
        "machine": {
            "system": platform.platform(),
            "processor": platform.machine(),
            "python": platform.python_version(),
        },
        "model": tier.continuer.name,
        "model_ms_per_note_warm": round(tier.note_s * 1000, 4),
        "gap_ms": GAP_S * 1000,
        "runs": [asdict(run) for run in runs],
    }


def _print(tier: Tier, runs: Sequence[Measured]) -> None:
    def ms(spread: Spread) -> list[str]:
        return ["-" if value is None else f"{value:.2f}" for value in (spread.p50, spread.p99, spread.p99_9)]

    header = ["over", "measure", "p50", "p99", "p99.9", "n"]
    rows = []
    for run in runs:
        over = run.over if run.period is None else f"{run.over} -p {run.period}"
        rows.append([over, "call over to first note, ms", *ms(run.first_note_ms), str(run.first_note_ms.count)])
        rows.append(
            [over, "note-on sent after it was due, ms", *ms(run.output_error_ms), str(run.output_error_ms.count)]
        )
    print_table(header, rows)
    for run in runs:
        speed = (
            f"{run.model_ms_per_note:.2f} ms a note, {run.notes_per_s:.0f} notes/s"
            if run.model_ms_per_note is not None and run.notes_per_s is not None
            else "no time of its own"
        )
        print(
            f"{run.over}: {run.answered} of {run.turns} calls answered, {run.notes_on} notes, {run.hanging} hanging, "
            f"{run.misses} misses, {run.faults} faults; {tier.continuer.name}: {speed}"
        )
