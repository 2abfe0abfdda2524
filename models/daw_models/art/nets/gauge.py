"""The gauge: reads attributes off a grid of latents, so that the generator can be told how far it is from its wish."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from daw_models.art.attributes import ATTRIBUTES
from daw_models.art.nets.layers import bend, convolution, halved
from daw_models.art.wish import SETS


class Gauge(nn.Module):
    """Grids [N, inside, S, S] and set indices [N] to percentiles [N, 8], about 0 to 1."""

    def __init__(self, inside: int, width: int = 64) -> None:
        super().__init__()
        self.enter = convolution(inside, width)
        self.middle = convolution(width, width)
        self.last = convolution(width, width)
        self.of_set = nn.Embedding(len(SETS), 2 * width)
        self.think = nn.Linear(2 * width, 128)
        self.leave = nn.Linear(128, len(ATTRIBUTES))

    def forward(self, grids: Tensor, labels: Tensor) -> Tensor:
        """The percentiles that the pictures of these grids have in their sets."""
        features = bend(self.middle(halved(bend(self.enter(grids)))))
        features = bend(self.last(features)).float()
        top = features[:, :, : features.shape[2] // 2].mean((2, 3))
        gathered = torch.cat([features.mean((2, 3)), top], 1)
        found: Tensor = self.leave(bend(self.think(gathered + self.of_set(labels))))
        return 0.5 + found.float()
