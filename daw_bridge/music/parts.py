"""The parts of a piece: who plays which notes, which of them a task is about, and who takes a new note."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from dataclasses import dataclass, replace

from daw_bridge.music.instruments import instrument_range, program_name
from daw_bridge.music.midifile import Piece, PieceNote
from daw_bridge.music.notes import DRUM_CHANNEL, Note

_NARROWEST_RANGE = 19
"""Semitones a continuation may use at least, however little the piece itself does (an octave and a fifth)."""


@dataclass(frozen=True, slots=True)
class Part:
    """The notes of one channel of one track; `number` counts the parts of a piece from 1."""

    number: int
    track: int
    channel: int
    name: str
    program: int
    notes: tuple[PieceNote, ...]

    @property
    def drums(self) -> bool:
        """Whether it is a drum kit."""
        return self.channel == DRUM_CHANNEL

    @property
    def label(self) -> str:
        """Its name, or that of its sound."""
        return self.name or ("Drums" if self.drums else program_name(max(self.program, 0)))


def parts_of(piece: Piece) -> list[Part]:
    """All parts that have notes, in order of track and channel."""
    grouped: dict[tuple[int, int], list[PieceNote]] = {}
    for note in piece.notes:
        grouped.setdefault((note.track, note.channel), []).append(note)
    return [
        Part(
            number,
            track,
            channel,
            piece.smf.tracks[track].name.strip(),
            piece.programs.get((track, channel), -1),
            tuple(grouped[track, channel]),
        )
        for number, (track, channel) in enumerate(sorted(grouped), start=1)
    ]


def choose_parts(parts: Sequence[Part], wanted: str = "") -> list[Part]:
    """The parts named (by number or name), or all pitched ones, or the drums when there is nothing else.

    Raises ValueError listing the parts when none is meant.
    """
    if not wanted:
        return [part for part in parts if not part.drums] or list(parts)
    if wanted.isdigit():
        chosen = [part for part in parts if part.number == int(wanted)]
    else:
        word = wanted.casefold()
        chosen = [part for part in parts if part.label.casefold() == word] or [
            part for part in parts if word in part.label.casefold()
        ]
    if not chosen:
        listed = ", ".join(f"{part.number} {part.label!r}" for part in parts) or "none"
        raise ValueError(f"there is no part {wanted!r} (parts: {listed})")
    return chosen


def main_part(parts: Sequence[Part], near_tick: int) -> Part:
    """The part with the most notes in the last quarter of what comes before `near_tick`, else at all."""
    since = near_tick * 3 // 4
    return max(
        parts,
        key=lambda part: (sum(since <= note.on_tick < near_tick for note in part.notes), len(part.notes), -part.number),
    )


def playing_range(parts: Sequence[Part], program: int) -> tuple[int, int]:
    """The pitches a continuation may use: the parts' own ambitus, widened when narrow, inside the instrument's."""
    pitches = [note.pitch for part in parts for note in part.notes]
    if not pitches:
        return instrument_range(max(program, 0))
    low, high = min(pitches), max(pitches)
    lowest, highest = instrument_range(max(program, 0))
    missing = _NARROWEST_RANGE - (high - low)
    if missing > 0:
        # What was played is possible, whatever the table says of the instrument.
        low = min(low, max(low - missing // 2, lowest))
        high = max(high, min(high + missing - missing // 2, highest))
    return max(low, 0), min(high, 127)


def shared_out(notes: Sequence[Note], parts: Sequence[Part]) -> dict[int, list[Note]]:
    """New notes by the number of the part that takes each: the nearest in register with a voice free."""
    voices = [_Voice.of(part) for part in parts]
    taken: dict[int, list[Note]] = {part.number: [] for part in parts}
    for note in sorted(notes, key=lambda note: (note.onset_s, -note.pitch)):
        costs = [voice.cost(note) for voice in voices]
        best = costs.index(min(costs))
        voices[best] = voices[best].with_note(note)
        voice = voices[best]
        taken[voice.number].append(replace(note, channel=voice.channel))
    return taken


@dataclass(frozen=True, slots=True)
class _Voice:
    """A part as it takes notes: its centre and spread in pitch, how many it plays together, what sounds."""

    number: int
    channel: int
    centre: float
    spread: float
    polyphony: int
    sounding: tuple[Note, ...] = ()

    @classmethod
    def of(cls, part: Part) -> _Voice:
        pitches = [note.pitch for note in part.notes[-256:]]
        spread = max(statistics.pstdev(pitches), 2.0)
        return cls(part.number, part.channel, statistics.fmean(pitches), spread, most_together(part.notes[-256:]))

    def cost(self, note: Note) -> float:
        """How little the note suits the part."""
        held = [other for other in self.sounding if other.end_s > note.onset_s + 0.03]
        crowded = max(0, len(held) + 1 - self.polyphony)
        return abs(note.pitch - self.centre) / self.spread + 4.0 * crowded

    def with_note(self, note: Note) -> _Voice:
        """The part after it has taken the note; its centre leans towards it."""
        held = tuple(other for other in self.sounding if other.end_s > note.onset_s + 0.03)
        return replace(self, sounding=(*held, note), centre=0.95 * self.centre + 0.05 * note.pitch)


def most_together(notes: Sequence[PieceNote]) -> int:
    """The largest number of notes that sound at once, a note that ends where another begins not counted."""
    edges = sorted([(note.off_tick, -1) for note in notes] + [(note.on_tick, 1) for note in notes])
    most = now = 0
    for _, step in edges:
        now += step
        most = max(most, now)
    return max(most, 1)
