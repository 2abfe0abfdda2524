"""Keyboards that go away, and pedals that stay down: nobody waits for a note-off that cannot come."""

from __future__ import annotations

import pytest

from daw_bridge.engine.events import NoteHeard, PlayerLeft
from daw_bridge.music.messages import SUSTAIN, ControlChange, NoteOff, NoteOn, Other
from tests.support.world import World

# The keyboard goes away


def test_a_keyboard_that_says_it_is_there_and_falls_silent_has_its_keys_lifted() -> None:
    world = World(thru=True, mode="manual")
    for beat in range(8):
        world.midi(1.0 + 0.3 * beat, Other(b"\xfe"))
    world.midi(2.0, NoteOn(0, 60, 80)).midi(2.1, ControlChange(0, SUSTAIN, 127)).until(10.0)
    # The last sign of life was at 3.1 s.
    assert [(round(sent.actual_s, 3), sent.message) for sent in world.sent] == [
        (2.0, NoteOn(0, 60, 80)),
        (2.1, ControlChange(0, SUSTAIN, 127)),
        (4.1, NoteOff(0, 60)),
        (4.1, ControlChange(0, SUSTAIN, 0)),
    ]
    assert [item.note.duration_s for item in world.of(NoteHeard)] == [pytest.approx(2.1)]
    assert world.texts() == ["nothing more comes from the keyboard on the input port"]


def test_a_keyboard_that_never_says_so_may_hold_its_keys_in_silence() -> None:
    world = World(thru=True, mode="manual").midi(2.0, NoteOn(0, 60, 80)).until(20.0)
    assert [sent.message for sent in world.sent] == [NoteOn(0, 60, 80)]


def test_active_sensing_is_neither_passed_on_nor_music() -> None:
    world = World(thru=True).midi(1.0, Other(b"\xfe")).until(1.5)
    assert not world.sent


def test_a_program_that_leaves_our_port_has_its_keys_lifted() -> None:
    down = ControlChange(0, SUSTAIN, 127)
    world = World(thru=True, mode="manual").midi(2.0, NoteOn(0, 60, 80)).midi(2.1, down)
    world.event(3.0, PlayerLeft("in")).until(10.0)
    assert [(sent.actual_s, sent.message) for sent in world.sent][2:] == [
        (3.0, NoteOff(0, 60)),
        (3.0, ControlChange(0, SUSTAIN, 0)),
    ]
    assert [item.note.duration_s for item in world.of(NoteHeard)] == [pytest.approx(1.0)]


# A pedal that never comes up


def test_a_pedal_that_never_comes_up_is_waited_for_once() -> None:
    world = World().play(1.0, "C4 D4 E4").pedal(1.1, True).until(40.0)
    first = world.onsets()[0][0]
    assert first == pytest.approx(1.7 + 10.0 + 0.5)
    world.play(50.0, "C4 D4 E4").until(80.0)
    again = next(moment for moment, _ in world.onsets() if moment > 50.0)
    assert again == pytest.approx(50.7 + 0.5)
    world.pedal(85.0, False).pedal(90.0, True).play(90.0, "C4 D4 E4").pedal(93.0, False).until(110.0)
    held = next(moment for moment, _ in world.onsets() if moment > 90.0)
    assert held == pytest.approx(93.5)


def test_a_turn_is_taken_by_hand_under_a_held_pedal() -> None:
    world = World(mode="manual").play(1.0, "C4 D4 E4").pedal(1.1, True).do(2.0, "take_turn").until(10.0)
    assert world.onsets()[0][0] == pytest.approx(2.0)
