"""Continue and fill in many files of many kinds, and say of which the result is not as promised.

    python -m tests.offline.hundred FOLDER [--files 100] [--scores 20] [--model lstm] [--seed 1]

FOLDER is searched for MIDI files, as many from each of its folders; the scores are MusicXML and ABC that music21
carries. Everything is checked with mido (`tests.offline.kept`). Exit status 1 when anything was wrong.
"""

from __future__ import annotations

import argparse
import random
import statistics
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from daw_bridge.cli.compose_model import opener
from daw_bridge.engine.continuation import Continuer
from daw_bridge.errors import BridgeError
from daw_bridge.offline.compose import Task
from daw_bridge.offline.files import MIDI_SUFFIXES, read_any
from daw_bridge.offline.jobs import Job, run_job
from tests.offline.kept import continuation_faults, infill_faults

BARS = 4
MOST_BYTES = 400_000
"""Larger scores are whole operas: music21 takes minutes to read one."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What was wrong with one file's results (nothing: empty), and the seconds it took."""

    path: Path
    faults: tuple[str, ...]
    continued_s: float
    infilled_s: float


def chosen_files(folder: Path, count: int, seed: int) -> list[Path]:
    """`count` MIDI files, as evenly from all folders below `folder` as they allow."""
    draw = random.Random(seed)
    kinds: defaultdict[Path, list[Path]] = defaultdict(list)
    for path in sorted(folder.rglob("*")):
        if path.suffix.lower() in MIDI_SUFFIXES:
            kinds[path.parent].append(path)
    for files in kinds.values():
        draw.shuffle(files)
    found: list[Path] = []
    while len(found) < count and any(kinds.values()):
        found += [files.pop() for files in kinds.values() if files]
    return found[:count]


def corpus_scores(count: int, seed: int) -> list[Path]:
    """MusicXML and ABC files out of music21's corpus, half of each."""
    from music21 import corpus

    draw = random.Random(seed)
    paths = sorted(Path(path) for path in corpus.getCorePaths())
    paths = [path for path in paths if path.stat().st_size < MOST_BYTES]
    xml = [path for path in paths if path.suffix in (".mxl", ".xml", ".musicxml")]
    abc = [path for path in paths if path.suffix == ".abc"]
    return draw.sample(xml, (count + 1) // 2) + draw.sample(abc, count // 2)


def judged(path: Path, open_model: Callable[[], Continuer], seed: int, folder: Path) -> Outcome:
    """Continue a file and fill in two bars of its middle, through the very job that `compose` runs."""
    out = folder / "out.mid"
    begun_s = time.perf_counter()
    faults = []
    try:
        piece = read_any(path)
        before = piece.smf.to_bytes() if path.suffix.lower() not in MIDI_SUFFIXES else path.read_bytes()
        task = Task(bars=BARS, seed=seed)
        run_job(Job(path, (out,), task), open_model)
        faults += [f"continued: {fault}" for fault in continuation_faults(before, out.read_bytes())]
        continued_s = time.perf_counter() - begun_s
        last = int(piece.meter.bar_at(max(piece.end_tick - 1, 0))) + 1
        first = _filled_bar(piece.notes[len(piece.notes) // 2].on_tick, piece.meter.bar_at, last)
        run_job(Job(path, (out,), task, infill=(first, min(first + 1, last))), open_model)
        span = piece.meter.bar_start(first - 1), piece.meter.bar_start(min(first + 1, last))
        faults += [f"infilled: {fault}" for fault in infill_faults(before, out.read_bytes(), *span)]
    except BridgeError as error:
        faults.append(f"refused: {error}")
        continued_s = time.perf_counter() - begun_s
    except Exception as error:  # a crash is what this is here to find
        faults.append(f"crashed: {type(error).__name__}: {error}")
        continued_s = time.perf_counter() - begun_s
    return Outcome(path, tuple(faults), continued_s, time.perf_counter() - begun_s - continued_s)


def _filled_bar(middle_tick: int, bar_at: Callable[[float], float], last: int) -> int:
    """The bar, from 1, in which the piece's middle note begins; not its first, where there is nothing to lead from."""
    return min(max(int(bar_at(middle_tick)) + 1, min(2, last)), last)


def outcomes(paths: list[Path], model: str, seed: int) -> Iterator[Outcome]:
    """Every file's outcome, with one model for all."""
    open_model = opener(model)
    open_model()
    with tempfile.TemporaryDirectory() as folder:
        for number, path in enumerate(paths):
            yield judged(path, open_model, seed + number, Path(folder))


def main(argv: list[str] | None = None) -> int:
    """Run it. Returns the exit status."""
    parser = argparse.ArgumentParser(description="Continue and fill in many files, and check the results.")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--files", type=int, default=100)
    parser.add_argument("--scores", type=int, default=20)
    parser.add_argument("--model", default="lstm")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args(argv)
    paths = chosen_files(options.folder, options.files - options.scores, options.seed)
    paths += corpus_scores(options.scores, options.seed)
    done = []
    for outcome in outcomes(paths, options.model, options.seed):
        done.append(outcome)
        said = "; ".join(outcome.faults) or "ok"
        sys.stdout.write(f"{outcome.continued_s:6.2f} s {outcome.infilled_s:6.2f} s  {outcome.path}: {said}\n")
        sys.stdout.flush()
    wrong = sum(bool(outcome.faults) for outcome in done)
    sys.stdout.write(
        f"{len(done)} files, {wrong} with faults; continued in {statistics.median(o.continued_s for o in done):.2f} s,"
        f" filled in in {statistics.median(o.infilled_s for o in done):.2f} s (medians)\n"
    )
    return 1 if wrong else 0


if __name__ == "__main__":
    raise SystemExit(main())
