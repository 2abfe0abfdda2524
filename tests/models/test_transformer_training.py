"""A transformer's run: with Muon, from a teacher, killed and resumed, exported and played."""

import json
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from daw_bridge.errors import UsageError
from daw_bridge.music.vocabulary import Vocabulary
from daw_models.data.corpus import Corpus
from daw_models.nets.build import load_net
from daw_models.nets.lstm import LstmNet
from daw_models.nets.transformer import TransformerConfig, TransformerNet
from daw_models.program import ensure_program
from daw_models.train.checkpoint import CHECKPOINT, LOG, load_checkpoint
from daw_models.train.export import export
from daw_models.train.loop import train
from daw_models.train.optimiser import make_optimisers
from daw_models.train.recipe import Recipe, TrainConfig, read_recipe
from tests.models.model_builders import TINY as TINY_LSTM
from tests.models.model_builders import corpus_of, music, scale_run, tiny_file

TINY = TransformerConfig(
    hidden=24, head=16, wide=8, narrow=4, blocks=2, heads=2, groups=1, inner=48, context=24, carried=8
)
RECIPE = Recipe(
    "tiny",
    TINY,
    TrainConfig(
        streams=4,
        window=16,
        steps=12,
        learning_rate=0.01,
        warmup_steps=2,
        bfloat16=False,
        optimiser="muon",
        device="cpu",
        threads=1,
        log_every=1,
        save_every=6,
        valid_every=100,
    ),
)


def _silent(_: str) -> None:
    """Say nothing."""


def _stopped_after(step: int) -> Callable[[str], None]:
    def say(line: str) -> None:
        if json.loads(line)["step"] == step:
            raise KeyboardInterrupt

    return say


def _corpus() -> Corpus:
    return corpus_of([music(50 + index, index) for index in range(8)])


def _losses(out: Path) -> list[float]:
    entries = [json.loads(line) for line in (out / LOG).read_text(encoding="utf-8").splitlines()]
    return [entry["loss"] for entry in entries if "loss" in entry]


def _teacher(folder: Path) -> Path:
    """A tiny LSTM as a weights file."""
    return tiny_file(folder / "teacher.safetensors")


def test_a_tiny_transformer_learns_a_scale_by_heart(tmp_path: Path) -> None:
    corpus = corpus_of([scale_run(48 + index, 60) for index in range(4)])
    recipe = replace(RECIPE, train=replace(RECIPE.train, steps=60, save_every=60))
    train(recipe, corpus, tmp_path, say=_silent)
    losses = _losses(tmp_path)
    assert sum(losses[-10:]) / 10 < 0.5 * losses[0]


@pytest.mark.parametrize("taught", [False, True])
def test_a_killed_run_goes_on_with_the_same_curve(tmp_path: Path, taught: bool) -> None:
    teacher = str(_teacher(tmp_path)) if taught else ""
    recipe = replace(RECIPE, train=replace(RECIPE.train, teacher=teacher))
    train(recipe, _corpus(), tmp_path / "whole", say=_silent)
    with pytest.raises(KeyboardInterrupt):
        train(recipe, _corpus(), tmp_path / "cut", say=_stopped_after(8))
    train(recipe, _corpus(), tmp_path / "cut", resume=True, say=_silent)
    whole, cut = _losses(tmp_path / "whole"), _losses(tmp_path / "cut")
    assert cut == whole[:8] + whole[6:]
    one, other = (load_checkpoint(tmp_path / name / CHECKPOINT) for name in ("whole", "cut"))
    assert one.tensors.keys() == other.tensors.keys()
    assert all(torch.equal(one.tensors[name], other.tensors[name]) for name in one.tensors)


def test_a_pupil_starts_with_what_fits_of_its_teacher(tmp_path: Path) -> None:
    teacher = _teacher(tmp_path)
    still = replace(RECIPE.train, steps=1, learning_rate=0.0, teacher=str(teacher))
    run = train(replace(RECIPE, train=still), _corpus(), tmp_path / "run", say=_silent)
    assert run is not None
    mine, known = load_checkpoint(run).part("net."), load_net(teacher).state_dict()
    shared = [name for name in mine if name in known]
    assert {"to_logits.1.weight", "pitch_table.weight", "from_hidden.weight"} <= set(shared)
    assert all(torch.equal(mine[name], known[name]) for name in shared)
    assert not any(name.startswith("layers.") for name in mine)


def test_a_pupil_with_weights_of_its_own_keeps_them(tmp_path: Path) -> None:
    teacher = _teacher(tmp_path)
    start = TransformerNet(TINY, Vocabulary()).state_dict()
    still = replace(RECIPE.train, steps=1, learning_rate=0.0, teacher=str(teacher))
    run = train(replace(RECIPE, train=still), _corpus(), tmp_path / "run", start_from=start, say=_silent)
    assert run is not None
    mine = load_checkpoint(run).part("net.")
    assert all(torch.equal(weight, start[name]) for name, weight in mine.items())


def test_a_teacher_is_heard_in_the_first_part_of_a_run_alone(tmp_path: Path) -> None:
    start = TransformerNet(TINY, Vocabulary()).state_dict()
    still = replace(RECIPE.train, steps=8, learning_rate=0.0)
    train(replace(RECIPE, train=still), _corpus(), tmp_path / "alone", start_from=start, say=_silent)
    taught = replace(still, teacher=str(_teacher(tmp_path)), taught=0.5)
    train(replace(RECIPE, train=taught), _corpus(), tmp_path / "taught", start_from=start, say=_silent)
    alone, taught_losses = _losses(tmp_path / "alone"), _losses(tmp_path / "taught")
    assert taught_losses[4:] == alone[4:]
    assert not set(taught_losses[:4]) & set(alone)


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("g++") is None, reason="torch compiles with a C++ compiler")
def test_a_compiled_net_learns_the_same(tmp_path: Path) -> None:
    recipe = replace(RECIPE, net=replace(TINY, blocks=1))
    train(recipe, _corpus(), tmp_path / "plain", say=_silent)
    compiled = replace(recipe, train=replace(recipe.train, compile=True))
    torch.compiler.reset()
    train(compiled, _corpus(), tmp_path / "compiled", say=_silent)
    assert torch._dynamo.utils.counters["stats"]["unique_graphs"] > 0
    plain, found = _losses(tmp_path / "plain"), _losses(tmp_path / "compiled")
    assert found == pytest.approx(plain, rel=1e-3)


def test_without_a_compiler_that_is_said_before_the_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "which", lambda _: None)
    compiled = replace(RECIPE, train=replace(RECIPE.train, compile=True))
    with pytest.raises(UsageError, match=r"train\.compile needs a C\+\+ compiler; install g\+\+"):
        train(compiled, _corpus(), tmp_path / "run", say=_silent)


def test_a_pupil_follows_its_teacher(tmp_path: Path) -> None:
    """Taught by a net that knows the scale, a fresh one knows it sooner."""
    corpus = corpus_of([scale_run(64, 60)] * 4)
    lstm = replace(RECIPE, net=TINY_LSTM, train=replace(RECIPE.train, optimiser="adamw", steps=150, save_every=150))
    learnt = train(lstm, corpus, tmp_path / "teacher", say=_silent)
    assert learnt is not None
    teacher = export(learnt, tmp_path / "teacher.safetensors", licence="CC0")
    alone = replace(RECIPE, train=replace(RECIPE.train, steps=10))
    train(alone, corpus, tmp_path / "alone", say=_silent)
    train(replace(alone, train=replace(alone.train, teacher=str(teacher))), corpus, tmp_path / "taught", say=_silent)
    assert _losses(tmp_path / "taught")[-1] < 0.8 * _losses(tmp_path / "alone")[-1]


def test_what_was_trained_is_exported_and_compiled(tmp_path: Path) -> None:
    run = train(replace(RECIPE, train=replace(RECIPE.train, steps=2)), _corpus(), tmp_path / "run", say=_silent)
    assert run is not None
    weights = export(run, tmp_path / "own.safetensors", licence="CC0")
    net = load_net(weights)
    assert isinstance(net, TransformerNet)
    assert net.config == TINY
    program: torch.jit.ScriptModule = torch.jit.load(str(ensure_program(weights, tmp_path / "cache")))  # type: ignore[no-untyped-call]
    with torch.inference_mode():
        rows, _, _ = program.sample(program.initial_state(2), torch.rand(2, 5, 4), -1, 0, {})
    assert rows.shape == (2, 5, 4)


def test_muon_moves_the_matrices_of_the_blocks_and_adamw_all_others() -> None:
    net = TransformerNet(TINY, Vocabulary())
    adamw, muon = make_optimisers(net, "muon", learning_rate=0.01, weight_decay=0.1)
    turned = [weight for group in muon.param_groups for weight in group["params"]]
    others = [weight for group in adamw.param_groups for weight in group["params"]]
    assert len(turned) == 4 * TINY.blocks
    assert {id(weight) for weight in [*turned, *others]} == {id(weight) for weight in net.parameters()}
    assert len(turned) + len(others) == len(list(net.parameters()))
    with pytest.raises(UsageError, match=r"train\.optimiser 'sgd' is not known; use adamw or muon"):
        make_optimisers(net, "sgd", learning_rate=0.01, weight_decay=0.1)


def test_muon_moves_the_matrices_that_the_piano_recipe_names() -> None:
    recipe = read_recipe("piano").train
    net = LstmNet(TINY_LSTM, Vocabulary())
    _, muon = make_optimisers(net, "muon", learning_rate=0.01, weight_decay=0.1, turned_by_muon=recipe.muon)
    turned = {id(weight) for group in muon.param_groups for weight in group["params"]}
    names = {name for name, weight in net.named_parameters() if id(weight) in turned}
    assert {"enter.weight", "layers.0.weight_ih_l0", "layers.0.weight_hh_l0", "from_hidden.weight"} <= names
    assert not [name for name in names if "bias" in name or "table" in name or name.startswith("to_")]


def test_the_shipped_recipe_is_a_transformer_of_ten_million_weights() -> None:
    recipe = read_recipe("transformer")
    assert isinstance(recipe.net, TransformerConfig)
    assert 10_000_000 < TransformerNet(recipe.net, Vocabulary()).count() < 12_000_000
