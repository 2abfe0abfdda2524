"""What a player can do on stage: stop, panic, play over it, loop, vary, keep, undo, turn a knob."""

from __future__ import annotations

import pytest

from daw_bridge.engine.events import (
    Ask,
    ParameterChanged,
    PortLost,
    PortReturned,
    TurnCalled,
    TurnEnded,
    TurnForgotten,
    TurnKept,
    TurnStreamed,
)
from daw_bridge.music.messages import ControlChange, NoteOff, NoteOn, ProgramChange
from tests.support.world import Tune, World, sounding


def answering(**settings: object) -> World:
    """A call at 1.0 s whose answer starts at 3.45 s: eight notes, one every 0.25 s."""
    return World(**settings).play(1.0, "C4 D4 E4 F4 G4 A4 B4 C5", step_s=0.25)  # type: ignore[arg-type]


ANSWER_S = 3.45


def test_playing_over_the_answer_silences_it_in_the_same_moment() -> None:
    world = World(Tune(length_s=2.0)).play(1.0, "C4 D4 E4 F4").play(2.9, "C3").until(2.91)
    assert {moment for moment, word, _ in world.score() if word == "off"} == {2.9}
    assert not sounding(world.sent)
    (ended,) = world.of(TurnEnded)
    assert ended.reason == "yielded"
    assert [note.pitch for note in ended.played] == [72, 74]
    assert world.states()[-1] == "listening"


def test_in_layers_both_play_and_the_next_call_is_answered_afterwards() -> None:
    world = answering(overlap="layer").play(4.0, "C3 D3 E3", step_s=0.2).until(20.0)
    first, second = world.of(TurnEnded)
    assert (first.reason, second.reason) == ("done", "done")
    assert len(first.played) == 8
    called = world.of(TurnCalled)[1]
    assert [note.pitch for note in called.call] == [48, 50, 52]
    assert called.start_s >= first.played[-1].end_s


def test_what_was_cut_off_is_cut_off_in_the_models_ears_too() -> None:
    world = World(Tune(length_s=2.0)).play(1.0, "C4 D4 E4 F4").play(2.9, "C3 D3").until(20.0)
    second = world.of(TurnCalled)[1]
    heard = [(note.pitch, round(note.end_s, 3)) for note in second.context if note.pitch > 70]
    assert heard == [(72, 2.9), (74, 2.9)]


def test_stop_ends_the_answer_and_drops_a_call_that_waits() -> None:
    world = answering().do(4.0, "stop").until(20.0)
    assert max(moment for moment, *_ in world.score()) <= 4.0
    assert world.of(TurnEnded)[0].reason == "stopped"
    world = World().play(1.0, "C4 D4 E4").do(1.8, "stop").until(20.0)
    assert not world.sent
    assert world.states() == ["listening", "idle"]


def test_take_turn_answers_at_once_even_with_keys_down() -> None:
    world = World(mode="manual").play(1.0, "C4 D4").midi(1.6, NoteOn(0, 64, 80)).do(2.0, "take_turn").until(20.0)
    assert world.onsets()[0] == (2.0, 72)
    (called,) = world.of(TurnCalled)
    assert called.call[-1].pitch == 64
    assert called.call[-1].end_s == pytest.approx(2.0)
    nothing = World(mode="manual").do(1.0, "take_turn").until(5.0)
    assert nothing.faults() == ["turn"]


def test_in_manual_mode_silence_alone_is_no_end() -> None:
    assert not World(mode="manual").play(1.0, "C4 D4").until(100.0).onsets()


def test_panic_releases_what_sounds_and_silences_every_channel_without_a_burst() -> None:
    world = World(thru=True)
    for channel in range(16):
        for key in range(0, 120, 10):
            world.midi(1.0, NoteOn(channel, key, 100))
    world.do(2.0, "panic").until(3.0)
    assert not sounding(world.sent)
    panic = [sent for sent in world.sent if sent.actual_s >= 2.0]
    assert sum(isinstance(sent.message, NoteOff) for sent in panic) == 192
    silenced = {
        (sent.message.channel, sent.message.controller) for sent in panic if isinstance(sent.message, ControlChange)
    }
    assert silenced == {(channel, controller) for channel in range(16) for controller in (64, 120, 123)}
    moments = [sent.actual_s for sent in panic]
    for start_s in sorted(set(moments)):
        assert sum(start_s <= moment < start_s + 0.0009 for moment in moments) <= 64
    assert max(moments) < 2.01


def test_panic_is_no_reason_to_forget_that_keys_can_be_played_again() -> None:
    world = World().midi(0.5, NoteOn(0, 30, 80)).do(1.0, "panic").play(2.0, "C4 D4 E4").until(20.0)
    assert world.onsets()
    assert not sounding(world.sent)


def test_a_loop_repeats_the_answer_seamlessly_until_told_otherwise() -> None:
    world = World().play(1.0, "C4 D4 E4 F4", step_s=0.25).do(3.0, "loop").do(9.0, "loop").until(30.0)
    firsts = [moment for moment, key in world.onsets() if key == 72]
    length_s = firsts[1] - firsts[0]
    assert firsts == pytest.approx([firsts[0] + index * length_s for index in range(len(firsts))])
    assert len(firsts) >= 4
    assert max(moment for moment, *_ in world.score()) < 9.0 + length_s
    assert len(world.of(TurnCalled)) == 1
    assert not sounding(world.sent)


def test_playing_ends_a_loop() -> None:
    world = World().play(1.0, "C4 D4 E4 F4").do(3.0, "loop").play(12.0, "C3 D3 E3").until(13.0)
    assert max(moment for moment, *_ in world.score()) <= 12.0
    assert not world.engine.state.looping


def test_loop_without_an_answer_says_so() -> None:
    world = World().do(1.0, "loop").until(2.0)
    assert world.faults() == ["turn"]
    assert not world.engine.state.looping


def test_vary_answers_the_same_call_with_another_seed() -> None:
    tune = Tune()
    world = World(tune).play(1.0, "C4 D4 E4 F4").do(10.0, "vary").until(20.0)
    first, second = world.of(TurnCalled)
    assert [note.pitch for note in second.call] == [note.pitch for note in first.call]
    assert second.start_s == 10.0
    # The model hears the call as far before the answer as the first time.
    assert second.context[0].onset_s - second.start_s == pytest.approx(first.context[0].onset_s - first.start_s)
    assert first.seed != second.seed
    assert world.onsets()[-1][0] > 10.0


def test_what_was_varied_is_not_heard_by_the_next_answer() -> None:
    tune = Tune()
    world = World(tune).play(1.0, "C4 D4 E4 F4").do(10.0, "vary").play(20.0, "G4 A4 B4").until(30.0)
    context = world.of(TurnCalled)[-1].context
    # Four notes of call, one answer of six, and the new call.
    assert len(context) == 4 + len(world.of(TurnEnded)[1].played) + 3


def test_undo_makes_the_model_forget_the_last_turn() -> None:
    tune = Tune()
    world = World(tune).play(1.0, "C4 D4 E4").play(10.0, "F4 G4 A4").do(18.0, "undo").play(20.0, "C5 D5 E5").until(30.0)
    assert [forgotten.turn for forgotten in world.of(TurnForgotten)] == [2]
    pitches = [note.pitch for note in world.of(TurnCalled)[-1].context]
    assert pitches[:3] == [60, 62, 64]
    assert not {65, 67, 69} & set(pitches)
    assert world.do(40.0, "undo").do(41.0, "undo").do(42.0, "undo").until(50.0).faults() == ["turn"]


def test_keep_marks_the_last_answered_turn() -> None:
    world = World().do(0.5, "keep").play(1.0, "C4 D4 E4").do(10.0, "keep").until(20.0)
    assert [kept.turn for kept in world.of(TurnKept)] == [1]
    assert world.faults() == ["turn"]


def test_a_knob_turned_during_the_answer_is_heard_at_once_and_the_rhythm_goes_on() -> None:
    world = answering().set(3.9, "temperature", 1.5).until(30.0)
    before = [(moment, key) for moment, key in world.onsets() if moment < 3.93]
    after = [(moment, key) for moment, key in world.onsets() if moment >= 3.93]
    assert [key for _, key in before] == [72, 74]
    # Drawn anew: the tune from its top, five semitones higher, where the old one would have gone on.
    assert after[0][0] == pytest.approx(before[-1][0] + 0.25)
    assert [key for _, key in after[:3]] == [77, 79, 81]


def test_a_knob_that_is_dragged_does_not_ask_for_every_step() -> None:
    world = answering()
    for step in range(100):
        world.set(4.0 + 0.005 * step, "temperature", 1.0 + 0.001 * step)
    world.until(30.0)
    assert len([ask for ask in world.of(Ask) if not ask.speculative]) <= 12
    assert not sounding(world.sent)


def test_what_was_drawn_can_be_replayed_part_by_part() -> None:
    world = answering().set(3.9, "temperature", 1.5).until(30.0)
    called = {called.ask_id: called for called in world.of(TurnCalled)}
    assert len(called) == 2
    for ask_id in called:
        parts = [streamed for streamed in world.of(TurnStreamed) if streamed.ask_id == ask_id]
        assert [part.first_index for part in parts] == [
            sum(len(other.notes) for other in parts[:index]) for index in range(len(parts))
        ]
    assert called[max(called)].controls.temperature == 1.5


def test_a_wrong_parameter_is_refused_and_changes_nothing() -> None:
    world = World().set(1.0, "temperature", 99.0).set(1.0, "nonsense", 1).set(1.0, "temperature", 1.5).until(2.0)
    assert world.faults() == ["parameter", "parameter"]
    assert world.of(ParameterChanged) == [ParameterChanged("temperature", 1.5)]
    assert world.engine.parameters["temperature"] == 1.5


def test_four_taps_set_the_tempo() -> None:
    world = World()
    for tap in range(4):
        world.do(1.0 + 0.4 * tap, "tap")
    world.until(5.0)
    assert world.engine.parameters["tempo"] == pytest.approx(150.0)
    assert world.engine.state.tempo_bpm == pytest.approx(150.0)


def test_the_answer_goes_where_it_is_sent() -> None:
    world = answering(out_channel=5, program=11, transpose=-12).until(20.0)
    assert world.sent[0].message == ProgramChange(4, 11)
    assert isinstance(world.sent[1].message, NoteOn)
    assert (world.sent[1].message.channel, world.sent[1].message.pitch) == (4, 60)
    own = World(out_channel=0).play(1.0, "C4 D4 E4", channel=6).until(20.0)
    assert {sent.message.channel for sent in own.sent if isinstance(sent.message, NoteOn)} == {6}


def test_changing_the_channel_while_a_note_sounds_releases_it_where_it_sounds() -> None:
    world = answering().set(ANSWER_S + 0.1, "out_channel", 9).until(20.0)
    assert not sounding(world.sent)
    assert {sent.message.channel for sent in world.sent if isinstance(sent.message, NoteOn)} == {0, 8}


def test_a_lost_output_port_is_owed_its_note_offs() -> None:
    world = World(Tune(length_s=0.5, step_s=0.6)).play(1.0, "C4 D4 E4").event(2.5, PortLost("out"))
    world.event(5.0, PortReturned("out")).until(20.0)
    assert world.score()[0][:2] == (2.2, "on")
    assert world.score()[1] == (5.0, "off", 72)
    assert not sounding(world.sent)
    assert world.faults() == ["port", "port"]


def test_a_lost_input_port_lifts_its_keys() -> None:
    world = World(thru=True).midi(1.0, NoteOn(0, 60, 80)).event(2.0, PortLost("in")).until(20.0)
    assert world.score()[:2] == [(1.0, "on", 60), (2.0, "off", 60)]
    assert world.of(TurnCalled)


def test_closing_in_the_middle_of_an_answer_releases_everything() -> None:
    world = World(Tune(length_s=5.0), thru=True).play(1.0, "C4 D4 E4").until(3.0)
    assert sounding(world.sent)
    world.close()
    assert not sounding(world.sent)
    assert world.of(TurnEnded)[-1].reason == "stopped"
