"""Figures that compare crowds of vectors."""

import numpy as np
import pytest

from daw_models.art.measures import kernel_distance, mean_distance, nearest_distances, rank_correlation


def crowd(shift: float, seed: int, count: int = 200) -> np.ndarray:
    return np.random.default_rng(seed).normal(shift, 1, (count, 16))


def test_the_distance_is_near_nothing_for_equal_crowds_and_grows_with_the_shift() -> None:
    real = crowd(0, 1)
    same, _ = kernel_distance(crowd(0, 2), real)
    near, _ = kernel_distance(crowd(0.5, 3), real)
    far, _ = kernel_distance(crowd(1.0, 4), real)
    assert abs(same) < 0.1
    assert same < near < far
    with pytest.raises(ValueError, match="two vectors"):
        kernel_distance(real[:1], real)


def test_ranks_hear_order_and_nothing_else() -> None:
    rising = np.arange(20.0)
    assert rank_correlation(rising, np.exp(rising)) == pytest.approx(1)
    assert rank_correlation(rising, -rising) == pytest.approx(-1)
    assert rank_correlation(np.array([1.0, 2, 2, 3]), np.array([1.0, 2, 3, 4])) == pytest.approx(0.9487, abs=1e-4)


def test_the_nearest_is_found_and_crowds_have_their_width() -> None:
    among = crowd(0, 1)
    rows, distances = nearest_distances(among[[5, 7]] + 1e-3, among)
    assert rows.tolist() == [5, 7]
    assert distances == pytest.approx(0.004, abs=1e-3)
    assert mean_distance(3 * among) == pytest.approx(3 * mean_distance(among))
