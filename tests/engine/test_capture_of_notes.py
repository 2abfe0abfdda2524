"""Keys, pedals and the controllers that end notes, as notes of a call."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daw_bridge.engine.capture import DOUBT_S, MAX_CALL_NOTES, PATIENCE_S, Capture
from daw_bridge.music.messages import ControlChange, NoteOff, NoteOn


def test_all_notes_off_and_all_sound_off_lift_the_keys_of_their_channel() -> None:
    for controller in (120, 123, 124, 127):
        capture = Capture()
        capture.strike("in", NoteOn(0, 60, 80), 1.0)
        capture.strike("in", NoteOn(0, 60, 80), 1.1)
        capture.strike("in", NoteOn(1, 64, 80), 1.2)
        notes = capture.control("in", ControlChange(0, controller, 0), 2.0)
        assert [note.pitch for note in notes] == [60, 60]
        assert [note.end_s for note in notes] == pytest.approx([2.0, 2.0])
        assert [note.pitch for note in capture.call(3.0)] == [60, 60, 64]
        assert capture.quiet_from_s() == pytest.approx(1.2 + PATIENCE_S)


def test_resetting_the_controllers_lifts_the_pedal() -> None:
    capture = Capture()
    capture.control("in", ControlChange(0, 64, 100), 1.0)
    capture.strike("in", NoteOn(0, 60, 80), 1.1)
    capture.lift("in", NoteOff(0, 60), 1.2)
    assert capture.quiet_from_s() > 2.0
    capture.control("in", ControlChange(0, 121, 0), 1.5)
    assert capture.quiet_from_s() == 1.5


def test_an_off_without_its_on_is_nothing() -> None:
    capture = Capture()
    assert capture.lift("in", NoteOff(0, 60), 1.0) is None
    assert capture.empty


def test_a_lost_note_off_does_not_hold_every_later_call_open() -> None:
    capture = Capture()
    capture.strike("in", NoteOn(0, 72, 80), 0.0)
    for again_s in (6.0, 12.0, 18.0):
        capture.strike("in", NoteOn(0, 72, 80), again_s)
        capture.lift("in", NoteOff(0, 72), again_s + 0.1)
        assert capture.quiet_from_s() == pytest.approx(again_s + 0.1 + (DOUBT_S if again_s == 6.0 else 0.0))
    assert len(capture.call(20.0)) == 4


def test_keys_of_two_ports_and_channels_are_different_keys() -> None:
    capture = Capture()
    capture.strike("in", NoteOn(0, 60, 80), 1.0)
    capture.strike("pad", NoteOn(0, 60, 90), 1.1)
    capture.strike("in", NoteOn(5, 60, 100), 1.2)
    note = capture.lift("pad", NoteOff(0, 60), 2.0)
    assert note is not None
    assert note.velocity == 90
    assert [note.velocity for note in capture.unplug("in", 3.0)] == [80, 100]


def test_what_was_taken_does_not_come_back_when_its_key_is_lifted() -> None:
    capture = Capture()
    capture.strike("in", NoteOn(0, 60, 80), 1.0)
    (note,) = capture.take(2.0)
    assert note.end_s == pytest.approx(2.0)
    assert capture.empty
    assert capture.lift("in", NoteOff(0, 60), 3.0) is None
    assert capture.empty


def test_only_what_will_not_change_is_heard_before_the_end() -> None:
    capture = Capture()
    capture.strike("in", NoteOn(0, 48, 80), 1.0)
    for moment_s in (1.1, 1.2):
        capture.strike("in", NoteOn(0, 60, 80), moment_s)
        capture.lift("in", NoteOff(0, 60), moment_s + 0.05)
    assert capture.heard() == ()
    capture.lift("in", NoteOff(0, 48), 2.0)
    assert [note.pitch for note in capture.heard()] == [48, 60, 60]


@given(st.lists(st.tuples(st.booleans(), st.integers(0, 3), st.integers(60, 63), st.floats(0.001, 1.0)), max_size=80))
def test_every_stroke_becomes_exactly_one_note(script: list[tuple[bool, int, int, float]]) -> None:
    capture, moment_s, struck, done = Capture(), 0.0, 0, 0
    for down, channel, key, pause_s in script:
        moment_s += pause_s
        if down:
            capture.strike("in", NoteOn(channel, key, 64), moment_s)
            struck += 1
        elif capture.lift("in", NoteOff(channel, key), moment_s) is not None:
            done += 1
    call = capture.call(moment_s + 1.0)
    assert len(call) == struck
    assert len(call) - len(capture.take(moment_s + 1.0)) == 0
    assert done <= struck
    assert all(note.duration_s > 0.0 for note in call)
    assert list(call) == sorted(call)


def test_a_call_without_end_stays_bounded() -> None:
    capture = Capture()
    for index in range(5000):
        capture.strike("in", NoteOn(0, 60, 64), float(index))
        capture.lift("in", NoteOff(0, 60), index + 0.5)
    call = capture.call(5000.0)
    assert len(call) <= MAX_CALL_NOTES
    assert call[-1].onset_s == 4999.0
