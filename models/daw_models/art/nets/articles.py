"""The two nets that articles about art from networks begin with, at thumbnail size: a GAN of plain layers and a DCGAN.

Goodfellow et al., "Generative adversarial nets", 2014; Radford, Metz and Chintala, "Unsupervised representation
learning with deep convolutional generative adversarial networks", 2016.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass

import torch
from torch import Tensor, nn


@dataclass(frozen=True)
class ArticleConfig:
    """`family` is mlp-gan or dcgan; `width` the hidden units of the one, the channels of the other's finest layer."""

    family: str = "dcgan"
    size: int = 32
    latent: int = 100
    width: int = 48

    def as_spec(self) -> dict[str, object]:
        """Plain values for a header."""
        return asdict(self)

    @classmethod
    def from_spec(cls, spec: Mapping[str, object]) -> ArticleConfig:
        """What `as_spec` gave."""
        family, size, latent, width = spec["family"], spec["size"], spec["latent"], spec["width"]
        assert isinstance(family, str)
        assert isinstance(size, int)
        assert isinstance(latent, int)
        assert isinstance(width, int)
        return cls(family, size, latent, width)


class MlpGenerator(nn.Module):
    """Latents [N, L] to pictures [N, 3, S, S] through three plain layers."""

    def __init__(self, config: ArticleConfig) -> None:
        super().__init__()
        self.size = config.size
        self.layers = nn.Sequential(
            nn.Linear(config.latent, config.width),
            nn.LeakyReLU(0.2),
            nn.Linear(config.width, 2 * config.width),
            nn.BatchNorm1d(2 * config.width, momentum=0.1),
            nn.LeakyReLU(0.2),
            nn.Linear(2 * config.width, 3 * config.size**2),
            nn.Tanh(),
        )

    def forward(self, latents: Tensor) -> Tensor:
        """The pictures of these latents."""
        drawn: Tensor = self.layers(latents)
        return drawn.view(-1, 3, self.size, self.size)


class MlpCritic(nn.Module):
    """Pictures [N, 3, S, S] to one figure each through three plain layers."""

    def __init__(self, config: ArticleConfig) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            nn.Flatten(),
            nn.Linear(3 * config.size**2, 2 * config.width),
            nn.LeakyReLU(0.2),
            nn.Dropout(0.3),
            nn.Linear(2 * config.width, config.width),
            nn.LeakyReLU(0.2),
            nn.Dropout(0.3),
            nn.Linear(config.width, 1),
        )

    def forward(self, pictures: Tensor) -> Tensor:
        """Verdicts [N]."""
        verdicts: Tensor = self.layers(pictures)
        return verdicts[:, 0]


class DcGenerator(nn.Module):
    """Latents [N, L] to pictures [N, 3, S, S] by transposed convolutions from 4 x 4 on."""

    def __init__(self, config: ArticleConfig) -> None:
        super().__init__()
        steps = (config.size // 4).bit_length() - 1
        widths = [config.width << (steps - 1 - index) for index in range(steps)]
        layers: list[nn.Module] = [nn.ConvTranspose2d(config.latent, widths[0], 4, bias=False)]
        for index in range(1, steps):
            layers += [nn.BatchNorm2d(widths[index - 1]), nn.ReLU()]
            layers.append(nn.ConvTranspose2d(widths[index - 1], widths[index], 4, 2, 1, bias=False))
        layers += [nn.BatchNorm2d(widths[-1]), nn.ReLU(), nn.ConvTranspose2d(widths[-1], 3, 4, 2, 1), nn.Tanh()]
        self.layers = nn.Sequential(*layers)
        self.apply(_small)

    def forward(self, latents: Tensor) -> Tensor:
        """The pictures of these latents."""
        drawn: Tensor = self.layers(latents[:, :, None, None])
        return drawn


class DcCritic(nn.Module):
    """Pictures [N, 3, S, S] to one figure each by strided convolutions."""

    def __init__(self, config: ArticleConfig) -> None:
        super().__init__()
        steps = (config.size // 4).bit_length() - 1
        layers: list[nn.Module] = [nn.Conv2d(3, config.width, 4, 2, 1), nn.LeakyReLU(0.2)]
        for index in range(1, steps):
            inside, outside = config.width << (index - 1), config.width << index
            layers += [nn.Conv2d(inside, outside, 4, 2, 1, bias=False), nn.BatchNorm2d(outside), nn.LeakyReLU(0.2)]
        layers.append(nn.Conv2d(config.width << (steps - 1), 1, 4))
        self.layers = nn.Sequential(*layers)
        self.apply(_small)

    def forward(self, pictures: Tensor) -> Tensor:
        """Verdicts [N]."""
        verdicts: Tensor = self.layers(pictures)
        return verdicts.flatten()


def _small(layer: nn.Module) -> None:
    if isinstance(layer, (nn.Conv2d, nn.ConvTranspose2d)):
        nn.init.normal_(layer.weight, std=0.02)


def article_generator(config: ArticleConfig) -> nn.Module:
    """The generator of a family."""
    return MlpGenerator(config) if config.family == "mlp-gan" else DcGenerator(config)


def article_critic(config: ArticleConfig) -> nn.Module:
    """The critic of a family."""
    return MlpCritic(config) if config.family == "mlp-gan" else DcCritic(config)


def article_latents(count: int, config: ArticleConfig, random: torch.Generator) -> Tensor:
    """Normally distributed latents [N, L]."""
    return torch.randn(count, config.latent, generator=random)
