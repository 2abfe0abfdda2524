"""A run learns, survives a kill with the same curve, and is the same run on two processes."""

import json
import os
import re
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from daw_bridge.errors import UsageError
from daw_models.cli import main
from daw_models.data.corpus import Corpus
from daw_models.nets.build import load_net
from daw_models.train.checkpoint import LOG, load_checkpoint
from daw_models.train.loop import train
from daw_models.train.recipe import Recipe, TrainConfig, known_recipes, read_recipe
from daw_models.weights_file import read_header
from tests.models.model_builders import TINY, corpus_of, music, scale_run, write_melodies

RECIPE = Recipe(
    "tiny",
    replace(TINY, dropout=0.2),
    TrainConfig(
        streams=4,
        window=16,
        steps=12,
        learning_rate=0.01,
        warmup_steps=2,
        bfloat16=False,
        device="cpu",
        threads=1,
        log_every=1,
        save_every=6,
        valid_every=100,
    ),
)


def _silent(_: str) -> None:
    """Say nothing."""


def _corpus() -> Corpus:
    return corpus_of([music(50 + index, index) for index in range(8)])


def _losses(out: Path) -> list[float]:
    entries = [json.loads(line) for line in (out / LOG).read_text(encoding="utf-8").splitlines()]
    return [entry["loss"] for entry in entries if "loss" in entry]


def test_a_tiny_net_learns_a_scale_by_heart(tmp_path: Path) -> None:
    corpus = corpus_of([scale_run(48 + index, 60) for index in range(4)])
    recipe = replace(RECIPE, train=replace(RECIPE.train, steps=90, save_every=90))
    train(recipe, corpus, tmp_path, say=_silent)
    losses = _losses(tmp_path)
    assert sum(losses[-10:]) / 10 < 0.5 * losses[0]


def test_a_killed_run_goes_on_with_the_same_curve(tmp_path: Path) -> None:
    train(RECIPE, _corpus(), tmp_path / "whole", say=_silent)
    with pytest.raises(KeyboardInterrupt):
        train(RECIPE, _corpus(), tmp_path / "cut", say=_Killer(8))
    train(RECIPE, _corpus(), tmp_path / "cut", resume=True, say=_silent)
    whole, cut = _losses(tmp_path / "whole"), _losses(tmp_path / "cut")
    assert cut == whole[:8] + whole[6:]
    one, other = (load_checkpoint(tmp_path / name / "checkpoint.safetensors") for name in ("whole", "cut"))
    assert one.tensors.keys() == other.tensors.keys()
    assert all(torch.equal(one.tensors[name], other.tensors[name]) for name in one.tensors)


class _Killer:
    """Stands for the power cut: stops the run right after a step was logged."""

    def __init__(self, step: int) -> None:
        self.step = step

    def __call__(self, line: str) -> None:
        if json.loads(line)["step"] == self.step:
            raise KeyboardInterrupt


@pytest.mark.slow
def test_two_processes_train_the_model_that_one_trains(tmp_path: Path) -> None:
    _corpus().save(tmp_path / "tiny.corpus")
    (tmp_path / "tiny.toml").write_text(
        "[net]\nhidden = 24\nhead = 16\nwide = 8\nnarrow = 4\ndropout = 0.0\n"
        "[train]\nstreams = 4\nwindow = 16\nsteps = 6\nlog_every = 1\nbfloat16 = false\ndevice = 'cpu'\nthreads = 1\n",
        encoding="utf-8",
    )
    command = ["models", "train", "--recipe", str(tmp_path / "tiny.toml"), "--data", str(tmp_path / "tiny.corpus")]
    alone = [sys.executable, "-m", "daw_bridge"]
    pair = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2", "-m", "daw_bridge"]
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    for name, runner in (("alone", alone), ("pair", pair)):
        call = [*runner, *command, "--out", str(tmp_path / name)]
        done = subprocess.run(call, capture_output=True, text=True, env=environment, timeout=240)
        assert done.returncode == 0, done.stderr[-2000:]
    assert _losses(tmp_path / "pair") == pytest.approx(_losses(tmp_path / "alone"), abs=2e-3)
    one, other = (load_net(tmp_path / name / f"{name}.safetensors").state_dict() for name in ("alone", "pair"))
    for name, tensor in one.items():
        torch.testing.assert_close(other[name], tensor, atol=2e-3, rtol=0.02)


def test_a_run_in_the_folder_is_not_overwritten(tmp_path: Path) -> None:
    short = replace(RECIPE, train=replace(RECIPE.train, steps=2))
    train(short, _corpus(), tmp_path, say=_silent)
    with pytest.raises(UsageError, match="holds a run already; add --resume"):
        train(short, _corpus(), tmp_path, say=_silent)


def test_a_damaged_checkpoint_is_named(tmp_path: Path) -> None:
    short = replace(RECIPE, train=replace(RECIPE.train, steps=2))
    train(short, _corpus(), tmp_path, say=_silent)
    file = tmp_path / "checkpoint.safetensors"
    file.write_bytes(file.read_bytes()[:-100])
    with pytest.raises(UsageError, match=r"checkpoint\.safetensors: checkpoint cannot be read"):
        train(short, _corpus(), tmp_path, resume=True, say=_silent)


def test_shipped_recipes_can_be_read() -> None:
    assert {"lstm", "own"} <= set(known_recipes())
    for name in known_recipes():
        assert read_recipe(name).name == name
        if not read_recipe(name).licence:
            barred = ("nc_", "caution_", "nottingham")
            assert not [entry for entry in read_recipe(name).mix if entry.startswith(barred)]


def test_a_recipe_may_ask_for_its_own_dropout(tmp_path: Path) -> None:
    """The sizes are those of the net that the run starts from; dropout is the run's, if the recipe speaks of it."""
    (tmp_path / "dry.toml").write_text("[net]\ndropout = 0.0\n", encoding="utf-8")
    (tmp_path / "plain.toml").write_text("[net]\nhidden = 32\n", encoding="utf-8")
    start = replace(TINY, dropout=0.3)
    assert read_recipe(str(tmp_path / "dry.toml")).with_net(start).net == replace(TINY, dropout=0.0)
    assert read_recipe(str(tmp_path / "plain.toml")).with_net(start).net == start


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[train]\nsteps = 'many'", r"train\.steps must be int"),
        ("[train]\npace = 3", r"unknown key train\.pace"),
        ("[mix]\npop = -1", r"mix\.pop must be a number"),
        ("[tempo]\n", r"unknown table \[tempo\]"),
        ("[train\n", "not valid TOML"),
        ("[net]\ndepth = 3", "architecture"),
        ("licence = 3", "licence must be a text"),
    ],
)
def test_a_wrong_recipe_names_the_key(tmp_path: Path, text: str, said: str) -> None:
    (tmp_path / "odd.toml").write_text(text, encoding="utf-8")
    with pytest.raises(UsageError, match=rf"odd\.toml: .*{said}"):
        read_recipe(str(tmp_path / "odd.toml"))


def test_ones_own_midi_makes_a_model_in_one_command(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_melodies(tmp_path / "mine", 4)
    (tmp_path / "mine" / "broken.mid").write_bytes(b"MThd rubbish")
    (tmp_path / "quick.toml").write_text(
        "[net]\nhidden = 24\nhead = 16\nwide = 8\nnarrow = 4\n"
        "[train]\nstreams = 2\nwindow = 16\nsteps = 3\nbfloat16 = false\nthreads = 1\n",
        encoding="utf-8",
    )
    arguments = ["train", "--data", str(tmp_path / "mine"), "--out", str(tmp_path / "me")]
    assert main([*arguments, "--recipe", str(tmp_path / "quick.toml")]) == 0
    said = capsys.readouterr()
    assert "broken.mid" in said.err
    assert f"model: {tmp_path / 'me' / 'me.safetensors'}" in said.out
    assert "4 pieces to learn from, 160 notes; 0 held out" in said.out
    assert re.search(r"^step +3 +0:\d\d  held out: ", said.out, re.MULTILINE)
    start = ["--from", str(tmp_path / "me" / "me.safetensors"), "--minutes", "0.01"]
    with pytest.raises(UsageError, match="another number of streams; use its recipe"):
        main([*arguments, *start, "--resume"])
    tuned = ["train", "--data", str(tmp_path / "mine"), "--out", str(tmp_path / "tuned")]
    assert main([*tuned, *start]) == 0
    assert f"aiart-bridge --model {tmp_path / 'tuned' / 'tuned.safetensors'}" in capsys.readouterr().out


def test_weights_inherit_the_licence_that_binds_them(tmp_path: Path) -> None:
    """What the recipe's data ask for stays with its weights, and with all that is trained from these."""
    write_melodies(tmp_path / "mine", 4)
    text = (
        "{licence}[net]\nhidden = 24\nhead = 16\nwide = 8\nnarrow = 4\n"
        "[train]\nstreams = 2\nwindow = 16\nsteps = 1\nbfloat16 = false\nthreads = 1\n"
    )
    (tmp_path / "free.toml").write_text(text.format(licence=""), encoding="utf-8")
    (tmp_path / "bound.toml").write_text(text.format(licence="licence = 'CC BY-NC-SA 4.0'\n"), encoding="utf-8")
    bound = tmp_path / "bound" / "bound.safetensors"
    steps = (("free", "free", []), ("bound", "bound", []), ("tuned", "free", ["--from", str(bound)]))
    for name, recipe, start in steps:
        call = ["train", "--data", str(tmp_path / "mine"), "--out", str(tmp_path / name)]
        assert main([*call, "--recipe", str(tmp_path / f"{recipe}.toml"), *start]) == 0
    assert main(["export", str(tmp_path / "tuned"), "-o", str(tmp_path / "again.safetensors")]) == 0
    files = [tmp_path / "free" / "free.safetensors", bound, tmp_path / "tuned" / "tuned.safetensors"]
    licences = [read_header(file)["licence"] for file in [*files, tmp_path / "again.safetensors"]]
    assert licences == ["CC BY-SA 4.0", *["CC BY-NC-SA 4.0"] * 3]
    assert read_recipe("piano").licence == "CC BY-NC-SA 4.0"


def test_prepared_data_trains_like_the_folder(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_melodies(tmp_path / "mine", 4)
    assert main(["prepare", str(tmp_path / "mine"), "-o", str(tmp_path / "mine.corpus")]) == 0
    assert "160 notes" in capsys.readouterr().out
    assert len(Corpus.open(tmp_path / "mine.corpus")) == 4
    with pytest.raises(UsageError, match=r"ends in \.corpus"):
        main(["prepare", str(tmp_path / "mine"), "-o", str(tmp_path / "mine.bin")])
