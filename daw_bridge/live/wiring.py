"""The one place that picks concrete adapters: from settings to a running instrument."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from daw_bridge.engine.clock_out import CLOCK_PORT
from daw_bridge.engine.continuation import Continuer
from daw_bridge.engine.controllers import FEEDBACK
from daw_bridge.engine.engine import Engine
from daw_bridge.engine.events import ControllerMap, Event, Fault, Observer
from daw_bridge.engine.memory import PhraseMemory
from daw_bridge.engine.metronome import METRONOME_PORT
from daw_bridge.engine.parameters import Value
from daw_bridge.engine.port_keys import in_key, names_of, out_key
from daw_bridge.engine.presets import Values as PresetValues
from daw_bridge.engine.values import EngineSettings
from daw_bridge.errors import BridgeError
from daw_bridge.io.ports import MidiSystem, OutPort
from daw_bridge.io.priority import raised_helpers
from daw_bridge.io.systems import choose_system
from daw_bridge.live.cascade import Cascade
from daw_bridge.live.link_keeper import LinkKeeper
from daw_bridge.live.loop import PlayLoop
from daw_bridge.live.rack import InSlot, OutSlot, PortRack

MEMORY: Final = "memory"
"""The model that needs no file: the phrase memory."""


@dataclass(frozen=True, slots=True)
class Tier:
    """A model that is ready to answer: its speed when warm (0 for the memory), what its file says of itself."""

    continuer: Continuer
    note_s: float
    header: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class ColdModel:
    """A model that is open; `warm` makes it quick, which takes a while and lets other threads run meanwhile."""

    name: str
    warm: Callable[[], Tier]


def open_model(program: Path | None) -> ColdModel:
    """The model of a TorchScript program; without one, the phrase memory. Raises UsageError.

    Opening holds the interpreter lock for tenths of a second: it belongs before the music.
    """
    if program is None:
        return ColdModel(MEMORY, lambda: Tier(PhraseMemory(), 0.0, {"name": MEMORY}))
    from daw_bridge.io.artefact import LoadedModel

    model = LoadedModel.open(program)
    return ColdModel(model.name, lambda: Tier(model, model.warm_up(), model.header))


def load_tier(program: Path | None) -> Tier:
    """The model of a TorchScript program, warm; without one, the phrase memory. Raises UsageError."""
    return open_model(program).warm()


def settled(settings: Mapping[str, Value]) -> dict[str, Value]:
    """The settings with the seed in force: -1 draws one."""
    values = dict(settings)
    if int(values["seed"]) < 0:
        values["seed"] = secrets.randbelow(2**31)
    return values


class Bridge:
    """A whole instrument on its ports. Opens them when made; plays from `start` to `stop`.

    Raises MissingPartError or UsageError when the ports cannot be had. `submit` and `report` may be called from any
    thread.
    """

    def __init__(
        self,
        settings: Mapping[str, Value],
        *,
        system: MidiSystem | None = None,
        copies: Sequence[OutPort] = (),
        mappings: tuple[ControllerMap, ...] = (),
        presets: tuple[tuple[str, PresetValues], ...] = (),
    ) -> None:
        self.settings = settled(settings)
        self._observers: list[Observer] = []
        self._cascade: Cascade | None = None
        self.system = system or choose_system(str(self.settings["midi_api"]))
        with raised_helpers():
            self._rack = self._opened(copies)
        if float(self.settings["latency_ms"]) < 0:
            self.settings["latency_ms"] = round(self.system.path_s * 1000, 3)
        self._begins = EngineSettings(self.settings, mappings, presets, levels=())
        self._loop = PlayLoop(self._mind, self._rack, self._observers)
        self._link = LinkKeeper(self.values, self.submit, self.report)
        self._observers.append(self._link)
        try:
            self._link.join()
        except BridgeError:
            self._rack.close()
            self.system.close()
            raise

    def observe(self, observer: Observer) -> None:
        """Let someone watch; before `start` only."""
        self._observers.append(observer)

    def submit(self, event: Event) -> None:
        """Hand an event to the engine."""
        self._loop.submit(event)

    def report(self, fault: Fault) -> None:
        """Show a fault that happened outside the engine."""
        self._loop.report(fault)

    def values(self) -> Mapping[str, Value]:
        """The parameters in force."""
        return self._loop.parameters

    @property
    def running(self) -> bool:
        """Whether the playing thread lives."""
        return self._loop.running

    @property
    def real_time(self) -> bool:
        """Whether the system lets the playing thread go before others; False until `start`."""
        return self._loop.raised_priority

    @property
    def faults(self) -> int:
        """Faults of our own that were survived."""
        return self._loop.faults

    def start(self, tier: Tier, *backups: Tier, level: int = 0) -> None:
        """Begin to play with a warm model; `backups` answer, the first of them first, when it is late.

        `level` is its place; a better one leaves room for models that `join` before it.
        """
        self._cascade = Cascade(self.submit, self.report)
        self._loop.attach(self._cascade)
        with raised_helpers():
            for place, model in enumerate((tier, *backups), start=level):
                self._cascade.add(model.continuer, place)
            self._loop.start()
            self._rack.start(self.submit)
            self._link.start()

    def join(self, tier: Tier, level: int, *, resting: bool = False) -> None:
        """Let another warm model take its place while the music plays; one too slow at present begins with a rest."""
        if self._cascade is not None:
            with raised_helpers():
                self._cascade.add(tier.continuer, level, resting=resting)

    def stop(self) -> None:
        """Release every note, deliver it, and give the ports back. Stopping twice is allowed."""
        self._link.stop()
        self._loop.stop()
        if self._cascade is not None:
            self._cascade.stop()
        self._rack.close()
        self.system.close()

    def ready_line(self, tier: Tier, osc: tuple[str, int] | None) -> str:
        """What a script waits for on stdout."""
        ports = " ".join(f"{key}={_quoted(name)}" for key, name in self.connections)
        line = f"ready {ports} api={self.system.api} model={tier.continuer.name}"
        return line if osc is None else f"{line} osc={osc[0]}:{osc[1]}"

    @property
    def connections(self) -> tuple[tuple[str, str], ...]:
        """The inputs and outputs by their keys, the first of each first, each with its name."""
        inputs, outputs = self._names("in_port", in_key), self._names("port", out_key)
        return (*inputs[:1], *outputs[:1], *inputs[1:], *outputs[1:])

    def _names(self, setting: str, key: Callable[[int], str]) -> list[tuple[str, str]]:
        return [(key(number), name) for number, name in enumerate(names_of(str(self.settings[setting])), start=1)]

    def _opened(self, copies: Sequence[OutPort]) -> PortRack:
        wanted: list[tuple[str, str, Sequence[OutPort]]] = [
            (key, name, copies) for key, name in self._names("port", out_key)
        ]
        for own, setting, beside in (
            (FEEDBACK, "feedback_port", ()),
            (CLOCK_PORT, "clock_port", ()),
            (METRONOME_PORT, "metronome_port", copies),
        ):
            if self.settings[setting]:
                wanted.append((own, str(self.settings[setting]), beside))
        inputs: list[InSlot] = []
        outputs: list[OutSlot] = []
        try:
            for key, name in self._names("in_port", in_key):
                inputs.append(InSlot(key, self.system.open_in(name)))
            for key, name, beside in wanted:
                outputs.append(OutSlot(key, self.system.open_out(name), beside))
        except BridgeError:
            PortRack(self.system, inputs, outputs).close()
            self.system.close()
            raise
        if copies and not self.settings["metronome_port"]:
            outputs.append(OutSlot(METRONOME_PORT, copies[0], copies[1:]))
        return PortRack(self.system, inputs, outputs)

    def _mind(self, before: EngineSettings | None) -> Engine:
        return Engine(before or self._begins)


def _quoted(name: str) -> str:
    """A port's name as a shell would want it."""
    escaped = name.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
