"""A studio of two inputs and two outputs for the engine's tests."""

from __future__ import annotations

from daw_bridge.engine.events import Sent
from daw_bridge.engine.parameters import Value
from daw_bridge.music.messages import NoteOff, NoteOn
from tests.support.world import Tune, World, pitch

PORTS = {"in_port": "Keys\nPads", "port": "DAW\nSynth"}


def route(number: int, **fields: Value) -> dict[str, Value]:
    """A route in use."""
    return {f"route/{number}/{key}": value for key, value in {"use": True, **fields}.items()}


def studio(*routes: dict[str, Value], model: Tune | None = None, **more: Value) -> World:
    """Two inputs and two outputs, under some routes."""
    return World(model, **{**PORTS, **{key: value for each in routes for key, value in each.items()}, **more})


def play(world: World, at_s: float, names: str, *, port: str = "in", channel: int = 0, step_s: float = 0.25) -> World:
    """A melody on an input port."""
    for index, name in enumerate(names.split()):
        onset_s = at_s + index * step_s
        world.midi(onset_s, NoteOn(channel, pitch(name), 80), port)
        world.midi(onset_s + 0.2, NoteOff(channel, pitch(name)), port)
    return world


def places(sent: list[Sent]) -> set[tuple[str, int]]:
    """Where notes were struck."""
    return {(item.port, item.message.channel) for item in sent if isinstance(item.message, NoteOn)}
