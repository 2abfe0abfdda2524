"""What has to hold of any file that was continued or filled in, judged with mido: nothing of our own reader is used."""

from __future__ import annotations

import io
from collections import defaultdict, deque
from collections.abc import Iterable
from dataclasses import dataclass

import mido

from daw_bridge.music.instruments import instrument_range

DRUMS = 9
KIT = (27, 87)
"""The drum sounds of General MIDI 2; a kit's own notes may lie outside."""

Row = tuple[int, mido.Message | mido.MetaMessage]


@dataclass(frozen=True, slots=True)
class Heard:
    """One note as mido sees it; `on` and `off` are its messages' numbers in the track (off -1: never ended)."""

    track: int
    channel: int
    pitch: int
    velocity: int
    on_tick: int
    off_tick: int
    on: int
    off: int


def loaded(data: bytes) -> mido.MidiFile:
    """A file's bytes through mido; bytes above 127 inside messages are clipped, as its players do."""
    return mido.MidiFile(file=io.BytesIO(data), clip=True)


def rows_of(track: mido.MidiTrack) -> list[Row]:
    """Every message at its absolute tick, in order."""
    tick, rows = 0, []
    for message in track:
        tick += message.time
        rows.append((tick, message.copy(time=0)))
    return rows


def notes_of(file: mido.MidiFile) -> list[Heard]:
    """All notes: a note-off ends the oldest that sounds on its key."""
    notes = []
    for number, track in enumerate(file.tracks):
        sounding: defaultdict[tuple[int, int], deque[tuple[int, int, int]]] = defaultdict(deque)
        rows = rows_of(track)
        for at, (tick, message) in enumerate(rows):
            if message.type not in ("note_on", "note_off"):
                continue
            key = (message.channel, message.note)
            if message.type == "note_on" and message.velocity:
                sounding[key].append((tick, message.velocity, at))
            elif sounding[key]:
                on_tick, velocity, on = sounding[key].popleft()
                notes.append(Heard(number, *key, velocity, on_tick, tick, on, at))
        last = rows[-1][0] if rows else 0
        notes += [
            Heard(number, *key, velocity, on_tick, last, on, -1)
            for key, waiting in sounding.items()
            for on_tick, velocity, on in waiting
        ]
    return notes


def continuation_faults(before: bytes, after: bytes) -> list[str]:
    """What is wrong with `after`, a continuation of the file `before` on a track of its own; empty when all is well."""
    old, new = loaded(before), loaded(after)
    faults = _kept_faults(old, new, {})
    played = notes_of(old)
    added = [note for note in notes_of(new) if note.track == len(new.tracks) - 1]
    if not added:
        return [*faults, "nothing was added"]
    end_tick = max(note.off_tick for note in played)
    start_tick = min(note.on_tick for note in added)
    bar_ticks = _bar_ticks(old, end_tick)
    if not -bar_ticks <= start_tick - end_tick <= bar_ticks:
        faults.append(f"it starts {(start_tick - end_tick) / bar_ticks:+.2f} bars from the end")
    return faults + _range_faults(old, played, added)


def infill_faults(before: bytes, after: bytes, start_tick: int, end_tick: int) -> list[str]:
    """What is wrong with `after`, in which the ticks from `start_tick` to `end_tick` of `before` were rewritten."""
    old, new = loaded(before), loaded(after)
    played = notes_of(old)
    pitched = any(note.channel != DRUMS for note in played)
    gone: defaultdict[int, set[int]] = defaultdict(set)
    for note in played:
        if start_tick <= note.on_tick < end_tick and (note.channel != DRUMS or not pitched):
            gone[note.track] |= {note.on, note.off}
    faults = _kept_faults(old, new, gone)
    added = [note for note in notes_of(new) if note.track == len(new.tracks) - 1]
    if not added:
        return [*faults, "nothing was added"]
    outside = [note for note in added if note.on_tick < start_tick or note.off_tick > end_tick]
    if outside:
        faults.append(f"{len(outside)} new notes leave the bars they are for")
    return faults + _range_faults(old, played, added)


def _kept_faults(old: mido.MidiFile, new: mido.MidiFile, gone: dict[int, set[int]]) -> list[str]:
    if new.ticks_per_beat != old.ticks_per_beat:
        return ["the division has changed"]
    if len(new.tracks) != len(old.tracks) + 1:
        return [f"{len(old.tracks)} tracks became {len(new.tracks)}"]
    faults = []
    for number, (before, after) in enumerate(zip(old.tracks, new.tracks, strict=False)):
        wanted = [row for at, row in enumerate(rows_of(before)) if at not in gone.get(number, ())]
        if wanted != rows_of(after):
            faults.append(f"track {number} is not as it was")
    return faults


def _range_faults(old: mido.MidiFile, played: list[Heard], added: list[Heard]) -> list[str]:
    if all(note.channel == DRUMS for note in played):
        low, high = _widened(KIT, (note.pitch for note in played))
    else:
        pitched = [note for note in played if note.channel != DRUMS]
        spans = [instrument_range(program) for program in _programs(old, pitched)]
        span = (min(low for low, _ in spans), max(high for _, high in spans))
        low, high = _widened(span, (note.pitch for note in pitched))
    out = [note.pitch for note in added if not low <= note.pitch <= high]
    return [f"{len(out)} notes outside {low}-{high}, such as {out[0]}"] if out else []


def _programs(file: mido.MidiFile, notes: list[Heard]) -> set[int]:
    """The sounds that the parts of the notes have at some time; a piano's where none is chosen."""
    parts = {(note.track, note.channel) for note in notes}
    found: dict[tuple[int, int], set[int]] = {part: set() for part in parts}
    for number, track in enumerate(file.tracks):
        for message in track:
            if message.type == "program_change" and (number, message.channel) in found:
                found[number, message.channel].add(message.program)
    return {program for programs in found.values() for program in programs or {0}}


def _widened(span: tuple[int, int], pitches: Iterable[int]) -> tuple[int, int]:
    """What was played is possible, whatever the table says of the instrument."""
    known = list(pitches)
    return min(span[0], *known), max(span[1], *known)


def _bar_ticks(file: mido.MidiFile, at_tick: int) -> float:
    """The longest bar there or next to it: the metre may change on the very end."""
    rows = sorted(
        (
            (tick, message)
            for track in file.tracks
            for tick, message in rows_of(track)
            if message.type == "time_signature"
        ),
        key=lambda row: row[0],
    )
    beat = _beat_ticks(file)
    bars = [(tick, beat * 4 * max(m.numerator, 1) / m.denominator) for tick, m in rows]
    now = [length for tick, length in bars if tick <= at_tick][-1:] or [beat * 4]
    return max(now + [length for tick, length in bars if abs(tick - at_tick) <= now[0]])


def _beat_ticks(file: mido.MidiFile) -> float:
    """Ticks of a quarter note; of half a second where the file counts frames, which mido reads as a negative number."""
    division = file.ticks_per_beat & 0xFFFF
    if not division & 0x8000:
        return float(division)
    return (256 - (division >> 8)) * (division & 0xFF) / 2
