"""Figures that compare two crowds of pictures by their features: kernel distance, diversity, rank correlation."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Vectors = NDArray[np.float64]


def kernel_distance(
    drawn: Vectors, real: Vectors, *, size: int = 100, subsets: int = 50, seed: int = 1
) -> tuple[float, float]:
    """Kernel inception distance of vectors [N, D] and [M, D], mean and standard deviation over random subsets.

    Binkowski et al., "Demystifying MMD GANs", 2018: the unbiased squared maximum mean discrepancy under the polynomial
    kernel (x.y / D + 1)^3. Near 0 for equal crowds, and may fall below.
    """
    random = np.random.default_rng(seed)
    size = min(size, len(drawn), len(real))
    if size < 2:
        raise ValueError("a distance needs two vectors on each side")
    found = []
    for _ in range(subsets):
        x = drawn[random.choice(len(drawn), size, replace=False)]
        y = real[random.choice(len(real), size, replace=False)]
        within_x, within_y, across = _kernel(x, x), _kernel(y, y), _kernel(x, y)
        inside = (within_x.sum() - np.trace(within_x) + within_y.sum() - np.trace(within_y)) / (size * (size - 1))
        found.append(inside - 2 * across.mean())
    return float(np.mean(found)), float(np.std(found))


def _kernel(x: Vectors, y: Vectors) -> Vectors:
    kernel: Vectors = (x @ y.T / x.shape[1] + 1) ** 3
    return kernel


def mean_distance(vectors: Vectors) -> float:
    """Mean Euclidean distance between two different vectors of [N, D]."""
    squares = (vectors**2).sum(1)
    distances = np.sqrt(np.maximum(squares[:, None] + squares[None] - 2 * vectors @ vectors.T, 0))
    count = len(vectors)
    return float(distances.sum() / (count * (count - 1)))


def nearest_distances(asked: Vectors, among: Vectors) -> tuple[NDArray[np.int64], Vectors]:
    """For each of `asked` [N, D] the row of the nearest of `among` [M, D], and how far that is."""
    squares = (asked**2).sum(1)[:, None] + (among**2).sum(1)[None] - 2 * asked @ among.T
    rows = squares.argmin(1)
    return rows, np.sqrt(np.maximum(squares[np.arange(len(asked)), rows], 0))


def rank_correlation(wanted: Vectors, found: Vectors) -> float:
    """Spearman's rank correlation of two rows of figures; equal figures share their mean rank. 0 if all are equal."""
    if wanted.min() == wanted.max() or found.min() == found.max():
        return 0.0
    return float(np.corrcoef(_ranks(wanted), _ranks(found))[0, 1])


def _ranks(figures: Vectors) -> Vectors:
    _, inverse, counts = np.unique(figures, return_inverse=True, return_counts=True)
    last = np.cumsum(counts)
    ranks: Vectors = (last - 0.5 * (counts - 1))[inverse]
    return ranks
