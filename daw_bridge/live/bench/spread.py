"""Distributions as `bench` tells them: percentiles, the worst, and a histogram."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

BIN: Final = 0.25
"""Width of a histogram's bins, in the unit of the values."""


@dataclass(frozen=True, slots=True)
class Spread:
    """A distribution in the unit its name says; None when nothing was measured.

    `bins` are the bins that hold anything, each with its lower edge and how many values fell into it.
    """

    count: int
    p50: float | None
    p99: float | None
    p99_9: float | None
    worst: float | None
    bins: tuple[tuple[float, int], ...] = ()

    @classmethod
    def of(cls, values: Sequence[float]) -> Spread:
        """Nearest-rank percentiles; `worst` is the value farthest from zero."""
        ordered = sorted(values)
        if not ordered:
            return cls(0, None, None, None, None)

        def at(share: float) -> float:
            return round(ordered[max(math.ceil(share * len(ordered)) - 1, 0)], 4)

        filled = Counter(math.floor(value / BIN) for value in ordered)
        return cls(
            len(ordered),
            at(0.5),
            at(0.99),
            at(0.999),
            round(ordered[-1] if abs(ordered[-1]) >= abs(ordered[0]) else ordered[0], 4),
            tuple((number * BIN, filled[number]) for number in sorted(filled)),
        )
