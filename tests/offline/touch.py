"""Take the touch from pieces that were played, let a model give them one, and compare the two by numbers.

    python -m tests.offline.touch FOLDER [--files 10] [--model lstm] [--temperature 1.0] [--seed 1]

Printed per folder, played / humanized: the spread of velocities within a piece, by how much notes on a beat are louder
than those between sixteenths, by how much the top voice is louder than what is struck with it; and the correlation of
the two touches, note by note (0: chance).
"""

from __future__ import annotations

import argparse
import statistics
import sys
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path

from daw_bridge.cli.compose_model import opener
from daw_bridge.engine.continuation import SamplingControls
from daw_bridge.music.midifile import Piece, PieceNote, piece_of, read_piece
from daw_bridge.music.moving import moved
from daw_bridge.music.parts import parts_of
from daw_bridge.offline.humanize import Strength, humanized
from tests.offline.hundred import chosen_files

FLAT = 72
MOST_NOTES = 2500


def accents(piece: Piece, notes: Sequence[PieceNote], velocities: Sequence[int]) -> tuple[float, float, float]:
    """Spread, beat accent and top-voice accent of one touch."""
    step = piece.meter.ticks_per_beat / 4
    beat: list[int] = []
    off: list[int] = []
    strokes: defaultdict[int, list[tuple[int, int]]] = defaultdict(list)
    for note, velocity in zip(notes, velocities, strict=True):
        place = round(note.on_tick / step) % 4
        (beat if place == 0 else off).append(velocity) if place in (0, 1, 3) else None
        strokes[round(note.on_tick / step)].append((note.pitch, velocity))
    tops = []
    for stroke in strokes.values():
        if len(stroke) > 1:
            *lower, top = sorted(stroke)
            tops.append(top[1] - statistics.fmean(velocity for _, velocity in lower))
    accent = statistics.fmean(beat) - statistics.fmean(off) if beat and off else 0.0
    return statistics.pstdev(velocities), accent, statistics.fmean(tops) if tops else 0.0


def main(argv: list[str] | None = None) -> int:
    """Run it. Returns the exit status."""
    parser = argparse.ArgumentParser(description="Compare a model's touch with the players'.")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--files", type=int, default=10)
    parser.add_argument("--model", default="lstm")
    parser.add_argument("--temperature", type=float, default=1.0)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args(argv)
    model = opener(options.model)()
    controls = SamplingControls(temperature=options.temperature)
    rows = []
    for path in chosen_files(options.folder, options.files, options.seed):
        played = read_piece(path)
        notes = played.notes
        if not notes or len(notes) > MOST_NOTES:
            continue
        stiff = piece_of(moved(played, dict.fromkeys(notes, FLAT), {}))
        given = piece_of(humanized(model, stiff, parts_of(stiff), Strength(1.0, 0.0), controls, options.seed).smf).notes
        real, new = [note.velocity for note in notes], [note.velocity for note in given]
        together = statistics.correlation(real, new) if len(set(real)) > 1 and len(set(new)) > 1 else 0.0
        rows.append((*accents(played, notes, real), *accents(played, notes, new), together))
    means = [statistics.fmean(column) for column in zip(*rows, strict=True)]
    sys.stdout.write(
        f"{options.folder}: {len(rows)} pieces; spread {means[0]:.1f} / {means[3]:.1f}, beat {means[1]:+.1f} /"
        f" {means[4]:+.1f}, top voice {means[2]:+.1f} / {means[5]:+.1f}, correlation {means[6]:.2f}\n"
    )
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
