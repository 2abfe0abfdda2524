"""A model that is late is replaced by the next one, on time; the phrase memory stands behind all of them."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass

import pytest

from daw_bridge.engine.continuation import AnswerStream, SamplingControls
from daw_bridge.engine.events import Ask, Cancel, Fault, TierReady, TurnCalled, TurnEnded, TurnStreamed
from daw_bridge.engine.tiers import PATIENCE, REST_TURNS, Tiers
from daw_bridge.music.notes import Note
from tests.support.world import Broken, Tune, World, sounding

BEST = Tune(pitches=(72, 74, 76, 77, 79), name="best")
NEXT = Tune(pitches=(48, 50, 52, 53, 55), name="next")


def tiers(world: World) -> list[str]:
    """Who was heard, in order, without repetitions."""
    found: list[str] = []
    for streamed in world.of(TurnStreamed):
        if not found or found[-1] != streamed.tier:
            found.append(streamed.tier)
    return found


def cascade(latency_s: float, next_latency_s: float = 0.003, **settings: object) -> World:
    return World(BEST, latency_s=latency_s, backups=((NEXT, next_latency_s),), **settings)  # type: ignore[arg-type]


def test_the_best_model_answers_when_it_is_in_time() -> None:
    world = cascade(0.01).play(1.0, "C4 D4 E4").until(20.0)
    assert tiers(world) == ["best"]
    assert not world.faults()
    assert {ask.level for ask in world.of(Ask)} == {0, 1}


def test_the_next_model_answers_within_the_budget_when_the_best_is_late() -> None:
    world = cascade(1.0, budget_ms=20.0, gap_beats=1.0).play(1.0, "C4 D4 E4").until(20.0)
    over_s = 1.7 + 0.5
    first_s, first = world.onsets()[0]
    assert over_s < first_s <= over_s + 0.020
    assert first == 48
    assert tiers(world) == ["next"]
    assert [fault.text for fault in world.of(Fault)] == ["no answer within 20 ms, next answers"]
    # The late one is not waited for any more, the next one is asked for the rest.
    assert Cancel(world.of(TurnCalled)[0].ask_id, 0) in world.of(Cancel)
    assert len(world.onsets()) > 3
    (ended,) = world.of(TurnEnded)
    assert ended.reason == "done"


def test_in_bars_mode_the_next_model_answers_on_the_line() -> None:
    world = cascade(3.0, mode="bars", bars=1).do(1.0, "start").play(1.0, "C4 D4 E4", step_s=0.5).until(20.0)
    assert world.onsets()[0] == (3.0, 48)
    assert tiers(world) == ["next"]
    assert world.faults() == ["miss"]


def test_a_model_that_breaks_is_replaced_at_once() -> None:
    world = World(Broken(), backups=((NEXT, 0.003),), budget_ms=500.0, gap_beats=1.0).play(1.0, "C4 D4 E4").until(20.0)
    assert world.onsets()[0] == (pytest.approx(2.2), 48)
    assert tiers(world) == ["next"]


def test_when_both_are_late_the_memory_answers_in_time() -> None:
    world = cascade(5.0, 5.0, gap_beats=1.0).play(1.0, "C4 D4 E4").until(20.0)
    assert world.onsets()[0][0] <= 2.2 + 0.020
    assert tiers(world) == ["memory"]


@dataclass
class OneChunk:
    """A stream that fails when it is asked for more."""

    stream: AnswerStream
    given: bool = False

    def next(self, count: int, controls: SamplingControls) -> tuple[Note, ...]:
        if self.given:
            raise RuntimeError("out of ideas")
        self.given = True
        return self.stream.next(count, controls)


class DriesUp(Tune):
    """A model that gives one chunk and fails on the next."""

    def begin(
        self, context: Sequence[Note], *, start_s: float, seed: int, time_scale: float = 1.0, drums: bool = False
    ) -> AnswerStream:
        del drums
        return OneChunk(Tune.begin(self, context, start_s=start_s, seed=seed, time_scale=time_scale))


def test_a_model_that_dries_up_on_the_way_is_relieved_by_the_next_and_then_by_the_memory() -> None:
    best, after = DriesUp(step_s=0.1, name="best"), DriesUp(step_s=0.1, name="next")
    world = World(best, backups=((after, 0.003),)).play(1.0, "C4 D4 E4 F4 G4 A4 C4 D4 E4 F4 G4 A4").until(30.0)
    assert tiers(world) == ["best", "next", "memory"]
    moments = [moment for moment, _ in world.onsets()]
    assert max(later - earlier for earlier, later in itertools.pairwise(moments)) < 0.7
    assert not sounding(world.sent)


@pytest.mark.parametrize(
    ("here", "latency_s", "expected"), [((0,), 1.0, ["memory", "next"]), ((1,), 0.003, ["next", "best"])]
)
def test_a_model_may_join_while_the_music_plays(here: tuple[int, ...], latency_s: float, expected: list[str]) -> None:
    world = World(BEST, latency_s=latency_s, backups=((NEXT, 0.003),), levels=here, gap_beats=1.0)
    world.play(1.0, "C4 D4 E4").event(12.0, TierReady(1 - here[0])).play(13.0, "C4 D4 E4").until(30.0)
    assert tiers(world) == expected
    assert world.engine.settings.levels == (0, 1)


def asked_first(world: World, from_s: float) -> list[int]:
    """The levels of the first ask of each turn."""
    first: dict[int, int] = {}
    for ask in world.of(Ask):
        if ask.start_s >= from_s:
            first.setdefault(ask.turn, ask.level)
    return list(first.values())


def test_a_model_that_is_late_time_after_time_rests_and_is_tried_again() -> None:
    world = cascade(1.0, gap_beats=1.0)
    for turn in range(14):
        world.play(1.0 + 8.0 * turn, "C4 D4 E4")
    world.until(1.0 + 8.0 * 14)
    assert asked_first(world, 0.0) == [0, 0, 0, *[1] * REST_TURNS, 0, 1, 1]
    assert world.faults() == ["miss"] * 4
    assert tiers(world) == ["next"]


def test_a_model_whose_notes_stumble_in_every_answer_rests_as_well() -> None:
    # Always in time with the beginning, and late with what is asked for 0.6 s before it is needed.
    quick = Tune(pitches=BEST.pitches, step_s=0.1, length_s=0.05, name="best")
    world = World(quick, latency_s=0.75, backups=((NEXT, 0.003),), gap_beats=2.0)
    for turn in range(6):
        world.play(1.0 + 8.0 * turn, "C4 D4 E4 F4 G4 A4 C4 D4")
    world.until(1.0 + 8.0 * 6)
    assert asked_first(world, 0.0) == [0, 0, 0, 1, 1, 1]
    assert not world.faults()
    assert tiers(world) == ["best", "next"]


def test_one_answer_in_time_makes_good_for_those_that_stumbled() -> None:
    known = Tiers((0, 1))
    for _ in range(PATIENCE - 1):
        known.played(0, starved=True)
    known.played(0, starved=False)
    known.played(0, starved=True)
    assert known.first == 0


def test_a_model_found_slow_at_the_start_is_tried_after_a_while() -> None:
    world = World(BEST, backups=((NEXT, 0.003),), levels=(1,), gap_beats=1.0)
    world.event(0.5, TierReady(0, resting=True))
    for turn in range(REST_TURNS + 2):
        world.play(1.0 + 8.0 * turn, "C4 D4 E4")
    world.until(1.0 + 8.0 * (REST_TURNS + 2))
    assert asked_first(world, 0.0) == [*[1] * REST_TURNS, 0, 0]
    assert tiers(world) == ["next", "best"]


def test_the_last_model_never_rests() -> None:
    known = Tiers((0, 1))
    for _ in range(2 * PATIENCE):
        known.answered(known.first, None)
    assert known.first == 1
    assert Tiers(()).first == 0
