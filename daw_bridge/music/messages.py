"""MIDI 1.0 messages as values, and their bytes.

Only what the instrument acts on has a class of its own; everything else travels as `Other`, unchanged.
Source: MIDI 1.0 Detailed Specification 4.2, tables I-VI.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

SUSTAIN: Final = 64
ALL_SOUND_OFF: Final = 120
RESET_CONTROLLERS: Final = 121
ALL_NOTES_OFF: Final = 123


@dataclass(frozen=True, slots=True)
class NoteOn:
    """Key `pitch` goes down; velocity 1-127 (a zero on the wire is decoded as NoteOff)."""

    channel: int
    pitch: int
    velocity: int


@dataclass(frozen=True, slots=True)
class NoteOff:
    """Key `pitch` comes up; release velocity 0-127."""

    channel: int
    pitch: int
    velocity: int = 64


@dataclass(frozen=True, slots=True)
class ControlChange:
    """Controller 0-127 set to 0-127."""

    channel: int
    controller: int
    value: int


@dataclass(frozen=True, slots=True)
class ProgramChange:
    """Sound 0-127 chosen on a channel."""

    channel: int
    program: int


@dataclass(frozen=True, slots=True)
class SongPosition:
    """Position in MIDI beats (sixteenth notes) from the start of the song, 0-16383."""

    sixteenths: int


@dataclass(frozen=True, slots=True)
class Clock:
    """One of 24 pulses in a quarter note."""


@dataclass(frozen=True, slots=True)
class Start:
    """The transport starts from the beginning."""


@dataclass(frozen=True, slots=True)
class Continue:
    """The transport goes on from where it is."""


@dataclass(frozen=True, slots=True)
class Stop:
    """The transport stops."""


@dataclass(frozen=True, slots=True)
class Other:
    """Any message the engine passes on without reading it (pitch bend, pressure, system exclusive)."""

    data: bytes


Message = NoteOn | NoteOff | ControlChange | ProgramChange | SongPosition | Clock | Start | Continue | Stop | Other

_REALTIME: Final[dict[int, Message]] = {0xF8: Clock(), 0xFA: Start(), 0xFB: Continue(), 0xFC: Stop()}


def decode(data: Sequence[int]) -> Message:
    """One complete message with its status byte; what is incomplete or unknown becomes `Other`."""
    if not data:
        return Other(b"")
    status, kind, channel = data[0], data[0] & 0xF0, data[0] & 0x0F
    if status in _REALTIME:
        return _REALTIME[status]
    if any(byte > 0x7F for byte in data[1:3]):
        return Other(bytes(data))
    if len(data) >= 3:
        first, second = data[1], data[2]
        if kind == 0x90:
            return NoteOn(channel, first, second) if second else NoteOff(channel, first)
        if kind == 0x80:
            return NoteOff(channel, first, second)
        if kind == 0xB0:
            return ControlChange(channel, first, second)
        if status == 0xF2:
            return SongPosition(first | second << 7)
    if kind == 0xC0 and len(data) >= 2:
        return ProgramChange(channel, data[1])
    return Other(bytes(data))


def encode(message: Message) -> bytes:
    """The bytes of a message, status byte included."""
    match message:
        case NoteOn(channel, pitch, velocity):
            return bytes((0x90 | channel, pitch, velocity))
        case NoteOff(channel, pitch, velocity):
            return bytes((0x80 | channel, pitch, velocity))
        case ControlChange(channel, controller, value):
            return bytes((0xB0 | channel, controller, value))
        case ProgramChange(channel, program):
            return bytes((0xC0 | channel, program))
        case SongPosition(sixteenths):
            return bytes((0xF2, sixteenths & 0x7F, sixteenths >> 7))
        case Clock():
            return b"\xf8"
        case Start():
            return b"\xfa"
        case Continue():
            return b"\xfb"
        case Stop():
            return b"\xfc"
        case Other(data):
            return data
