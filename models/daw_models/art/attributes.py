"""Eight figures that say how a picture looks, and where they stand among the pictures of a set.

Colourfulness after Hasler and Suesstrunk, "Measuring colourfulness in natural images", 2003.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

ATTRIBUTES = (
    "brightness",
    "contrast",
    "saturation",
    "colourfulness",
    "warmth",
    "hue",
    "edge_density",
    "top_minus_bottom",
)
SIDE = 256
_COARSE = 64
_TINY = 1e-6
_STEPS = 101
# No spread counts as smaller than this: grey pictures have no warmth to speak of.
_LEAST_SPREAD = (0.03, 0.02, 0.03, 0.02, 0.02, 15.0, 0.005, 0.03)


def measure(rgb: NDArray[np.uint8]) -> dict[str, float]:
    """The attributes of one picture, uint8 [H, W, 3]; one that is not SIDE x SIDE is first brought to that size.

    All are from 0 to 1 but warmth and top_minus_bottom (-1 to 1) and hue, which is in degrees.
    """
    picture = torch.from_numpy(np.array(rgb)).permute(2, 0, 1)[None].float() / 255
    if picture.shape[-2:] != (SIDE, SIDE):
        picture = functional.interpolate(picture, (SIDE, SIDE), mode="bilinear", antialias=True, align_corners=False)
    return dict(zip(ATTRIBUTES, measure_batch(picture)[0].tolist(), strict=True))


def measure_batch(pictures: Tensor) -> Tensor:
    """The attributes of pictures [N, 3, S, S] from 0 to 1, as [N, 8]; gradients flow through all of them."""
    red, green, blue = pictures.unbind(1)
    seen = 0.2126 * red + 0.7152 * green + 0.0722 * blue
    luma = 0.299 * red + 0.587 * green + 0.114 * blue
    coarse = functional.adaptive_avg_pool2d(luma[:, None], min(_COARSE, luma.shape[-1])).flatten(1)
    highest, lowest = pictures.amax(1), pictures.amin(1)
    saturation = (highest - lowest) / (highest + _TINY)
    third = pictures.shape[2] // 3
    return torch.stack(
        [
            seen.mean((1, 2)),
            (coarse.var(1, unbiased=False) + _TINY).sqrt(),
            saturation.mean((1, 2)),
            _colourfulness(red, green, blue),
            (red - blue).mean((1, 2)),
            _hue(red, green, blue, saturation),
            _slope(luma).mean((1, 2)),
            seen[:, :third].mean((1, 2)) - seen[:, -third:].mean((1, 2)),
        ],
        1,
    )


def _colourfulness(red: Tensor, green: Tensor, blue: Tensor) -> Tensor:
    across, along = (red - green).flatten(1), (0.5 * (red + green) - blue).flatten(1)
    spread = (across.var(1, unbiased=False) + along.var(1, unbiased=False) + _TINY).sqrt()
    return spread + 0.3 * (across.mean(1).square() + along.mean(1).square() + _TINY).sqrt()


def _hue(red: Tensor, green: Tensor, blue: Tensor, weight: Tensor) -> Tensor:
    """The mean direction of the hues in degrees from 0 to 360, each pixel as heavy as its saturation."""
    along, across = red - 0.5 * (green + blue), math.sqrt(0.75) * (green - blue)
    heavy = weight / (along.square() + across.square() + _TINY).sqrt()
    angle = torch.atan2((across * heavy).mean((1, 2)), (along * heavy).mean((1, 2)) + _TINY)
    return torch.rad2deg(angle) % 360


def _slope(luma: Tensor) -> Tensor:
    """Length of the gradient by central differences, one-sided at the rim."""
    grown = torch.cat([2 * luma[:, :1] - luma[:, 1:2], luma, 2 * luma[:, -1:] - luma[:, -2:-1]], 1)
    down = 0.5 * (grown[:, 2:] - grown[:, :-2])
    grown = torch.cat([2 * luma[..., :1] - luma[..., 1:2], luma, 2 * luma[..., -1:] - luma[..., -2:-1]], 2)
    right = 0.5 * (grown[..., 2:] - grown[..., :-2])
    return (down.square() + right.square() + _TINY**2).sqrt()


@dataclass(frozen=True)
class Standing:
    """For each set and attribute the values at evenly spaced percentiles, [sets, 8, steps]."""

    values: NDArray[np.float32]

    @classmethod
    def of(cls, figures: NDArray[np.float32], labels: NDArray[np.int64], sets: int) -> Standing:
        """From the attributes [N, 8] and the set index of each picture."""
        marks = np.linspace(0, 1, _STEPS)
        tables = []
        for label in range(sets):
            mine = figures[labels == label]
            mine = mine if len(mine) else np.zeros((1, figures.shape[1]), np.float32)
            tables.append(np.quantile(mine, marks, axis=0).T)
        return cls(np.stack(tables).astype(np.float32))

    def percentiles(self, figures: NDArray[np.float32], labels: NDArray[np.int64]) -> NDArray[np.float32]:
        """Where attributes [N, 8] stand in their sets, from 0 to 1; a value that many share stands in their middle."""
        found = np.empty(figures.shape, np.float32)
        for row, label in enumerate(labels):
            for column in range(figures.shape[1]):
                table, value = self.values[label, column], figures[row, column]
                low = np.interp(value, table, np.linspace(0, 1, _STEPS))
                if table[-1] > table[0]:
                    high = 1 - np.interp(-value, -table[::-1], np.linspace(0, 1, _STEPS))
                else:
                    low, high = 0.0, 1.0
                found[row, column] = 0.5 * (low + high)
        return found

    def figures(self, labels: NDArray[np.int64], percentiles: NDArray[np.float32]) -> NDArray[np.float32]:
        """The values [N, 8] that stand at these percentiles in their sets."""
        marks = np.linspace(0, 1, self.values.shape[2])
        found = np.empty(percentiles.shape, np.float32)
        for row, label in enumerate(labels):
            for column in range(percentiles.shape[1]):
                found[row, column] = np.interp(percentiles[row, column], marks, self.values[label, column])
        return found

    def spreads(self) -> NDArray[np.float32]:
        """Half of the way from the 16th to the 84th percentile [sets, 8], and never less than what one could see."""
        half = 0.5 * (self.values[:, :, 84] - self.values[:, :, 16])
        floored: NDArray[np.float32] = np.maximum(half, np.array(_LEAST_SPREAD, np.float32))
        return floored

    def as_spec(self) -> dict[str, object]:
        """Plain values for a header."""
        return {"attributes": list(ATTRIBUTES), "values": np.round(self.values.astype(float), 4).tolist()}

    @classmethod
    def from_spec(cls, spec: Mapping[str, object]) -> Standing:
        """What `as_spec` gave."""
        return cls(np.array(spec["values"], np.float32))
