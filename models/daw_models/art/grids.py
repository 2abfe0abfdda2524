"""The training pictures as grids of latents: encoded once in several windows, so that the GAN never waits for pixels."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from daw_models.art.attributes import Standing, measure_batch
from daw_models.art.nets.autoencoder import Autoencoder
from daw_models.art.pictures import Pictures, random_batch
from daw_models.art.wish import SETS

_AT_ONCE = 32


@dataclass(frozen=True)
class Grids:
    """`values` float16 [V, N, C, g, g], each of V windows of every picture, brought to mean 0 and spread 1 by channel.

    `percentiles` [V, N, 8] are of the window itself; `mean` and `spread` [C] lead back to the latents.
    """

    values: NDArray[np.float16]
    percentiles: NDArray[np.float32]
    labels: NDArray[np.int64]
    mean: NDArray[np.float32]
    spread: NDArray[np.float32]
    standing: Standing


def encode(net: Autoencoder, pictures: Pictures, *, windows: int, seed: int) -> Grids:
    """Encode `windows` random windows of every picture."""
    random = np.random.default_rng(seed)
    values, figures = [], []
    for _ in range(windows):
        for start in range(0, len(pictures), _AT_ONCE):
            chosen = np.arange(start, min(start + _AT_ONCE, len(pictures)))
            batch = random_batch(pictures, chosen, net.config.size, random)
            with torch.no_grad(), torch.autocast("cpu", torch.bfloat16):
                values.append(net.encoder(batch)[0].half().numpy())
            figures.append(measure_batch(0.5 * (batch + 1)).numpy())
    labels = np.tile(pictures.labels, windows)
    measured = np.concatenate(figures)
    standing = Standing.of(measured, labels, len(SETS))
    shape = (windows, len(pictures))
    grids = np.concatenate(values)
    mean = grids.mean((0, 2, 3), dtype=np.float32)
    spread = grids.astype(np.float32).std((0, 2, 3))
    grids = ((grids - mean[:, None, None]) / spread[:, None, None]).astype(np.float16)
    return Grids(
        grids.reshape(*shape, *grids.shape[1:]),
        standing.percentiles(measured, labels).reshape(*shape, -1),
        pictures.labels,
        mean,
        spread,
        standing,
    )
