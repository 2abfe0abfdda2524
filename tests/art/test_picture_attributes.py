"""Attributes say how a picture looks, and where it stands among others."""

import numpy as np
import pytest
import torch

from daw_models.art.attributes import ATTRIBUTES, Standing, measure, measure_batch
from tests.art.art_builders import picture


def flat(red: int, green: int, blue: int) -> dict[str, float]:
    return measure(np.full((256, 256, 3), (red, green, blue), np.uint8))


def test_a_flat_picture_has_light_and_hue_but_neither_contrast_nor_edges() -> None:
    found = flat(255, 0, 0)
    assert found["brightness"] == pytest.approx(0.2126, abs=1e-3)
    assert found["saturation"] == pytest.approx(1, abs=1e-3)
    assert found["warmth"] == pytest.approx(1, abs=1e-3)
    assert found["hue"] % 360 == pytest.approx(0, abs=0.1)
    assert found["contrast"] == pytest.approx(0, abs=2e-3)
    assert found["edge_density"] == pytest.approx(0, abs=1e-4)


@pytest.mark.parametrize(
    ("colour", "degrees"), [((0, 255, 0), 120), ((0, 0, 255), 240), ((255, 255, 0), 60), ((0, 255, 255), 180)]
)
def test_hue_goes_round_the_circle_of_colours(colour: tuple[int, int, int], degrees: float) -> None:
    assert flat(*colour)["hue"] == pytest.approx(degrees, abs=0.5)


def test_light_from_above_is_the_upper_third_less_the_lower() -> None:
    pixels = np.zeros((256, 256, 3), np.uint8)
    pixels[:85] = 255
    found = measure(pixels)
    assert found["top_minus_bottom"] == pytest.approx(1, abs=1e-3)
    assert found["contrast"] == pytest.approx(0.47, abs=0.01)


def test_stripes_have_the_edges_of_their_slope() -> None:
    pixels = np.zeros((256, 256, 3), np.uint8)
    pixels[:, ::4] = pixels[:, 1::4] = 200
    assert measure(pixels)["edge_density"] == pytest.approx(200 / 255 / 2, abs=0.01)


def test_a_picture_of_another_size_measures_about_the_same() -> None:
    large = picture(0, 1, 512)
    small = np.asarray(large)[::2, ::2]
    for name in ("brightness", "contrast", "saturation", "warmth", "top_minus_bottom"):
        assert measure(large)[name] == pytest.approx(measure(small)[name], abs=0.01)


def test_gradients_reach_every_attribute() -> None:
    pixels = torch.rand(2, 3, 64, 64, generator=torch.Generator().manual_seed(1), requires_grad=True)
    for column in range(len(ATTRIBUTES)):
        (gradient,) = torch.autograd.grad(measure_batch(pixels)[:, column].sum(), pixels)
        assert torch.isfinite(gradient).all()
        assert gradient.abs().sum() > 0


def test_percentiles_rise_with_the_figure_and_ties_stand_in_the_middle() -> None:
    figures = np.repeat(np.arange(11, dtype=np.float32)[:, None], len(ATTRIBUTES), 1)
    figures[:, 1] = 3.0
    labels = np.zeros(11, np.int64)
    standing = Standing.of(figures, labels, 4)
    found = Standing.from_spec(standing.as_spec()).percentiles(figures, labels)
    assert found[:, 0] == pytest.approx(np.linspace(0, 1, 11), abs=0.01)
    assert found[:, 1] == pytest.approx(0.5)
