"""A take of a routed session holds what is needed to play it again, into the same ports and channels."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from daw_bridge.engine.events import Event, Fault, MidiArrived, ParameterSet, PortLost, PortReturned
from daw_bridge.engine.parameters import Value, defaults
from daw_bridge.io.take_format import ModelIdentity, decode_line
from daw_bridge.io.take_reading import read_take
from daw_bridge.io.takes import TakeRecorder
from daw_bridge.music.messages import NoteOff, NoteOn, decode
from daw_bridge.music.notes import DRUM_CHANNEL
from tests.support.world import World

RIG: dict[str, Value] = {
    "in_port": "Keys\nPads",
    "port": "DAW\nDrum machine",
    "route/1/use": True,
    "route/1/in_port": 2,
    "route/1/in_channel": 10,
    "route/1/out_port": 2,
    "route/1/out_channel": 10,
    "split": "right",
    "split_channel": 3,
}


def test_a_routed_session_is_played_again_from_its_take(tmp_path: Path) -> None:
    faults: list[Fault] = []
    settings = {**defaults(), **RIG, "seed": 7}
    recorder = TakeRecorder.open(tmp_path, settings, ModelIdentity("tune"), faults.append)
    world = World(**settings)
    world.play(1.0, "C4 E4 G4 C3 C4").set(3.0, "route/1/out_channel", 4).set(3.1, "velocity_low", 90)
    for beat in range(4):
        world.midi(8.0 + 0.4 * beat, NoteOn(DRUM_CHANNEL, 36, 100), "in2")
        world.midi(8.1 + 0.4 * beat, NoteOff(DRUM_CHANNEL, 36), "in2")
    world.event(10.2, PortLost("out2")).event(10.6, PortReturned("out2")).set(11.0, "route/2/use", True)
    world.until(30.0)
    for at_s, event in world.diary.heard_events:
        recorder.heard(event, at_s)
    for at_s, action in world.diary.actions:
        recorder.done((action,), at_s)
    recorder.close()
    assert not faults
    lines = [decode_line(line) for line in recorder.file.read_bytes().splitlines()]
    again = World(**lines[0]["settings"])
    for record in lines[1:]:
        event = event_of(record)
        if event is not None:
            again.event(record["at_s"], event)
    again.until(30.0)
    assert {sent.port for sent in world.sent} == {"out", "out2"}
    assert [(sent.port, sent.message, sent.actual_s) for sent in again.sent] == [
        (sent.port, sent.message, sent.actual_s) for sent in world.sent
    ]
    assert read_take(recorder.file).settings["route/1/out_port"] == 2


def event_of(record: dict[str, Any]) -> Event | None:
    """What came in, of a record of a take."""
    match record["type"]:
        case "in":
            return MidiArrived(decode(bytes.fromhex(record["hex"])), record["port"])
        case "set":
            return ParameterSet(record["name"], record["value"])
        case "lost_port":
            return PortLost(record["port"])
        case "found_port":
            return PortReturned(record["port"])
    return None
