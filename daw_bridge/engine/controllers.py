"""The player's controllers and presets at work: what they ask of the engine, and what their lights are told."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Final

from daw_bridge.engine.events import (
    ControlEvent,
    ControllerMap,
    Fault,
    LearnStarted,
    LearnStopped,
    MappingRemoved,
    MappingsChanged,
    MappingSet,
    ParameterSet,
    Performed,
    PresetRecalled,
    PresetRemoved,
    PresetSaved,
    PresetsChanged,
    PresetStepped,
    Send,
)
from daw_bridge.engine.mapping import MidiMap
from daw_bridge.engine.parameters import BY_NAME, Value
from daw_bridge.engine.presets import PresetBook, Values
from daw_bridge.engine.values import Values as Parameters
from daw_bridge.music.messages import Message, NoteOff, NoteOn

FEEDBACK: Final = "feedback"
"""The port that faders and lights listen to, as events name it."""

Wish = ParameterSet | Performed
Emit = Callable[[MappingsChanged | PresetsChanged | Fault | Send], None]


@dataclass(frozen=True, slots=True)
class Taken:
    """What a message means: whether it was the instrument's own, and what it asks for."""

    consumed: bool
    wishes: tuple[Wish, ...] = ()


class Controllers:
    """Mappings and presets of one engine. `values` are the engine's own, read only."""

    def __init__(
        self,
        mappings: Iterable[ControllerMap],
        presets: Iterable[tuple[str, Values]],
        values: Parameters,
        emit: Emit,
    ) -> None:
        self._map = MidiMap(mappings)
        self._book = PresetBook(presets)
        self._values = values
        self._emit = emit
        self._lit: set[tuple[int, int]] = set()
        self._announced = not (self._map.mappings or self._book.presets)

    @property
    def mappings(self) -> tuple[ControllerMap, ...]:
        """All mappings as they are now."""
        return self._map.mappings

    @property
    def presets(self) -> tuple[tuple[str, Values], ...]:
        """All presets as they are now, in order."""
        return self._book.presets

    def announce(self, now_s: float) -> None:
        """Say once what the session begins with, and bring the faders to their places."""
        if self._announced:
            return
        self._announced = True
        self._tell_mappings()
        self._tell_presets()
        for mapping in self._map.mappings:
            self._show(mapping.target, now_s)

    def take(self, message: Message, now_s: float) -> Taken:
        """A message of the player, before it is taken for music."""
        handled = self._map.handle(message, self._values.all, self._book)
        if handled.learned:
            self._tell_mappings()
            for mapping in self._map.mappings:
                self._show(mapping.target, now_s)
        if handled.preset:
            self._book.recall(handled.preset)
            self._tell_presets()
        return Taken(handled.consumed, handled.results)

    def feed(self, event: ControlEvent, now_s: float) -> tuple[Wish, ...]:
        """A wish of the player about controllers and presets; returns what the engine has to do for it."""
        try:
            return self._carry_out(event, now_s)
        except ValueError as error:
            self._emit(Fault("control", str(error)))
            return ()

    def show(self, name: str, value: Value, now_s: float) -> None:
        """A parameter has a new value: its fader or light follows."""
        if self._values.word("feedback_port"):
            for message in self._map.feedback(name, value):
                self._light(message, now_s)

    def close(self, now_s: float) -> None:
        """All lights go out."""
        for channel, pitch in sorted(self._lit):
            self._emit(Send(NoteOff(channel, pitch), now_s, port=FEEDBACK))
        self._lit.clear()

    def _carry_out(self, event: ControlEvent, now_s: float) -> tuple[Wish, ...]:
        match event:
            case LearnStarted(target):
                self._map.learn(target)
                self._tell_mappings()
            case LearnStopped():
                self._map.learn("")
                self._tell_mappings()
            case MappingSet(mapping):
                self._map.set(mapping)
                self._tell_mappings()
                self._show(mapping.target, now_s)
            case MappingRemoved(target):
                self._map.remove(target)
                self._tell_mappings()
            case PresetSaved(name):
                self._book.save(name, self._values.all)
                self._tell_presets()
            case PresetRemoved(name):
                self._book.remove(name)
                self._tell_presets()
            case PresetRecalled(name):
                return self._recall(name)
            case PresetStepped(by):
                name = self._book.beside(by)
                return self._recall(name) if name else ()
        return ()

    def _recall(self, name: str) -> tuple[Wish, ...]:
        values = self._book.recall(name)
        self._tell_presets()
        return tuple(ParameterSet(key, value) for key, value in values)

    def _tell_mappings(self) -> None:
        self._emit(MappingsChanged(self._map.mappings, self._map.learning))

    def _tell_presets(self) -> None:
        self._emit(PresetsChanged(self._book.presets, self._book.current))

    def _show(self, target: str, now_s: float) -> None:
        if target in BY_NAME:
            self.show(target, self._values.all[target], now_s)

    def _light(self, message: Message, now_s: float) -> None:
        match message:
            case NoteOn(channel, pitch):
                if (channel, pitch) in self._lit:
                    return
                self._lit.add((channel, pitch))
            case NoteOff(channel, pitch):
                if (channel, pitch) not in self._lit:
                    return
                self._lit.discard((channel, pitch))
        self._emit(Send(message, now_s, port=FEEDBACK))
