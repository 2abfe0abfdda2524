"""Many pieces read side by side, a window of notes at a time, so that the net's state can be carried through each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import torch

from daw_bridge.errors import UsageError
from daw_models.data.augment import Augmentation, draw
from daw_models.data.corpus import Corpus
from daw_models.nets.features import HORIZONS, LONG_AGO, NO_PITCH, RING, length_bucket
from daw_models.nets.notewise import Batch

LONGEST_RUN = 4096
"""Longer pieces are read from a random note for this many notes."""


@dataclass(frozen=True)
class Run:
    """One reading of a piece, ready to be cut into windows."""

    rows: npt.NDArray[np.int64]
    onset: npt.NDArray[np.int64]
    repeat: npt.NDArray[np.int64]
    length: npt.NDArray[np.int64]
    harmony: npt.NDArray[np.float32]
    note_class: int
    velocity_weight: float


def start_run(corpus: Corpus, piece: int, first: int, notes: int, change: Augmentation) -> Run:
    """Read `notes` notes of a piece from note `first`, changed by `change`."""
    begin, _ = corpus.span(piece)
    here = slice(begin + first, begin + first + notes)
    max_cells = corpus.vocabulary.max_cells
    plain = corpus.rows[here].astype(np.int64)
    plain[0, 0] = 0
    rows = change.applied(plain, max_cells)
    back = corpus.back[here].astype(np.int64)
    index = np.arange(len(rows))[:, None] - back
    known = (back > 0) & (index > 0)
    repeat = np.where(known[:, :, None], rows[index.clip(0)], -1)
    length = np.where(known, corpus.length[here].astype(np.int64), 0)
    buckets = length_bucket(torch.from_numpy(length)).numpy()
    onset = np.cumsum(rows[:, 0])
    return Run(
        rows, onset, repeat, buckets, fading_counts(rows[:, 1]), corpus.note_classes[piece], change.velocity_weight
    )


def fading_counts(pitches: npt.NDArray[np.int64]) -> npt.NDArray[np.float32]:
    """Before each note, how often each pitch class was heard, older notes counting less: [notes, HORIZONS, 12]."""
    counts = np.zeros((len(pitches), len(HORIZONS), 12), np.float32)
    left = np.array(HORIZONS, np.float32)[:, None]
    for note, pitch in enumerate(pitches[:-1]):
        counts[note + 1] = counts[note] * left
        counts[note + 1, :, pitch % 12] += 1
    return counts


def cut(run: Run, start: int, size: int) -> dict[str, npt.NDArray[Any]]:
    """Notes start..start+size of a run with all that is known before each; rows beyond its end are -1."""
    stop = min(start + size, len(run.rows))
    target = np.full((size, 4), -1, np.int64)
    target[: stop - start] = run.rows[start:stop]
    before = np.full((size, 4), -1, np.int64)
    lead = 1 if start == 0 else 0
    before[lead : stop - start] = run.rows[start + lead - 1 : stop - 1]
    now = np.zeros(size, np.int64)
    now[lead : stop - start] = run.onset[start + lead - 1 : stop - 1]
    recent = np.arange(start, start + size)[:, None] - 1 - np.arange(RING)[None, :]
    real = (recent >= 0) & (recent < len(run.rows))
    held = recent.clip(0, len(run.rows) - 1)
    repeat = np.full((size, *run.repeat.shape[1:]), -1, np.int64)
    repeat[: stop - start] = run.repeat[start:stop]
    length = np.zeros((size, run.length.shape[1]), np.int64)
    length[: stop - start] = run.length[start:stop]
    harmony = np.zeros((size, *run.harmony.shape[1:]), np.float32)
    harmony[: stop - start] = run.harmony[start:stop]
    return {
        "target": target,
        "before": before,
        "now": now,
        "ring_pitch": np.where(real, run.rows[held, 1], NO_PITCH),
        "ring_end": np.where(real, run.onset[held] + run.rows[held, 2], LONG_AGO),
        "repeat": repeat,
        "length": length,
        "harmony": harmony,
    }


def stack(cuts: Sequence[Mapping[str, npt.NDArray[Any]]], runs: Sequence[Run]) -> Batch:
    """Put windows side by side."""
    arrays = {name: torch.from_numpy(np.stack([part[name] for part in cuts])) for name in cuts[0]}
    weight = (arrays["target"][..., :1] >= 0).float().repeat(1, 1, 4)
    weight[..., 3] *= torch.tensor([run.velocity_weight for run in runs]).unsqueeze(1)
    return Batch(note_class=torch.tensor([run.note_class for run in runs]), weight=weight, **arrays)


class Streams:
    """Endless readings of the training pieces, one per row of the batch, in an order that the seed alone decides.

    `shares` gives each set its share of the notes heard; sets not named stay out.
    """

    def __init__(
        self, corpus: Corpus, shares: Mapping[str, float], *, seed: int, streams: Sequence[int], window: int
    ) -> None:
        self._corpus, self._seed, self._streams, self._window = corpus, seed, tuple(streams), window
        self._pieces = [corpus.pieces("train", name) for name in shares]
        if not any(self._pieces):
            raise UsageError("none of the recipe's sets is in the data", cure="name the sets in the recipe's [mix]")
        rates = []
        for share, pieces in zip(shares.values(), self._pieces, strict=True):
            notes = [min(self._notes(piece), LONGEST_RUN) for piece in pieces]
            rates.append(share / float(np.mean(notes)) if notes else 0.0)
        self._rates = np.array(rates) / sum(rates)
        self._counters = [0] * len(self._streams)
        self._offsets = [0] * len(self._streams)
        self._runs = [self._begin(row) for row in range(len(self._streams))]

    def _notes(self, piece: int) -> int:
        begin, end = self._corpus.span(piece)
        return end - begin

    def _begin(self, row: int) -> Run:
        rng = np.random.default_rng([self._seed, self._streams[row], self._counters[row]])
        pieces = self._pieces[int(rng.choice(len(self._rates), p=self._rates))]
        piece = pieces[int(rng.integers(len(pieces)))]
        notes = self._notes(piece)
        first = int(rng.integers(notes - LONGEST_RUN + 1)) if notes > LONGEST_RUN else 0
        if self._counters[row] == 0 and notes > 2 * self._window:
            # Streams that all start at a first note would hear nothing but openings for a while.
            first = max(first, int(rng.integers(notes - self._window)))
        begin, _ = self._corpus.span(piece)
        size = min(LONGEST_RUN, notes - first)
        rows = self._corpus.rows[begin + first : begin + first + size].astype(np.int64)
        change = draw(rng, rows, self._corpus.note_classes[piece])
        return start_run(self._corpus, piece, first, size, change)

    def next(self) -> tuple[Batch, torch.Tensor]:
        """The next window of every stream, and bool [B]: which of them begin a reading (their state is zero)."""
        fresh = torch.tensor([offset == 0 for offset in self._offsets])
        batch = stack(
            [cut(run, offset, self._window) for run, offset in zip(self._runs, self._offsets, strict=True)], self._runs
        )
        for row, run in enumerate(self._runs):
            self._offsets[row] += self._window
            if self._offsets[row] >= len(run.rows):
                self._counters[row] += 1
                self._offsets[row] = 0
                self._runs[row] = self._begin(row)
        return batch, fresh

    def position(self) -> list[list[int]]:
        """Where every stream stands: [counter, offset] per row."""
        return [list(pair) for pair in zip(self._counters, self._offsets, strict=True)]

    def go_to(self, position: Sequence[Sequence[int]]) -> None:
        """Continue from a saved position."""
        self._counters = [int(counter) for counter, _ in position]
        self._offsets = [int(offset) for _, offset in position]
        self._runs = [self._begin(row) for row in range(len(self._streams))]
