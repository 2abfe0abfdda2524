"""The training pictures as grids of latents: encoded once in several windows, so that no step waits for pixels."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch.nn import functional

from daw_models.art.attributes import Standing, measure_batch
from daw_models.art.nets.autoencoder import Autoencoder
from daw_models.art.pictures import Pictures, random_batch
from daw_models.art.wish import SETS

_AT_ONCE = 32
_THUMBNAIL = 16


@dataclass(frozen=True)
class Grids:
    """`values` float16 [V, N, C, g, g], each of V windows of every picture, brought to mean 0 and spread 1 by channel.

    `percentiles` [V, N, 8] are of the window itself, and so are its `codes` [V, N, K]: what its composition is beyond
    its attributes, about normally distributed in each set. `mean` and `spread` [C] lead back to the latents.
    """

    values: NDArray[np.float16]
    percentiles: NDArray[np.float32]
    codes: NDArray[np.float32]
    labels: NDArray[np.int64]
    mean: NDArray[np.float32]
    spread: NDArray[np.float32]
    standing: Standing


def encode(net: Autoencoder, pictures: Pictures, *, windows: int, code: int, seed: int) -> Grids:
    """Encode `windows` random windows of every picture, each with a composition code of `code` figures."""
    random = np.random.default_rng(seed)
    values, figures, thumbnails = [], [], []
    for _ in range(windows):
        for start in range(0, len(pictures), _AT_ONCE):
            chosen = np.arange(start, min(start + _AT_ONCE, len(pictures)))
            batch = random_batch(pictures, chosen, net.config.size, random)
            with torch.no_grad(), torch.autocast("cpu", torch.bfloat16):
                values.append(net.encoder(batch)[0].half().numpy())
            figures.append(measure_batch(0.5 * (batch + 1)).numpy())
            thumbnails.append(functional.adaptive_avg_pool2d(batch, _THUMBNAIL).flatten(1).numpy())
    labels = np.tile(pictures.labels, windows)
    measured = np.concatenate(figures)
    standing = Standing.of(measured, labels, len(SETS))
    shape = (windows, len(pictures))
    grids = np.concatenate(values)
    mean = grids.mean((0, 2, 3), dtype=np.float32)
    spread = grids.astype(np.float32).std((0, 2, 3))
    grids = ((grids - mean[:, None, None]) / spread[:, None, None]).astype(np.float16)
    percentiles = standing.percentiles(measured, labels)
    codes = composition_codes(np.concatenate(thumbnails), percentiles, labels, code)
    return Grids(
        grids.reshape(*shape, *grids.shape[1:]),
        percentiles.reshape(*shape, -1),
        codes.reshape(*shape, -1),
        pictures.labels,
        mean,
        spread,
        standing,
    )


def composition_codes(
    thumbnails: NDArray[np.float32], percentiles: NDArray[np.float32], labels: NDArray[np.int64], count: int
) -> NDArray[np.float32]:
    """What attributes leave unexplained of thumbnails [N, D], as principal components of spread 1, [N, count].

    Each set has components of its own; where a set has too few pictures for `count`, the rest is 0.
    """
    codes = np.zeros((len(thumbnails), count), np.float32)
    for label in np.unique(labels):
        mine = labels == label
        told = np.concatenate([np.ones((mine.sum(), 1)), 2 * percentiles[mine] - 1], axis=1)
        explained, *_ = np.linalg.lstsq(told, thumbnails[mine].astype(np.float64), rcond=None)
        left = thumbnails[mine] - told @ explained
        variances, directions = np.linalg.eigh(left.T @ left / len(left))
        kept = np.argsort(-variances)[:count]
        kept = kept[variances[kept] > 1e-8]
        codes[mine, : len(kept)] = left @ directions[:, kept] / np.sqrt(variances[kept])
    return codes
