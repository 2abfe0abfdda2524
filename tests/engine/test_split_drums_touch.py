"""The split keyboard, drums and touch: which hand calls, who answers drums, how hard."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daw_bridge.engine.events import NoteHeard, TurnCalled, TurnEnded
from daw_bridge.engine.parameters import Value
from daw_bridge.engine.routing import Caller, Router
from daw_bridge.engine.values import Values
from daw_bridge.music.messages import SUSTAIN, ControlChange, NoteOff, NoteOn, Other, ProgramChange
from daw_bridge.music.notes import DRUM_CHANNEL, Note
from tests.support.studio import places, route, studio
from tests.support.world import Tune, World, sounding

# The split keyboard


def test_the_left_hand_plays_through_and_the_right_hand_calls() -> None:
    world = studio(split="right", split_note=60, split_channel=4, split_port=2).play(1.0, "C3 B3 C4 E4").until(20.0)
    assert [item.note.pitch for item in world.of(NoteHeard)] == [60, 64]
    through = [(sent.port, sent.message) for sent in world.sent[:4]]
    assert through == [
        ("out2", NoteOn(3, 48, 80)), ("out2", NoteOff(3, 48)), ("out2", NoteOn(3, 59, 80)), ("out2", NoteOff(3, 59)),
    ]  # fmt: skip


def test_the_hands_may_be_the_other_way_round() -> None:
    world = World(split="left").play(1.0, "C3 E3 C4").until(20.0)
    assert [item.note.pitch for item in world.of(NoteHeard)] == [48, 52]
    assert (round(world.sent[0].actual_s, 3), world.sent[0].message) == (1.5, NoteOn(0, 60, 80))


def test_the_hand_that_plays_through_neither_holds_the_call_open_nor_stops_the_answer() -> None:
    world = World(split="right").play(1.0, "C4 D4 E4").midi(1.0, NoteOn(0, 40, 80)).until(20.0)
    (ended,) = world.of(TurnEnded)
    assert ended.reason == "done"
    world = World(split="right").play(1.0, "C4 D4 E4").play(2.5, "C2 E2").until(20.0)
    assert world.of(TurnEnded)[0].reason == "done"


def test_the_pedal_acts_on_both_hands() -> None:
    world = World(split="right", split_channel=2).play(1.0, "C4 D4 E4").pedal(1.1, True).pedal(6.0, False).until(6.9)
    assert [sent.message for sent in world.sent][:2] == [ControlChange(1, SUSTAIN, 127), ControlChange(1, SUSTAIN, 0)]
    assert world.until(20.0).onsets()[0][0] == pytest.approx(6.5, abs=0.01)


def test_moving_the_split_while_a_key_is_held_releases_it() -> None:
    world = World(split="right").midi(1.0, NoteOn(0, 50, 80)).set(1.5, "split_note", 40).midi(2.0, NoteOff(0, 50))
    assert world.until(2.1).score() == [(1.0, "on", 50), (1.5, "off", 50)]


# Drums


def drums(world: World, from_s: float, beats: int) -> World:
    """A bass drum and a hi-hat."""
    for beat in range(beats):
        for offset_s, key in ((0.0, 36), (0.25, 42)):
            world.midi(from_s + beat * 0.5 + offset_s, NoteOn(DRUM_CHANNEL, key, 100))
            world.midi(from_s + beat * 0.5 + offset_s + 0.05, NoteOff(DRUM_CHANNEL, key))
    return world


def test_drums_are_answered_by_drums_on_their_channel_and_never_transposed() -> None:
    world = drums(World(Tune(pitches=(36, 38)), transpose=7, program=4), 1.0, 4).until(20.0)
    (called,) = world.of(TurnCalled)
    assert called.drums
    assert places(world.sent) == {("out", DRUM_CHANNEL)}
    assert {key for _, key in world.onsets()} == {36, 38}
    assert not [sent for sent in world.sent if isinstance(sent.message, ProgramChange)]


def test_drums_can_be_no_call_at_all() -> None:
    world = drums(World(drums="ignore"), 1.0, 12).play(1.0, "C4 D4 E4").until(20.0)
    (called,) = world.of(TurnCalled)
    assert {note.channel for note in called.call} == {0}
    assert not called.drums


def test_drums_of_their_own_stay_out_of_the_keys_call() -> None:
    world = World(drums="own").play(1.0, "C4 D4 E4 F4")
    drums(world, 1.1, 6).until(20.0)
    called = world.of(TurnCalled)[0]
    assert [note.pitch for note in called.call] == [60, 62, 64, 65]
    assert world.of(TurnEnded)[0].reason == "done"


def test_drums_of_their_own_are_answered_out_of_what_drums_played() -> None:
    world = World(drums="own").play(1.0, "C4 D4 E4")
    drums(world, 6.0, 4).until(20.0)
    keys, kit = world.of(TurnCalled)
    assert (keys.drums, kit.drums) == (False, True)
    assert {note.channel for note in kit.context} == {DRUM_CHANNEL}


def test_keys_do_not_wait_for_a_drummer_who_never_stops() -> None:
    world = World(drums="own")
    drums(world, 1.0, 30).play(4.0, "C4 D4 E4").until(12.0)
    called = world.of(TurnCalled)[0]
    assert [note.pitch for note in called.call] == [60, 62, 64]
    assert not sounding(world.until(30.0).close().sent)


def test_a_key_struck_while_the_model_thinks_about_drums_begins_a_call_of_its_own() -> None:
    world = drums(World(drums="own", budget_ms=500.0, latency_s=0.7), 1.0, 4).until(3.31)
    assert world.states()[-1] == "thinking"
    world.play(3.32, "C4 D4 E4").until(12.0)
    assert [note.pitch for note in world.of(TurnCalled)[0].call] == [60, 62, 64]


# Touch


def test_the_touch_of_the_answer_is_bent_and_kept_within_its_limits() -> None:
    def touched(velocity: int, **fields: Value) -> int:
        return Router(Values(fields)).answer(Caller()).touch(velocity)

    assert [touched(velocity) for velocity in (1, 2, 64, 126, 127)] == [1, 2, 64, 126, 127]
    assert [touched(velocity, velocity_low=70, velocity_high=70) for velocity in (1, 64, 127)] == [70, 70, 70]
    assert [touched(velocity, velocity_low=40, velocity_high=90) for velocity in (1, 64, 127)] == [40, 65, 90]
    assert touched(64, velocity_curve=1.0) > touched(64, velocity_curve=0.3) > 64 > touched(64, velocity_curve=-0.5)
    assert [touched(velocity, velocity_curve=-1.0) for velocity in (1, 127)] == [1, 127]


@given(st.integers(1, 127), st.floats(-1.0, 1.0), st.integers(1, 127), st.integers(1, 127))
def test_any_touch_is_a_velocity(velocity: int, curve: float, low: int, high: int) -> None:
    way = Router(Values({"velocity_curve": curve, "velocity_low": low, "velocity_high": high})).answer(Caller())
    assert min(low, high) <= way.struck(Note(0.0, 60, 0.1, velocity), 0).velocity <= max(low, high)


def test_the_touch_changes_with_the_next_note() -> None:
    world = World(Tune(velocity=100)).play(1.0, "C4 D4 E4").set(2.3, "velocity_high", 50).until(20.0)
    velocities = [sent.message.velocity for sent in world.sent if isinstance(sent.message, NoteOn)]
    assert velocities[0] == 100
    assert max(velocities[1:]) <= 50


def test_what_has_no_channel_is_passed_as_it_is() -> None:
    world = studio(thru=True, thru_channel=5, thru_port=2).midi(1.0, Other(b"\xf0\x7d\x01\xf7")).until(1.1)
    assert [(sent.port, sent.message) for sent in world.sent] == [("out2", Other(b"\xf0\x7d\x01\xf7"))]


def test_a_route_for_drums_says_itself_where_their_answer_goes() -> None:
    for fields, place in (({"in_channel": 10}, ("out2", 2)), ({"in_port": 1}, ("out2", DRUM_CHANNEL))):
        world = studio(route(1, out_port=2, out_channel=3, **fields), model=Tune(pitches=(36, 38)))
        assert places(drums(world, 1.0, 4).until(20.0).sent) == {place}
