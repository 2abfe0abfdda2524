"""The response on a grid: lines, strength, swing; never before its own line, never into the next call."""

from __future__ import annotations

import random

import pytest

from daw_bridge.engine.events import TurnEnded
from daw_bridge.engine.quantise import SPACINGS_BEATS
from tests.support.world import Tune, World, sounding

RAW_BEATS = (0.0, 0.21, 0.56, 0.74, 1.07, 1.49, 2.1, 2.9)
"""Onsets of a tune that is nowhere on a grid, in beats after the line."""


def answered(onsets_beats: tuple[float, ...] = RAW_BEATS, **settings: object) -> World:
    """A bar of call at 120 bpm from 1.0 on, a bar of answer from 3.0 on."""
    pitches = tuple(60 + index for index in range(len(onsets_beats)))
    tune = Tune(pitches=pitches, onsets_s=tuple(beat / 2 for beat in onsets_beats), step_s=1.0, length_s=0.1)
    world = World(tune, **{"mode": "bars", "bars": 1, "clock": "internal", **settings})  # type: ignore[arg-type]
    return world.do(1.0, "start").play(1.0, "C4 D4 E4", step_s=0.5).until(20.0)


def beats(world: World) -> list[float]:
    return [round((moment - 3.0) * 2, 3) for moment, _ in world.onsets()]


@pytest.mark.parametrize(
    ("grid", "expected"),
    [
        ("off", [0.0, 0.21, 0.56, 0.74, 1.07, 1.49, 2.1, 2.9]),
        ("1/4", [0.0, 0.0, 1.0, 1.0, 1.0, 1.0, 2.0, 3.0]),
        ("1/8", [0.0, 0.0, 0.5, 0.5, 1.0, 1.5, 2.0, 3.0]),
        ("1/16", [0.0, 0.25, 0.5, 0.75, 1.0, 1.5, 2.0, 3.0]),
        ("1/8t", [0.0, 0.333, 0.667, 0.667, 1.0, 1.333, 2.0, 3.0]),
    ],
)
def test_onsets_fall_on_the_lines_of_the_grid(grid: str, expected: list[float]) -> None:
    assert beats(answered(quantise=grid)) == pytest.approx(expected, abs=0.003)


def test_the_grid_begins_anew_with_every_bar() -> None:
    world = answered(quantise="1/4", beats_per_bar=7, beat_unit="8")
    # A bar lasts 1.75 s, so that the answer's line is in the middle of a quarter note from the start.
    found = [round((moment - 2.75) * 2, 3) for moment, _ in world.onsets()]
    assert found == pytest.approx([0.0, 0.0, 1.0, 1.0, 1.0, 1.0, 2.0, 3.0], abs=0.003)


def test_half_the_strength_goes_half_the_way() -> None:
    found = beats(answered(quantise="1/4", quantise_strength=0.5))
    assert found == pytest.approx([0.0, 0.105, 0.78, 0.87, 1.035, 1.245, 2.05, 2.95], abs=0.003)


def test_swing_makes_every_second_line_late() -> None:
    found = beats(answered(quantise="1/8", swing=0.75))
    assert found == pytest.approx([0.0, 0.0, 0.75, 0.75, 1.0, 1.75, 2.0, 3.0], abs=0.003)
    assert beats(answered(quantise="1/8t", swing=0.75))[1] == pytest.approx(0.333, abs=0.003)


@pytest.mark.parametrize("seed", range(30))
def test_the_response_keeps_within_its_bars_on_any_grid(seed: int) -> None:
    chance = random.Random(seed)
    onsets = tuple(sorted([0.0, *(chance.uniform(0.0, 4.2) for _ in range(20))]))
    world = answered(
        onsets,
        quantise=chance.choice(list(SPACINGS_BEATS)),
        quantise_strength=chance.random(),
        swing=chance.uniform(0.5, 0.75),
        tempo=120.0,
    )
    assert not sounding(world.sent)
    moments = [moment for moment, _ in world.onsets()]
    assert moments[0] == 3.0
    assert moments == sorted(moments)
    assert moments[-1] < 5.0
    assert world.score()[-1][0] <= 4.991
    for (on_s, _, key), (off_s, word, of) in zip(world.score(), world.score()[1:], strict=False):
        assert not (key == of and word == "off" and off_s <= on_s), "a note without length"


def test_a_note_keeps_its_length_when_it_is_moved() -> None:
    world = answered((0.0, 0.56), quantise="1/4")
    assert world.score()[2:4] == [(3.5, "on", 61), (3.6, "off", 61)]


def test_two_strokes_of_a_key_on_one_line_are_one() -> None:
    tune = Tune(pitches=(60, 60, 64), onsets_s=(0.0, 0.05, 0.5), step_s=9.0)
    world = World(tune, mode="bars", bars=1, clock="internal", quantise="1/4")
    world.do(1.0, "start").play(1.0, "C4 D4 E4", step_s=0.5).until(20.0)
    assert world.onsets() == [(3.0, 60), (3.5, 64)]


def test_in_free_time_there_is_no_grid_and_with_a_clock_there_is() -> None:
    tune = Tune(pitches=(60, 62, 64), onsets_s=(0.0, 0.3, 0.55), step_s=9.0)
    free = World(tune, quantise="1/8", clock="internal").play(1.03, "C4 D4 E4").until(12.0)
    first_s = free.onsets()[0][0]
    assert [round(moment - first_s, 3) for moment, _ in free.onsets()] == [0.0, 0.3, 0.55]
    timed = World(tune, quantise="1/8", clock="internal", tempo=120.0).do(0.5, "start")
    timed.play(1.03, "C4 D4 E4").until(12.0)
    assert all((moment - 0.5) * 4 == pytest.approx(round((moment - 0.5) * 4), abs=0.01) for moment, _ in timed.onsets())
    (ended,) = timed.of(TurnEnded)
    assert ended.first_note_late_s < 0.001


def test_a_grid_chosen_while_the_answer_sounds_holds_for_what_is_still_to_come() -> None:
    tune = Tune(pitches=(60, 62, 64, 65), onsets_s=(0.0, 0.3, 0.8, 1.2), step_s=9.0)
    world = World(tune, mode="bars", bars=1, clock="internal").do(1.0, "start").play(1.0, "C4 D4 E4", step_s=0.5)
    world.set(3.4, "quantise", "1/4").until(20.0)
    assert [moment for moment, _ in world.onsets()] == [3.0, 3.3, 4.0, 4.0]
