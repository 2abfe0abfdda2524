"""Retouching: holes are filled and nothing else moves, noise becomes paint, and bad pictures are one line."""

from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from daw_bridge.errors import UsageError
from daw_models.art.redraw import Redrawer
from daw_models.cover.retouch import (
    Retouch,
    check_layer,
    clean,
    read_mask,
    read_picture,
    retouched,
)
from daw_models.cover.vgg import open_vgg
from daw_models.cover.video import Picture

SIDE = 128


def meadow() -> Picture:
    """A sky that fades into a meadow."""
    rows = np.linspace(0, 1, SIDE)[:, None, None]
    sky, grass = np.array([170, 190, 210]), np.array([110, 130, 60])
    return np.broadcast_to(sky * (1 - rows) + grass * rows, (SIDE, SIDE, 3)).astype(np.uint8)


def hole() -> np.ndarray[tuple[int, int], np.dtype[np.bool_]]:
    """A square of a quarter of the side, in the middle."""
    holes = np.zeros((SIDE, SIDE), np.bool_)
    holes[48:80, 48:80] = True
    return holes


def test_a_hole_is_filled_from_around_it_and_the_rest_stays() -> None:
    spoilt = meadow().copy()
    spoilt[hole()] = (255, 0, 255)
    filled = retouched(spoilt, Retouch(mask=hole()), seed=1)
    far = np.ones((SIDE, SIDE), np.bool_)
    far[40:88, 40:88] = False
    np.testing.assert_array_equal(filled[far], spoilt[far])
    error = np.abs(filled[hole()].astype(int) - meadow()[hole()]).mean()
    assert error < 0.3 * np.abs(spoilt[hole()].astype(int) - meadow()[hole()]).mean()


def test_noise_is_cleaned_away() -> None:
    noise = np.random.default_rng(2).normal(0, 25, (SIDE, SIDE, 3))
    noisy = (meadow() + noise).clip(0, 255).astype(np.uint8)
    cleaned = clean(noisy, Redrawer.load())
    assert np.abs(cleaned.astype(int) - meadow()).mean() < 0.7 * np.abs(noisy.astype(int) - meadow()).mean()


def test_a_picture_of_ones_own_takes_the_painters_place() -> None:
    own = np.zeros((300, 500, 3), np.uint8)
    own[:, 100:400] = (10, 200, 10)
    result = retouched(meadow(), Retouch(picture=own), seed=1)
    assert result.shape == meadow().shape
    assert np.abs(result.astype(int) - (10, 200, 10)).max() <= 2
    assert Retouch(picture=own, enhance=True).words == ("begun from a picture of yours", "cleaned by the autoencoder")


def test_a_mask_must_fit_its_picture(tmp_path: Path) -> None:
    mask = tmp_path / "mask.png"
    Image.new("L", (64, 32), 255).save(mask)
    with pytest.raises(UsageError, match="64 x 32 for a picture of 128 x 128"):
        read_mask(mask, meadow())
    with pytest.raises(UsageError, match="64 x 32 for a picture of 32 x 32"):
        read_mask(mask, None)
    Image.new("L", (64, 64), 0).save(mask)
    with pytest.raises(UsageError, match="nothing in the mask is white"):
        read_mask(mask, None)


@pytest.mark.parametrize("content", [b"", b"GIF89a", b"\x89PNG\r\n\x1a\n" + b"x" * 40, b"plain words"])
def test_a_picture_that_is_none_is_one_line(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "picture.png"
    path.write_bytes(content)
    with pytest.raises(UsageError, match=r"picture\.png: not a picture, or damaged; give a PNG"):
        read_picture(path)
    with pytest.raises(UsageError, match="no such picture"):
        read_picture(tmp_path / "nosuch.png")


def test_an_unknown_layer_is_refused_with_those_there_are() -> None:
    with pytest.raises(UsageError, match=r"no layer 'nose'; choose lines, strokes"):
        check_layer("nose")


def test_vgg19_of_the_users_is_read_and_nothing_else(tmp_path: Path) -> None:
    widths, index, last = [(64, 2), (128, 2), (256, 4), (512, 4)], 0, 3
    weights = {}
    for width, count in widths:
        for _ in range(count):
            weights[f"features.{index}.weight"] = torch.full((width, last, 3, 3), 0.01 / last)
            weights[f"features.{index}.bias"] = torch.zeros(width)
            last, index = width, index + 2
        index += 1
    path = tmp_path / "vgg19.pth"
    torch.save(weights, path)
    net = open_vgg(path)
    maps = net.features(torch.rand(1, 3, 32, 32))
    assert set(net.style_layers) <= set(maps)
    assert maps["conv4_2"].shape == (1, 512, 4, 4)
    for content in (b"", b"words", path.read_bytes()[:2000]):
        (tmp_path / "bad.pth").write_bytes(content)
        with pytest.raises(UsageError, match="not VGG19's weights"):
            open_vgg(tmp_path / "bad.pth")
    torch.save({"features.0.weight": torch.zeros(1)}, path)
    with pytest.raises(UsageError, match="not VGG19's weights"):
        open_vgg(path)
