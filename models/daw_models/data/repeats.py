"""For every note of a piece: how far back the continuation of the longest repetition stands."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import torch

from daw_models.nets.features import FINDERS, MEMORY, advance_lengths, best_match, recency_ramp

_BATCH = 64


def find_repeats(
    pieces: Sequence[npt.NDArray[np.int64]],
) -> list[tuple[npt.NDArray[np.int16], npt.NDArray[np.uint8]]]:
    """Per piece (back, length), both [notes, FINDERS], as the program would find them note by note.

    back[i] is how many notes before note i the one stands that followed the longest match of the notes before i;
    0 where nothing matches.
    """
    order = sorted(range(len(pieces)), key=lambda index: len(pieces[index]))
    found: list[tuple[npt.NDArray[np.int16], npt.NDArray[np.uint8]] | None] = [None] * len(pieces)
    for first in range(0, len(order), _BATCH):
        chosen = order[first : first + _BATCH]
        back, length = _find_in_batch([pieces[index] for index in chosen])
        for row, index in enumerate(chosen):
            notes = len(pieces[index])
            found[index] = (back[row, :notes].copy(), length[row, :notes].copy())
    return [entry for entry in found if entry is not None]


@torch.no_grad()
def _find_in_batch(
    pieces: Sequence[npt.NDArray[np.int64]],
) -> tuple[npt.NDArray[np.int16], npt.NDArray[np.uint8]]:
    count, longest = len(pieces), max(len(piece) for piece in pieces)
    size = min(MEMORY, -(-longest // 64) * 64)
    notes = torch.full((count, longest, 2), -2, dtype=torch.int16)
    for row, piece in enumerate(pieces):
        notes[row, : len(piece)] = torch.from_numpy(piece[:, :2].astype(np.int16))
    back = torch.zeros(count, longest + 1, FINDERS, dtype=torch.int16)
    length = torch.zeros(count, longest + 1, FINDERS, dtype=torch.uint8)
    lengths = torch.zeros(count, FINDERS, size, dtype=torch.int16)
    pitches = torch.full((count, size), -1, dtype=torch.int16)
    onsets = torch.zeros(count, size, dtype=torch.int16)
    ramp = recency_ramp(size)
    for step in range(longest):
        slot = step % size
        onset, pitch = notes[:, step, 0], notes[:, step, 1]
        lengths = advance_lengths(lengths, pitches, onsets, pitch, onset)
        lengths[:, :, slot] = 0
        pitches[:, slot] = pitch
        onsets[:, slot] = onset
        where, match = best_match(lengths, slot, ramp)
        age = (slot - where) % size
        back[:, step + 1] = torch.where(match > 0, age, torch.zeros_like(age)).to(torch.int16)
        length[:, step + 1] = match.to(torch.uint8)
    return back[:, :longest].numpy(), length[:, :longest].numpy()
