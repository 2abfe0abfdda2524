"""A masked U-Net: what a picture may hold where it is missing.

Ronneberger, Fischer and Brox, "U-Net: convolutional networks for biomedical image segmentation", 2015; holes as in
Pathak et al., "Context encoders", 2016.
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from dataclasses import asdict, dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional

from daw_models.art.nets.layers import Residual, convolution, doubled, halved


@dataclass(frozen=True)
class InpainterConfig:
    """`widths` are the channels from half the picture's side down."""

    size: int = 128
    widths: tuple[int, ...] = (24, 48, 80, 112, 144)

    def as_spec(self) -> dict[str, object]:
        """Plain values for a header."""
        return {"family": "inpaint", **asdict(self)}

    @classmethod
    def from_spec(cls, spec: Mapping[str, object]) -> InpainterConfig:
        """What `as_spec` gave."""
        size, widths = spec["size"], spec["widths"]
        assert isinstance(size, int)
        assert isinstance(widths, (list, tuple))
        return cls(size, tuple(int(width) for width in widths))


class InpainterNet(nn.Module):
    """Pictures [N, 3, S, S] from -1 to 1 and masks [N, 1, S, S], 1 where they are missing, to whole pictures."""

    def __init__(self, config: InpainterConfig) -> None:
        super().__init__()
        self.config = config
        widths = config.widths
        self.enter = convolution(16, widths[0])
        self.down = nn.ModuleList(Residual(width) for width in widths)
        self.narrow = nn.ModuleList(convolution(a, b, 1) for a, b in itertools.pairwise(widths))
        self.widen = nn.ModuleList(convolution(b, a, 1) for a, b in itertools.pairwise(widths))
        self.up = nn.ModuleList(Residual(width) for width in widths[:-1])
        self.leave = convolution(widths[0], 12, gain=0.3)

    def forward(self, pictures: Tensor, masks: Tensor) -> Tensor:
        """The pictures with what was missing filled in; all else as it was."""
        seen = torch.cat([pictures * (1 - masks), masks], 1)
        features = self.enter(functional.pixel_unshuffle(seen, 2))
        passed = []
        for index, stage in enumerate(self.down):
            features = stage(features if index == 0 else self.narrow[index - 1](halved(features)))
            passed.append(features)
        for index in reversed(range(len(self.up))):
            features = self.up[index](doubled(self.widen[index](features)) + passed[index])
        filled = functional.pixel_shuffle(self.leave(features), 2).float()
        return pictures * (1 - masks) + filled * masks
