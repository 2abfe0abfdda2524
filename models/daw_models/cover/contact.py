"""Many covers on one sheet."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from daw_models.cover.filters import resized

Pixels = NDArray[np.uint8]

_GROUND: Final = (52, 51, 50)
_WIDEST: Final = 6
_MOST_PIXELS: Final = 4200


def columns(count: int) -> int:
    """As many columns as make the sheet a little wider than high, six at most."""
    return min(max(1, math.ceil(math.sqrt(count * 1.3))), _WIDEST, count)


def tile_side(count: int) -> int:
    """The side of each cover, in pixels, so that the sheet stays handy."""
    return min(900, (_MOST_PIXELS - 60) // columns(count) - 40)


def contact_sheet(covers: Sequence[Pixels]) -> Pixels:
    """The covers in rows on a dark ground, with a gap of a sixteenth of a cover."""
    side = tile_side(len(covers))
    gap = max(side // 16, 4)
    wide = columns(len(covers))
    high = math.ceil(len(covers) / wide)
    sheet = np.empty((gap + high * (side + gap), gap + wide * (side + gap), 3), dtype=np.uint8)
    sheet[:] = _GROUND
    for number, cover in enumerate(covers):
        top = gap + number // wide * (side + gap)
        left = gap + number % wide * (side + gap)
        sheet[top : top + side, left : left + side] = resized(cover, side)
    return sheet
