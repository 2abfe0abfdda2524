"""Transposition, stretching and touch: the same piece, played another way."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from daw_models.data.corpus import PITCHED

FLAT_VELOCITIES = 3
"""A piece with at most so many distinct velocities has no touch of its own."""


@dataclass(frozen=True)
class Augmentation:
    """How one run through a piece is changed; `velocity_weight` is its share in the velocity loss."""

    semitones: int = 0
    stretch: float = 1.0
    velocity_shift: int = 0
    velocity_weight: float = 1.0

    def applied(self, rows: npt.NDArray[np.int64], max_cells: int) -> npt.NDArray[np.int64]:
        """The changed rows; onsets are stretched as absolute times and then differenced."""
        changed = rows.copy()
        if self.stretch != 1.0:
            onset = np.rint(np.cumsum(rows[:, 0]) * self.stretch).astype(np.int64)
            changed[:, 0] = np.diff(onset, prepend=0).clip(0, max_cells)
            changed[:, 2] = np.rint(rows[:, 2] * self.stretch).astype(np.int64).clip(0, max_cells)
        changed[:, 1] += self.semitones
        changed[:, 3] = (rows[:, 3] + self.velocity_shift).clip(1, 127)
        return changed


def draw(rng: np.random.Generator, rows: npt.NDArray[np.int64], note_class: int) -> Augmentation:
    """Draw how to change a piece: transposed within the keyboard, sometimes stretched, touch kept honest.

    Scores with one flat velocity mostly stay out of the velocity loss: they would teach a flat touch.
    """
    semitones = 0
    if note_class == PITCHED and rng.random() < 0.85:
        lowest, highest = int(rows[:, 1].min()), int(rows[:, 1].max())
        semitones = int(np.clip(rng.integers(-5, 7), -lowest, 127 - highest))
    stretch = float(rng.uniform(0.9, 1.1)) if rng.random() < 0.3 else 1.0
    flat = len(np.unique(rows[:, 3])) <= FLAT_VELOCITIES
    shift = int(rng.integers(-12, 13)) if rng.random() < 0.3 else 0
    weight = 0.0 if flat and rng.random() < 0.7 else 1.0
    return Augmentation(semitones, stretch, shift, weight)
