"""Where what comes in leads: whether it is part of a call, where the answer to it goes, and what is passed through.

The parameters of the table say it for everything that comes in. A route in use says it instead for what comes in on
its port, channel and keys; where several fit, the one that is most particular counts: keys before channel before port,
then the lower number.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Final

from daw_bridge.engine.parameters import MOST_ROUTES
from daw_bridge.engine.port_keys import in_number, names_of, out_key
from daw_bridge.engine.values import Values
from daw_bridge.music.messages import NoteOn
from daw_bridge.music.notes import DRUM_CHANNEL, MAX_VELOCITY, PITCHES, Note
from daw_bridge.music.phrase import fold_pitch

TABLE: Final = 0
"""The route of all that fits no other: the table's own parameters."""
_STEEPEST: Final = 4.0
"""The power that bends a velocity at either end of the curve."""


@dataclass(frozen=True, slots=True)
class Caller:
    """Where a call came from: the channel (0-15) and the route most of it was played on."""

    channel: int = 0
    route: int = TABLE

    @property
    def drums(self) -> bool:
        """Whether it is a call of drums."""
        return self.channel == DRUM_CHANNEL

    @classmethod
    def of(cls, call: Sequence[Note], routes: Iterable[int] = ()) -> Caller:
        """The caller of a call; `routes` are those its notes came in on."""
        channels = Counter(note.channel for note in call)
        counted = Counter(routes)
        return cls(channels.most_common(1)[0][0] if channels else 0, counted.most_common(1)[0][0] if counted else TABLE)


@dataclass(frozen=True, slots=True)
class Way:
    """What becomes of a message. Channels as in the table: 1-16, 0 is that of the player."""

    route: int
    listen: bool
    out: str
    out_channel: int
    program: int
    transpose: int
    velocity_curve: float
    velocity_low: int
    velocity_high: int
    thru: bool
    thru_out: str
    thru_channel: int
    for_drums: bool = False
    """Whether it is a route for the drum channel alone."""

    def struck(self, note: Note, of_call: int) -> NoteOn:
        """How a note of the answer to a call on channel `of_call` (0-15) is struck."""
        channel = of_call if self.out_channel == 0 else self.out_channel - 1
        return NoteOn(channel, fold_pitch(note.pitch + self.transpose), self.touch(note.velocity))

    def touch(self, velocity: int) -> int:
        """A velocity after the curve, within its limits; 1-127."""
        low, high = sorted((self.velocity_low, self.velocity_high))
        share = (velocity - 1) / (MAX_VELOCITY - 1)
        power = math.pow(_STEEPEST, -self.velocity_curve)
        return round(low + math.pow(share, power) * (high - low))


@dataclass(frozen=True, slots=True)
class _Scope:
    """What a route in use is for; 0 is any port or channel."""

    route: int
    in_port: int
    in_channel: int
    low: int
    high: int

    @property
    def all_keys(self) -> bool:
        return self.low == 0 and self.high == PITCHES - 1

    @property
    def rank(self) -> tuple[bool, bool, bool, int]:
        """The most particular first."""
        return (self.all_keys, self.in_channel == 0, self.in_port == 0, self.route)

    def fits(self, port: int, channel: int) -> bool:
        return self.in_port in (0, port) and self.in_channel in (0, channel + 1)


class Router:
    """Reads the routing out of the values. `changed` must be told when one of them has changed."""

    def __init__(self, values: Values) -> None:
        self._values = values
        self.inputs = names_of(values.word("in_port"))
        """The names of the input ports, in order."""
        self.outputs = names_of(values.word("port"))
        """The names of the output ports, in order."""
        self._scopes: tuple[_Scope, ...] = ()
        self._ways: dict[int, Way] = {}
        self._keyless: dict[tuple[int, int], tuple[Way, ...]] = {}
        self.changed()

    @property
    def out_keys(self) -> tuple[str, ...]:
        """What the output ports are called in events."""
        return tuple(out_key(number) for number in range(1, len(self.outputs) + 1))

    def changed(self) -> None:
        """Read the values anew."""
        self._ways.clear()
        self._keyless.clear()
        used = (number for number in range(1, MOST_ROUTES + 1) if self._values.flag(f"route/{number}/use"))
        self._scopes = tuple(sorted((self._scope(number) for number in used), key=lambda scope: scope.rank))

    def way(self, port: str, channel: int, pitch: int) -> Way:
        """What becomes of a key struck on an input port and channel (0-15)."""
        number = in_number(port)
        route = next(
            (each.route for each in self._scopes if each.fits(number, channel) and each.low <= pitch <= each.high),
            TABLE,
        )
        return self._split(self._way_in(route, channel), channel, pitch)

    def ways(self, port: str, channel: int) -> tuple[Way, ...]:
        """What becomes of a message without a key: it belongs to all keys of its port and channel (0-15)."""
        place = (in_number(port), channel)
        if place not in self._keyless:
            self._keyless[place] = self._read_keyless(*place)
        return self._keyless[place]

    def _read_keyless(self, number: int, channel: int) -> tuple[Way, ...]:
        routes = []
        for each in self._scopes:
            if each.fits(number, channel):
                routes.append(each.route)
                if each.all_keys:
                    break
        else:
            routes.append(TABLE)
        ways = [self._way_in(route, channel) for route in routes]
        return tuple(dict.fromkeys(hand for way in ways for hand in (way, self._split(way, channel, self._other_hand))))

    def answer(self, caller: Caller) -> Way:
        """Where the answer to a caller goes: to drums on the drum channel, untransposed, but by a route for drums."""
        way = self._way(caller.route)
        if caller.drums and not way.for_drums:
            return replace(way, out_channel=DRUM_CHANNEL + 1, program=-1, transpose=0)
        return way

    def fixed_answers(self) -> tuple[Way, ...]:
        """Where answers go whose channel does not depend on the call's."""
        ways = (self._way(route) for route in (TABLE, *(scope.route for scope in self._scopes)))
        return tuple(way for way in ways if way.out_channel)

    def _way_in(self, route: int, channel: int) -> Way:
        way = self._way(route)
        if route == TABLE and self._values.whole("in_channel") not in (0, channel + 1):
            way = replace(way, listen=False, thru=False)
        if channel == DRUM_CHANNEL and self._values.word("drums") == "ignore":
            way = replace(way, listen=False)
        return way

    def _split(self, way: Way, channel: int, pitch: int) -> Way:
        """The way of a key of the split keyboard: the hand that does not call plays through."""
        values = self._values
        hand = "left" if pitch < values.whole("split_note") else "right"
        if not way.listen or channel == DRUM_CHANNEL or values.word("split") in ("off", hand):
            return way
        out = self._out(values.whole("split_port"))
        return replace(way, listen=False, thru=True, thru_out=out, thru_channel=values.whole("split_channel"))

    @property
    def _other_hand(self) -> int:
        """A key of the hand that does not call."""
        return 0 if self._values.word("split") == "right" else PITCHES - 1

    def _way(self, route: int) -> Way:
        way = self._ways.get(route)
        if way is None:
            way = self._ways[route] = self._read(route)
        return way

    def _read(self, route: int) -> Way:
        values, at = self._values, f"route/{route}/" if route and self._values.flag(f"route/{route}/use") else ""
        return Way(
            route=route if at else TABLE,
            listen=values.flag(f"{at}listen") if at else True,
            out=self._out(values.whole(f"{at}out_port")),
            out_channel=values.whole(f"{at}out_channel"),
            program=values.whole(f"{at}program"),
            transpose=values.whole(f"{at}transpose"),
            velocity_curve=values.number(f"{at}velocity_curve"),
            velocity_low=values.whole(f"{at}velocity_low"),
            velocity_high=values.whole(f"{at}velocity_high"),
            thru=values.flag(f"{at}thru"),
            thru_out=self._out(values.whole(f"{at}thru_port")),
            thru_channel=values.whole(f"{at}thru_channel"),
            for_drums=bool(at) and values.whole(f"{at}in_channel") == DRUM_CHANNEL + 1,
        )

    def _out(self, number: int) -> str:
        """The key of an output port; the first where there is none of that number."""
        return out_key(number if number <= len(self.outputs) else 1)

    def _scope(self, route: int) -> _Scope:
        def whole(field: str) -> int:
            return self._values.whole(f"route/{route}/{field}")

        low, high = sorted((whole("key_low"), whole("key_high")))
        return _Scope(route, whole("in_port"), whole("in_channel"), low, high)
