"""Figures: some notes in a row that one notices when they come again."""

from __future__ import annotations

import math
from collections.abc import Hashable, Sequence


def onset_step(cells: int) -> int:
    """The time between two onsets on a scale of ratios, four steps to the octave: a few hundredths do not matter."""
    return round(4 * math.log2(1 + cells))


def repeats(steps: Sequence[Hashable], size: int) -> tuple[int, int]:
    """How many figures of so many steps stood earlier in the same music, and how many there are."""
    figures = [tuple(steps[at : at + size]) for at in range(len(steps) - size + 1)]
    return len(figures) - len(set(figures)), len(figures)
