"""Several ports, the controller's own port and a fault of ours, on the whole instrument in memory."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from daw_bridge.engine.events import ControllerMap, LearnStarted, MappingsChanged, MappingSet, ParameterSet, PresetSaved
from daw_bridge.engine.parameters import Value, defaults
from daw_bridge.io.ports_memory import MemorySystem, MemoryTap
from daw_bridge.live.wiring import Bridge, load_tier
from daw_bridge.music.messages import ControlChange, Message, NoteOff, NoteOn, decode, encode

LIMIT_S = 10.0


@contextmanager
def rig(bus: MemorySystem, mappings: tuple[ControllerMap, ...] = (), **changes: Value) -> Iterator[Bridge]:
    values = {**defaults(), "midi_api": "memory", "model": "memory", "seed": 5, **changes}
    bridge = Bridge(values, system=bus, mappings=mappings)
    bridge.start(load_tier(None))
    try:
        yield bridge
    finally:
        bridge.stop()


def wait_until(met: Callable[[], Any]) -> None:
    end_s = time.monotonic() + LIMIT_S
    while not met():
        assert time.monotonic() < end_s, "it did not happen"
        time.sleep(0.005)


class Ear:
    """What came out of a port so far."""

    def __init__(self, tap: MemoryTap) -> None:
        self._tap = tap
        self._heard: list[Message] = []

    @property
    def heard(self) -> list[Message]:
        self._heard += [decode(data) for _, data in self._tap.take()]
        return self._heard


def test_each_keyboard_is_answered_on_its_own_synth() -> None:
    bus = MemorySystem()
    daw, synth = Ear(bus.listen("DAW")), Ear(bus.listen("Synth"))
    routed: dict[str, Value] = {"route/1/use": True, "route/1/in_port": 2, "route/1/out_port": 2}
    with rig(bus, mode="manual", in_port="Keys\nPads", port="DAW\nSynth", **routed) as bridge:
        assert bridge.ready_line(load_tier(None), None) == (
            'ready in="Keys" out="DAW" in2="Pads" out2="Synth" api=memory model=memory'
        )
        for name, ear in (("Pads", synth), ("Keys", daw)):
            for pitch in (60, 64, 67):
                bus.play(name, encode(NoteOn(0, pitch, 80)))
                bus.play(name, encode(NoteOff(0, pitch)))
            bridge.submit(ParameterSet("mode", "pause"))
            wait_until(lambda: any(isinstance(message, NoteOn) for message in ear.heard))  # noqa: B023
            bridge.submit(ParameterSet("mode", "manual"))
        assert bridge.faults == 0
    for ear in (daw, synth):
        ons = [message.pitch for message in ear.heard if isinstance(message, NoteOn)]
        assert sorted(ons) == sorted(message.pitch for message in ear.heard if isinstance(message, NoteOff))


def test_faders_and_lights_of_a_controller_follow_on_its_own_port() -> None:
    bus = MemorySystem()
    desk, daw = Ear(bus.listen("Fader box")), Ear(bus.listen("AI Out"))
    saved = (ControllerMap("temperature", "cc", 1, 7), ControllerMap("thru", "note", 10, 36))
    with rig(bus, saved, mode="manual", feedback_port="Fader box") as bridge:
        # The motor goes to its place at the start: temperature 1.0 of 0 to 2.
        wait_until(lambda: ControlChange(0, 7, 64) in desk.heard)
        bridge.submit(ParameterSet("temperature", 2.0))
        bridge.submit(ParameterSet("thru", True))
        wait_until(lambda: [ControlChange(0, 7, 127), NoteOn(9, 36, 127)] == desk.heard[-2:])
        bridge.submit(LearnStarted("density"))
        wait_until(lambda: bus.play("AI In", encode(ControlChange(0, 20, 64))) or len(desk.heard) >= 4)
        assert ControlChange(0, 20, 64) in desk.heard
    assert desk.heard[-1] == NoteOff(9, 36)
    assert not [message for message in daw.heard if isinstance(message, NoteOn)]


class Mappings:
    """An observer that knows the mappings of the moment."""

    def __init__(self) -> None:
        self.told: list[tuple[str, ...]] = []

    def heard(self, event: object, now_s: float) -> None:
        """Nothing that comes in is a mapping."""

    def done(self, actions: Any, now_s: float) -> None:
        assert now_s
        changed = [action for action in actions if isinstance(action, MappingsChanged)]
        self.told += [tuple(mapping.target for mapping in action.mappings) for action in changed]


def test_what_was_learned_survives_a_fault_of_our_own() -> None:
    bus, mappings = MemorySystem(), Mappings()
    values = {**defaults(), "midi_api": "memory", "model": "memory", "seed": 5, "mode": "manual"}
    bridge = Bridge(values, system=bus, mappings=(ControllerMap("length", "cc", 1, 9),))
    bridge.observe(mappings)
    bridge.start(load_tier(None))
    try:
        bridge.submit(MappingSet(ControllerMap("density", "cc", 1, 20, pickup=False)))
        bridge.submit(PresetSaved("calm"))
        bridge.submit(ParameterSet("route/4/transpose", 7))
        bridge.submit(ParameterSet(["no name at all"], 1))  # type: ignore[arg-type]
        wait_until(lambda: bridge.faults == 1)
        wait_until(lambda: len(mappings.told) >= 3)
        assert mappings.told[-1] == ("density", "length")
        bus.play("AI In", encode(ControlChange(0, 20, 127)))
        wait_until(lambda: bridge.values()["density"] == 1.0)
        assert bridge.values()["route/4/transpose"] == 7
    finally:
        bridge.stop()


def test_a_program_that_leaves_our_port_leaves_no_key_behind() -> None:
    bus = MemorySystem()
    daw = Ear(bus.listen("AI Out"))
    stays, leaves = bus.keyboard("AI In"), bus.keyboard("AI In")
    with rig(bus, mode="manual", thru=True):
        leaves.send(encode(NoteOn(0, 60, 80)))
        wait_until(lambda: NoteOn(0, 60, 80) in daw.heard)
        leaves.close()
        wait_until(lambda: NoteOff(0, 60) in daw.heard)
        stays.send(encode(NoteOn(0, 62, 80)))
        wait_until(lambda: NoteOn(0, 62, 80) in daw.heard)
        assert NoteOff(0, 62) not in daw.heard
