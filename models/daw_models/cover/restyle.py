"""Neural style transfer and DeepDream, in the features of any network that names its layers.

Gatys, Ecker, Bethge, "Image style transfer using convolutional neural networks", CVPR 2016; Mordvintsev, Olah, Tyka,
"Inceptionism", 2015. The pictures are optimised, not the network: nothing here learns.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from daw_models.cover.video import Picture

Features = Callable[[Tensor], Mapping[str, Tensor]]
"""Pictures, float [N, 3, H, W] from 0 to 1, to feature maps [N, C, h, w] by layer, the first layer nearest the eye."""

SCALES: Final = (0.5, 1.0)
"""A picture is restyled small first: large shapes of the style need a small picture to be seen."""
OCTAVE: Final = 1.4
_TINY: Final = 1e-8


@dataclass(frozen=True, slots=True)
class StyleSettings:
    """How a picture is restyled: steps at each of the `SCALES`, and how much the style outweighs the content.

    `colour_weight` holds means and covariances of the colours to the style's, which small eyes do not see well enough;
    `smoothness` holds neighbouring pixels together.
    """

    steps: tuple[int, ...] = (80, 40)
    style_weight: float = 0.6
    colour_weight: float = 6.0
    smoothness: float = 0.6
    rate: float = 0.02


def restyle(
    content: Picture, style: Picture, features: Features, layers: Sequence[str], settings: StyleSettings | None = None
) -> Picture:
    """The content, uint8 [S, S, 3], in the manner of `style` (any size). The last of `layers` holds the content.

    Deterministic on one machine. Raises ValueError for a layer the network does not have.
    """
    settings = settings or StyleSettings()
    size = content.shape[0]
    subject, manner = _as_tensor(content), _as_tensor(style)
    painted = subject
    for scale, steps in zip(SCALES, settings.steps, strict=True):
        side = max(32, round(size * scale))
        goal = _Goal(_fitted(subject, side), _cover(manner, side), features, tuple(layers))
        painted = _descend(_fitted(painted, side), goal, steps, settings)
    return _as_picture(_fitted(painted, size))


class _Goal:
    """What a picture is measured against: the subject's features, and the manner's Gram matrices."""

    def __init__(self, subject: Tensor, manner: Tensor, features: Features, layers: tuple[str, ...]) -> None:
        self._features, self._layers = features, layers
        with torch.no_grad():
            seen, shown = features(subject), features(manner)
        missing = [layer for layer in layers if layer not in seen]
        if missing:
            raise ValueError(f"no layer {missing[0]!r}; there are {', '.join(seen)}")
        self._content = seen[layers[-1]]
        self._size = self._content.pow(2).mean() + _TINY
        self._grams = {layer: gram(shown[layer]) for layer in layers}
        self._colours = _colours(manner)

    def loss(self, picture: Tensor, settings: StyleSettings) -> Tensor:
        """Content and style losses, each 1 or so for a picture that has nothing of either, and the colours'."""
        seen = self._features(picture)
        content = (seen[self._layers[-1]] - self._content).pow(2).mean() / self._size
        style = sum(
            (
                (gram(seen[layer]) - wanted).pow(2).sum() / (wanted.pow(2).sum() + _TINY)
                for layer, wanted in self._grams.items()
            ),
            start=picture.new_zeros(()),
        )
        colours = (_colours(picture) - self._colours).pow(2).sum()
        return content + settings.style_weight * (style / len(self._layers) + settings.colour_weight * colours)


def _colours(picture: Tensor) -> Tensor:
    """Means and covariances of the three colours: the Gram matrix of a layer that sees colour alone."""
    return gram(torch.cat([picture, torch.ones_like(picture[:, :1])], 1))


def gram(maps: Tensor) -> Tensor:
    """How the channels of a layer go together, wherever they do: [N, C, h, w] to [N, C, C], per pixel."""
    flat = maps.flatten(2)
    return flat @ flat.transpose(1, 2) / flat.shape[2]


def _descend(start: Tensor, goal: _Goal, steps: int, settings: StyleSettings) -> Tensor:
    picture = start.clone().requires_grad_(True)
    optimiser = torch.optim.Adam([picture], lr=settings.rate)
    for _ in range(steps):
        optimiser.zero_grad()
        rough = (picture.diff(dim=2).abs().mean() + picture.diff(dim=3).abs().mean()) * settings.smoothness
        loss = goal.loss(picture, settings) + rough
        torch.autograd.backward(loss)
        optimiser.step()
        with torch.no_grad():
            picture.clamp_(0.0, 1.0)
    return picture.detach()


@dataclass(frozen=True, slots=True)
class DreamSettings:
    """How deep a picture dreams: octaves, steps in each, how far a step goes, and the seed of the jitter."""

    octaves: int = 3
    steps: int = 12
    rate: float = 0.008
    seed: int = 0


def dream(picture: Picture, features: Features, layer: str, settings: DreamSettings | None = None) -> Picture:
    """The picture, uint8 [S, S, 3], with whatever `layer` sees in it made stronger, octave by octave.

    Raises ValueError for a layer the network does not have.
    """
    settings = settings or DreamSettings()
    rng = np.random.Generator(np.random.Philox(settings.seed))
    original = _as_tensor(picture)
    size = picture.shape[0]
    dreamt = torch.zeros_like(original)
    for octave in reversed(range(settings.octaves)):
        side = max(32, round(size / OCTAVE**octave))
        base = _fitted(original, side)
        seen = (base + _fitted(dreamt, side)).clamp(0.0, 1.0)
        for _ in range(settings.steps):
            seen = _ascend(seen, features, layer, settings.rate, tuple(int(n) for n in rng.integers(-8, 9, 2)))
        dreamt = _detail(seen - base)
    return _as_picture((original + _fitted(dreamt, size)).clamp(0.0, 1.0))


def _detail(change: Tensor) -> Tensor:
    """What a dream adds, without its broad patches of colour: those belong to the picture."""
    side = change.shape[-1]
    broad = functional.interpolate(change, (max(2, side // 12),) * 2, mode="bilinear", antialias=True)
    return change - functional.interpolate(broad, (side, side), mode="bicubic", align_corners=False)


def _ascend(picture: Tensor, features: Features, layer: str, rate: float, jitter: tuple[int, ...]) -> Tensor:
    moved = picture.roll(jitter, dims=(2, 3)).requires_grad_(True)
    maps = features(moved)
    if layer not in maps:
        raise ValueError(f"no layer {layer!r}; there are {', '.join(maps)}")
    (slope,) = torch.autograd.grad(maps[layer].pow(2).mean(), moved)
    slope = slope / (slope.abs().mean() + _TINY)
    stepped = (moved.detach() + rate * slope.clamp(-3.0, 3.0)).clamp(0.0, 1.0)
    return stepped.roll(tuple(-shift for shift in jitter), dims=(2, 3))


def _as_tensor(picture: Picture) -> Tensor:
    return torch.from_numpy(np.array(picture)).permute(2, 0, 1)[None].float() / 255


def _as_picture(tensor: Tensor) -> Picture:
    return (tensor[0].permute(1, 2, 0) * 255).round().clamp(0, 255).to(torch.uint8).numpy()


def _fitted(tensor: Tensor, side: int) -> Tensor:
    if tensor.shape[-2:] == (side, side):
        return tensor
    return functional.interpolate(tensor, (side, side), mode="bilinear", antialias=True, align_corners=False)


def _cover(tensor: Tensor, side: int) -> Tensor:
    """The middle of a picture of any shape, filling a square."""
    height, width = tensor.shape[-2:]
    short = min(height, width)
    top, left = (height - short) // 2, (width - short) // 2
    return _fitted(tensor[:, :, top : top + short, left : left + short], side)
