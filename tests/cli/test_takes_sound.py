"""A take as sound, as a score, and as a piece to go on from."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import soundfile

from daw_bridge.cli.main import compose, main
from daw_bridge.errors import MissingPartError
from daw_bridge.io.fluid import load_library
from tests.cli.test_takes_command import record


def test_a_take_is_heard(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    try:
        load_library()
    except MissingPartError as missing:
        pytest.skip(str(missing))
    take, out = record(tmp_path, turns=1), tmp_path / "take.wav"
    assert main(["takes", "render", str(take), "-o", str(out), "--takes-dir", str(tmp_path), "--json"]) == 0
    said = json.loads(capsys.readouterr().out)
    assert said["lufs"] == pytest.approx(-23.0, abs=1.0)
    samples, rate = soundfile.read(str(out), always_2d=True)
    assert len(samples) / rate == pytest.approx(said["seconds"], abs=0.01)


@pytest.mark.slow
def test_a_take_is_a_score(tmp_path: Path) -> None:
    take, score = record(tmp_path, turns=1), tmp_path / "take.musicxml"
    assert main(["takes", "export", str(take), "--musicxml", str(score), "--takes-dir", str(tmp_path)]) == 0
    text = score.read_text(encoding="utf-8")
    assert "<score-partwise" in text
    assert text.count("<note") > 10


def test_export_needs_a_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    take = record(tmp_path, turns=1)
    assert main(["takes", "export", str(take), "--takes-dir", str(tmp_path)]) == 2
    assert "--musicxml" in capsys.readouterr().err


def test_a_take_is_continued_like_any_piece(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    take, out = record(tmp_path, turns=2), tmp_path / "more.mid"
    assert compose([str(take), "-o", str(out), "--bars", "2", "--model", "memory", "--seed", "1", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["notes_added"] > 0
