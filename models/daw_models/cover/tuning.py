"""The last word on light and colour: a painted picture is brought nearer to its wish where tones alone can do it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from daw_models.art.attributes import ATTRIBUTES, Standing, measure
from daw_models.art.wish import SETS, Wish
from daw_models.cover.filters import Picture, as_bytes, as_float, luminance

Pixels = NDArray[np.uint8]

_ROUNDS: Final = 3
_SHARE: Final = 0.75
"""How much of the way is gone: what the painter did has reasons of its own."""
_GREY_SETS: Final = frozenset({"radiolaria"})


def tuned(picture: Pixels, wish: Wish, standing: Standing) -> Pixels:
    """The picture with brightness, contrast, saturation and warmth nearer to the wished percentiles of its set."""
    if wish.set_name in _GREY_SETS:
        return picture
    target = wished_figures(wish, standing)
    begun = measure(picture)
    aims = {name: begun[name] + _SHARE * (target[name] - begun[name]) for name in target}
    tones = as_float(picture)
    for _ in range(_ROUNDS):
        found = measure(as_bytes(tones))
        tones = _saturated(tones, aims["saturation"] / max(found["saturation"], 0.02))
        tones = _contrasted(tones, aims["contrast"] / max(found["contrast"], 0.02))
        found = measure(as_bytes(tones))
        warmer = 0.5 * (aims["warmth"] - found["warmth"])
        lighter = aims["brightness"] - found["brightness"]
        tones = np.clip(tones + np.array([lighter + warmer, lighter, lighter - warmer], dtype=np.float32), 0.0, 1.0)
    return as_bytes(tones)


def wished_figures(wish: Wish, standing: Standing) -> dict[str, float]:
    """The figures behind the wish's percentiles, by attribute."""
    tables = standing.values[SETS.index(wish.set_name)]
    return {
        name: float(np.interp(value, np.linspace(0.0, 1.0, len(table)), table))
        for name, value, table in zip(ATTRIBUTES, wish.attributes, _rows(tables), strict=True)
    }


def _rows(tables: NDArray[np.float32]) -> Sequence[NDArray[np.float32]]:
    return [np.asarray(row, dtype=np.float32) for row in tables]


def _saturated(tones: Picture, factor: float) -> Picture:
    """Colours further from or nearer to grey of the same luma."""
    grey = luminance(tones)[..., None]
    return np.asarray(np.clip(grey + (tones - grey) * np.float32(np.clip(factor, 0.5, 1.8)), 0.0, 1.0))


def _contrasted(tones: Picture, factor: float) -> Picture:
    """Tones further from or nearer to their mean."""
    mean = np.float32(luminance(tones).mean())
    return np.asarray(np.clip(mean + (tones - mean) * np.float32(np.clip(factor, 0.6, 1.7)), 0.0, 1.0))
