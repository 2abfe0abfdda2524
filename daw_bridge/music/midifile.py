"""MIDI files and phrases: a file's notes in ticks and seconds, and phrases written as a file."""

from __future__ import annotations

import os
import sys
from collections import defaultdict, deque
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from daw_bridge.errors import BridgeError, UsageError
from daw_bridge.music.notes import DRUM_CHANNEL, Note
from daw_bridge.music.phrase import Phrase
from daw_bridge.music.smf import (
    Smf,
    SmfEvent,
    SmfTrack,
    make_track,
    meter_event,
    name_event,
    parse_smf,
    tempo_event,
)
from daw_bridge.music.timeline import MeterMap, TempoMap, meter_map, tempo_map

MAX_FILE_BYTES = 16 * 1024 * 1024
"""A larger file is no song; reading it would cost more memory than we allow ourselves."""


class PieceNote(NamedTuple):
    """One note of a file: its ticks, and the events of its track that begin and end it (-1: nothing ends it)."""

    on_tick: int
    off_tick: int
    pitch: int
    velocity: int
    channel: int
    track: int
    on_index: int
    off_index: int


@dataclass(frozen=True, slots=True)
class Piece:
    """A file with its notes (sorted by onset, pitch) and its maps of tempo and metre."""

    smf: Smf
    notes: tuple[PieceNote, ...]
    tempo: TempoMap
    meter: MeterMap
    programs: Mapping[tuple[int, int], int] = field(default_factory=dict)
    """The last program chosen, by (track, channel)."""

    @property
    def end_tick(self) -> int:
        """The last note-off."""
        return max((note.off_tick for note in self.notes), default=0)

    def seconds_note(self, note: PieceNote) -> Note:
        """The note in seconds from the beginning of the file."""
        onset_s = self.tempo.seconds(note.on_tick)
        return Note(onset_s, note.pitch, self.tempo.seconds(note.off_tick) - onset_s, note.velocity, note.channel)

    def phrase(self, notes: Iterable[PieceNote] | None = None) -> Phrase:
        """All notes, or those given, in seconds from the beginning of the file."""
        return Phrase.of(self.seconds_note(note) for note in (self.notes if notes is None else notes))


def read_piece(path: Path) -> Piece:
    """A MIDI file with all it holds; `-` is standard input. Raises UsageError naming the file."""
    return piece_of_bytes(read_bytes(path), str(path))


def piece_of_bytes(data: bytes, where: str) -> Piece:
    """A MIDI file from its bytes; `where` is its name in errors."""
    try:
        return piece_of(parse_smf(data))
    except ValueError as problem:
        raise UsageError(str(problem), where=where, cure="export it again as a Standard MIDI File") from None


def piece_of(smf: Smf) -> Piece:
    """The notes and maps of a file. Raises ValueError when its type or division cannot be used."""
    if smf.format == 2:
        raise ValueError("type 2 MIDI files hold separate patterns, not one piece (types 0 and 1 do)")
    tempo, meter = tempo_map(smf), meter_map(smf)
    notes: list[PieceNote] = []
    programs: dict[tuple[int, int], int] = {}
    for number, track in enumerate(smf.tracks):
        _collect_notes(track, number, notes, programs)
    notes.sort(key=lambda note: (note.on_tick, note.pitch, note.track))
    return Piece(smf, tuple(notes), tempo, meter, programs)


def read_phrase(path: Path) -> Phrase:
    """All notes of a MIDI file, every track, in seconds from its beginning. Raises UsageError naming the file."""
    return read_piece(path).phrase()


def read_bytes(path: Path) -> bytes:
    """The bytes of a file, `-` being standard input. Raises UsageError naming the file."""
    try:
        if str(path) == "-":
            data = sys.stdin.buffer.read(MAX_FILE_BYTES + 1)
        else:
            with path.open("rb") as stream:
                data = stream.read(MAX_FILE_BYTES + 1)
    except OSError as problem:
        raise UsageError(
            f"cannot be read ({problem.strerror})", where=str(path), cure="check the name and the rights"
        ) from None
    if len(data) > MAX_FILE_BYTES:
        raise UsageError(f"is larger than {MAX_FILE_BYTES >> 20} MiB", where=str(path), cure="give a single piece")
    return data


def write_bytes(path: Path, data: bytes) -> None:
    """Write a file, `-` being standard output. Raises BridgeError naming the file, which is then as it was before."""
    try:
        if str(path) == "-":
            sys.stdout.buffer.write(data)
            sys.stdout.buffer.flush()
        else:
            path.parent.mkdir(parents=True, exist_ok=True)
            _replace(path, data)
    except BrokenPipeError:
        raise
    except OSError as problem:
        raise BridgeError(
            f"cannot be written ({problem.strerror})", where=str(path), cure="choose another folder or make room"
        ) from None


def _replace(path: Path, data: bytes) -> None:
    """Put the whole file in the place of the old one; a device, a pipe or a link is written to as it is."""
    if path.is_symlink() or (path.exists() and not path.is_file()):
        path.write_bytes(data)
        return
    draft = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        draft.write_bytes(data)
        draft.replace(path)
    except OSError:
        draft.unlink(missing_ok=True)
        raise


def write_phrases(
    path: Path,
    phrases: Mapping[str, Phrase],
    *,
    programs: Mapping[str, int] | None = None,
    tempo_bpm: float = 120.0,
    beats_per_bar: int = 4,
    ticks_per_beat: int = 960,
) -> None:
    """Write phrases as a type 1 file, a track each under its name, on one line of seconds.

    `programs` gives a track's General MIDI sound. Raises BridgeError naming the file when it cannot be written.
    """
    smf = smf_of_phrases(
        phrases,
        programs=programs,
        tempo_bpm=tempo_bpm,
        beats_per_bar=beats_per_bar,
        ticks_per_beat=ticks_per_beat,
    )
    write_bytes(path, smf.to_bytes())


def smf_of_phrases(
    phrases: Mapping[str, Phrase],
    *,
    programs: Mapping[str, int] | None = None,
    tempo_bpm: float = 120.0,
    beats_per_bar: int = 4,
    ticks_per_beat: int = 960,
) -> Smf:
    """The file that `write_phrases` writes."""
    ticks_per_s = ticks_per_beat * tempo_bpm / 60.0
    conductor = make_track([tempo_event(0, round(60e6 / tempo_bpm)), meter_event(0, beats_per_bar, 4)])
    tracks = [conductor]
    for name, phrase in phrases.items():
        events = [name_event(0, name)]
        program = (programs or {}).get(name, -1)
        if program >= 0:
            channels = sorted({note.channel for note in phrase} or {0})
            events += [SmfEvent(0, bytes((0xC0 | channel, program))) for channel in channels]
        events += note_events(
            (round(note.onset_s * ticks_per_s), round(note.end_s * ticks_per_s), note) for note in phrase
        )
        tracks.append(make_track(events))
    return Smf(1, ticks_per_beat, tuple(tracks))


def note_events(timed: Iterable[tuple[int, int, Note]]) -> list[SmfEvent]:
    """Note-ons and note-offs of (on tick, off tick, note); a key struck again ends the note before it."""
    events: list[SmfEvent] = []
    sounding: dict[tuple[int, int], tuple[int, Note]] = {}

    def release(tick: int, note: Note) -> None:
        events.append(SmfEvent(tick, bytes((0x80 | note.channel, note.pitch, 64))))

    for on_tick, off_tick, note in sorted(timed, key=lambda row: (row[0], row[2].pitch)):
        on_tick = max(on_tick, 0)
        key = (note.channel, note.pitch)
        earlier = sounding.get(key)
        if earlier is not None:
            earlier_off, earlier_note = earlier
            if earlier_off > on_tick:
                if events and _is_struck_at(events, on_tick, key):
                    # The same key twice on one tick is one key: the longer note wins.
                    sounding[key] = (max(earlier_off, off_tick), earlier_note)
                    continue
                earlier_off = on_tick
            release(earlier_off, earlier_note)
        events.append(SmfEvent(on_tick, bytes((0x90 | note.channel, note.pitch, note.velocity))))
        sounding[key] = (max(off_tick, on_tick + 1), note)
    for off_tick, note in sounding.values():
        release(off_tick, note)
    return events


def _is_struck_at(events: list[SmfEvent], tick: int, key: tuple[int, int]) -> bool:
    channel, pitch = key
    for event in reversed(events):
        if event.data[0] == 0x90 | channel and event.data[1] == pitch:
            return event.tick == tick
    return False


def is_drums(notes: Iterable[PieceNote | Note]) -> bool:
    """Whether there are notes and all of them are on the drum channel."""
    channels = {note.channel for note in notes}
    return channels == {DRUM_CHANNEL}


def _collect_notes(track: SmfTrack, number: int, notes: list[PieceNote], programs: dict[tuple[int, int], int]) -> None:
    """Pair the notes of one track: of several sounding on a key, a note-off ends the oldest."""
    open_notes: defaultdict[tuple[int, int], deque[tuple[int, int, int]]] = defaultdict(deque)
    for index, (tick, data) in enumerate(track.events):
        kind = data[0] & 0xF0
        if kind == 0x90 and data[2]:
            open_notes[data[0] & 0x0F, data[1]].append((tick, data[2], index))
        elif kind in (0x80, 0x90):
            channel, pitch = data[0] & 0x0F, data[1]
            waiting = open_notes.get((channel, pitch))
            if waiting:
                on_tick, velocity, on_index = waiting.popleft()
                notes.append(PieceNote(on_tick, tick, pitch, velocity, channel, number, on_index, index))
        elif kind == 0xC0:
            programs[number, data[0] & 0x0F] = data[1]
    end_tick = track.end_tick
    for (channel, pitch), waiting in open_notes.items():
        for on_tick, velocity, on_index in waiting:
            notes.append(PieceNote(on_tick, end_tick, pitch, velocity, channel, number, on_index, -1))
