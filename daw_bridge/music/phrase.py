"""A phrase: sorted notes on a line of seconds that starts at zero, and a length."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from daw_bridge.music.notes import PITCHES, Note


@dataclass(frozen=True, slots=True)
class Phrase:
    """Notes sorted by (onset, pitch), times in seconds from the start of the phrase.

    `length_s` may reach beyond the last note-off (a rest that belongs to the phrase).
    """

    notes: tuple[Note, ...] = ()
    length_s: float = 0.0

    @classmethod
    def of(cls, notes: Iterable[Note], length_s: float | None = None) -> Phrase:
        """Sort `notes` into a phrase; the length defaults to the last note-off."""
        ordered = tuple(sorted(notes))
        end_s = max((note.end_s for note in ordered), default=0.0)
        return cls(ordered, end_s if length_s is None else length_s)

    def __len__(self) -> int:
        return len(self.notes)

    def __iter__(self) -> Iterator[Note]:
        return iter(self.notes)

    def shifted(self, by_s: float) -> Phrase:
        """The phrase moved `by_s` seconds later; its length grows by as much."""
        return Phrase(tuple(note.shifted(by_s) for note in self.notes), self.length_s + by_s)

    def stretched(self, factor: float) -> Phrase:
        """All times multiplied by `factor` (2.0 is half as fast). Raises ValueError unless it is positive."""
        if factor <= 0:
            raise ValueError(f"stretch factor {factor} is not positive")
        notes = (
            replace(note, onset_s=note.onset_s * factor, duration_s=note.duration_s * factor) for note in self.notes
        )
        return Phrase(tuple(notes), self.length_s * factor)

    def transposed(self, semitones: int) -> Phrase:
        """Every pitch moved by `semitones`; notes that would leave 0-127 move by octaves until they fit."""
        return Phrase.of(
            (replace(note, pitch=fold_pitch(note.pitch + semitones)) for note in self.notes), self.length_s
        )

    def between(self, start_s: float, end_s: float) -> Phrase:
        """The notes whose onsets lie in [start_s, end_s), counted from `start_s`; their ends are kept."""
        inside = (note.shifted(-start_s) for note in self.notes if start_s <= note.onset_s < end_s)
        return Phrase(tuple(inside), end_s - start_s)


def fold_pitch(pitch: int) -> int:
    """The pitch itself, or the nearest octave of it inside 0-127."""
    while pitch < 0:
        pitch += 12
    while pitch >= PITCHES:
        pitch -= 12
    return pitch
