"""A glaze brings light and colour nearer to the wish, within bounds, and paints nothing itself."""

import numpy as np
import pytest
import torch

from daw_models.art.attributes import ATTRIBUTES, Standing, measure_batch
from daw_models.art.glaze import glazed
from daw_models.art.tensors import as_tensor
from tests.art.art_builders import picture

PICTURES = as_tensor(np.stack([picture(label, seed) for label in range(2) for seed in range(3)]), 64)
SPREAD = torch.tensor([0.1, 0.05, 0.1, 0.05, 0.05, 30.0, 0.02, 0.1]).repeat(len(PICTURES), 1)


def figures(pictures: torch.Tensor) -> torch.Tensor:
    return measure_batch((0.5 * (pictures + 1)).clamp(0, 1))


@pytest.mark.parametrize(
    ("name", "change"), [("brightness", -0.08), ("contrast", -0.05), ("saturation", -0.1), ("warmth", 0.08)]
)
def test_light_contrast_and_colour_come_nearer(name: str, change: float) -> None:
    column = ATTRIBUTES.index(name)
    before = figures(PICTURES)
    wanted = before.clone()
    wanted[:, column] += change
    after = figures(glazed(PICTURES, wanted, SPREAD))
    assert (after[:, column] - wanted[:, column]).abs().mean() < 0.8 * abs(change)


def test_a_wish_that_is_met_changes_next_to_nothing() -> None:
    assert (glazed(PICTURES, figures(PICTURES), SPREAD) - PICTURES).abs().mean() < 0.02


def test_an_impossible_wish_stays_within_bounds() -> None:
    wanted = figures(PICTURES)
    wanted[:, 0] = 1.0
    assert (glazed(PICTURES, wanted, SPREAD).mean((1, 2, 3)) - PICTURES.mean((1, 2, 3))).abs().max() < 0.3


def test_pictures_are_glazed_each_for_itself() -> None:
    wanted = figures(PICTURES) + 0.05
    alone = glazed(PICTURES[2:3], wanted[2:3], SPREAD[2:3])
    assert torch.allclose(glazed(PICTURES, wanted, SPREAD)[2:3], alone, atol=1e-4)


def test_percentiles_and_figures_lead_to_each_other() -> None:
    random = np.random.default_rng(1)
    table = random.normal(0.5, 0.1, (200, len(ATTRIBUTES))).astype(np.float32)
    labels = np.zeros(200, np.int64)
    standing = Standing.of(table, labels, 4)
    asked = random.uniform(0, 1, (20, len(ATTRIBUTES))).astype(np.float32)
    met = standing.percentiles(standing.figures(labels[:20], asked), labels[:20])
    assert np.abs(met - asked).max() < 0.01
    assert (standing.spreads()[0, :5] > 0.05).all()
