"""Style transfer takes over the style's colours and textures and keeps the subject; dreams excite their layer."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from daw_models.cover.restyle import DreamSettings, StyleSettings, dream, gram, restyle
from daw_models.cover.video import Picture

STEPS = StyleSettings(steps=(20, 10), style_weight=3.0, smoothness=0.05, rate=0.03)


def random_features(pictures: Tensor) -> dict[str, Tensor]:
    """Two layers of fixed random filters: enough to see colour, stripes and places."""
    generator = torch.Generator().manual_seed(3)
    first = torch.randn(16, 3, 3, 3, generator=generator) * 0.3
    second = torch.randn(24, 16, 3, 3, generator=generator) * 0.1
    near = nn.functional.relu(nn.functional.conv2d(pictures, first, padding=1))
    far = nn.functional.relu(nn.functional.conv2d(nn.functional.avg_pool2d(near, 2), second, padding=1))
    return {"near": near, "far": far}


def subject() -> Picture:
    """A light disc on dark ground."""
    y, x = np.mgrid[:64, :64]
    disc = ((x - 32) ** 2 + (y - 32) ** 2 < 300)[:, :, None]
    return np.where(disc, np.uint8(200), np.uint8(60)).repeat(3, axis=2)


def stripes() -> Picture:
    """Red and blue stripes, wider than high."""
    x = np.arange(120) // 4 % 2
    row = np.stack([200 * x, 20 + 0 * x, 200 * (1 - x)], axis=1).astype(np.uint8)
    return np.repeat(row[None], 80, axis=0)


def style_distance(picture: Picture) -> float:
    """How far the picture's filters go together otherwise than the stripes'."""
    near = [
        random_features(torch.from_numpy(p.copy()).permute(2, 0, 1)[None] / 255)["near"] for p in (picture, stripes())
    ]
    return float((gram(near[0]) - gram(near[1])).pow(2).sum())


def test_the_style_comes_and_the_subject_stays() -> None:
    painted = restyle(subject(), stripes(), random_features, ("near", "far"), STEPS)
    assert painted.shape == (64, 64, 3)
    assert style_distance(painted) < 0.35 * style_distance(subject())
    light = painted.mean(axis=2)
    assert light[24:40, 24:40].mean() > light[:10, :10].mean() + 15


def test_a_heavier_style_takes_more() -> None:
    light, heavy = (
        restyle(subject(), stripes(), random_features, ("near", "far"), replace(STEPS, style_weight=weight))
        for weight in (0.02, 5.0)
    )
    assert style_distance(heavy) < style_distance(light)


def test_the_same_twice() -> None:
    once, again = (restyle(subject(), stripes(), random_features, ("near",), StyleSettings((4, 4))) for _ in range(2))
    np.testing.assert_array_equal(once, again)


def test_a_dream_excites_its_layer_and_still_shows_the_picture() -> None:
    settings = DreamSettings(octaves=2, steps=6, rate=0.03)
    dreamt = dream(subject(), random_features, "far", settings)

    def excited(picture: Picture) -> float:
        shown = torch.from_numpy(picture.copy()).permute(2, 0, 1)[None] / 255
        return float(random_features(shown)["far"].pow(2).mean())

    assert excited(dreamt) > 1.02 * excited(subject())
    assert np.corrcoef(dreamt.mean(axis=2).ravel(), subject().mean(axis=2).ravel())[0, 1] > 0.6
    np.testing.assert_array_equal(dreamt, dream(subject(), random_features, "far", settings))


@pytest.mark.parametrize("wrong", ["nowhere", ""])
def test_an_unknown_layer_names_those_there_are(wrong: str) -> None:
    with pytest.raises(ValueError, match="near, far"):
        dream(subject(), random_features, wrong)
    with pytest.raises(ValueError, match="near, far"):
        restyle(subject(), stripes(), random_features, (wrong,), StyleSettings((1, 1)))
