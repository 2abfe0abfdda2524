"""On a real JACK server: keyboards and programs that go away in the middle of a note, and answers to two synths."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable

import pytest

from daw_bridge.engine.events import NoteHeard, Sent
from daw_bridge.engine.parameters import Value, defaults
from daw_bridge.io.ports_rtmidi import open_system
from daw_bridge.io.rtmidi_ends import RtMidiIn, RtMidiOut
from daw_bridge.live.rack import LOOK_S
from daw_bridge.live.wiring import Bridge, load_tier
from daw_bridge.music.messages import SUSTAIN, ControlChange, Message, NoteOff, NoteOn, decode, encode

LIMIT_S = 20.0


def wait_until(met: Callable[[], bool]) -> None:
    end_s = time.monotonic() + LIMIT_S
    while not met():
        assert time.monotonic() < end_s, "it did not happen"
        time.sleep(0.01)


class Diary:
    """An observer that keeps the notes of the call and what was sent."""

    def __init__(self) -> None:
        self.notes: list[NoteHeard] = []
        self.sent: list[Sent] = []

    def heard(self, event: object, now_s: float) -> None:
        """What comes in is the test's own."""

    def done(self, actions: object, now_s: float) -> None:
        assert now_s
        assert isinstance(actions, list | tuple)
        self.notes += [action for action in actions if isinstance(action, NoteHeard)]
        self.sent += [action for action in actions if isinstance(action, Sent)]


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


PROGRAM = """
import sys, time
from daw_bridge.io.ports_rtmidi import open_system
system = open_system("jack", client="doomed")
keys = system.open_out("AI In")
time.sleep(0.2)
keys.send(bytes((0xB0, 64, 127)))
keys.send(bytes((0x90, 60, 80)))
time.sleep(60)
"""


@pytest.mark.usefixtures("patient_server")
def test_a_program_that_is_killed_leaves_no_note_behind_on_our_own_port() -> None:
    values: dict[str, Value] = {**defaults(), "midi_api": "jack", "seed": 1, "mode": "manual", "thru": True}
    diary = Diary()
    bridge = Bridge(values)
    bridge.observe(diary)
    bridge.start(load_tier(None))
    system = open_system("jack", client="player")
    ear = system.open_in("AI Out")
    heard: list[Message] = []

    def hears(message: Message) -> bool:
        heard.extend(decode(data) for _, data in ear.poll())
        return message in heard

    try:
        with subprocess.Popen([sys.executable, "-c", PROGRAM]) as program:
            try:
                wait_until(lambda: hears(NoteOn(0, 60, 80)))
                # A cable is known from the next look at it on.
                time.sleep(1.5 * LOOK_S)
                assert not hears(NoteOff(0, 60))
            finally:
                program.kill()
        wait_until(lambda: hears(NoteOff(0, 60)) and hears(ControlChange(0, SUSTAIN, 0)))
        assert [item.note.pitch for item in diary.notes] == [60]
    finally:
        bridge.stop()
        ear.close()
        system.close()


@pytest.mark.usefixtures("jack_server")
def test_two_synths_each_hear_the_whole_answer_to_their_own_call() -> None:
    routed: dict[str, Value] = {"route/1/use": True, "route/1/in_channel": 2, "route/1/out_port": 2}
    values: dict[str, Value] = {**defaults(), "midi_api": "jack", "seed": 1, "gap_beats": 0.3, "port": "One\nTwo"}
    diary = Diary()
    bridge = Bridge({**values, **routed})
    bridge.observe(diary)
    bridge.start(load_tier(None))
    system = open_system("jack", client="player")
    keys, ears = system.open_out("AI In"), (system.open_in("One"), system.open_in("Two"))
    heard: tuple[list[Message], list[Message]] = ([], [])

    def listen() -> None:
        for ear, messages in zip(ears, heard, strict=True):
            messages.extend(decode(data) for _, data in ear.poll())

    def given(port: str) -> list[Message]:
        return [sent.message for sent in diary.sent if sent.port == port]

    def answered(number: int) -> bool:
        """Whether this synth has heard all that was sent to it, and no note sounds there any more."""
        listen()
        sent = given(("out", "out2")[number])
        balance = sum(isinstance(message, NoteOn) - isinstance(message, NoteOff) for message in sent)
        return len(sent) >= 8 and balance == 0 and heard[number] == sent

    try:
        for channel in (0, 1):
            for pitch in (60, 64, 67, 72):
                keys.send(encode(NoteOn(channel, pitch, 80)))
                time.sleep(0.05)
                keys.send(encode(NoteOff(channel, pitch)))
            wait_until(lambda: answered(channel))  # noqa: B023
        assert len(given("out")) >= 8
        assert [list(messages) for messages in heard] == [given("out"), given("out2")]
    finally:
        bridge.stop()
        for port in (keys, *ears):
            port.close()
        system.close()
