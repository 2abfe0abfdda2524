"""What is passed through, what is filtered, and our own notes coming back."""

from __future__ import annotations

import pytest

from daw_bridge.engine.events import NoteHeard, TurnEnded
from daw_bridge.music.messages import ControlChange, NoteOff, NoteOn, Other, ProgramChange
from tests.support.world import World, sounding


def test_thru_is_off_by_default() -> None:
    world = World().play(1.0, "C4").midi(1.0, ControlChange(0, 1, 64)).until(1.5)
    assert not world.sent


def test_thru_passes_what_is_played_on_its_channel_or_on_another() -> None:
    world = World(thru=True).play(1.0, "C4", channel=3).midi(1.0, ControlChange(3, 1, 64)).until(1.5)
    assert [sent.message for sent in world.sent] == [NoteOn(3, 60, 80), ControlChange(3, 1, 64), NoteOff(3, 60)]
    moved = World(thru=True, thru_channel=8).play(1.0, "C4", channel=3)
    moved.midi(1.05, Other(b"\xe3\x00\x50")).midi(1.06, ProgramChange(3, 9)).until(1.5)
    assert [sent.message for sent in moved.sent] == [
        NoteOn(7, 60, 80),
        Other(b"\xe7\x00\x50"),
        ProgramChange(7, 9),
        NoteOff(7, 60),
    ]


def test_a_key_is_released_where_it_was_struck_whatever_has_changed() -> None:
    world = World(thru=True).midi(1.0, NoteOn(0, 60, 80)).set(1.1, "thru_channel", 8).midi(1.2, NoteOff(0, 60))
    world.until(1.3)
    assert not sounding(world.sent)
    world = World(thru=True).midi(1.0, NoteOn(0, 60, 80)).set(1.1, "in_channel", 8).midi(1.2, NoteOff(0, 60))
    assert not sounding(world.until(1.3).sent)
    world = World(thru=True).midi(1.0, NoteOn(0, 60, 80)).set(1.1, "thru", False).until(1.15)
    assert world.score() == [(1.0, "on", 60), (1.1, "off", 60)]


def test_overlapping_strokes_of_one_key_leave_as_on_off_on_off() -> None:
    world = World(thru=True).midi(1.0, NoteOn(0, 60, 80)).midi(1.1, NoteOn(0, 60, 90))
    world.midi(1.2, NoteOff(0, 60)).midi(1.3, NoteOff(0, 60)).until(1.35)
    assert world.score() == [(1.0, "on", 60), (1.1, "off", 60), (1.1, "on", 60), (1.3, "off", 60)]


def test_only_the_chosen_channel_is_heard() -> None:
    world = World(in_channel=2).play(1.0, "C4 D4", channel=0).play(1.0, "E4 F4", channel=1).until(20.0)
    assert [heard.note.pitch for heard in world.of(NoteHeard)] == [64, 65]


def test_a_flood_of_controllers_is_thinned_to_the_newest_and_notes_all_pass() -> None:
    world = World(thru=True)
    for index in range(10_000):
        world.midi(1.0 + index / 10_000, ControlChange(0, 1 + index % 4, index % 128))
        if index % 50 == 0:
            world.midi(1.0 + index / 10_000, NoteOn(0, 40 + index // 50 % 40, 90))
            world.midi(1.0 + index / 10_000, NoteOff(0, 40 + index // 50 % 40))
    world.until(2.5)
    passed = [sent.message for sent in world.sent if isinstance(sent.message, ControlChange)]
    assert len(passed) < 1000
    last = {message.controller: message.value for message in passed}
    assert last == {1 + index % 4: index % 128 for index in range(9_996, 10_000)}
    assert sum(isinstance(sent.message, NoteOff) for sent in world.sent) == 200
    assert world.faults() == ["flood"]


def echoing(world: World, until_s: float, late_s: float, port: str = "in") -> World:
    """A DAW that sends everything of ours back to us, `late_s` later."""
    returned = 0
    moment_s = 0.0
    while moment_s < until_s:
        moment_s += 0.005
        world.until(moment_s)
        for sent in world.sent[returned:]:
            if isinstance(sent.message, NoteOn | NoteOff):
                world.midi(sent.actual_s + late_s, sent.message, port)
        returned = len(world.sent)
    return world


def test_our_own_answer_coming_back_is_neither_a_call_nor_a_reason_to_stop() -> None:
    for late_s in (0.006, 0.03, 0.2):
        world = World().play(1.0, "C4 D4 E4 F4 G4 A4 B4 C5")
        echoing(world, 15.0, late_s)
        (ended,) = world.of(TurnEnded)
        assert ended.reason == "done"
        assert world.faults() == ["feedback"]
        assert len(world.of(NoteHeard)) == 8


def test_what_is_passed_through_does_not_run_in_circles() -> None:
    world = World(thru=True, mode="manual").play(1.0, "C4 D4 E4 F4", step_s=0.1, length_s=0.05)
    echoing(world, 4.0, 0.03)
    assert len(world.sent) < 60
    assert not sounding(world.sent)
    assert "feedback" in world.faults()


def test_a_player_who_repeats_a_note_is_not_taken_for_an_echo() -> None:
    world = World(thru=True, mode="manual").play(1.0, "C4 C4 C4 C4 C4 C4", step_s=0.12, length_s=0.1).until(3.0)
    assert len(world.of(NoteHeard)) == 6


def test_a_player_in_unison_with_the_answer_is_heard() -> None:
    """The same pitch and velocity, half a beat after the answer: no loop has shown itself, so it is the player."""
    world = World(overlap="layer").play(1.0, "C4 D4 E4").until(2.8)
    answer_s = world.onsets()[0][0]
    for index, name in ((2, "E5"), (3, "F5"), (5, "A5")):
        world.play(answer_s + 0.25 * index + 0.03 + 0.01 * index, name, velocity=64)
    world.until(20.0)
    heard = [item.note for item in world.of(NoteHeard)]
    assert [note.pitch for note in heard] == [60, 62, 64, 76, 77, 81]
    assert "feedback" not in world.faults()


def test_a_player_in_unison_with_the_answer_makes_it_yield() -> None:
    world = World().play(1.0, "C4 D4 E4").until(2.8)
    answer_s = world.onsets()[0][0]
    world.play(answer_s + 0.55, "E5", velocity=64).until(20.0)
    assert world.of(TurnEnded)[0].reason == "yielded"


def test_a_loop_made_in_the_middle_of_a_session_is_found() -> None:
    world = World(overlap="layer").play(1.0, "C4 D4 E4").until(6.0)
    world.play(6.0, "C4 D4 E4 F4 G4 A4 B4 C5")
    echoing(world, 20.0, 0.03)
    assert "feedback" in world.faults()
    assert not sounding(world.sent)


def test_a_loop_into_one_input_says_nothing_of_the_others() -> None:
    world = World(overlap="layer", in_port="Keys\nDAW").play(1.0, "C4 D4 E4 F4 G4 A4")
    # The answer begins at 2.95 s; its fourth note is an F5.
    world.play(3.78, "F5", velocity=64)
    echoing(world, 10.0, 0.02, port="in2")
    assert world.onsets()[3] == (pytest.approx(3.7), 77)
    assert [item.note.pitch for item in world.of(NoteHeard)] == [60, 62, 64, 65, 67, 69, 77]
    assert "feedback" in world.faults()
