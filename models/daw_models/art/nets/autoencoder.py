"""A convolutional variational autoencoder: pictures to a small grid of latents and back.

Kingma and Welling, "Auto-encoding variational Bayes", 2014; the grid of latents as in Rombach et al., 2022.
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
class AutoencoderConfig:
    """`widths` are the channels from the finest inner grid (half the picture's side) down to the latents' grid."""

    size: int = 128
    latent: int = 16
    widths: tuple[int, ...] = (48, 80, 128)
    depth: int = 1

    def as_spec(self) -> dict[str, object]:
        """Plain values for a header."""
        return {"family": "vae", **asdict(self)}

    @classmethod
    def from_spec(cls, spec: Mapping[str, object]) -> AutoencoderConfig:
        """What `as_spec` gave."""
        size, latent, depth, widths = spec["size"], spec["latent"], spec["depth"], spec["widths"]
        assert isinstance(size, int)
        assert isinstance(latent, int)
        assert isinstance(depth, int)
        assert isinstance(widths, (list, tuple))
        return cls(size, latent, tuple(int(width) for width in widths), depth)

    @property
    def grid(self) -> int:
        """Side of the latents' grid."""
        return self.size >> len(self.widths)


class Encoder(nn.Module):
    """Pictures [N, 3, S, S] from -1 to 1 to mean and log-variance [N, latent, grid, grid] each."""

    def __init__(self, config: AutoencoderConfig) -> None:
        super().__init__()
        widths = config.widths
        self.enter = convolution(12, widths[0])
        self.stages = nn.ModuleList(
            nn.Sequential(*(Residual(width) for _ in range(config.depth if index else 1)))
            for index, width in enumerate(widths)
        )
        self.narrow = nn.ModuleList(convolution(a, b, 1) for a, b in itertools.pairwise(widths))
        self.leave = convolution(widths[-1], 2 * config.latent)

    def forward(self, pictures: Tensor) -> tuple[Tensor, Tensor]:
        """The distribution of the latents of each picture."""
        features = self.enter(functional.pixel_unshuffle(pictures, 2))
        for index, stage in enumerate(self.stages):
            features = stage(features if index == 0 else self.narrow[index - 1](halved(features)))
        mean, spread = self.leave(features).float().chunk(2, 1)
        return mean, spread.clamp(-8, 4) - 2


class Decoder(nn.Module):
    """Latents [N, latent, grid, grid] to pictures [N, 3, S, S], about -1 to 1."""

    def __init__(self, config: AutoencoderConfig) -> None:
        super().__init__()
        widths = config.widths[::-1]
        self.enter = convolution(config.latent, widths[0])
        self.stages = nn.ModuleList(
            nn.Sequential(*(Residual(width) for _ in range(config.depth if index < len(widths) - 1 else 1)))
            for index, width in enumerate(widths)
        )
        self.widen = nn.ModuleList(convolution(a, b, 1) for a, b in itertools.pairwise(widths))
        self.leave = convolution(widths[-1], 12, gain=0.5)

    def features(self, latents: Tensor) -> Tensor:
        """The last features before the picture, [N, C, S/2, S/2]."""
        features: Tensor = self.enter(latents)
        for index, stage in enumerate(self.stages):
            features = stage(features if index == 0 else doubled(self.widen[index - 1](features)))
        return features

    def forward(self, latents: Tensor) -> Tensor:
        """The pictures of these latents."""
        return functional.pixel_shuffle(self.leave(self.features(latents)), 2).float()


class Autoencoder(nn.Module):
    """Encoder and decoder together."""

    def __init__(self, config: AutoencoderConfig) -> None:
        super().__init__()
        self.config = config
        self.encoder = Encoder(config)
        self.decoder = Decoder(config)

    def forward(self, pictures: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Pictures redrawn from a draw of their latents, with the latents' mean and log-variance."""
        mean, spread = self.encoder(pictures)
        drawn = mean + torch.randn_like(mean) * (0.5 * spread).exp()
        return self.decoder(drawn), mean, spread
