"""The upscaler: it learns, goes on where it stopped, and its file is refused when damaged."""

from pathlib import Path

import numpy as np
import pytest
import torch

from daw_bridge.errors import UsageError
from daw_models.cover.upscaler import Upscaler, UpscalerConfig, enlarge, load_upscaler, write_upscaler
from daw_models.cover.upscaler_training import UpscalerTraining, averaged, shrink, train_upscaler, validate
from tests.cover.cover_builders import scene

TINY = UpscalerConfig(channels=8, blocks=1)
COURSE = UpscalerTraining(
    steps=60, batch=2, patch=32, critic_from=0.8, held_back=1, log_every=20, save_every=30, learning_rate=8e-3
)
PICTURES = [scene(64, seed) for seed in range(4)]


def quiet(_line: str) -> None:
    """What training says is of no interest here."""


def test_it_learns_to_return_what_shrinking_took(tmp_path: Path) -> None:
    said: list[str] = []
    checkpoint = train_upscaler(TINY, COURSE, PICTURES, tmp_path, say=said.append)
    state = torch.load(checkpoint, weights_only=True)
    assert state["step"] == COURSE.steps
    begun = validate(Upscaler(TINY).eval(), PICTURES, COURSE)
    learnt = validate(averaged(TINY, state["average"]), PICTURES, COURSE)
    assert begun["psnr"] == pytest.approx(begun["psnr_smooth"], abs=0.5)
    assert learnt["psnr"] > begun["psnr"]
    assert learnt["fine"] > learnt["fine_smooth"] + 0.01
    assert "critic" in said[-2]


def test_a_run_that_stopped_ends_as_one_that_did_not(tmp_path: Path) -> None:
    whole = train_upscaler(TINY, COURSE, PICTURES, tmp_path / "whole", say=quiet)
    train_upscaler(TINY, COURSE, PICTURES, tmp_path / "parts", minutes=1e-9, say=quiet)
    parts = train_upscaler(TINY, COURSE, PICTURES, tmp_path / "parts", resume=True, say=quiet)
    one, other = (torch.load(path, weights_only=True)["net"] for path in (whole, parts))
    assert all(torch.equal(one[name], other[name]) for name in one)


def test_small_pictures_are_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="too few"):
        train_upscaler(TINY, COURSE, [scene(16)] * 4, tmp_path, say=quiet)


def test_an_untrained_net_enlarges_smoothly() -> None:
    large = enlarge(Upscaler(TINY).eval(), scene(24))
    assert large.shape == (96, 96, 3)
    again = shrink(torch.from_numpy(large).permute(2, 0, 1)[None] / 255.0, 4, 0.0)[0].permute(1, 2, 0).numpy()
    assert np.abs(again - scene(24) / 255.0).mean() < 0.03


def test_weights_come_back_and_damage_is_told(tmp_path: Path) -> None:
    net, path = Upscaler(TINY), tmp_path / "up.safetensors"
    write_upscaler(path, net, trained_on={"pictures": 4})
    back = load_upscaler(path)
    assert back.config == TINY
    assert torch.equal(back.into.weight, net.into.weight.half().float())
    data = bytearray(path.read_bytes())
    data[-3] ^= 0xFF
    path.write_bytes(data)
    with pytest.raises(UsageError, match=r"up\.safetensors: damaged"):
        load_upscaler(path)
