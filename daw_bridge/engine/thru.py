"""What the musician plays, passed on to the output."""

from __future__ import annotations

from collections import deque
from typing import Final

from daw_bridge.engine.output import Output
from daw_bridge.engine.routing import Router, Way
from daw_bridge.music.messages import SUSTAIN, ControlChange, Message, NoteOff, NoteOn, Other, ProgramChange

THRU: Final = 0
"""The owner of what is passed through."""
FLOOD_MESSAGES: Final = 100
FLOOD_S: Final = 0.1
"""More passed controllers than this in this time are a flood: only the newest value of each goes on ..."""
THIN_EVERY_S: Final = 0.01
"""... at these intervals."""

Place = tuple[str, int]
"""An output port and a channel, 0-15."""


class Thru:
    """Passes on what is to be passed. A key that is up again is released where it was struck, whatever changed."""

    def __init__(self, output: Output, router: Router) -> None:
        self._output = output
        self._router = router
        self._voices: dict[tuple[str, int, int], deque[int]] = {}
        self._pedals: dict[Place, set[Place]] = {}
        self._passed_s: deque[float] = deque(maxlen=FLOOD_MESSAGES)
        self._thinned: dict[tuple[str, tuple[int, ...]], Message] = {}
        self._thin_s: float | None = None
        self._flooded = False

    @property
    def next_s(self) -> float | None:
        """When thinned controllers go on."""
        return self._thin_s

    def strike(self, port: str, message: NoteOn, way: Way, now_s: float) -> None:
        """A key goes down."""
        if way.thru:
            moved = NoteOn(_channel(way, message.channel), message.pitch, message.velocity)
            voice = self._output.strike(THRU, moved, now_s, port=way.thru_out)
            self._voices.setdefault((port, message.channel, message.pitch), deque()).append(voice)

    def lift(self, port: str, message: NoteOff, now_s: float) -> None:
        """A key comes up."""
        key = (port, message.channel, message.pitch)
        voices = self._voices.get(key)
        if voices:
            self._output.release(voices.popleft(), now_s, message.velocity)
            if not voices:
                del self._voices[key]

    def control(self, port: str, message: Message, places: frozenset[Place], now_s: float) -> bool:
        """Anything that is no note, for all `places`. True when a flood begins and messages are thinned from now on."""
        if isinstance(message, ControlChange) and message.controller == SUSTAIN:
            self._pedal(port, message, places, now_s)
        floods = [self._pass(moved(message, channel), out, now_s) for out, channel in sorted(places)]
        return any(floods)

    def advance(self, now_s: float) -> None:
        """Let the newest of the thinned controllers through."""
        if self._thin_s is not None and self._thin_s <= now_s:
            for (out, _), message in self._thinned.items():
                self._output.send(message, self._thin_s, port=out)
            self._thin_s = self._thin_s + THIN_EVERY_S if self._thinned else None
            self._thinned.clear()

    def rerouted(self, now_s: float) -> None:
        """The routing has changed: what is passed no more is released, pedals come up where they act no more."""
        for port, channel, pitch in list(self._voices):
            if not self._router.way(port, channel, pitch).thru:
                for voice in self._voices.pop((port, channel, pitch)):
                    self._output.release(voice, now_s)
        for (port, channel), held in list(self._pedals.items()):
            self._raise_pedals((port, channel), held - passed_to(self._router.ways(port, channel), channel), now_s)

    def release(self, now_s: float) -> None:
        """Nothing is passed any more: what sounds is released."""
        for key in list(self._pedals):
            self._raise_pedals(key, self._pedals[key], now_s)
        self._voices.clear()
        self._output.release_owner(THRU, now_s)

    def forget(self) -> None:
        """Every key and pedal is taken for lifted; whoever calls releases what sounds."""
        self._voices.clear()
        self._pedals.clear()

    def unplug(self, port: str, now_s: float) -> None:
        """No note-off can come from this port any more."""
        for key in [key for key in self._voices if key[0] == port]:
            for voice in self._voices.pop(key):
                self._output.release(voice, now_s)
        for pedal in [pedal for pedal in self._pedals if pedal[0] == port]:
            self._raise_pedals(pedal, self._pedals[pedal], now_s)

    def _pedal(self, port: str, message: ControlChange, places: frozenset[Place], now_s: float) -> None:
        pedal = (port, message.channel)
        if message.value:
            self._pedals.setdefault(pedal, set()).update(places)
            if not self._pedals[pedal]:
                del self._pedals[pedal]
        elif pedal in self._pedals:
            self._raise_pedals(pedal, self._pedals[pedal] - places, now_s)
            self._pedals.pop(pedal, None)

    def _raise_pedals(self, pedal: Place, where: set[Place], now_s: float) -> None:
        for out, channel in sorted(where):
            self._output.send(ControlChange(channel, SUSTAIN, 0), now_s, port=out)
        left = self._pedals[pedal] - where
        if left:
            self._pedals[pedal] = left
        else:
            del self._pedals[pedal]

    def _pass(self, message: Message, out: str, now_s: float) -> bool:
        if self._thin_s is None:
            flood = len(self._passed_s) == FLOOD_MESSAGES and now_s - self._passed_s[0] < FLOOD_S
            if not flood:
                self._flooded = False
                self._passed_s.append(now_s)
                self._output.send(message, now_s, port=out)
                return False
            self._thin_s = now_s + THIN_EVERY_S
        self._passed_s.append(now_s)
        kind = _kind(message)
        if kind is not None:
            self._thinned[out, kind] = message
        began, self._flooded = not self._flooded, True
        return began


def passed_to(ways: tuple[Way, ...], channel: int) -> frozenset[Place]:
    """Where a message without a key on `channel` (0-15) is passed to."""
    return frozenset((way.thru_out, _channel(way, channel)) for way in ways if way.thru)


def moved(message: Message, to: int) -> Message:
    """A message on channel `to` (0-15); one that has no channel as it is."""
    match message:
        case ControlChange(_, controller, value):
            return ControlChange(to, controller, value)
        case ProgramChange(_, program):
            return ProgramChange(to, program)
        case Other(data) if data and 0x80 <= data[0] < 0xF0:
            return Other(bytes((data[0] & 0xF0 | to, *data[1:])))
    return message


def _channel(way: Way, channel: int) -> int:
    return channel if way.thru_channel == 0 else way.thru_channel - 1


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
