"""A model beside given notes: every note gets a velocity from what was before it, and a line hears what comes."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from daw_bridge.engine.continuation import SamplingControls
from daw_bridge.io.given_notes import AttendingModel
from daw_bridge.music.notes import Note
from tests.support.tiny_program import write_tiny_program

FREE = SamplingControls(top_p=1.0)


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_tiny_program(tmp_path_factory.mktemp("program") / "tiny.pt")


@pytest.fixture
def model(program: Path) -> AttendingModel:
    return AttendingModel.open(program)


def scale(count: int, start_s: float = 10.0) -> list[Note]:
    return [Note(start_s + 0.25 * at, 60 + at % 12, 0.2, 64) for at in range(count)]


def test_a_touch_depends_on_what_is_before_a_note_and_not_on_what_is_after(model: AttendingModel) -> None:
    notes = scale(40)
    drawn = model.velocities(notes, seed=3, controls=FREE)
    assert len(drawn) == 40
    assert len(set(drawn)) > 10
    assert all(1 <= velocity <= 127 for velocity in drawn)
    other = [*notes[:20], *(replace(note, pitch=note.pitch + 12) for note in notes[20:])]
    again = model.velocities(other, seed=3, controls=FREE)
    assert again[:20] == drawn[:20]
    assert again != drawn


def test_the_notes_own_velocities_are_not_heard_but_the_lead_in_is(model: AttendingModel) -> None:
    notes = scale(20)
    drawn = model.velocities(notes, seed=3, controls=FREE)
    assert model.velocities([replace(note, velocity=9) for note in notes], seed=3, controls=FREE) == drawn
    soft = scale(8, start_s=2.0)
    loud = [replace(note, velocity=120) for note in soft]
    led = [model.velocities(notes, seed=3, controls=FREE, lead_in=lead) for lead in (soft, loud)]
    assert led[0] != led[1]


def test_velocities_come_in_the_order_of_the_notes_given(model: AttendingModel) -> None:
    notes = scale(16)
    drawn = model.velocities(notes, seed=5, controls=FREE)
    assert model.velocities(notes[::-1], seed=5, controls=FREE) == drawn[::-1]
    assert model.velocities([], seed=5, controls=FREE) == []


def test_a_line_along_given_notes_stays_in_its_time_and_hears_them(model: AttendingModel) -> None:
    context, given = scale(8), scale(8, start_s=12.0)
    asked = {"start_s": 12.0, "end_s": 14.0, "seed": 2, "controls": replace(FREE, pitch_low=72)}
    line = model.along(context, given, **asked)
    assert line
    assert all(12.0 <= note.onset_s < 14.0 and note.pitch >= 72 for note in line)
    assert list(line) == sorted(line, key=lambda note: note.onset_s)
    assert model.along(context, given, **asked) == line
    assert model.along(context, given, **asked, on_start=True)[0].onset_s == pytest.approx(12.0)
    late = [*given[:4], *(replace(note, pitch=note.pitch - 24) for note in given[4:])]
    changed = model.along(context, late, **asked)
    half = [note for note in line if note.onset_s < 12.95]
    assert [note for note in changed if note.onset_s < 12.95] == half
    assert changed != line


def test_notes_are_scored_after_the_context_they_come_after(program: Path, model: AttendingModel) -> None:
    context, notes = scale(40), scale(12, start_s=20.0)
    after = model.score_after(context, notes)
    assert after.shape == (12, 4)
    assert after.tolist() != model.score_after(context[:39], notes).tolist()
    assert after.tolist() == AttendingModel.open(program).score_after(context, notes).tolist()
    assert after[:5].tolist() == model.score_after(context, notes[:5]).tolist()
    assert len(model.score_after(context, [])) == 0
