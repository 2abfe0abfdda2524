"""Where a clock is known the model hears one tempo: what it answers at 60 bpm is what it answers at 174, scaled."""

from __future__ import annotations

from pathlib import Path

import pytest

from daw_bridge.engine.continuation import AnswerStream, Continuer
from daw_bridge.engine.events import Ask, Listen, TurnCalled, TurnStreamed
from daw_bridge.io.artefact import LoadedModel
from tests.support.tiny_program import write_tiny_program
from tests.support.world import Tune, World

MELODY = "C4 E4 G4 C5 B4 G4 E4 D4"


def played(tempo_bpm: float, model: Continuer, **settings: object) -> World:
    """A bar of quavers, the same in beats at any tempo, answered on the next line."""
    beat_s = 60.0 / tempo_bpm
    world = World(model, mode="bars", bars=1, clock="internal", tempo=tempo_bpm, **settings)  # type: ignore[arg-type]
    world.do(1.0, "start").play(1.0, MELODY, step_s=beat_s / 2, length_s=0.3 * beat_s)
    return world.until(1.0 + 8 * beat_s)


def answer_in_beats(world: World, tempo_bpm: float) -> list[tuple[float, int, float, int]]:
    (called,) = world.of(TurnCalled)
    return [
        (
            round((note.onset_s - called.start_s) * tempo_bpm / 60.0, 6),
            note.pitch,
            round(note.duration_s * tempo_bpm / 60.0, 6),
            note.velocity,
        )
        for streamed in world.of(TurnStreamed)
        for note in streamed.notes
    ]


def test_one_phrase_at_two_tempos_is_answered_with_the_same_notes(tmp_path: Path) -> None:
    model = LoadedModel.open(write_tiny_program(tmp_path / "tiny.pt"))
    slow, fast = (answer_in_beats(played(tempo_bpm, model), tempo_bpm) for tempo_bpm in (60.0, 174.0))
    shared = min(len(slow), len(fast))
    assert shared >= 3
    assert slow[:shared] == fast[:shared]


def test_models_and_their_followers_are_told_the_same_scale() -> None:
    for tempo_bpm, scale in ((60.0, 0.5), (120.0, 1.0), (174.0, 1.45)):
        world = played(tempo_bpm, Tune())
        told = [action.time_scale for action in (*world.of(Ask), *world.of(Listen))]
        assert told == pytest.approx([scale] * len(told))


def test_without_a_clock_the_model_hears_seconds() -> None:
    world = World(Tune(), tempo=174.0, clock="internal").play(1.0, MELODY).until(12.0)
    assert {action.time_scale for action in world.of(Ask)} == {1.0}


def test_the_scale_holds_for_a_call_and_small_moves_of_the_tempo_leave_it() -> None:
    world = World(Tune(), clock="internal", tempo=120.0).do(0.0, "start").play(1.0, "C4 D4 E4", step_s=0.5)
    world.set(1.7, "tempo", 90.0).until(20.0)
    assert {ask.time_scale for ask in world.of(Ask)} == {1.0}
    world.play(21.0, "C4 D4 E4").until(40.0)
    assert world.of(Ask)[-1].time_scale == pytest.approx(0.75)
    world.set(40.5, "tempo", 92.0).play(41.0, "C4 D4 E4").until(60.0)
    assert world.of(Ask)[-1].time_scale == pytest.approx(0.75)


def test_an_answer_is_the_memorys_too_at_any_scale() -> None:
    class Silent(Tune):
        def begin(self, *_: object, **__: object) -> AnswerStream:
            raise RuntimeError("silent")

    world = played(90.0, Silent())
    assert world.onsets()[0][0] == pytest.approx(1.0 + 4 * 60.0 / 90.0, abs=0.001)
