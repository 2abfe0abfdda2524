"""The looker: a small convolutional net whose features say what a picture shows."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from dataclasses import asdict, dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional

from daw_models.art.nets.layers import convolution

LAYERS = ("lines", "strokes", "textures", "parts", "whole")


@dataclass(frozen=True)
class LookerConfig:
    """`widths` are the channels of the five `LAYERS`; `books` and `sets` how many of each it tells apart."""

    sets: int = 4
    books: int = 96
    widths: tuple[int, ...] = (24, 40, 64, 112, 192)

    def as_spec(self) -> dict[str, object]:
        """Plain values for a header."""
        return {"family": "looker", **asdict(self)}

    @classmethod
    def from_spec(cls, spec: Mapping[str, object]) -> LookerConfig:
        """What `as_spec` gave."""
        sets, books, widths = spec["sets"], spec["books"], spec["widths"]
        assert isinstance(sets, int)
        assert isinstance(books, int)
        assert isinstance(widths, (list, tuple))
        return cls(sets, books, tuple(int(width) for width in widths))


class LookerNet(nn.Module):
    """Pictures [N, 3, H, W] from 0 to 1 to features by layer, H and W halved after each layer but the last."""

    def __init__(self, config: LookerConfig) -> None:
        super().__init__()
        self.config = config
        widths = (3, *config.widths)
        self.first = nn.ModuleList(convolution(a, b) for a, b in itertools.pairwise(widths))
        self.second = nn.ModuleList(convolution(width, width) for width in config.widths[1:])
        self.project = nn.Linear(2 * config.widths[-1], 128)
        self.tell_set = nn.Linear(2 * config.widths[-1], config.sets)
        self.tell_book = nn.Linear(2 * config.widths[-1], config.books)
        self.tell_attributes = nn.Linear(2 * config.widths[-1], 8)

    def layers(self, pictures: Tensor) -> list[Tensor]:
        """The features of the `LAYERS`, in order."""
        features = 4 * (pictures - 0.5)
        found = []
        for index, first in enumerate(self.first):
            features = functional.relu(first(features)) * 2**0.5
            if index:
                features = functional.relu(self.second[index - 1](features)) * 2**0.5
            found.append(features)
            if index < len(self.first) - 1:
                features = functional.avg_pool2d(features, 2)
        return found

    def summary(self, pictures: Tensor) -> Tensor:
        """One vector [N, 2 * widths[-1]] for each picture: mean and spread over the last layer."""
        last = self.layers(pictures)[-1].float()
        return torch.cat([last.mean((2, 3)), last.flatten(2).std(2, unbiased=False)], 1)
