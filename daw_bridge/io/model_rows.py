"""Notes as the rows of a model program, and the chance that each of them is drawn with."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
import torch

from daw_bridge.music.notes import Note

State = list[torch.Tensor]
"""What a program holds of the music so far; never changed once it was given out."""
Row = tuple[int, int, int, int]
"""Onset (cells from the first note), pitch, duration (cells), velocity."""

CELLS_PER_S: Final = 100
MAX_CELLS: Final = 1000
PITCHED: Final = 0
DRUMS: Final = 1

_BELOW_ONE: Final = np.float32(1.0 - 2.0**-24)


def rows_of(notes: Sequence[Note], time_scale: float) -> list[Row]:
    """Notes on the grid, sorted by (onset, pitch); onsets in cells from the first note."""
    if not notes:
        return []
    cells_per_s = time_scale * CELLS_PER_S
    origin_s = notes[0].onset_s
    return sorted(row_of(note, origin_s, cells_per_s) for note in notes)


def row_of(note: Note, origin_s: float, cells_per_s: float) -> Row:
    """One note on the grid."""
    return (
        round((note.onset_s - origin_s) * cells_per_s),
        note.pitch,
        min(round(note.duration_s * cells_per_s), MAX_CELLS),
        note.velocity,
    )


def deltas(rows: Sequence[Row], start: int) -> torch.Tensor:
    """Rows from number `start` on as the program wants them: onset differences, [1, n, 4]."""
    onsets = [rows[start - 1][0] if start else rows[0][0] if rows else 0, *(row[0] for row in rows[start:])]
    listed = [
        [min(onset - before, MAX_CELLS), *row[1:]]
        for before, onset, row in zip(onsets, onsets[1:], rows[start:], strict=False)
    ]
    return torch.tensor(listed, dtype=torch.int64).reshape(1, -1, 4)


def uniforms(seed: int, index: int, count: int) -> torch.Tensor:
    """Four uniform draws for each of `count` notes from number `index` on, [1, count, 4]: a pure function."""
    source = np.random.Generator(np.random.Philox(key=seed, counter=index))
    draws = np.minimum(source.random((1, count, 4)).astype(np.float32), _BELOW_ONE)
    return torch.from_numpy(draws)
