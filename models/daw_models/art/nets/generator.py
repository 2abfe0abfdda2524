"""The generator: a latent vector and a wish become a grid of the autoencoder's latents.

Modulated convolutions after Karras et al., "Analyzing and improving the image quality of StyleGAN", 2020; the skip
excitation after Liu et al., "Towards faster and stabilized GAN training", 2021.
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from dataclasses import asdict, dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional

from daw_models.art.attributes import ATTRIBUTES
from daw_models.art.nets.layers import bend, convolution, doubled
from daw_models.art.wish import SETS


@dataclass(frozen=True)
class GeneratorConfig:
    """`widths` are the channels at sides 4, 8, 16 and so on; `outside` the channels that come out.

    The first `code` figures of a latent say what the composition is, the others are left to the net.
    """

    latent: int = 128
    code: int = 48
    style: int = 192
    widths: tuple[int, ...] = (256, 224, 160)
    outside: int = 16

    def as_spec(self) -> dict[str, object]:
        """Plain values for a header."""
        return asdict(self)

    @classmethod
    def from_spec(cls, spec: Mapping[str, object]) -> GeneratorConfig:
        """What `as_spec` gave."""
        latent, style, outside, widths = spec["latent"], spec["style"], spec["outside"], spec["widths"]
        code = spec["code"]
        assert isinstance(latent, int)
        assert isinstance(code, int)
        assert isinstance(style, int)
        assert isinstance(outside, int)
        assert isinstance(widths, (list, tuple))
        return cls(latent, code, style, tuple(int(width) for width in widths), outside)


class WishCode(nn.Module):
    """A set index [N] and percentiles [N, 8] from 0 to 1 as one vector [N, width]."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.of_set = nn.Embedding(len(SETS), width)
        self.of_attributes = nn.Linear(len(ATTRIBUTES), width, bias=False)
        self.mix = nn.Linear(width, width)

    def forward(self, labels: Tensor, percentiles: Tensor) -> Tensor:
        """The code of each wish."""
        told: Tensor = self.of_set(labels) + 1.7 * self.of_attributes(2 * percentiles - 1)
        mixed: Tensor = told + self.mix(bend(told))
        return mixed


class StyleNet(nn.Module):
    """Latent and wish to the style vector."""

    def __init__(self, config: GeneratorConfig) -> None:
        super().__init__()
        self.wish = WishCode(config.style)
        self.enter = nn.Linear(config.latent, config.style)
        self.layers = nn.ModuleList(nn.Linear(config.style, config.style) for _ in range(2))

    def forward(self, latents: Tensor, labels: Tensor, percentiles: Tensor) -> Tensor:
        """Style [N, style]."""
        latents = latents * (latents.square().mean(1, keepdim=True) + 1e-8).rsqrt()
        style = self.enter(latents) + self.wish(labels, percentiles)
        for layer in self.layers:
            style = style + layer(bend(style))
        return bend(style)


class Modulated(nn.Module):
    """A 3x3 convolution whose input channels a style scales, the output brought back to its variance."""

    def __init__(self, inside: int, outside: int, style: int) -> None:
        super().__init__()
        self.convolution = convolution(inside, outside)
        self.scale = nn.Linear(style, inside)
        nn.init.normal_(self.scale.weight, std=0.5 / style**0.5)
        nn.init.ones_(self.scale.bias)

    def forward(self, features: Tensor, style: Tensor) -> Tensor:
        """Features [N, inside, H, W] to [N, outside, H, W]."""
        scale = self.scale(style).float()
        weight = self.convolution.weight
        power = scale.square() @ weight.float().square().sum((2, 3)).T
        features = functional.conv2d(features * scale[:, :, None, None].to(features.dtype), weight, padding=1)
        features = features * (power + 1e-6).rsqrt()[:, :, None, None].to(features.dtype)
        assert self.convolution.bias is not None
        return features + self.convolution.bias[None, :, None, None].to(features.dtype)


class Stage(nn.Module):
    """Two modulated convolutions at one side, with a way through."""

    def __init__(self, width: int, style: int) -> None:
        super().__init__()
        self.first = Modulated(width, width, style)
        self.second = Modulated(width, width, style)
        self.share = nn.Parameter(torch.full((width, 1, 1), 0.3))

    def forward(self, features: Tensor, style: Tensor) -> Tensor:
        """Features [N, C, H, W] to the same shape."""
        changed = self.second(bend(self.first(features, style)), style)
        return features + self.share.to(features.dtype) * bend(changed)


class Excitation(nn.Module):
    """Channels of fine features scaled by what stands in the coarsest ones."""

    def __init__(self, inside: int, outside: int) -> None:
        super().__init__()
        self.squeeze = nn.Conv2d(inside, outside, 4)
        self.open = nn.Conv2d(outside, outside, 1)

    def forward(self, coarse: Tensor, fine: Tensor) -> Tensor:
        """Coarse [N, inside, 4, 4], fine [N, outside, H, W]."""
        return fine * 2 * torch.sigmoid(self.open(bend(self.squeeze(coarse))))


class Underpainting(nn.Module):
    """What a set's grids are on the average, and how code and wish change it: linear, a table for each set."""

    def __init__(self, config: GeneratorConfig, side: int) -> None:
        super().__init__()
        self.shape = (config.outside, side, side)
        self.code = config.code
        self.table = nn.Parameter(torch.zeros(len(SETS), told_width(config.code), config.outside * side * side))

    def forward(self, latents: Tensor, labels: Tensor, percentiles: Tensor) -> Tensor:
        """The grids [N, outside, S, S] to begin with."""
        told = underpainting_input(latents[:, : self.code], percentiles)
        laid = torch.bmm(told[:, None].float(), self.table[labels].float())
        return laid.view(-1, *self.shape).contiguous(memory_format=torch.channels_last)


def told_width(code: int) -> int:
    """How many figures `underpainting_input` gives."""
    return 1 + code + len(ATTRIBUTES)


def underpainting_input(codes: Tensor, percentiles: Tensor) -> Tensor:
    """Codes [N, K] and percentiles [N, 8] as the figures that an underpainting is linear in, the first of them 1."""
    return torch.cat([torch.ones_like(codes[:, :1]), codes, 2 * percentiles - 1], 1)


class Generator(nn.Module):
    """Latents [N, latent], set index [N] and percentiles [N, 8] to [N, outside, S, S]."""

    def __init__(self, config: GeneratorConfig) -> None:
        super().__init__()
        self.config = config
        widths = config.widths
        self.mapping = StyleNet(config)
        self.seed = nn.Linear(config.style, 16 * widths[0])
        self.stages = nn.ModuleList(Stage(width, config.style) for width in widths)
        self.widen = nn.ModuleList(convolution(a, b, 1) for a, b in itertools.pairwise(widths))
        self.excite = Excitation(widths[0], widths[-1])
        self.leave = convolution(widths[-1], config.outside, gain=0.2)
        self.underpainting = Underpainting(config, 4 << (len(widths) - 1))
        self.see = convolution(config.outside, widths[-1])

    def forward(self, latents: Tensor, labels: Tensor, percentiles: Tensor) -> Tensor:
        """The grids of these latents and wishes."""
        widths = self.config.widths
        style = self.mapping(latents, labels, percentiles)
        laid = self.underpainting(latents, labels, percentiles)
        features: Tensor = self.seed(style).view(-1, widths[0], 4, 4).contiguous(memory_format=torch.channels_last)
        features = coarse = self.stages[0](bend(features), style)
        for index, widen in enumerate(self.widen, 1):
            features = doubled(widen(features))
            if index == len(self.widen):
                features = features + self.see(laid)
            features = self.stages[index](features, style)
        left: Tensor = self.leave(bend(self.excite(coarse, features)))
        drawn: Tensor = laid + left.float()
        return drawn
