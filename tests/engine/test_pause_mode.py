"""Free time: the call is over when it has been quiet for long enough."""

from __future__ import annotations

import pytest

from daw_bridge.engine.capture import GAP_CEILING_S, GAP_FLOOR_S, GAP_UNKNOWN_S, adaptive_gap_s
from daw_bridge.engine.events import Ask, AskMore, Cancel, Listen, NoteHeard, TurnCalled, TurnEnded
from daw_bridge.music.messages import NoteOff, NoteOn
from tests.support.world import Broken, Tune, World, sounding


def test_a_call_is_answered_after_two_of_its_steps_of_silence() -> None:
    world = World().play(1.0, "C4 D4 E4 F4", step_s=0.25).until(20.0)
    # The last key comes up at 1.95; 2 * 0.25 s later the answer begins.
    assert world.onsets()[:4] == [(2.45, 72), (2.7, 74), (2.95, 76), (3.2, 77)]
    assert world.states() == ["listening", "thinking", "answering", "idle"]
    assert not world.faults()


def test_every_note_is_released_on_time() -> None:
    world = World().play(1.0, "C4 D4 E4 F4").until(20.0)
    assert world.score()[:4] == [(2.45, "on", 72), (2.65, "off", 72), (2.7, "on", 74), (2.9, "off", 74)]
    assert not sounding(world.sent)


@pytest.mark.parametrize(
    ("onsets_s", "gap_s"),
    [
        ((), GAP_UNKNOWN_S),
        ((1.0,), GAP_UNKNOWN_S),
        ((1.0, 1.01, 1.02), GAP_UNKNOWN_S),
        ((0.0, 0.2, 0.4, 0.6), 0.4),
        ((0.0, 0.1, 0.2, 0.3), GAP_FLOOR_S),
        ((0.0, 1.0, 2.0), GAP_CEILING_S),
        ((0.0, 0.01, 0.2, 0.21, 0.4, 0.41), 0.38),
    ],
)
def test_the_gap_comes_from_the_players_own_pace(onsets_s: tuple[float, ...], gap_s: float) -> None:
    assert adaptive_gap_s(onsets_s) == pytest.approx(gap_s)


def test_gap_beats_fixes_the_gap_in_the_running_tempo() -> None:
    world = World(gap_beats=2.0, tempo=60.0).play(1.0, "C4 D4").until(20.0)
    assert world.onsets()[0] == (3.45, 72)


def test_a_held_key_or_pedal_keeps_the_call_open() -> None:
    world = World().midi(0.5, NoteOn(0, 36, 70)).play(1.0, "C4 D4 E4").midi(6.0, NoteOff(0, 36)).until(6.3)
    assert not world.onsets()
    world.until(20.0)
    assert world.onsets()[0][0] == pytest.approx(6.0 + adaptive_gap_s((0.5, 1.0, 1.25, 1.5)), abs=1e-3)

    world = World().play(1.0, "C4 D4 E4").pedal(1.1, True).pedal(8.0, False).until(20.0)
    assert world.onsets()[0][0] == pytest.approx(8.5)


def test_the_pedals_of_two_channels_are_two_pedals() -> None:
    world = World().play(1.0, "C4 D4").pedal(1.1, True, channel=0).pedal(1.1, True, channel=3)
    world.pedal(3.0, False, channel=0).until(6.0)
    assert not world.onsets()
    assert world.pedal(6.5, False, channel=3).until(20.0).onsets()[0][0] == pytest.approx(7.0)


def test_a_key_whose_note_off_was_lost_does_not_silence_the_instrument() -> None:
    world = World().midi(0.0, NoteOn(0, 36, 70)).until(60.0)
    assert world.onsets()[0][0] == pytest.approx(30.8)
    world.play(70.0, "C4 D4 E4").until(72.0)
    assert world.onsets()[-1][0] > 70.0


def test_of_two_strokes_of_one_key_the_first_off_ends_the_first() -> None:
    world = World()
    world.midi(1.0, NoteOn(0, 60, 80)).midi(1.5, NoteOn(0, 60, 90)).midi(2.0, NoteOff(0, 60)).midi(3.0, NoteOff(0, 60))
    world.until(10.0)
    heard = [(heard.note.onset_s, heard.note.duration_s, heard.note.velocity) for heard in world.of(NoteHeard)]
    assert heard == [(1.0, 1.0, 80), (1.5, 1.5, 90)]


def test_the_model_follows_while_the_musician_plays_and_its_context_only_grows() -> None:
    tune = Tune()
    world = World(tune).play(1.0, "C4 D4 E4 F4").play(12.0, "G4 A4").until(30.0)
    lengths = [len(listen.context) for listen in world.of(Listen)]
    assert lengths[:4] == [1, 2, 3, 4]
    for shorter, longer in zip(tune.followed, tune.followed[1:], strict=False):
        assert longer[: len(shorter)] == shorter
    # The second call is heard after the first and its answer.
    assert [note.pitch for note in tune.contexts[-1][:5]] == [60, 62, 64, 65, 72]


def test_an_answer_is_prepared_as_soon_as_all_keys_are_up_and_dropped_when_the_musician_goes_on() -> None:
    world = World().play(1.0, "C4 D4").until(20.0)
    asks = world.of(Ask)
    assert [round(ask.start_s, 3) for ask in asks] == [2.0, 1.95]
    assert all(ask.speculative for ask in asks)
    assert next(cancel.ask_id for cancel in world.of(Cancel)) == asks[0].ask_id
    counts = world.engine.state.counts
    assert (counts.answers, counts.prepared_used, counts.prepared_dropped) == (1, 1, 1)


def grown(world: World) -> list[tuple[float, int]]:
    """When more of an answer was asked for, and of which ask."""
    return [(now_s, action.ask_id) for now_s, action in world.diary.actions if isinstance(action, AskMore)]


def test_more_of_the_answer_is_drawn_when_half_of_the_gap_has_passed_in_silence() -> None:
    world = World(gap_beats=2.0).play(1.0, "C4 D4 E4").until(2.69)
    # Silent from 1.7 s on, over at 2.7 s.
    assert grown(world) == [(pytest.approx(2.2), world.of(Ask)[-1].ask_id)]


def test_a_musician_who_goes_on_soon_costs_no_more_than_the_beginning() -> None:
    world = World(gap_beats=2.0).play(1.0, "C4 D4 E4 C4 D4 E4", step_s=0.6).until(4.5)
    assert len(world.of(Ask)) == 6
    assert not grown(world)


def test_nothing_more_is_asked_for_right_before_an_answer() -> None:
    world = World(latency_s=0.95, gap_beats=2.0).play(1.0, "C4 D4 E4").until(2.7)
    assert not grown(world)


def test_the_answer_belongs_to_exactly_the_call_that_was_played() -> None:
    world = World().play(1.0, "C4 D4 E4").until(20.0)
    (called,) = world.of(TurnCalled)
    assert [note.pitch for note in called.call] == [60, 62, 64]
    assert called.context == called.call
    assert called.over_s == called.start_s == pytest.approx(2.2)


def test_a_slow_model_is_waited_for_as_long_as_the_budget_allows() -> None:
    world = World(latency_s=0.6, budget_ms=200.0).play(1.0, "C4 D4").until(20.0)
    # Asked at 1.45 when the keys are up, wanted at 1.95, there at 2.05: late by less than the budget.
    assert world.onsets()[0] == (2.05, 72)
    (ended,) = world.of(TurnEnded)
    assert ended.first_note_late_s == pytest.approx(0.1)
    assert not world.faults()


def test_a_model_that_is_too_late_is_replaced_by_the_memory_on_time() -> None:
    world = World(latency_s=5.0, budget_ms=20.0).play(1.0, "C4 D4").until(20.0)
    assert world.onsets()[0][0] == pytest.approx(1.968)
    assert {name for _, name in world.onsets()} <= {60, 62}
    assert world.faults() == ["miss"]
    assert world.engine.state.counts.from_memory == 1


def test_a_broken_model_is_replaced_by_the_memory_without_any_delay() -> None:
    world = World(Broken()).play(1.0, "C4 D4").until(20.0)
    assert world.onsets()[0][0] == pytest.approx(1.95)
    assert set(world.faults()) == {"model"}
    assert not sounding(world.sent)


def test_the_answer_is_as_long_as_the_call() -> None:
    short = World().play(1.0, "C4 D4").until(30.0)
    assert len(short.onsets()) == 6  # never less than 1.5 s
    long = World().play(1.0, "C4 D4 E4 F4 G4 A4 B4 C5 D5 E5 F5 G5").until(30.0)
    assert len(long.onsets()) == 12
    double = World(length=2.0).play(1.0, "C4 D4 E4 F4 G4 A4 B4 C5").until(30.0)
    assert len(double.onsets()) == 16


def test_the_last_note_does_not_ring_for_ever() -> None:
    world = World(Tune(length_s=9.0)).play(1.0, "C4 D4").until(30.0)
    assert not sounding(world.sent)
    first_s, last_s = world.score()[0][0], world.score()[-1][0]
    assert last_s - first_s == pytest.approx(1.5 + 0.75)


def test_an_answer_ends_with_a_breath_when_it_takes_one_near_its_end() -> None:
    tune = Tune(onsets_s=(0.0, 0.2, 0.4, 0.6, 0.8, 1.0, 1.2, 2.1, 2.3))
    world = World(tune).play(1.0, "C4 D4 E4 F4 G4 A4 B4 C5 D5", step_s=0.25).until(30.0)
    assert len(world.onsets()) == 7
