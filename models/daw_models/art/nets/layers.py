"""Layers that the picture nets share: chosen for speed on a processor, so without norms between convolutions."""

from __future__ import annotations

import math
from typing import TypeVar

import torch
from torch import Tensor, nn
from torch.nn import functional

SLOPE = 0.2
Net = TypeVar("Net", bound=nn.Module)


def bend(features: Tensor) -> Tensor:
    """The nets' activation: a leaky ReLU scaled to keep the variance."""
    return functional.leaky_relu(features, SLOPE) * math.sqrt(2 / (1 + SLOPE**2))


def convolution(inside: int, outside: int, size: int = 3, *, gain: float = 1.0) -> nn.Conv2d:
    """A convolution that keeps the variance of its input times `gain` squared."""
    layer = nn.Conv2d(inside, outside, size, padding=size // 2)
    nn.init.normal_(layer.weight, std=gain / math.sqrt(inside * size * size))
    assert layer.bias is not None
    nn.init.zeros_(layer.bias)
    return layer


def channels_last(net: Net) -> Net:
    """The net with its kernels laid out channel by channel in memory, which a processor convolves faster."""
    for weight in net.parameters():
        if weight.dim() == 4:
            weight.data = weight.data.contiguous(memory_format=torch.channels_last)
    return net


class Residual(nn.Module):
    """Two 3x3 convolutions beside the way through; they begin close to doing nothing."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.first = convolution(channels, channels)
        self.second = convolution(channels, channels, gain=0.1)

    def forward(self, features: Tensor) -> Tensor:
        """Features [N, C, H, W] to the same shape."""
        changed: Tensor = features + self.second(bend(self.first(bend(features))))
        return changed


def doubled(features: Tensor) -> Tensor:
    """Twice the height and width, bilinear."""
    return functional.interpolate(features, scale_factor=2, mode="bilinear", align_corners=False)


def halved(features: Tensor) -> Tensor:
    """Half the height and width, the mean of four."""
    return functional.avg_pool2d(features, 2)
