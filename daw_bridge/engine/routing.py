"""Which messages are heard, where notes go out, and what is passed through."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Sequence
from typing import Final

from daw_bridge.engine.output import Output
from daw_bridge.engine.values import Values
from daw_bridge.music.messages import ControlChange, Message, NoteOff, NoteOn, Other, ProgramChange
from daw_bridge.music.notes import Note
from daw_bridge.music.phrase import fold_pitch

THRU: Final = 0
"""The owner of what is passed through."""
FLOOD_MESSAGES: Final = 100
FLOOD_S: Final = 0.1
"""More passed controllers than this in this time are a flood: only the newest value of each goes on ..."""
THIN_EVERY_S: Final = 0.01
"""... at these intervals."""


def call_channel(call: Sequence[Note]) -> int:
    """The channel most of a call was played on, 0-15."""
    counted = Counter(note.channel for note in call)
    return counted.most_common(1)[0][0] if counted else 0


def hears(values: Values, channel: int) -> bool:
    """Whether a message on `channel` (0-15) is listened to."""
    return values.whole("in_channel") in (0, channel + 1)


def out_channel(values: Values, of_call: int) -> int:
    """The channel of the answer, 0-15."""
    wanted = values.whole("out_channel")
    return of_call if wanted == 0 else wanted - 1


def routed(note: Note, values: Values, of_call: int) -> NoteOn:
    """How a note of the answer is struck."""
    return NoteOn(out_channel(values, of_call), fold_pitch(note.pitch + values.whole("transpose")), note.velocity)


class Thru:
    """Passes on what the musician plays. A key that is up again is released where it was struck, whatever changed."""

    def __init__(self, output: Output, values: Values) -> None:
        self._output = output
        self._values = values
        self._voices: dict[tuple[str, int, int], deque[int]] = {}
        self._passed_s: deque[float] = deque(maxlen=FLOOD_MESSAGES)
        self._thinned: dict[tuple[int, ...], Message] = {}
        self._thin_s: float | None = None
        self._flooded = False

    @property
    def next_s(self) -> float | None:
        """When thinned controllers go on."""
        return self._thin_s

    def strike(self, port: str, message: NoteOn, now_s: float) -> None:
        """A key goes down."""
        if self._values.flag("thru"):
            moved = NoteOn(self._channel(message.channel), message.pitch, message.velocity)
            voice = self._output.strike(THRU, moved, now_s)
            self._voices.setdefault((port, message.channel, message.pitch), deque()).append(voice)

    def lift(self, port: str, message: NoteOff, now_s: float) -> None:
        """A key comes up."""
        key = (port, message.channel, message.pitch)
        voices = self._voices.get(key)
        if voices:
            self._output.release(voices.popleft(), now_s, message.velocity)
            if not voices:
                del self._voices[key]

    def control(self, message: Message, now_s: float) -> bool:
        """Anything that is no note. True when a flood begins and messages are thinned from now on."""
        if not self._values.flag("thru"):
            return False
        message = self._moved(message)
        if self._thin_s is None:
            flood = len(self._passed_s) == FLOOD_MESSAGES and now_s - self._passed_s[0] < FLOOD_S
            if not flood:
                self._flooded = False
                self._passed_s.append(now_s)
                self._output.send(message, now_s)
                return False
            self._thin_s = now_s + THIN_EVERY_S
        self._passed_s.append(now_s)
        key = _kind(message)
        if key is not None:
            self._thinned[key] = message
        began, self._flooded = not self._flooded, True
        return began

    def advance(self, now_s: float) -> None:
        """Let the newest of the thinned controllers through."""
        if self._thin_s is not None and self._thin_s <= now_s:
            for message in self._thinned.values():
                self._output.send(message, self._thin_s)
            self._thin_s = self._thin_s + THIN_EVERY_S if self._thinned else None
            self._thinned.clear()

    def release(self, now_s: float) -> None:
        """Nothing is passed any more: what sounds is released."""
        self.forget()
        self._output.release_owner(THRU, now_s)

    def forget(self) -> None:
        """Every key is taken for lifted; whoever calls releases what sounds."""
        self._voices.clear()

    def unplug(self, port: str, now_s: float) -> None:
        """No note-off can come from this port any more."""
        for key in [key for key in self._voices if key[0] == port]:
            for voice in self._voices.pop(key):
                self._output.release(voice, now_s)

    def _channel(self, channel: int) -> int:
        wanted = self._values.whole("thru_channel")
        return channel if wanted == 0 else wanted - 1

    def _moved(self, message: Message) -> Message:
        match message:
            case ControlChange(channel, controller, value):
                return ControlChange(self._channel(channel), controller, value)
            case ProgramChange(channel, program):
                return ProgramChange(self._channel(channel), program)
            case Other(data) if data and 0x80 <= data[0] < 0xF0:
                return Other(bytes((data[0] & 0xF0 | self._channel(data[0] & 0x0F), *data[1:])))
        return message


def _kind(message: Message) -> tuple[int, ...] | None:
    """What a newer message of the same kind makes void; None for one that may be left out in a flood."""
    match message:
        case ControlChange(channel, controller, _):
            return (0xB0, channel, controller)
        case ProgramChange(channel, _):
            return (0xC0, channel)
        case Other(data) if data and 0x80 <= data[0] < 0xF0:
            return tuple(data[:2]) if data[0] & 0xF0 == 0xA0 else (data[0],)
    return None
