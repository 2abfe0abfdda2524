"""The colours of a picture: a few that stand for all, and grounds and inks that go with them."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from daw_models.cover.filters import Picture, as_float, from_oklab, oklab, resized

Colour = tuple[int, int, int]

_ROUNDS: Final = 12
_SIDE: Final = 64


def main_colours(picture: NDArray[np.uint8], count: int) -> Picture:
    """The `count` colours (Oklab) that stand for a square picture, from dark to light.

    Lloyd's rounds from evenly spread ranks of lightness; colour weighs more than light, so that accents survive.
    """
    points = oklab(as_float(resized(picture, _SIDE)).reshape(-1, 3)) * np.array([1.0, 1.8, 1.8], np.float32)
    order = np.argsort(points[:, 0], kind="stable")
    centres = points[order[np.linspace(0, len(points) - 1, 2 * count + 1).astype(int)[1::2]]].copy()
    for _ in range(_ROUNDS):
        nearest = ((points[:, None] - centres[None]) ** 2).sum(axis=2).argmin(axis=1)
        for number in range(count):
            mine = points[nearest == number]
            if len(mine):
                centres[number] = mine.mean(axis=0)
    centres = centres[np.argsort(centres[:, 0], kind="stable")]
    return np.asarray(centres / np.array([1.0, 1.8, 1.8], np.float32))


def toned(colour: Picture, lightness: float, chroma: float) -> Picture:
    """The hue of an Oklab colour at another lightness, with at most so much chroma."""
    length = float(np.hypot(colour[1], colour[2]))
    share = min(chroma, length) / max(length, 1e-6)
    return np.array([lightness, colour[1] * share, colour[2] * share], dtype=np.float32)


def as_colour(colour: Picture) -> Colour:
    """An Oklab colour as three bytes of sRGB."""
    red, green, blue = (int(value) for value in np.rint(from_oklab(colour[None])[0] * 255.0))
    return red, green, blue


def accent(colours: Picture) -> Picture:
    """The most colourful of some Oklab colours."""
    return np.asarray(colours[int(np.hypot(colours[:, 1], colours[:, 2]).argmax())])
