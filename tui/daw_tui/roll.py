"""The notes of a piano roll, and where they fall on a grid of cells. Plain values: no widget, no clock."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Final

from daw_bridge.control.pushes import CALL, RESPONSE, NoteBegan, NoteEnded

SOUNDING: Final = float("inf")
MAX_NOTES: Final = 4000
LONGEST_S: Final = 60.0
"""A note that began so long ago and never ended is no longer believed to sound."""

SHADES: Final = 4
"""Steps of velocity that the eye tells apart."""
EMPTY: Final = 0
"""A cell without a note; 1-4 are the call's shades, 5-8 the response's; 9 and 10 their beginnings."""


@dataclass(frozen=True, slots=True)
class RollNote:
    """A bar of the roll; `end_s` is infinite while it sounds."""

    side: str
    pitch: int
    velocity: int
    onset_s: float
    end_s: float = SOUNDING


@dataclass(frozen=True, slots=True)
class View:
    """What part of the music a grid shows: `columns` of time, `rows` of `semitones` each, `low` at the bottom."""

    start_s: float
    end_s: float
    columns: int
    rows: int
    low: int
    semitones: int = 1

    def column(self, at_s: float) -> int:
        """The column a moment falls into; outside the view it is beyond the first or last."""
        return int((at_s - self.start_s) / (self.end_s - self.start_s) * self.columns // 1)

    def row(self, pitch: int) -> int:
        """The row of a pitch, counted from the top."""
        return self.rows - 1 - (pitch - self.low) // self.semitones


class Roll:
    """The notes heard and played of late."""

    def __init__(self, notes: Iterable[RollNote] = ()) -> None:
        self.notes: list[RollNote] = list(notes)

    def clear(self) -> None:
        """Forget all notes."""
        self.notes.clear()

    def began(self, note: NoteBegan) -> None:
        """A note sounds."""
        self.notes.append(RollNote(note.side, note.pitch, note.velocity, note.onset_s))
        if len(self.notes) > MAX_NOTES:
            del self.notes[: MAX_NOTES // 4]

    def ended(self, note: NoteEnded) -> None:
        """A note is complete: the bar that was begun gets its end, or is added if it was never seen to begin."""
        end_s = note.onset_s + note.duration_s
        for index in range(len(self.notes) - 1, -1, -1):
            begun = self.notes[index]
            if begun.side == note.side and begun.pitch == note.pitch and begun.end_s == SOUNDING:
                self.notes[index] = replace(begun, onset_s=note.onset_s, end_s=max(end_s, note.onset_s + 0.02))
                return
        self.notes.append(RollNote(note.side, note.pitch, note.velocity, note.onset_s, end_s))

    def silence(self, side: str, now_s: float) -> None:
        """Everything of a side that still sounds ends now: its ends were missed."""
        self.notes = [
            replace(note, end_s=now_s) if note.side == side and note.end_s == SOUNDING else note for note in self.notes
        ]

    def forget_before(self, start_s: float) -> None:
        """Drop the notes that ended before a moment."""
        self.notes = [note for note in self.notes if _end_s(note) >= start_s]

    @property
    def length_s(self) -> float:
        """From zero to the last end."""
        return max((note.end_s for note in self.notes if note.end_s != SOUNDING), default=0.0)

    def pitch_span(self, start_s: float, end_s: float) -> tuple[int, int] | None:
        """Lowest and highest pitch between two moments, None when nothing sounds there."""
        pitches = [note.pitch for note in self.notes if note.onset_s <= end_s and _end_s(note) >= start_s]
        return (min(pitches), max(pitches)) if pitches else None

    def grid(self, view: View) -> list[bytearray]:
        """The cells of a view, row by row from the top; later notes lie over earlier ones.

        The first cell of a bar is marked, so that repeated notes stay apart, unless it is the only one.
        """
        rows = [bytearray(view.columns) for _ in range(view.rows)]
        for note in self.notes:
            end_s = min(_end_s(note), view.end_s)
            if end_s < view.start_s or note.onset_s > view.end_s:
                continue
            row = view.row(note.pitch)
            if not 0 <= row < view.rows:
                continue
            onset = view.column(note.onset_s)
            first = max(0, onset)
            if first >= view.columns:
                continue
            last = max(first + 1, min(view.columns, view.column(end_s)))
            shade = min(SHADES - 1, note.velocity * SHADES // 128)
            base = 1 if note.side == CALL else 1 + SHADES
            rows[row][first:last] = bytes([base + shade]) * (last - first)
            if onset >= 0 and last - first > 1:
                rows[row][first] = 1 + 2 * SHADES + (note.side == RESPONSE)
        return rows


def fitted(span: tuple[int, int] | None, rows: int, before: tuple[int, int] | None = None) -> tuple[int, int]:
    """Lowest pitch and semitones per row so that a span of pitches fits into `rows`.

    `before` is what was shown until now: it is kept as long as everything still fits, so that the roll stands still.
    """
    if span is None:
        return before if before is not None else (max(0, 60 - rows // 2), 1)
    low, high = span
    if before is not None:
        shown_low, semitones = before
        roomy = semitones == 1 or (high - low + 5) > rows * (semitones - 1)
        if low >= shown_low and high < shown_low + rows * semitones and roomy:
            return before
    semitones = max(1, -(-(high - low + 3) // rows))
    centre = (low + high + 1) // 2
    bottom = centre - rows * semitones // 2
    return (max(0, min(bottom, 128 - rows * semitones)) if rows * semitones <= 128 else 0, semitones)


def _end_s(note: RollNote) -> float:
    return note.end_s if note.end_s != SOUNDING else note.onset_s + LONGEST_S
