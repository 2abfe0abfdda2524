"""The evaluation: likelihood of whole pieces, answers, copying, and the report's shape."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch

from daw_bridge.errors import UsageError
from daw_models.cli import main
from daw_models.nets.build import compile_net
from daw_models.train.continuations import Exchange, ProgramPlayer, exchanges, summary
from daw_models.train.copying import copying, longest_runs
from daw_models.train.likelihood import measure
from tests.models.model_builders import corpus_of, music, scale_run, tiny_file, tiny_net, write_melodies

KEYS = [
    "model",
    "pieces",
    "notes",
    "nats_per_note",
    "parts",
    "nats_per_second",
    "baselines",
    "continuations",
    "copying",
    "speed",
]


@pytest.fixture
def weights(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A tiny random model, and a program cache of its own."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return tiny_file(tmp_path / "tiny.safetensors")


def test_pieces_measured_together_cost_what_they_cost_alone() -> None:
    pieces = [music(notes, notes) for notes in (40, 300, 700, 12)]
    corpus, net = corpus_of(pieces), tiny_net()
    together = measure(net, corpus, range(4))
    alone = [measure(net, corpus, [index]) for index in range(4)]
    assert together.notes == sum(len(rows) for rows in pieces)
    assert together.seconds == pytest.approx(sum(one.seconds for one in alone))
    for part in range(4):
        assert together.nats[part] == pytest.approx(sum(one.nats[part] for one in alone), rel=1e-4)


def test_a_planted_run_is_found_transposed() -> None:
    trained = music(200, 1)
    stolen = music(60, 2)
    stolen[20:41] = trained[100:121]
    stolen[20:41, 1] += 3
    found = longest_runs(corpus_of([trained]), [0], [[stolen], [music(60, 3)]])
    assert found[0] == [20]
    assert found[1][0] < 8


def test_copying_compares_answers_with_real_music() -> None:
    trained = music(200, 1)
    report = copying(corpus_of([trained]), [0], [trained[50:90]], [music(40, 9)])
    assert report["answers"]["longest"] == 32  # type: ignore[index]
    assert report["real"]["longest"] < 8  # type: ignore[index]


def test_answers_are_ten_seconds_and_repeatable() -> None:
    corpus = corpus_of([scale_run(400, 55), scale_run(420, 57)])
    program = compile_net(tiny_net(), quantised=False)
    torch.set_num_threads(1)
    one, other = (exchanges(ProgramPlayer(program, 0.9), corpus, [0, 1], count=3, seed=4) for _ in range(2))
    assert len(one) == 3
    for first, second in zip(one, other, strict=True):
        assert np.array_equal(first.answer, second.answer)
        assert first.answer[:, 0].sum() < 1000
        assert 8 * 4 <= len(first.call) <= 30 * 4 + 1
        assert len(first.truth) == pytest.approx(40, abs=2)


def test_the_truth_as_answer_is_not_told_apart() -> None:
    rows = scale_run(80, 60)
    pair = Exchange(rows[:40], rows[40:], rows[40:], 0)
    report = summary([pair] * 10)
    assert report["empty"] == report["stuck"] == 0
    overlap = report["pitch_class_overlap"]
    assert isinstance(overlap, dict)
    assert overlap["answers"] == overlap["real"] > 0.9
    assert report["told_apart"] <= 0.5  # type: ignore[operator]


def test_empty_and_stuck_answers_are_counted() -> None:
    rows = scale_run(80, 60)
    stuck = np.tile(np.array([[10, 60, 5, 80]]), (30, 1))
    report = summary([Exchange(rows[:40], answer, rows[40:], 0) for answer in (rows[:0], stuck, rows[40:])])
    assert (report["empty"], report["stuck"], report["calls"]) == (1, 1, 3)


def test_the_report_has_the_keys_of_the_contract(
    weights: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_melodies(tmp_path / "held", 2, notes=200)
    (tmp_path / "held" / "broken.mid").write_bytes(b"MThd")
    assert main(["evaluate", "--model", str(weights), "--data", str(tmp_path / "held"), "--calls", "2", "--json"]) == 0
    said = capsys.readouterr()
    report = json.loads(said.out)
    assert list(report) == KEYS
    assert list(report["parts"]) == ["onset", "pitch", "duration", "velocity"]
    assert set(report["baselines"]) == {"marginal", "markov", "memory"}
    assert (report["model"], report["pieces"], report["notes"]) == ("tiny", 2, 400)
    assert report["nats_per_note"] == pytest.approx(sum(report["parts"].values()), abs=1e-3)
    assert abs(report["speed"]["program_loss_nats"]) < 0.1
    assert report["copying"] == {"measured": False, "cure": "give the training music with --train-data"}
    assert said.err.count("\n") == 1
    assert "broken.mid" in said.err


def test_training_data_bring_baselines_and_copying(
    weights: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_melodies(tmp_path / "held", 2, notes=200)
    write_melodies(tmp_path / "trained" / "train", 3, notes=200)
    arguments = ["--data", str(tmp_path / "held"), "--train-data", str(tmp_path / "trained"), "--calls", "2"]
    assert main(["evaluate", "--model", str(weights), *arguments]) == 0
    text = capsys.readouterr().out
    assert "nats_per_note:" in text
    assert "measured               True" in text


def test_nothing_to_evaluate_is_said(weights: Path, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(UsageError, match="no usable MIDI found"):
        main(["evaluate", "--model", str(weights), "--data", str(tmp_path / "empty")])
    with pytest.raises(UsageError, match="nosuch: no such model"):
        main(["evaluate", "--model", "nosuch", "--data", str(tmp_path)])


def test_models_are_listed(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["list", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert "lstm" in {entry["name"] for entry in found}
    assert main(["list"]) == 0
    assert capsys.readouterr().out.count("\n") == len(found)
