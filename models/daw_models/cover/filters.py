"""The few picture filters that the finishes share; pictures are float32 [H, W] or [H, W, C]."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image

Picture = NDArray[np.float32]

_TO_LMS: Final = np.array(
    [
        [0.4122214708, 0.5363325363, 0.0514459929],
        [0.2119034982, 0.6806995451, 0.1073969566],
        [0.0883024619, 0.2817188376, 0.6299787005],
    ],
    dtype=np.float32,
)
_TO_LAB: Final = np.array(
    [
        [0.2104542553, 0.7936177850, -0.0040720468],
        [1.9779984951, -2.4285922050, 0.4505937099],
        [0.0259040371, 0.7827717662, -0.8086757660],
    ],
    dtype=np.float32,
)
_FROM_LMS: Final = np.linalg.inv(_TO_LMS).astype(np.float32)
_FROM_LAB: Final = np.linalg.inv(_TO_LAB).astype(np.float32)


def blur(picture: Picture, sigma: float) -> Picture:
    """A Gaussian of about `sigma` pixels, made of up to three boxes; the border is mirrored."""
    if sigma < 0.45:
        return picture
    # A box of three has a variance of 2/3: small blurs take fewer of them.
    passes = 1 if sigma < 1.0 else 2 if sigma < 1.28 else 3
    reach = max(1, round((4.0 * sigma * sigma + 1.0) ** 0.5) // 2)
    for axis in (0, 1):
        for _ in range(passes):
            picture = _box(picture, reach, axis)
    return picture


def _box(picture: Picture, reach: int, axis: int) -> Picture:
    """The mean of 2 reach + 1 neighbours along an axis."""
    reach = min(reach, picture.shape[axis] - 1)
    padding = [(0, 0)] * picture.ndim
    padding[axis] = (reach + 1, reach)
    sums = np.cumsum(np.pad(picture, padding, mode="symmetric"), axis=axis, dtype=np.float64)
    count = picture.shape[axis]
    upper = np.take(sums, np.arange(2 * reach + 1, 2 * reach + 1 + count), axis=axis)
    lower = np.take(sums, np.arange(count), axis=axis)
    return ((upper - lower) / (2 * reach + 1)).astype(np.float32)


def resized(picture: NDArray[np.uint8], side: int) -> NDArray[np.uint8]:
    """A square picture uint8 at another size, by a windowed sinc."""
    if picture.shape[0] == side:
        return picture
    return np.asarray(Image.fromarray(picture).resize((side, side), Image.Resampling.LANCZOS))


def as_float(picture: NDArray[np.uint8]) -> Picture:
    """uint8 to 0..1."""
    return picture.astype(np.float32) / np.float32(255.0)


def as_bytes(picture: Picture) -> NDArray[np.uint8]:
    """0..1 to uint8, rounded and clipped."""
    return (np.clip(picture, 0.0, 1.0) * 255.0 + 0.5).astype(np.uint8)


def luminance(picture: Picture) -> Picture:
    """Luma of an sRGB picture [..., 3] (Rec. 601 weights)."""
    return np.asarray(picture @ np.array([0.299, 0.587, 0.114], dtype=np.float32))


def oklab(picture: Picture) -> Picture:
    """sRGB 0..1 to Oklab (Ottosson 2020), a space in which equal steps look equal."""
    linear = np.where(picture <= 0.04045, picture / 12.92, ((np.maximum(picture, 0.0) + 0.055) / 1.055) ** 2.4)
    return np.asarray(np.cbrt(linear.astype(np.float32) @ _TO_LMS.T) @ _TO_LAB.T, dtype=np.float32)


def from_oklab(colours: Picture) -> Picture:
    """Oklab to sRGB, clipped to 0..1."""
    linear = np.clip((colours @ _FROM_LAB.T) ** 3 @ _FROM_LMS.T, 0.0, 1.0)
    encoded = np.where(linear <= 0.0031308, 12.92 * linear, 1.055 * linear ** (1.0 / 2.4) - 0.055)
    return np.asarray(encoded, dtype=np.float32)


def sampled(picture: Picture, x: Any, y: Any) -> Picture:
    """The picture at real coordinates (pixel centres at whole numbers), bilinear, the border held."""
    height, width = picture.shape[:2]
    x = np.clip(x, 0.0, width - 1.001)
    y = np.clip(y, 0.0, height - 1.001)
    left, top = x.astype(np.int32), y.astype(np.int32)
    right_share, low_share = (x - left).astype(np.float32), (y - top).astype(np.float32)
    if picture.ndim == 3:
        right_share, low_share = right_share[..., None], low_share[..., None]
    upper = picture[top, left] * (1.0 - right_share) + picture[top, left + 1] * right_share
    lower = picture[top + 1, left] * (1.0 - right_share) + picture[top + 1, left + 1] * right_share
    return np.asarray(upper * (1.0 - low_share) + lower * low_share, dtype=np.float32)
