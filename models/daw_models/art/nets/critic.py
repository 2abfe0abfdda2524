"""The critic: how much a grid (or a picture) looks like the real ones of its set and attributes.

The projection of the condition after Miyato and Koyama, "cGANs with projection discriminator", 2018.
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from dataclasses import asdict, dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional

from daw_models.art.nets.generator import WishCode
from daw_models.art.nets.layers import Residual, bend, convolution, halved


@dataclass(frozen=True)
class CriticConfig:
    """`widths` from the finest inner side down; `fold` > 1 folds so many pixels per side into channels first."""

    inside: int = 16
    size: int = 16
    fold: int = 1
    widths: tuple[int, ...] = (144, 208, 256)

    def as_spec(self) -> dict[str, object]:
        """Plain values for a header."""
        return asdict(self)

    @classmethod
    def from_spec(cls, spec: Mapping[str, object]) -> CriticConfig:
        """What `as_spec` gave."""
        inside, size, fold, widths = spec["inside"], spec["size"], spec["fold"], spec["widths"]
        assert isinstance(inside, int)
        assert isinstance(size, int)
        assert isinstance(fold, int)
        assert isinstance(widths, (list, tuple))
        return cls(inside, size, fold, tuple(int(width) for width in widths))


class Critic(nn.Module):
    """Grids [N, inside, S, S] with their wishes to one figure each."""

    def __init__(self, config: CriticConfig) -> None:
        super().__init__()
        self.config = config
        widths = config.widths
        self.enter = convolution(config.inside * config.fold**2, widths[0])
        self.stages = nn.ModuleList(Residual(width) for width in widths)
        self.narrow = nn.ModuleList(convolution(a, b, 1) for a, b in itertools.pairwise(widths))
        side = config.size // config.fold >> (len(widths) - 1)
        self.gather = nn.Linear(widths[-1] * side * side, widths[-1])
        self.verdict = nn.Linear(widths[-1], 1)
        self.wish = WishCode(widths[-1])

    def stage_features(self, grids: Tensor) -> list[Tensor]:
        """The features after each stage, finest first."""
        features = self.enter(functional.pixel_unshuffle(grids, self.config.fold))
        found = []
        for index, stage in enumerate(self.stages):
            features = stage(features if index == 0 else self.narrow[index - 1](halved(features)))
            found.append(features)
        return found

    def forward(self, grids: Tensor, labels: Tensor, percentiles: Tensor) -> Tensor:
        """Verdicts [N]."""
        gathered = bend(self.gather(bend(self.stage_features(grids)[-1]).flatten(1)))
        told = self.wish(labels, percentiles)
        verdict: Tensor = self.verdict(gathered)[:, 0] + (gathered * told).sum(1) / gathered.shape[1] ** 0.5
        return verdict.float()


def moved(grids: Tensor, *, shift: float = 0.125, hole: float = 0.4, rate: float = 0.5) -> Tensor:
    """Differentiable augmentation: each grid shifted by up to `shift` of its side and, at `rate`, a square cut out.

    Zhao et al., "Differentiable augmentation for data-efficient GAN training", 2020, without its changes of colour.
    """
    count, side = len(grids), grids.shape[-1]
    reach = max(1, round(side * shift))
    padded = functional.pad(grids, (reach, reach, reach, reach), mode="replicate")
    size = round(side * hole)
    draws = torch.randint(0, 2 * reach + 1, (count, 2))
    holes = torch.randint(-size // 2, side - size // 2, (count, 2))
    cut = torch.rand(count) < rate
    mask = torch.ones(count, 1, side, side)
    parts = []
    for index in range(count):
        top, left = draws[index].tolist()
        parts.append(padded[index : index + 1, :, top : top + side, left : left + side])
        if cut[index]:
            down, right = (max(0, int(edge)) for edge in holes[index])
            mask[index, :, down : max(0, int(holes[index, 0]) + size), right : max(0, int(holes[index, 1]) + size)] = 0
    return torch.cat(parts) * mask
