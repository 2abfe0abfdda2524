"""What a model has to beat: counting alone (marginal), a back-off Markov chain of order 3, and a memory of the piece.

Times are judged in the same bins as the model's, each charged the log of the cells it covers, so that the nats are
those of the reference grid.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from zipfile import BadZipFile

import numpy as np
import numpy.typing as npt

from daw_bridge.errors import UsageError
from daw_bridge.music.vocabulary import PARTS, Vocabulary
from daw_models.data.corpus import Corpus

ORDER = 3
SHIPPED = Path(__file__).parent.parent / "weights" / "baselines.npz"
_DISCOUNT = 0.75
_BITS = 10
_BUCKETS = 14
_EDGES = np.array([1, 2, 3, 4, 5, 6, 8, 12, 16, 24, 32, 64, 128])

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class _Counts:
    """Sorted n-gram keys with their counts; a key is the context's key shifted by one value, plus the value."""

    keys: npt.NDArray[np.uint64]
    counts: npt.NDArray[np.uint32]

    def of(self, wanted: npt.NDArray[np.uint64]) -> Floats:
        """The count of each wanted key, 0 where it was never seen."""
        at = np.searchsorted(self.keys, wanted).clip(0, max(len(self.keys) - 1, 0))
        if not len(self.keys):
            return np.zeros(len(wanted))
        return np.where(self.keys[at] == wanted, self.counts[at], 0).astype(np.float64)


@dataclass(frozen=True)
class _Order:
    """The n-grams of one order, and for each context that has any: all notes that followed it, kept or forgotten."""

    grams: _Counts
    totals: _Counts

    @cached_property
    def left_over(self) -> tuple[npt.NDArray[np.uint64], Floats]:
        """Per context the share that is handed down to the order below."""
        keys, first = np.unique(self.grams.keys >> np.uint64(_BITS), return_index=True)
        if not len(keys):
            return keys, np.zeros(0)
        kept = np.add.reduceat(np.maximum(self.grams.counts - _DISCOUNT, 0.0), first)
        return keys, 1.0 - kept / self.totals.of(keys)


@dataclass(frozen=True)
class Baselines:
    """Counts of n-grams per part and order, and how often each length of match foretold each part."""

    orders: Mapping[str, tuple[_Order, ...]]
    hits: Floats
    vocabulary: Vocabulary

    @classmethod
    def count(cls, corpus: Corpus, pieces: Sequence[int], *, at_least: Sequence[int] = (1, 1, 1, 1)) -> Baselines:
        """Count the pieces; n-grams of each order seen fewer times than `at_least` are forgotten."""
        spans = [corpus.span(piece) for piece in pieces]
        values = np.concatenate([_values(corpus.rows[begin:end], corpus.vocabulary) for begin, end in spans])
        firsts = np.cumsum([0, *(end - begin for begin, end in spans[:-1])])
        orders: dict[str, tuple[_Order, ...]] = {}
        for part, name in enumerate(PARTS):
            found = []
            for order in range(ORDER + 1):
                keys, counts = np.unique(_keys(values, firsts, part, order), return_counts=True)
                contexts, first = np.unique(keys >> np.uint64(_BITS), return_index=True)
                totals = np.add.reduceat(counts, first)
                kept = counts >= at_least[order]
                used = np.isin(contexts, keys[kept] >> np.uint64(_BITS))
                found.append(
                    _Order(
                        _Counts(keys[kept], counts[kept].astype(np.uint32)),
                        _Counts(contexts[used], totals[used].astype(np.uint32)),
                    )
                )
            orders[name] = tuple(found)
        tried, right = np.zeros(_BUCKETS), np.zeros((_BUCKETS, 4))
        for begin, end in spans:
            bucket, told, known = _told(corpus, begin, end)
            here = _values(corpus.rows[begin:end], corpus.vocabulary)
            tried += np.bincount(bucket[known], minlength=_BUCKETS)
            for part in range(4):
                same = known & (told[:, part] == here[:, part])
                right[:, part] += np.bincount(bucket[same], minlength=_BUCKETS)
        return cls(orders, (right + 0.5) / (tried[:, None] + 1.0), corpus.vocabulary)

    def save(self, path: Path) -> None:
        """Write the counts, small: sorted keys as differences."""
        arrays: dict[str, npt.NDArray[np.generic]] = {"hits": self.hits}
        for name, orders in self.orders.items():
            for number, order in enumerate(orders):
                steps = np.diff(order.grams.keys, prepend=np.uint64(0))
                arrays[f"{name}{number}.low"] = (steps & np.uint64(0xFFFF)).astype(np.uint16)
                arrays[f"{name}{number}.high"] = (steps >> np.uint64(16)).astype(np.uint32)
                arrays[f"{name}{number}.counts"] = order.grams.counts
                arrays[f"{name}{number}.totals"] = order.totals.counts
        np.savez_compressed(path, allow_pickle=False, **arrays)

    @classmethod
    def load(cls, path: Path = SHIPPED, vocabulary: Vocabulary | None = None) -> Baselines:
        """Read saved counts. Raises UsageError naming the file if it is damaged or missing."""
        try:
            with path.open("rb") as content, np.load(content, allow_pickle=False) as file:
                arrays = {name: file[name] for name in file.files}
            orders = {}
            for name in PARTS:
                found = []
                for number in range(ORDER + 1):
                    low = arrays[f"{name}{number}.low"].astype(np.uint64)
                    high = arrays[f"{name}{number}.high"].astype(np.uint64)
                    keys = np.cumsum((high << np.uint64(16)) + low, dtype=np.uint64)
                    totals = _Counts(np.unique(keys >> np.uint64(_BITS)), arrays[f"{name}{number}.totals"])
                    found.append(_Order(_Counts(keys, arrays[f"{name}{number}.counts"]), totals))
                orders[name] = tuple(found)
            return cls(orders, arrays["hits"].astype(np.float64), vocabulary or Vocabulary())
        except (OSError, ValueError, KeyError, EOFError, BadZipFile) as error:
            raise UsageError(
                f"baseline counts cannot be read ({error})", where=str(path), cure="give --train-data"
            ) from error

    def nats(self, corpus: Corpus, pieces: Sequence[int]) -> dict[str, float]:
        """Nats per note of whole pieces under each baseline: marginal, markov, memory."""
        sums = {"marginal": 0.0, "markov": 0.0, "memory": 0.0}
        notes = 0
        for piece in pieces:
            begin, end = corpus.span(piece)
            values = _values(corpus.rows[begin:end], self.vocabulary)
            bucket, told, known = _told(corpus, begin, end)
            for part in range(len(PARTS)):
                width = np.log(_widths(values[:, part], self.vocabulary)) if part in (0, 2) else 0.0
                chances = self.chances(part, values)
                trust = np.where(known, self.hits[bucket, part], 0.0)
                mixed = trust * (told[:, part] == values[:, part]) + (1 - trust) * chances[0]
                sums["marginal"] += float((width - np.log(chances[0])).sum())
                sums["markov"] += float((width - np.log(chances[ORDER])).sum())
                sums["memory"] += float((width - np.log(mixed)).sum())
            notes += end - begin
        return {name: total / max(notes, 1) for name, total in sums.items()}

    def chances(self, part: int, values: Ints) -> list[Floats]:
        """The chance of each note's own value of a part under orders 0 to ORDER, each interpolated with the one below.

        values int64 [notes, 4]: the bins of a whole piece.
        """
        kinds = self.vocabulary.time_bins if part in (0, 2) else (self.vocabulary.pitches - (part == 3))
        chance: Floats = np.full(len(values), 1.0 / kinds)
        found = []
        for number, order in enumerate(self.orders[PARTS[part]]):
            keys = _keys(values, np.zeros(1, np.int64), part, number)
            contexts, shares = order.left_over
            context = keys >> np.uint64(_BITS)
            at = np.searchsorted(contexts, context).clip(0, max(len(contexts) - 1, 0))
            known = contexts[at] == context if len(contexts) else np.zeros(len(keys), bool)
            total = np.maximum(order.totals.of(context), 1)
            own = np.maximum(order.grams.of(keys) - _DISCOUNT, 0) / total
            chance = own + (np.where(known, shares[at], 1.0) if len(contexts) else 1.0) * chance
            found.append(chance)
        return found


def _values(rows: npt.NDArray[np.int16] | Ints, vocabulary: Vocabulary) -> Ints:
    """The rows as bins."""
    bins = np.array([vocabulary.bin_of_cells(cells) for cells in range(vocabulary.max_cells + 1)])
    values = rows.astype(np.int64)
    values[:, 0], values[:, 2] = bins[values[:, 0]], bins[values[:, 2]]
    return values


def _widths(bins: Ints, vocabulary: Vocabulary) -> Floats:
    wide = (bins >= vocabulary.fine_cells) & (bins < vocabulary.time_bins - 1)
    return np.where(wide, float(vocabulary.coarse_cells), 1.0)


def _keys(values: Ints, firsts: Ints, part: int, order: int) -> npt.NDArray[np.uint64]:
    """The n-gram of each note: `order` earlier values of the same part, oldest first, and its own.

    From order 1 on, pitches and durations also know whether the note starts with the one before. Values before the
    first note of a piece read as 1023.
    """
    notes = len(values)
    begins = np.zeros(notes, np.int64)
    begins[firsts] = firsts
    begins = np.maximum.accumulate(begins)
    index = np.arange(notes)
    key = np.zeros(notes, np.uint64)
    if order and part in (1, 2):
        key = (values[:, 0] == 0).astype(np.uint64) + np.uint64(1)
    for back in range(order, 0, -1):
        before = index - back
        value = np.where(before >= begins, values[before.clip(0), part], (1 << _BITS) - 1)
        key = (key << np.uint64(_BITS)) | value.astype(np.uint64)
    return (key << np.uint64(_BITS)) | values[:, part].astype(np.uint64)


def _told(corpus: Corpus, begin: int, end: int) -> tuple[Ints, Ints, npt.NDArray[np.bool_]]:
    """Per note of a piece: bucket of the longest pitch match before it, what followed that match, and whether any."""
    back = corpus.back[begin:end, 0].astype(np.int64)
    known = back > 0
    told = _values(corpus.rows[begin:end], corpus.vocabulary)[(np.arange(end - begin) - back).clip(0)]
    bucket = np.searchsorted(_EDGES, corpus.length[begin:end, 0].astype(np.int64), side="right")
    return bucket, told, known
