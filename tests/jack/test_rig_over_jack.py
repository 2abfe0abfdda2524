"""A keyboard that goes away in the middle of a note, on a real JACK server."""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest

from daw_bridge.engine.events import NoteHeard
from daw_bridge.engine.parameters import Value, defaults
from daw_bridge.io.ports_rtmidi import open_system
from daw_bridge.io.rtmidi_ends import RtMidiIn, RtMidiOut
from daw_bridge.live.wiring import Bridge, load_tier
from daw_bridge.music.messages import SUSTAIN, ControlChange, Message, NoteOff, NoteOn, decode, encode

LIMIT_S = 10.0


def wait_until(met: Callable[[], bool]) -> None:
    end_s = time.monotonic() + LIMIT_S
    while not met():
        assert time.monotonic() < end_s, "it did not happen"
        time.sleep(0.01)


class Diary:
    """An observer that keeps the notes of the call."""

    def __init__(self) -> None:
        self.notes: list[NoteHeard] = []

    def heard(self, event: object, now_s: float) -> None:
        """What comes in is the test's own."""

    def done(self, actions: object, now_s: float) -> None:
        assert now_s
        assert isinstance(actions, list | tuple)
        self.notes += [action for action in actions if isinstance(action, NoteHeard)]


def keyboard_and_ear() -> tuple[RtMidiOut, RtMidiIn]:
    """A keyboard of another program, and its ear for what is passed through."""
    system = open_system("jack", client="player")
    keys, ear = system.open_out("Stage piano"), system.open_in("Ear")
    system.close()
    return keys, ear


@pytest.mark.usefixtures("jack_server")
def test_a_keyboard_that_goes_away_leaves_no_note_behind() -> None:
    keys, ear = keyboard_and_ear()
    values: dict[str, Value] = {**defaults(), "midi_api": "jack", "seed": 1, "mode": "manual", "thru": True}
    diary = Diary()
    bridge = Bridge({**values, "in_port": "Stage piano", "port": "Ear"})
    bridge.observe(diary)
    bridge.start(load_tier(None))
    heard: list[Message] = []

    def hears(message: Message) -> bool:
        heard.extend(decode(data) for _, data in ear.poll())
        return message in heard

    try:
        keys.send(encode(ControlChange(0, SUSTAIN, 127)))
        keys.send(encode(NoteOn(0, 60, 80)))
        wait_until(lambda: hears(NoteOn(0, 60, 80)))
        assert not hears(NoteOff(0, 60))
        keys.close()
        wait_until(lambda: hears(NoteOff(0, 60)) and hears(ControlChange(0, SUSTAIN, 0)))
        assert [item.note.pitch for item in diary.notes] == [60]
    finally:
        bridge.stop()
        keys.close()
        ear.close()
