"""The routing as a screen shows and edits it: who is listened to, which routes there are, and what a toggle sets."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from daw_bridge.engine.parameters import BY_NAME, MOST_ROUTES, ROUTE_FIELDS, Value
from daw_bridge.engine.port_keys import in_key, out_key
from daw_bridge.engine.routing import TABLE, Caller, Router
from daw_bridge.engine.values import Values
from daw_bridge.music.notes import CHANNELS, DRUM_CHANNEL

LISTEN: Final = "listen"
THRU: Final = "thru"

Change = tuple[str, Value]
"""A parameter and its new value."""

_SCOPE: Final = ("use", "in_port", "in_channel", "key_low", "key_high")
_EFFECTS: Final = tuple(item.name for item in ROUTE_FIELDS if item.name not in (*_SCOPE, LISTEN))
_NAMES: Final = ("C", "C#", "D", "Eb", "E", "F", "F#", "G", "Ab", "A", "Bb", "B")


@dataclass(frozen=True, slots=True)
class Cell:
    """What becomes of a channel of an input, whichever key is struck."""

    listen: bool
    thru: bool


class Rig:
    """One reading of the parameters; `values` holds them all."""

    def __init__(self, values: Mapping[str, Value]) -> None:
        self._values = dict(values)
        self._router = Router(Values({name: value for name, value in values.items() if name in BY_NAME}))
        self.inputs = self._router.inputs
        self.outputs = self._router.outputs

    @property
    def routes(self) -> tuple[int, ...]:
        """The numbers of the routes in use."""
        return tuple(number for number in range(1, MOST_ROUTES + 1) if self._values[f"route/{number}/use"])

    def cell(self, port: int, channel: int) -> Cell:
        """What becomes of a channel (1-16) of an input port (from 1)."""
        ways = self._router.ways(in_key(port), channel - 1)
        return Cell(any(way.listen for way in ways), any(way.thru for way in ways))

    def toggled(self, port: int, channel: int, field: str) -> list[Change]:
        """What to set so that a channel of an input, 0 for all, is listened to (or passed through) or is no more.

        Raises ValueError when every route is in use.
        """
        here = self._exact(port, channel)
        wanted = not self.listens(port, channel, field)
        if here is not None:
            alike = self._without(here)._copied(port, channel)
            rest = {key: self._values[f"route/{here}/{key}"] for key in alike} | {field: wanted}
            if rest == alike:
                return [(f"route/{here}/use", False)]
            return [(f"route/{here}/{field}", wanted)]
        number = self.free()
        fields = {**self._copied(port, channel), "in_port": port, "in_channel": channel, field: wanted}
        plain = {"key_low": 0, "key_high": 127}
        return [*((f"route/{number}/{key}", value) for key, value in {**plain, **fields}.items()), *self._on(number)]

    def listens(self, port: int, channel: int, field: str = LISTEN) -> bool:
        """Whether a channel of an input is listened to (or passed through); of all, 0, what holds for the most."""
        if channel:
            return bool(getattr(self.cell(port, channel), field))
        here = self._exact(port, 0)
        if here is not None:
            return bool(self._values[f"route/{here}/{field}"])
        cells: list[bool] = [getattr(self.cell(port, number), field) for number in range(1, CHANNELS + 1)]
        return sum(cells) > CHANNELS // 2

    def added(self) -> tuple[int, list[Change]]:
        """A new route for everything, as the table says, and what to set. Raises ValueError when all are in use."""
        number = self.free()
        fields = {item.name: item.default for item in ROUTE_FIELDS if item.name in _SCOPE and item.name != "use"}
        fields |= self._copied(1, 0)
        return number, [*((f"route/{number}/{key}", value) for key, value in fields.items()), *self._on(number)]

    def free(self) -> int:
        """The first route that is not in use. Raises ValueError when there is none."""
        used = self.routes
        for number in range(1, MOST_ROUTES + 1):
            if number not in used:
                return number
        raise ValueError(f"all {MOST_ROUTES} routes are in use")

    def scope_text(self, route: int) -> str:
        """What a route is for, in words."""
        if route == TABLE:
            return "everything else" if self.routes else "everything"
        port, channel = int(self._field(route, "in_port")), int(self._field(route, "in_channel"))
        low, high = sorted((int(self._field(route, "key_low")), int(self._field(route, "key_high"))))
        words = [self._named(self.inputs, port) if port else ""]
        words.append(f"ch {channel}" if channel else "")
        words.append(f"{note_name(low)} to {note_name(high)}" if (low, high) != (0, 127) else "")
        return "  ".join(word for word in words if word) or "everything"

    def effect_text(self, route: int) -> str:
        """What a route does, in words."""
        way = self._router.answer(Caller(0, route))
        words = [f"→ {self._out_name(way.out)} {_channel_text(way.out_channel)}" if way.listen else "no call"]
        if way.thru:
            words.append(f"thru {self._out_name(way.thru_out)} {_channel_text(way.thru_channel)}")
        return "  ".join(words)

    def _copied(self, port: int, channel: int) -> dict[str, Value]:
        """What holds now for a channel of an input, as the effects of a route of its own."""
        route = self._router.ways(in_key(port), channel - 1)[-1].route if channel else self._exact(0, 0) or TABLE
        source = f"route/{route}/" if route else ""
        fields = {name: self._values[source + name] for name in _EFFECTS}
        if channel - 1 == DRUM_CHANNEL:
            way = self._router.answer(Caller(DRUM_CHANNEL, route))
            fields |= {"out_channel": way.out_channel, "program": way.program, "transpose": way.transpose}
        return {**fields, LISTEN: self.listens(port, channel), THRU: self.listens(port, channel, THRU)}

    def _exact(self, port: int, channel: int) -> int | None:
        wanted = {"in_port": port, "in_channel": channel, "key_low": 0, "key_high": 127}
        for number in self.routes:
            if all(self._field(number, key) == value for key, value in wanted.items()):
                return number
        return None

    def _without(self, route: int) -> Rig:
        return Rig({**self._values, f"route/{route}/use": False})

    def _field(self, route: int, name: str) -> Value:
        return self._values[f"route/{route}/{name}"]

    def _named(self, names: tuple[str, ...], number: int) -> str:
        return names[number - 1] if number <= len(names) else f"port {number}"

    def _out_name(self, key: str) -> str:
        return next((name for at, name in enumerate(self.outputs, start=1) if out_key(at) == key), key)

    def _on(self, number: int) -> list[Change]:
        """Last of all: before that the other fields change nothing."""
        return [(f"route/{number}/use", True)]


def note_name(pitch: int) -> str:
    """A key as a player calls it: 60 is C4."""
    return f"{_NAMES[pitch % 12]}{pitch // 12 - 1}"


def _channel_text(channel: int) -> str:
    return f"ch {channel}" if channel else "same ch"
