"""Standard MIDI Files as they are on disk: every event of every track, byte for byte, kept in order.

The reader takes what real files contain (running status, unknown chunks, cut-off tracks) and says in `warnings`
what it had to mend. Source: Standard MIDI Files 1.0, MIDI Manufacturers Association, RP-001.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

MAX_EVENTS: Final = 500_000
"""More than any piece has: symphonies take a fifth of it."""
END_OF_TRACK: Final = b"\xff\x2f\x00"
META_TRACK_NAME: Final = 0x03
META_INSTRUMENT: Final = 0x04
META_MARKER: Final = 0x06
META_TEMPO: Final = 0x51
META_METER: Final = 0x58
META_KEY: Final = 0x59
_DATA_BYTES: Final = {0x80: 2, 0x90: 2, 0xA0: 2, 0xB0: 2, 0xC0: 1, 0xD0: 1, 0xE0: 2}
_SYSTEM_DATA_BYTES: Final = {0xF1: 1, 0xF2: 2, 0xF3: 1}


class SmfEvent(NamedTuple):
    """One event at an absolute tick: status byte first; meta and system exclusive events with their length field."""

    tick: int
    data: bytes

    @property
    def meta_kind(self) -> int:
        """The meta event's type, or -1 for any other event."""
        return self.data[1] if self.data[0] == 0xFF else -1

    @property
    def meta_payload(self) -> bytes:
        """What a meta event carries."""
        length, start = _read_length(self.data, 2)
        return self.data[start : start + length]


@dataclass(frozen=True, slots=True)
class SmfTrack:
    """Events in file order, their end-of-track last."""

    events: tuple[SmfEvent, ...]

    @property
    def end_tick(self) -> int:
        """The tick of the end of the track."""
        return self.events[-1].tick if self.events else 0

    @property
    def name(self) -> str:
        """The track's name, empty when it has none."""
        for event in self.events:
            if event.meta_kind == META_TRACK_NAME:
                return decode_text(event.meta_payload)
        return ""


@dataclass(frozen=True, slots=True)
class Smf:
    """A whole file: format 0, 1 or 2, the division word of its header, its tracks."""

    format: int
    division: int
    tracks: tuple[SmfTrack, ...]
    warnings: tuple[str, ...] = ()

    def to_bytes(self) -> bytes:
        """The file. Status bytes are always written out, so that any reader takes it."""
        words = (self.format, len(self.tracks), self.division)
        header = b"MThd\x00\x00\x00\x06" + b"".join(word.to_bytes(2, "big") for word in words)
        return header + b"".join(_track_bytes(track) for track in self.tracks)


def parse_smf(data: bytes) -> Smf:
    """Read a file's bytes. Raises ValueError saying what is wrong when nothing can be made of them."""
    if not data:
        raise ValueError("the file is empty")
    if data[:4] == b"RIFF":
        data = _inside_riff(data)
    if data[:4] != b"MThd":
        raise ValueError("this is not a MIDI file (it does not begin with MThd)")
    if len(data) < 14:
        raise ValueError("the MIDI header is cut off")
    header_length = int.from_bytes(data[4:8], "big")
    if header_length < 6:
        raise ValueError(f"the MIDI header says it is {header_length} bytes long; 6 is the least")
    kind, declared, division = (int.from_bytes(data[at : at + 2], "big") for at in (8, 10, 12))
    if kind > 2:
        raise ValueError(f"MIDI file type {kind} is unknown (0, 1 and 2 exist)")
    tracks, warnings = _read_chunks(data, 8 + header_length)
    if not tracks:
        raise ValueError("the MIDI file has no track")
    if len(tracks) != declared:
        warnings.append(f"the header announces {declared} tracks, {len(tracks)} are there")
    if kind == 0 and len(tracks) > 1:
        warnings.append("a type 0 file with several tracks is read as type 1")
        kind = 1
    return Smf(kind, division, tuple(tracks), tuple(warnings))


def make_track(events: Iterable[SmfEvent]) -> SmfTrack:
    """A track of `events` in order of tick, closed by an end-of-track; note-offs come before note-ons of a tick."""
    ordered = sorted((event for event in events if event.data != END_OF_TRACK), key=_tick_then_kind)
    end = max((event.tick for event in ordered), default=0)
    return SmfTrack((*ordered, SmfEvent(end, END_OF_TRACK)))


def meta(tick: int, kind: int, payload: bytes) -> SmfEvent:
    """A meta event."""
    return SmfEvent(tick, bytes((0xFF, kind)) + _length_bytes(len(payload)) + payload)


def tempo_event(tick: int, microseconds_per_beat: int) -> SmfEvent:
    """A change of tempo."""
    return meta(tick, META_TEMPO, microseconds_per_beat.to_bytes(3, "big"))


def meter_event(tick: int, beats: int, unit: int) -> SmfEvent:
    """A time signature: `beats` over `unit` (a power of two)."""
    return meta(tick, META_METER, bytes((beats, unit.bit_length() - 1, 24, 8)))


def key_event(tick: int, sharps: int, minor: bool) -> SmfEvent:
    """A key signature: sharps (flats are negative) and whether it is minor."""
    return meta(tick, META_KEY, bytes((sharps & 0xFF, int(minor))))


def name_event(tick: int, name: str) -> SmfEvent:
    """A track name."""
    return meta(tick, META_TRACK_NAME, name.encode("utf-8"))


def decode_text(payload: bytes) -> str:
    """The text of a meta event: UTF-8, else Latin-1, which takes any bytes."""
    try:
        return payload.decode("utf-8")
    except UnicodeDecodeError:
        return payload.decode("latin-1")


def _tick_then_kind(event: SmfEvent) -> tuple[int, int]:
    status = event.data[0]
    kind = status & 0xF0
    if status >= 0xF0:
        return event.tick, 0
    if kind == 0x80 or (kind == 0x90 and event.data[2] == 0):
        return event.tick, 1
    return event.tick, 3 if kind == 0x90 else 2


def _inside_riff(data: bytes) -> bytes:
    at = data.find(b"MThd", 0, 64)
    if at < 0:
        raise ValueError("this is a RIFF file without MIDI inside")
    return data[at:]


def _read_chunks(data: bytes, at: int) -> tuple[list[SmfTrack], list[str]]:
    tracks: list[SmfTrack] = []
    warnings: list[str] = []
    while at + 8 <= len(data):
        name, length = data[at : at + 4], int.from_bytes(data[at + 4 : at + 8], "big")
        start, at = at + 8, at + 8 + length
        if name == b"MTrk":
            if at > len(data):
                warnings.append(f"track {len(tracks) + 1} is cut off")
            room = MAX_EVENTS - sum(len(track.events) for track in tracks)
            tracks.append(_read_track(data[start : min(at, len(data))], len(tracks) + 1, room, warnings))
        elif not name.isalnum():
            warnings.append("the file ends in bytes that are no MIDI chunk")
            break
    return tracks, warnings


def _read_track(data: bytes, number: int, room: int, warnings: list[str]) -> SmfTrack:
    events: list[SmfEvent] = []
    append = events.append
    data_bytes = _DATA_BYTES
    size = len(data)
    at = tick = running = 0
    try:
        while at < size:
            if len(events) >= room:
                raise ValueError(f"the MIDI file holds more than {MAX_EVENTS} events; that is no piece of music")
            delta = data[at]
            at += 1
            if delta & 0x80:
                delta, at = _read_length(data, at - 1)
            tick += delta
            status = data[at]
            if status < 0x80:
                if not running:
                    raise _BadTrackError("a data byte stands where an event should begin")
                status = running
            else:
                at += 1
            if status < 0xF0:
                running = status
                end = at + data_bytes[status & 0xF0]
                body = data[at:end]
                if end > size:
                    raise IndexError
                if not body.isascii():
                    raise _BadTrackError("an event holds a byte above 127")
                append(SmfEvent(tick, bytes((status,)) + body))
                at = end
            else:
                at, event = _read_system(data, at, tick, status)
                # The standard lets both cancel running status; real writers carry it on past meta events.
                running = 0 if status != 0xFF else running
                append(event)
                if event.data == END_OF_TRACK:
                    break
    except IndexError:
        warnings.append(f"track {number} is cut off in the middle of an event")
    except _BadTrackError as problem:
        warnings.append(f"track {number}: {problem}; the rest of it is left out")
    if not events or events[-1].data != END_OF_TRACK:
        append(SmfEvent(tick if not events else events[-1].tick, END_OF_TRACK))
    return SmfTrack(tuple(events))


class _BadTrackError(Exception):
    """The bytes of a track stop making sense."""


def _read_system(data: bytes, at: int, tick: int, status: int) -> tuple[int, SmfEvent]:
    if status == 0xFF or status in (0xF0, 0xF7):
        start = at + 1 if status == 0xFF else at
        if start >= len(data):
            raise IndexError
        length, body = _read_length(data, start)
        if body + length > len(data):
            raise IndexError
        kind = data[at:start]
        payload = data[body : body + length]
        return body + length, SmfEvent(tick, bytes((status,)) + kind + _length_bytes(length) + payload)
    end = at + _SYSTEM_DATA_BYTES.get(status, 0)
    if end > len(data):
        raise IndexError
    return end, SmfEvent(tick, bytes((status,)) + data[at:end])


def _read_length(data: Sequence[int], at: int) -> tuple[int, int]:
    """A variable-length quantity at `at`, and where it ends."""
    value = 0
    for place in range(at, at + 4):
        byte = data[place]
        value = value << 7 | byte & 0x7F
        if byte < 0x80:
            return value, place + 1
    raise _BadTrackError("a length field is longer than four bytes")


def _length_bytes(value: int) -> bytes:
    out = [value & 0x7F]
    while value := value >> 7:
        out.append(value & 0x7F | 0x80)
    return bytes(reversed(out))


def _track_bytes(track: SmfTrack) -> bytes:
    body = bytearray()
    tick = 0
    for event in track.events:
        delta = event.tick - tick
        while delta > 0x0FFFFFFF:
            # Longer than a delta can say: an empty text event bridges the gap.
            body += _length_bytes(0x0FFFFFFF) + b"\xff\x01\x00"
            delta -= 0x0FFFFFFF
        body += _length_bytes(delta) + event.data
        tick = event.tick
    return b"MTrk" + len(body).to_bytes(4, "big") + bytes(body)
