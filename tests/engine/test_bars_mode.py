"""On the grid: N bars of call, N bars of answer, on the lines of our own clock or the DAW's."""

from __future__ import annotations

import random

import pytest

from daw_bridge.engine.events import Ask, AskMore, Fault, TransportChanged, TurnCalled, TurnEnded
from daw_bridge.music.messages import Clock, Continue, NoteOff, NoteOn, SongPosition, Start, Stop
from tests.support.world import Tune, World, sounding


def bars_world(**settings: object) -> World:
    """One bar of call, one of answer, at 120 bpm: a line every 2 s."""
    return World(**{"mode": "bars", "bars": 1, "tempo": 120.0, **settings})  # type: ignore[arg-type]


def test_the_first_note_starts_the_bar_and_the_answer_comes_on_the_next_line() -> None:
    world = bars_world().play(1.0, "C4 D4 E4 F4", step_s=0.5).until(20.0)
    assert world.onsets()[0] == (3.0, 72)
    assert world.onsets()[-1][0] < 5.0
    assert not world.faults()


def test_the_answer_has_left_the_floor_before_the_next_call() -> None:
    world = World(Tune(length_s=3.0), mode="bars", bars=1, tempo=120.0).play(1.0, "C4 D4 E4 F4", step_s=0.5)
    world.until(20.0)
    assert not sounding(world.sent)
    assert world.score()[-1][0] == pytest.approx(4.99)


def test_call_and_answer_take_turns_from_the_start_on() -> None:
    world = bars_world().do(1.0, "start")
    for bar in (0, 2, 6):
        world.play(1.0 + 2.0 * bar, "C4 E4", step_s=0.5)
    world.until(30.0)
    starts = [called.start_s for called in world.of(TurnCalled)]
    assert starts == pytest.approx([3.0, 7.0, 15.0])


def test_a_bar_without_a_call_gets_no_answer() -> None:
    world = bars_world().do(1.0, "start").play(3.2, "C4 D4", step_s=0.25).until(20.0)
    # Played in the bars of the answer: heard, but no call.
    assert not world.onsets()
    world.play(21.0, "E4 F4", step_s=0.5).until(30.0)
    (called,) = world.of(TurnCalled)
    assert [note.pitch for note in called.call] == [64, 65]
    assert [note.pitch for note in called.context] == [60, 62, 64, 65]


def test_a_pick_up_belongs_to_the_bar_it_leads_into() -> None:
    world = bars_world().do(1.0, "start").play(4.95, "G3", length_s=0.04).play(5.5, "C4 D4").until(20.0)
    (called,) = world.of(TurnCalled)
    assert [note.pitch for note in called.call] == [55, 60, 62]
    assert called.start_s == pytest.approx(7.0)


def test_a_note_on_the_line_of_the_answer_is_no_call() -> None:
    # As from a DAW whose notes run a little ahead of its clock.
    world = bars_world().do(1.0, "start").play(2.985, "C4", length_s=0.2).until(20.0)
    assert not world.onsets()
    assert world.states() == ["listening", "idle"]


def test_a_note_still_held_over_the_line_is_heard_up_to_the_line() -> None:
    world = bars_world().do(1.0, "start").midi(2.0, NoteOn(0, 60, 80)).midi(3.5, NoteOff(0, 60)).until(20.0)
    (called,) = world.of(TurnCalled)
    assert called.call[0].end_s == pytest.approx(3.0)
    assert world.onsets()[0][0] == pytest.approx(3.0)


def test_the_last_note_of_the_call_may_fall_on_the_line_of_the_answer() -> None:
    world = bars_world().do(1.0, "start").play(1.0, "C4 D4 E4", step_s=0.5)
    world.play(3.02, "C4", length_s=0.3).until(20.0)
    assert len(world.onsets()) == 8
    (ended,) = world.of(TurnEnded)
    assert ended.reason == "done"


def test_playing_over_the_answer_silences_it_at_once() -> None:
    world = bars_world().do(1.0, "start").play(1.0, "C4 D4 E4", step_s=0.5).play(3.6, "C5").until(20.0)
    assert world.score()[-1] == (3.6, "off", 76)
    (ended,) = world.of(TurnEnded)
    assert ended.reason == "yielded"


def test_answers_are_prepared_before_the_line_and_refreshed_by_every_note() -> None:
    world = bars_world().do(1.0, "start").play(1.0, "C4 D4 E4", step_s=0.5)
    world.play(2.8, "F4", length_s=0.05).until(20.0)
    asks = world.of(Ask)
    assert [len(ask.context) for ask in asks] == [3, 4, 4]
    assert all(ask.start_s == pytest.approx(3.0) for ask in asks)
    (called,) = world.of(TurnCalled)
    assert len(called.call) == 4


def test_a_slow_model_is_replaced_on_the_line() -> None:
    world = World(latency_s=3.0, mode="bars", bars=1).do(1.0, "start").play(1.0, "C4 D4 E4", step_s=0.5).until(20.0)
    assert world.onsets()[0][0] == pytest.approx(3.0)
    assert world.faults() == ["miss"]


def test_a_change_of_tempo_moves_the_answer_with_the_beat() -> None:
    world = bars_world().do(1.0, "start").play(1.0, "C4 D4 E4", step_s=0.5).set(4.0, "tempo", 60.0).until(20.0)
    # Two beats in at 4.0; the notes half a beat apart, from then on a second a beat.
    assert [moment for moment, _ in world.onsets()] == pytest.approx([3.0, 3.25, 3.5, 3.75, 4.0, 4.5, 5.0, 5.5])
    assert not sounding(world.sent)


def test_a_turn_taken_just_before_the_line_crosses_it_without_standing_still() -> None:
    world = World(latency_s=0.5, mode="bars", bars=1, budget_ms=800.0).do(1.0, "start").play(1.0, "C4 D4", step_s=0.5)
    world.do(2.6, "take_turn").until(30.0)
    assert world.onsets()[0][0] == pytest.approx(3.1)
    assert not sounding(world.sent)
    again = World(latency_s=0.5, mode="bars", bars=1, budget_ms=800.0, start_on="bar").do(1.0, "start")
    again.play(1.0, "C4 D4", step_s=0.5).do(6.8, "vary").until(30.0)
    assert not sounding(again.sent)
    assert len(again.of(TurnCalled)) == 2


def test_halting_silences_the_answer() -> None:
    world = bars_world().do(1.0, "start").play(1.0, "C4 D4 E4", step_s=0.5).do(3.6, "halt").until(20.0)
    assert world.score()[-1][:2] == (3.6, "off")
    assert world.of(TurnEnded)[0].reason == "stopped"
    assert world.engine.state.state == "idle"


def test_the_beat_is_told_at_each_beat_only() -> None:
    world = bars_world().do(1.0, "start").until(5.25)
    beats = [changed.beat for changed in world.of(TransportChanged) if changed.rolling]
    assert beats == pytest.approx([0.0, 1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0])


def daw(world: World, from_s: float, beats: float, tempo_bpm: float, jitter: random.Random | None = None) -> float:
    """The DAW rolls for so many beats; returns the moment of the pulse that would follow."""
    pulse_s = 60.0 / tempo_bpm / 24
    for pulse in range(round(beats * 24)):
        late_s = abs(jitter.gauss(0.0, 0.0015)) if jitter else 0.0
        world.midi(from_s + pulse * pulse_s + late_s, Clock())
    return from_s + round(beats * 24) * pulse_s


def test_the_answer_falls_on_the_bar_line_of_the_daw() -> None:
    jitter = random.Random(5)
    world = World(mode="bars", bars=2, clock="auto")
    world.midi(1.0, Start())
    daw(world, 1.0, 64, 100.0, jitter)
    beat_s = 0.6
    for cycle in range(4):
        world.play(1.0 + cycle * 16 * beat_s + 0.1, "C4 D4 E4 F4 G4", step_s=beat_s)
    world.until(39.3)
    called = world.of(TurnCalled)
    assert len(called) == 4
    assert not world.faults()
    firsts = [min(moment for moment, _ in world.onsets() if moment > called_turn.over_s) for called_turn in called]
    for cycle, first_s in enumerate(firsts):
        line_s = 1.0 + (cycle * 16 + 8) * beat_s
        # Within the jitter of the clock, which is one-sided here: 1.2 ms in the mean.
        assert abs(first_s - line_s - 0.0012) < 0.002


def test_who_plays_to_a_daw_that_stands_is_told_why_nothing_happens() -> None:
    world = World(mode="bars", bars=1, clock="midi").play(1.0, "C4 D4 E4").until(20.0)
    assert not world.onsets()
    assert world.faults() == ["clock"]
    assert "start it" in world.of(Fault)[0].text


def test_a_song_position_in_the_middle_of_a_bar_is_counted_from_the_top() -> None:
    world = World(mode="bars", bars=1)
    # Bar 2, third beat: two beats later the third bar begins, a bar of call.
    world.midi(0.9, SongPosition(4 * 4 + 8)).midi(0.95, Continue())
    daw(world, 1.0, 12, 120.0)
    world.play(2.1, "C4 E4", step_s=0.5).until(20.0)
    (called,) = world.of(TurnCalled)
    assert called.start_s == pytest.approx(4.0, abs=1e-6)


def test_stopping_the_daw_stops_the_answer() -> None:
    world = World(mode="bars", bars=1).midi(1.0, Start())
    daw(world, 1.0, 5, 120.0)
    world.play(1.1, "C4 E4", step_s=0.5).midi(3.51, Stop()).until(20.0)
    assert world.onsets()
    assert not sounding(world.sent)
    assert max(moment for moment, *_ in world.score()) == pytest.approx(3.51)


def test_no_wrong_bar_after_two_hundred_stops_continues_and_jumps() -> None:
    """Every answer starts on the first line of a half of answers, wherever the DAW has gone before."""
    chance = random.Random(11)
    world = World(mode="bars", bars=1)
    moment_s, position, lines = 1.0, 0, []
    world.midi(moment_s, Start())
    for _ in range(200):
        beats = chance.randint(3, 20)
        pulse_s = 60.0 / 120.0 / 24
        for pulse in range(beats * 24):
            beat = position / 24 + pulse / 24
            if pulse % 24 == 0 and beat % 8 in (0, 1, 2):
                world.play(moment_s + pulse * pulse_s + 0.05, "C4", length_s=0.2)
            if beat % 8 == 4 and pulse >= 36:
                lines.append(moment_s + pulse * pulse_s)
            world.midi(moment_s + pulse * pulse_s + chance.gauss(0.0, 0.0003), Clock())
        moment_s += beats * 24 * pulse_s
        position += beats * 24
        kind = chance.choice(("stop", "jump", "continue"))
        if kind == "jump":
            position = chance.randint(0, 64) * 24
            world.midi(moment_s - 0.004, SongPosition(position // 6))
        else:
            world.midi(moment_s - 0.005, Stop())
            moment_s += chance.choice((0.1, 0.8, 3.0))
            if kind == "stop":
                position = chance.randint(0, 64) * 24
                world.midi(moment_s - 0.01, SongPosition(position // 6))
            world.midi(moment_s - 0.005, Continue())
    world.until(moment_s + 10.0)
    starts = [min(m for m, _ in world.onsets() if m >= called.over_s) for called in world.of(TurnCalled)]
    wrong = [start_s for start_s in starts if min(abs(start_s - line_s) for line_s in lines) > 0.003]
    assert not wrong
    assert len(starts) > 50


@pytest.mark.parametrize(("start_on", "start_s"), [("now", 2.45), ("beat", 2.5), ("bar", 4.0)])
def test_in_free_time_with_a_clock_the_answer_may_wait_for_the_beat(start_on: str, start_s: float) -> None:
    world = World(start_on=start_on, tempo=120.0).do(0.0, "start").play(1.0, "C4 D4 E4 F4").until(20.0)
    assert world.onsets()[0][0] == pytest.approx(start_s)


def test_who_plays_on_while_the_answer_waits_for_the_bar_is_still_in_the_call() -> None:
    world = World(start_on="bar").do(0.0, "start").play(1.0, "C4 D4 E4 F4").play(3.5, "G4 A4").until(20.0)
    (called,) = world.of(TurnCalled)
    assert [note.pitch for note in called.call] == [60, 62, 64, 65, 67, 69]
    assert "stopped" not in {ended.reason for ended in world.of(TurnEnded)}


def test_more_of_the_answer_is_drawn_before_the_line() -> None:
    world = bars_world().do(1.0, "start").play(1.0, "C4 D4 E4", step_s=0.4).until(2.9)
    asked_s = [now_s for now_s, action in world.diary.actions if isinstance(action, AskMore)]
    assert asked_s == [pytest.approx(2.7)]


def test_bars_of_seven_eighths_are_three_quarters_and_a_half_long() -> None:
    world = bars_world(beats_per_bar=7, beat_unit="8").do(1.0, "start")
    for bar in (0, 2, 4):
        world.play(1.0 + 1.75 * bar, "C4 E4", step_s=0.5)
    world.until(20.0)
    assert [called.start_s for called in world.of(TurnCalled)] == pytest.approx([2.75, 6.25, 9.75])
    assert not world.faults()
