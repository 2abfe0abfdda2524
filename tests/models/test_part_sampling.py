"""Drawing a bin from logits."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from daw_models.nets.sampling import below_one, choose


def _spread(count: int) -> torch.Tensor:
    return below_one((torch.arange(count) + 0.5) / count).unsqueeze(1)


def test_draws_follow_the_distribution() -> None:
    logits = torch.log(torch.tensor([[0.5, 0.3, 0.15, 0.05]]))
    drawn = choose(logits.expand(10_000, 4), 1.0, 1.0, _spread(10_000))
    shares = torch.bincount(drawn.flatten(), minlength=4) / 10_000
    assert shares.tolist() == pytest.approx([0.5, 0.3, 0.15, 0.05], abs=1e-3)


def test_top_p_keeps_the_smallest_set_that_holds_it() -> None:
    logits = torch.log(torch.tensor([[0.05, 0.5, 0.15, 0.3]]))
    drawn = {top_p: choose(logits.expand(1000, 4), 1.0, top_p, _spread(1000)) for top_p in (0.45, 0.6, 0.9)}
    assert {top_p: set(bins.flatten().tolist()) for top_p, bins in drawn.items()} == {
        0.45: {1},
        0.6: {1, 3},
        0.9: {1, 2, 3},
    }


def test_a_flat_distribution_keeps_more_than_the_likeliest_few() -> None:
    drawn = choose(torch.zeros(1000, 551), 1.0, 0.9, _spread(1000))
    assert len(set(drawn.flatten().tolist())) == 496


def test_a_low_temperature_sharpens() -> None:
    logits = torch.log(torch.tensor([[0.6, 0.4]])).expand(1000, 2)
    assert int(choose(logits, 0.5, 1.0, _spread(1000)).sum()) == pytest.approx(1000 * 0.16 / 0.52, abs=3)


@given(st.lists(st.booleans(), min_size=3, max_size=40).filter(any), st.floats(0, 1, exclude_max=True, width=32))
def test_forbidden_bins_are_never_drawn(allowed: list[bool], uniform: float) -> None:
    logits = torch.tensor([[0.0 if free else -float("inf") for free in allowed]])
    drawn = int(choose(logits, 1.0, 1.0, below_one(torch.tensor([[uniform]]))))
    assert allowed[drawn]


def test_the_last_uniform_below_one_stays_inside() -> None:
    logits = torch.zeros(1, 551)
    logits[0, 400:] = -float("inf")
    assert int(choose(logits, 1.0, 1.0, below_one(torch.tensor([[1.0 - 2.0**-24]])))) == 399
