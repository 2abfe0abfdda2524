"""The models command as the bridge gives it: answers are judged as the instrument plays them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest

from daw_bridge.cli.models import Instrument
from daw_bridge.engine.parameters import defaults
from daw_bridge.engine.values import Values
from daw_bridge.errors import UsageError
from daw_bridge.io.artefact import LoadedModel
from daw_bridge.music.notes import Note
from tests.support.tiny_program import write_tiny_program


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_tiny_program(tmp_path_factory.mktemp("program") / "tiny.pt")


def call() -> npt.NDArray[np.int64]:
    rows = np.full((20, 4), (25, 60, 20, 80), np.int64)
    rows[:, 1] += np.arange(20) % 7
    rows[0, 0] = 0
    return rows


def test_it_plays_under_the_defaults_of_the_bridge_unless_told(program: Path) -> None:
    table = defaults()
    settings = Instrument(program, []).settings
    assert {name: settings[name] for name in settings if name in table} == {
        name: table[name] for name in settings if name in table
    }
    assert Instrument(program, ["tonality=0.5", "max-polyphony = 3"]).settings["tonality"] == 0.5
    assert Instrument(program, ["max-polyphony = 3"]).settings["max_polyphony"] == 3


@pytest.mark.parametrize("setting", ["tonallity=1", "tonality=9", "tonality"])
def test_an_unusable_setting_is_named(program: Path, setting: str) -> None:
    with pytest.raises(UsageError, match=f"--set {setting}"):
        Instrument(program, [setting])


def test_its_answer_is_the_stream_of_the_bridge_in_cells(program: Path) -> None:
    instrument = Instrument(program, [])
    rows = instrument.answer(call(), 40, 500, 0, 7)
    assert int(rows[0, 0]) == 40
    assert int(rows[:, 0].sum()) < 500
    onsets_s = np.cumsum(call()[:, 0]) / 100
    context = [Note(float(onset_s), int(row[1]), 0.2, 80) for onset_s, row in zip(onsets_s, call(), strict=True)]
    stream = LoadedModel.open(program).begin(context, start_s=context[-1].onset_s + 0.4, seed=7)
    notes = stream.next(len(rows), Values({}).controls(transpose=0))
    assert [note.pitch for note in notes] == rows[:, 1].tolist()
    assert [round(100 * (note.onset_s - context[-1].onset_s)) for note in notes] == np.cumsum(rows[:, 0]).tolist()


def test_drums_are_answered_by_drums(program: Path) -> None:
    assert len(Instrument(program, []).answer(call(), 25, 200, 1, 3)) > 0
