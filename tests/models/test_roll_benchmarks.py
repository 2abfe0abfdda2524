"""The field's piano-rolls: read as published, counted as published, learnt by nets that see no frame ahead."""

import json
import math
import tarfile
from pathlib import Path

import numpy as np
import pytest
import torch

from daw_bridge.errors import UsageError
from daw_models.cli import main
from daw_models.data.rolls import KEYS, LOWEST, Roll, RollSet, halves, padded, read_rolls
from daw_models.nets.rolls import FAMILIES, RollConfig, make_roll_net
from daw_models.train.rolls import LARGE, SMALL, RollPlan, crosswise, nats_per_frame, plan_for, train_on_rolls

TINY = RollConfig(hidden=16, dropout=0.0, blocks=1, heads=2, context=8)


def _chords(frames: int, shift: int = 0) -> list[list[int]]:
    """Two chords in turn."""
    return [[48 + shift, 52 + shift, 55 + shift] if frame % 2 else [47 + shift, 55 + shift] for frame in range(frames)]


def _roll(pitches: list[list[int]]) -> Roll:
    roll = np.zeros((len(pitches), KEYS), np.float32)
    for frame, sounding in enumerate(pitches):
        roll[frame, np.array(sounding) - LOWEST] = 1.0
    return roll


def _write(folder: Path, *, test: bool = False) -> Path:
    splits = {"train": [_chords(12), _chords(20), _chords(9)], "valid": [_chords(8), _chords(11)]}
    if test:
        splits["test"] = [_chords(10)]
    folder.mkdir()
    (folder / "jsb-chorales-quarter.json").write_text(json.dumps(splits), encoding="utf-8")
    return folder


def test_a_benchmark_is_read_from_a_folder_and_from_an_archive(tmp_path: Path) -> None:
    folder = _write(tmp_path / "rolls")
    with tarfile.open(tmp_path / "rolls.tar.xz", "w:xz") as archive:
        archive.add(folder, "rolls")
    for place in (folder, tmp_path / "rolls.tar.xz"):
        found = read_rolls(place, "jsb")
        assert [len(roll) for roll in found.train] == [12, 20, 9]
        assert np.array_equal(found.valid[0], _roll(_chords(8)))
        assert found.test == ()


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ({"train": [[[20]]], "valid": [[[60]], [[60]]]}, "a pitch outside 21 to 108"),
        ({"train": [], "valid": [[[60]], [[60]]]}, "needs a train split"),
        ({"train": [[[60]]], "valid": [[[60]]]}, "two pieces to validate on"),
        ([1, 2], "not a piano-roll benchmark"),
    ],
)
def test_a_damaged_benchmark_is_named(tmp_path: Path, content: object, said: str) -> None:
    (tmp_path / "jsb-chorales-quarter.json").write_text(json.dumps(content), encoding="utf-8")
    with pytest.raises(UsageError, match=rf"jsb-chorales-quarter\.json: .*{said}"):
        read_rolls(tmp_path, "jsb")


def test_a_missing_benchmark_says_what_to_give(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"holds no nottingham-BL2012\.json; give pianoroll_benchmarks"):
        read_rolls(_write(tmp_path / "rolls"), "nottingham")
    with pytest.raises(UsageError, match="no benchmark called waltz; known: jsb, nottingham"):
        read_rolls(tmp_path, "waltz")


@pytest.mark.parametrize("family", FAMILIES)
def test_no_frame_knows_of_a_later_one(family: str) -> None:
    torch.manual_seed(3)
    net = make_roll_net(family, TINY).eval()
    for weight in net.parameters():
        weight.data.add_(0.1 * torch.randn_like(weight))
    rolls = (torch.rand(1, 12, KEYS) < 0.05).float()
    changed = rolls.clone()
    changed[0, 7] = 1.0 - changed[0, 7]
    with torch.no_grad():
        before, after = net(rolls), net(changed)
    torch.testing.assert_close(before[0, :7], after[0, :7])
    assert not torch.allclose(before[0, 7], after[0, 7])


@pytest.mark.parametrize("family", FAMILIES)
def test_padding_is_not_counted_and_the_first_frame_is_given(family: str) -> None:
    torch.manual_seed(4)
    net = make_roll_net(family, TINY)
    short, long = _roll(_chords(5)), _roll(_chords(17, 3))
    alone = (4 * nats_per_frame(net, [short]) + 16 * nats_per_frame(net, [long])) / 20
    assert nats_per_frame(net, [short, long]) == pytest.approx(alone, rel=1e-5)
    for weight in net.leave.parameters():
        weight.data.zero_()
    assert nats_per_frame(net, [short, long]) == pytest.approx(KEYS * math.log(2), rel=1e-5)


def test_pieces_side_by_side_say_what_is_theirs() -> None:
    frames, real = padded([_roll(_chords(3)), _roll(_chords(5))])
    assert frames.shape == (2, 5, KEYS)
    assert real.tolist() == [[1, 1, 1, 0, 0], [1, 1, 1, 1, 1]]
    assert frames[0, 3:].sum() == 0


def test_no_piece_judges_the_epoch_that_it_chose() -> None:
    judged = [{"even": 9.0, "odd": 5.0}, {"even": 4.0, "odd": 8.0}, {"even": 6.0, "odd": 7.0}]
    valid, epochs = crosswise(judged, {"even": 1, "odd": 3})
    assert epochs == (1, 0)
    assert valid == pytest.approx((9.0 * 1 + 8.0 * 3) / 4)
    assert halves(5) == {"even": [0, 2, 4], "odd": [1, 3]}


@pytest.mark.parametrize("family", FAMILIES)
def test_two_chords_in_turn_are_learnt(family: str) -> None:
    pieces = tuple(_roll(_chords(frames)) for frames in (16, 20, 24, 28))
    rolls = RollSet("jsb", pieces, pieces[:2], pieces[2:])
    plan = RollPlan(TINY, epochs=120, pieces=2, learning_rate=0.02, weight_decay=0.0, average=0.5)
    lines: list[str] = []
    found = train_on_rolls(rolls, family, plan, say=lines.append)
    assert found.valid < 1.0
    assert found.test is not None
    assert found.test < 1.0
    assert len(lines) == found.epochs == 120
    again = train_on_rolls(rolls, family, plan, say=lines.append)
    assert (again.valid, again.test, again.chosen_epochs) == (found.valid, found.test, found.chosen_epochs)


def test_time_ends_the_plan(tmp_path: Path) -> None:
    rolls = read_rolls(_write(tmp_path / "rolls"), "jsb")
    lines: list[str] = []
    found = train_on_rolls(rolls, "lstm", RollPlan(TINY, epochs=1000, pieces=2), minutes=1e-6, say=lines.append)
    assert found.epochs == 1


def test_large_sets_get_the_large_plan() -> None:
    roll = np.zeros((30_000, KEYS), np.float32)
    assert plan_for(RollSet("jsb", (roll,), ()), "lstm") == SMALL["lstm"]
    assert plan_for(RollSet("nottingham", (roll, roll), ()), "lstm") == LARGE["lstm"]


def test_the_command_prints_ours_beside_the_literature(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    data = ["benchmark", "--data", str(_write(tmp_path / "rolls", test=True)), "--sets", "jsb", "--minutes", "0.001"]
    assert main([*data, "--json"]) == 0
    report = json.loads(capsys.readouterr().out)
    assert set(report) == {"convention", "ours", "literature"}
    assert set(report["ours"]["jsb"]) == set(FAMILIES)
    assert report["ours"]["jsb"]["lstm"]["test"] > 0
    assert main(data) == 0
    table = capsys.readouterr().out
    assert "| TCN | 8.10 | test; Bai, Kolter and Koltun 2018" in table
    assert table.count("| our ") == 4
    with pytest.raises(UsageError, match="--minutes must be more than 0"):
        main([*data[:-1], "0"])
