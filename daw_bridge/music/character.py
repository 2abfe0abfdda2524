"""What a stretch of music is like, in a few figures a listener would agree with."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from daw_bridge.music.figures import repeats
from daw_bridge.music.harmony import pitch_class_weights
from daw_bridge.music.notes import Note

_FIGURE: Final = 6
"""Pitches in a row that make a figure one notices when it comes again."""


@dataclass(frozen=True, slots=True)
class Character:
    """Notes a second, the share of figures heard before, and for how long each pitch class sounds."""

    notes_per_s: float
    repetition: float
    weights: tuple[float, ...]

    @classmethod
    def of(cls, notes: Sequence[Note], length_s: float = 0.0) -> Character:
        """That of notes in order of onset, which take so long; 0 is from the first to the last onset."""
        if length_s <= 0.0 and len(notes) > 1:
            length_s = notes[-1].onset_s - notes[0].onset_s
        repeated, figures = repeats([note.pitch for note in notes], _FIGURE)
        notes_per_s = len(notes) / max(length_s, 0.1) if length_s or len(notes) > 1 else 0.0
        return cls(notes_per_s, repeated / max(figures, 1), pitch_class_weights(notes))

    def strangeness(self, other: Character, *, drums: bool) -> float:
        """How far another stretch is from this one, from 0: more repetition, another density, other pitch classes."""
        more = max(0.0, other.repetition - self.repetition)
        ratio = math.log(max(other.notes_per_s, 0.05) / max(self.notes_per_s, 0.05))
        tones = 0.0 if drums else 1.0 - self.likeness(other)
        return 2.0 * more + 0.7 * abs(ratio) + 1.5 * tones

    def likeness(self, other: Character) -> float:
        """The cosine of the pitch classes, 0 to 1."""
        norm = math.sqrt(sum(x * x for x in self.weights) * sum(x * x for x in other.weights))
        return sum(x * y for x, y in zip(self.weights, other.weights, strict=True)) / norm if norm else 0.0
