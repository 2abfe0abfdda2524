"""How long a run of notes also stands in the training set, for answers and for real music."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from daw_models.data.corpus import Corpus, Rows

LENGTHS = (4, 5, 6, 7, 8, 9, 10, 12, 14, 16, 20, 24, 32, 48)

_BASE = np.uint64(0x9E3779B97F4A7C15 | 1)
_INTERVALS = 128


def longest_runs(corpus: Corpus, pieces: Sequence[int], groups: Sequence[Sequence[Rows]]) -> list[list[int]]:
    """For every music in every group the longest run, in notes, of intervals and rhythm that the pieces hold too.

    Lengths are found on the steps of LENGTHS; 0 where not even the shortest stands there.
    """
    joined, alive = _joined([_tokens(corpus.rows[slice(*corpus.span(piece))].astype(np.int64)) for piece in pieces])
    music = {(group, index): rows for group, listed in enumerate(groups) for index, rows in enumerate(listed)}
    tokens = {place: _joined([_tokens(rows)]) for place, rows in music.items() if len(rows)}
    found = [[0] * len(group) for group in groups]
    for length in LENGTHS:
        hashes = {place: _hashes(*part, length - 1) for place, part in tokens.items()}
        wanted = np.unique(np.concatenate([np.zeros(0, np.uint64), *hashes.values()]))
        held = _held(wanted, _hashes(joined, alive, length - 1))
        tokens = {place: tokens[place] for place in tokens if bool(np.isin(hashes[place], held).any())}
        for group, index in tokens:
            found[group][index] = length
        if not tokens:
            break
    return found


def _held(wanted: npt.NDArray[np.uint64], hashes: npt.NDArray[np.uint64]) -> npt.NDArray[np.uint64]:
    """Those of the sorted `wanted` that are among `hashes`; the many are not sorted, so this takes seconds."""
    if not len(wanted):
        return wanted
    at = np.searchsorted(wanted, hashes).clip(max=len(wanted) - 1)
    held: npt.NDArray[np.uint64] = wanted[np.unique(at[wanted[at] == hashes])]
    return held


def copying(corpus: Corpus, pieces: Sequence[int], answers: Sequence[Rows], real: Sequence[Rows]) -> dict[str, object]:
    """Mean, 90th percentile and longest of the runs in answers and in real held-out music."""
    runs = longest_runs(corpus, pieces, [answers, real])
    return {
        name: {
            "mean": round(float(np.mean(lengths)), 2),
            "p90": round(float(np.percentile(lengths, 90)), 1),
            "longest": max(lengths),
        }
        for name, lengths in zip(("answers", "real"), runs, strict=True)
        if lengths
    }


def _tokens(rows: Rows) -> npt.NDArray[np.uint64]:
    """One number for each step from note to note: the interval, and the time on a scale of six steps to the octave."""
    interval = np.diff(rows[:, 1]) + _INTERVALS
    time = np.rint(6 * np.log2(1 + rows[1:, 0])).astype(np.int64)
    token = (interval * 64 + time + 1).astype(np.uint64)
    # Scattered, so that sums of powers of them do not collide.
    token *= np.uint64(0xBF58476D1CE4E5B9)
    mixed: npt.NDArray[np.uint64] = token ^ (token >> np.uint64(29))
    return mixed


def _joined(parts: Sequence[npt.NDArray[np.uint64]]) -> tuple[npt.NDArray[np.uint64], npt.NDArray[np.int64]]:
    """All tokens in a row, and for each how many tokens its piece has from it on."""
    left = [np.arange(len(part), 0, -1) for part in parts]
    return np.concatenate(parts), np.concatenate(left)


def _hashes(tokens: npt.NDArray[np.uint64], left: npt.NDArray[np.int64], length: int) -> npt.NDArray[np.uint64]:
    """A hash of every run of `length` tokens inside one piece."""
    size = len(tokens) - length + 1
    if size <= 0:
        return np.zeros(0, np.uint64)
    total = np.zeros(size, np.uint64)
    for offset in range(length):
        total = total * _BASE + tokens[offset : offset + size]
    return total[left[:size] >= length]
