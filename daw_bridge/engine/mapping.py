"""MIDI learn: the player's controllers, notes and program changes move parameters and do actions.

A mapped message is the instrument's own: it is neither part of a call nor passed through. While a target is being
learned, the first controller, note-on or program change that comes in is tied to it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Final

from daw_bridge.engine.events import ControllerMap, ParameterSet, Performed
from daw_bridge.engine.mapping_table import check, check_target
from daw_bridge.engine.mapping_targets import (
    NEXT_PRESET,
    PRESET_PREFIX,
    PREVIOUS_PRESET,
    next_value,
    position_of,
    value_at,
)
from daw_bridge.engine.parameters import ACTION_NAMES, BY_NAME, Kind, Value
from daw_bridge.engine.presets import PresetBook
from daw_bridge.music.messages import ControlChange, Message, NoteOff, NoteOn, ProgramChange

_SWITCH: Final = 64
"""Controllers from here on are pressed, as for pedals."""
_LSB: Final = 32
"""Controller n + 32 carries the fine part of controller n, for n below 32."""
_PICKUP: Final = 0.02
"""How near to the present value a controller takes hold of it, as a share of its way."""


@dataclass(frozen=True, slots=True)
class Handled:
    """What became of a message: `consumed` ones are the instrument's own; `learned` when a mapping was made."""

    consumed: bool = False
    results: tuple[ParameterSet | Performed, ...] = ()
    learned: bool = False
    preset: str = ""


_NOT_MINE: Final = Handled()


class MidiMap:
    """The mappings, by target, and where each controller stands. One target has one controller."""

    def __init__(self, mappings: Iterable[ControllerMap] = ()) -> None:
        self._by_target: dict[str, ControllerMap] = {}
        self._by_source: dict[tuple[str, int, int], list[ControllerMap]] = {}
        self._held: dict[str, float] = {}
        self._seen: dict[str, float] = {}
        self._coarse: dict[tuple[int, int], int] = {}
        self._pressed: set[str] = set()
        self._fresh: str = ""
        self.learning = ""
        for mapping in mappings:
            self.set(mapping)

    @property
    def mappings(self) -> tuple[ControllerMap, ...]:
        """All mappings, in order of target."""
        return tuple(self._by_target[target] for target in sorted(self._by_target))

    def set(self, mapping: ControllerMap) -> None:
        """Tie a controller to its target in place of the one before. Raises ValueError when it cannot be."""
        check(mapping)
        self.remove(mapping.target)
        self._by_target[mapping.target] = mapping
        self._index()

    def remove(self, target: str) -> None:
        """Untie whatever steers `target`."""
        self._by_target.pop(target, None)
        self._held.pop(target, None)
        self._seen.pop(target, None)
        self._pressed.discard(target)
        self._index()

    def learn(self, target: str) -> None:
        """Wait for a controller for `target`; an empty one waits no more. Raises ValueError for no such target."""
        if target:
            check_target(target)
        self.learning = target

    def handle(self, message: Message, values: Mapping[str, Value], presets: PresetBook) -> Handled:
        """What a message of the player means; `values` are the parameters as they are."""
        if self.learning:
            return self._learn(message)
        self._refine(message)
        match message:
            case ControlChange(channel, controller, value):
                return self._controller(channel, controller, value, values, presets)
            case NoteOn(channel, pitch, velocity):
                return self._press(self._tied("note", channel, pitch), velocity / 127.0, values, presets)
            case NoteOff(channel, pitch):
                return Handled(consumed=bool(self._tied("note", channel, pitch)))
            case ProgramChange(channel, program):
                return self._press(self._tied("program", channel, program), 1.0, values, presets)
        return _NOT_MINE

    def feedback(self, name: str, value: Value) -> list[Message]:
        """What to send to the controller of `name` so that its fader or light shows `value`."""
        mapping = self._by_target.get(name)
        if mapping is None or mapping.source == "program" or name not in BY_NAME:
            return []
        channel = max(mapping.channel, 1) - 1
        place = position_of(BY_NAME[name], value)
        way = _unshaped(_way(place, mapping), mapping.curve)
        if self._held.get(name) is not None and abs(self._held[name] - place) < _PICKUP:
            # The hand is on it: a motor that is told its own position fights it.
            return []
        if mapping.source == "note":
            if value in (False, 0, "off"):
                return [NoteOff(channel, mapping.number)]
            return [NoteOn(channel, mapping.number, 127)]
        if mapping.source == "cc14":
            fine = round(way * 16383)
            return [
                ControlChange(channel, mapping.number, fine >> 7),
                ControlChange(channel, mapping.number + _LSB, fine & 0x7F),
            ]
        return [ControlChange(channel, mapping.number, round(way * 127))]

    def _index(self) -> None:
        self._by_source.clear()
        for mapping in self._by_target.values():
            source = "cc" if mapping.source == "cc14" else mapping.source
            self._by_source.setdefault((source, mapping.channel, mapping.number), []).append(mapping)

    def _tied(self, source: str, channel: int, number: int) -> list[ControllerMap]:
        here = self._by_source.get((source, channel + 1, number), [])
        anywhere = self._by_source.get((source, 0, number), [])
        return [*here, *anywhere] if anywhere else here

    def _learn(self, message: Message) -> Handled:
        match message:
            case ControlChange(channel, controller, _) if controller < 120:
                source, number = "cc", controller
            case NoteOn(channel, number, _):
                source = "note"
            case ProgramChange(channel, number):
                source = "program"
            case _:
                return _NOT_MINE
        self.set(ControllerMap(self.learning, source, channel + 1, number))
        self._fresh = self.learning if source == "cc" and number < _LSB else ""
        self.learning = ""
        return Handled(consumed=True, learned=True)

    def _refine(self, message: Message) -> None:
        """A controller just learned whose fine part follows at once is one of 14 bits."""
        if not self._fresh or not isinstance(message, ControlChange):
            return
        mapping = self._by_target.get(self._fresh)
        if mapping is None or message.channel + 1 != mapping.channel or message.controller == mapping.number:
            return
        if message.controller == mapping.number + _LSB:
            self.set(replace(mapping, source="cc14"))
        self._fresh = ""

    def _controller(
        self, channel: int, controller: int, value: int, values: Mapping[str, Value], presets: PresetBook
    ) -> Handled:
        tied = self._tied("cc", channel, controller)
        fine = [
            mapping
            for mapping in (self._tied("cc", channel, controller - _LSB) if controller >= _LSB else ())
            if mapping.source == "cc14"
        ]
        if not tied and not fine:
            return _NOT_MINE
        results: list[ParameterSet | Performed] = []
        preset = ""
        for mapping in tied:
            if mapping.source == "cc14":
                self._coarse[channel, controller] = value
                continue
            preset = self._move(mapping, value / 127.0, value >= _SWITCH, values, presets, results) or preset
        for mapping in fine:
            whole = self._coarse.get((channel, controller - _LSB), 0) << 7 | value
            pressed = whole >= _SWITCH << 7
            preset = self._move(mapping, whole / 16383.0, pressed, values, presets, results) or preset
        return Handled(consumed=True, results=tuple(results), preset=preset)

    def _press(
        self, tied: list[ControllerMap], way: float, values: Mapping[str, Value], presets: PresetBook
    ) -> Handled:
        """A note or a program change: does an action, steps through choices, or sets a range to `way` (0-1)."""
        results: list[ParameterSet | Performed] = []
        preset = ""
        for mapping in tied:
            parameter = BY_NAME.get(mapping.target)
            if parameter is None:
                preset = _trigger(mapping.target, presets, results) or preset
            elif parameter.kind in (Kind.FLOAT, Kind.INT):
                self._emit(mapping, way, results)
            else:
                results.append(ParameterSet(parameter.name, next_value(parameter, values[parameter.name])))
        return Handled(bool(tied), tuple(results), preset=preset)

    def _move(
        self,
        mapping: ControllerMap,
        way: float,
        pressed: bool,
        values: Mapping[str, Value],
        presets: PresetBook,
        results: list[ParameterSet | Performed],
    ) -> str:
        """A controller stands at `way` (0-1) of its travel; returns the preset it recalled, if any."""
        target = mapping.target
        if target not in BY_NAME:
            before = target in self._pressed
            (self._pressed.add if pressed else self._pressed.discard)(target)
            return _trigger(target, presets, results) if pressed and not before else ""
        if self._takes_hold(mapping, way, values[target]):
            self._emit(mapping, way, results)
        return ""

    def _takes_hold(self, mapping: ControllerMap, way: float, value: Value) -> bool:
        parameter = BY_NAME[mapping.target]
        if not mapping.pickup or parameter.kind not in (Kind.FLOAT, Kind.INT):
            return True
        place = mapping.low + _shaped(way, mapping.curve) * (mapping.high - mapping.low)
        wanted = position_of(parameter, value)
        before = self._seen.get(mapping.target)
        self._seen[mapping.target] = place
        held = self._held.get(mapping.target)
        if held is not None and abs(held - wanted) < _PICKUP:
            return True
        passed = before is not None and min(before, place) <= wanted <= max(before, place)
        return passed or abs(place - wanted) < _PICKUP

    def _emit(self, mapping: ControllerMap, way: float, results: list[ParameterSet | Performed]) -> None:
        parameter = BY_NAME[mapping.target]
        place = mapping.low + _shaped(way, mapping.curve) * (mapping.high - mapping.low)
        value = value_at(parameter, place)
        self._held[mapping.target] = position_of(parameter, value)
        results.append(ParameterSet(parameter.name, value))


def _trigger(target: str, presets: PresetBook, results: list[ParameterSet | Performed]) -> str:
    """Do an action, or set a preset's parameters and return its name."""
    if target in ACTION_NAMES:
        results.append(Performed(target))
        return ""
    if target in (NEXT_PRESET, PREVIOUS_PRESET):
        name = presets.beside(1 if target == NEXT_PRESET else -1)
    else:
        name = target.removeprefix(PRESET_PREFIX)
    changes = presets.values_of(name)
    results.extend(ParameterSet(item, value) for item, value in changes)
    return name if changes else ""


def _shaped(way: float, curve: str) -> float:
    if curve == "slow":
        return way * way
    return 1.0 - (1.0 - way) ** 2 if curve == "fast" else way


def _unshaped(share: float, curve: str) -> float:
    if curve == "slow":
        return float(share**0.5)
    return float(1.0 - (1.0 - share) ** 0.5) if curve == "fast" else share


def _way(place: float, mapping: ControllerMap) -> float:
    """How far the shaped travel is at a place of the target's range."""
    if mapping.high == mapping.low:
        return 0.0
    return min(1.0, max(0.0, (place - mapping.low) / (mapping.high - mapping.low)))
