"""The whole painter's net: generator, decoder and a last stage that doubles the side."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional

from daw_models.art.nets.autoencoder import AutoencoderConfig, Decoder
from daw_models.art.nets.generator import Generator, GeneratorConfig
from daw_models.art.nets.layers import bend, convolution, doubled


@dataclass(frozen=True)
class PaintingConfig:
    """The generator's and the autoencoder's shapes, and the channels of the last stage."""

    generator: GeneratorConfig
    autoencoder: AutoencoderConfig
    fine: int = 32

    def as_spec(self) -> dict[str, object]:
        """Plain values for a header."""
        return {
            "family": "painter",
            "generator": self.generator.as_spec(),
            "autoencoder": self.autoencoder.as_spec(),
            "fine": self.fine,
        }

    @classmethod
    def from_spec(cls, spec: Mapping[str, object]) -> PaintingConfig:
        """What `as_spec` gave."""
        generator, autoencoder, fine = spec["generator"], spec["autoencoder"], spec["fine"]
        assert isinstance(generator, dict)
        assert isinstance(autoencoder, dict)
        assert isinstance(fine, int)
        return cls(GeneratorConfig.from_spec(generator), AutoencoderConfig.from_spec(autoencoder), fine)

    @property
    def size(self) -> int:
        """Side of the pictures."""
        return 2 * self.autoencoder.size


class Fine(nn.Module):
    """A decoder's last features and its picture to a picture of twice the side."""

    def __init__(self, inside: int, width: int) -> None:
        super().__init__()
        self.enter = convolution(inside, width, 1)
        self.first = convolution(width, width)
        self.leave = convolution(width, 12, gain=0.05)

    def forward(self, features: Tensor, pictures: Tensor) -> Tensor:
        """Features [N, inside, S/2, S/2] and pictures [N, 3, S, S] to [N, 3, 2S, 2S]."""
        entered = doubled(self.enter(features))
        details = functional.pixel_shuffle(self.leave(bend(entered + self.first(bend(entered)))), 2)
        return doubled(pictures) + _without_grid(details.float())


def _without_grid(details: Tensor) -> Tensor:
    """Details smoothed by 1, 2, 1 both ways, which leaves nothing of a pattern that repeats every second pixel."""
    padded = functional.pad(details, (1, 1, 1, 1), mode="replicate")
    across = 0.25 * (padded[..., :-2] + padded[..., 2:]) + 0.5 * padded[..., 1:-1]
    return 0.25 * (across[..., :-2, :] + across[..., 2:, :]) + 0.5 * across[..., 1:-1, :]


class Painting(nn.Module):
    """Latents and wishes to pictures; `mean` and `spread` lead from the generator's grids to the decoder's latents."""

    mean: Tensor
    spread: Tensor

    def __init__(self, config: PaintingConfig) -> None:
        super().__init__()
        self.config = config
        self.generator = Generator(config.generator)
        self.decoder = Decoder(config.autoencoder)
        self.fine = Fine(config.autoencoder.widths[0], config.fine)
        self.register_buffer("mean", torch.zeros(config.autoencoder.latent))
        self.register_buffer("spread", torch.ones(config.autoencoder.latent))

    def from_latents(self, latents: Tensor) -> Tensor:
        """The autoencoder's latents [N, C, g, g] to pictures [N, 3, S, S], about -1 to 1."""
        features = self.decoder.features(latents.contiguous(memory_format=torch.channels_last))
        pictures = functional.pixel_shuffle(self.decoder.leave(features), 2)
        drawn: Tensor = self.fine(features, pictures.float())
        return drawn

    def from_grids(self, grids: Tensor) -> Tensor:
        """The generator's grids to pictures."""
        return self.from_latents(grids * self.spread[:, None, None] + self.mean[:, None, None])

    def forward(self, latents: Tensor, labels: Tensor, percentiles: Tensor) -> Tensor:
        """Latents [N, L], set indices [N] and percentiles [N, 8] to pictures [N, 3, S, S], about -1 to 1."""
        return self.from_grids(self.generator(latents, labels, percentiles))
