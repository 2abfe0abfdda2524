"""Where picture, title and artist go: three layouts, and an ink that can be read on what lies behind."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from daw_models.cover.filters import Picture, as_bytes, as_float, blur, luminance, resized
from daw_models.cover.palette import Colour, accent, as_colour, main_colours, toned
from daw_models.cover.typesetting import Block, Line, reads_right_to_left, set_block

Pixels = NDArray[np.uint8]

LAYOUTS: Final = ("full", "plate", "band")
READABLE: Final = 4.5
"""The contrast that WCAG 2 asks of text."""

_MARGIN: Final = 0.075
"""Nothing is set nearer to the edge, as a share of the side: shops round and crop corners."""
_PLATE: Final = 0.715
_BAND: Final = 0.255
_CREAM: Final = 0.965
_SPARSE: Final = 4
"""Contrast is judged on every so many pixels each way."""
_VEILS: Final = (0.0, 0.25, 0.4, 0.55, 0.7, 0.82, 0.92)


@dataclass(frozen=True, slots=True)
class Typeset:
    """What was set: the lines, their ink, the contrast with what lies behind, and what could not be set."""

    lines: tuple[Line, ...]
    ink: Colour
    contrast: float
    warnings: tuple[str, ...]
    shortened: bool


def picture_side(layout: str, size: int, *, text: bool) -> int:
    """The side at which the picture itself has to be rendered for a cover of `size`."""
    return round(_PLATE * size) if layout == "plate" and text else size


def choose_layout(picture: Pixels, seed: int, set_name: str) -> str:
    """The layout that suits a picture: type lies on it where it is calm; else beside it. The seed breaks the tie."""
    calm = min(_unrest(picture, top) for top in (True, False))
    turn = (seed >> 40) % 100
    if set_name in ("botanical", "radiolaria"):
        return "full" if calm < 0.02 and turn < 40 else "plate"
    if calm < 0.055:
        return "full" if turn < 60 else "plate" if turn < 80 else "band"
    return "plate" if turn < 40 else "band" if turn < 80 else "full"


def compose(picture: Pixels, layout: str, size: int, title: str, artist: str) -> tuple[Pixels, Typeset]:
    """The cover [size, size, 3] from a finished picture of `picture_side` and its words; no words, no layout."""
    if not title.strip() and not artist.strip():
        return picture, Typeset((), (0, 0, 0), 21.0, (), False)
    colours = main_colours(picture, 6)
    align = "right" if reads_right_to_left(title) else "left"
    if layout == "plate":
        return _plate(picture, size, title, artist, colours)
    if layout == "band":
        return _band(picture, size, title, artist, colours, align)
    return _full(picture, size, title, artist, colours, align)


def contrast(ink: Colour, ground: Pixels) -> float:
    """The contrast (WCAG 2, 1 to 21) of an ink with the least favourable twentieth of a ground [..., 3]."""
    one = float(_relative_luminance(np.array([ink], dtype=np.uint8))[0])
    behind = _relative_luminance(ground.reshape(-1, 3))
    ratios = (np.maximum(one, behind) + 0.05) / (np.minimum(one, behind) + 0.05)
    return float(np.quantile(ratios, 0.05))


def _relative_luminance(colours: Pixels) -> Picture:
    values = as_float(colours)
    linear = np.where(values <= 0.04045, values / 12.92, ((values + 0.055) / 1.055) ** 2.4)
    return np.asarray(linear @ np.array([0.2126, 0.7152, 0.0722], dtype=np.float32), dtype=np.float32)


def _full(picture: Pixels, size: int, title: str, artist: str, colours: Picture, align: str) -> tuple[Pixels, Typeset]:
    """Type on the picture, at its calmer end, over a veil of the picture's own dark or light if it needs one."""
    margin = _MARGIN * size
    room = size - 2.0 * margin
    block = set_block(title, artist, size, room, 0.098, 0.42 * size)
    at_top = _unrest(picture, True) < 0.8 * _unrest(picture, False)
    top = margin if at_top else size - margin - block.height
    lines = block.placed(margin, top, room, align)
    grounds = (toned(colours[0], min(float(colours[0][0]), 0.22), 0.05), toned(colours[-1], _CREAM, 0.03))
    inks = (as_colour(toned(colours[-1], _CREAM, 0.018)), as_colour(toned(colours[0], 0.20, 0.04)))
    reach = block.height + margin
    sparse = np.ascontiguousarray(picture[::_SPARSE, ::_SPARSE])
    best = (0.0, 0.0, grounds[0], inks[0])
    for strength in _VEILS:
        for ground, ink in zip(grounds, inks, strict=True):
            veiled = _veiled(sparse, as_colour(ground), strength, reach / _SPARSE, at_top)
            best = max(best, (_behind(veiled, lines, ink, _SPARSE), strength, ground, ink), key=lambda found: found[0])
        if best[0] >= READABLE + 0.3:
            break
    _, strength, ground, ink = best
    return _finished(_veiled(picture, as_colour(ground), strength, reach, at_top), lines, ink, block)


def _plate(picture: Pixels, size: int, title: str, artist: str, colours: Picture) -> tuple[Pixels, Typeset]:
    """The picture as a plate on tinted paper, type centred below it."""
    dark = float(np.median(luminance(as_float(resized(picture, 64))))) < 0.36
    ground, ink = _ground_and_ink(colours, dark)
    cover = np.empty((size, size, 3), dtype=np.uint8)
    cover[:] = ground
    side = picture.shape[0]
    left, top = (size - side) // 2, round(0.085 * size)
    cover[top : top + side, left : left + side] = picture
    below = top + side
    depth = size - below - 0.05 * size
    block = set_block(title, artist, size, size - 2.0 * _MARGIN * size, 0.062, depth - 0.03 * size)
    room = size - 2.0 * _MARGIN * size
    first = below + 0.5 * (size - below - block.height)
    lines = block.placed(_MARGIN * size, first, room, "centre")
    return _finished(cover, lines, ink, block)


def _band(picture: Pixels, size: int, title: str, artist: str, colours: Picture, align: str) -> tuple[Pixels, Typeset]:
    """The picture above, a field of one of its colours below with the type on it."""
    bright = float(np.median(luminance(as_float(resized(picture, 64)))))
    chosen = accent(colours)
    ground_colour = toned(chosen, 0.27 if bright > 0.40 else 0.93, 0.075 if bright > 0.40 else 0.03)
    ground = as_colour(ground_colour)
    ink = as_colour(toned(colours[-1], _CREAM, 0.02)) if bright > 0.40 else as_colour(toned(colours[0], 0.22, 0.05))
    height = round(_BAND * size)
    cover = np.empty((size, size, 3), dtype=np.uint8)
    cover[:] = ground
    cover[: size - height] = _window(picture, size - height)
    room = size - 2.0 * _MARGIN * size
    block = set_block(title, artist, size, room, 0.080, height - 0.075 * size)
    first = size - height + 0.5 * (height - block.height)
    lines = block.placed(_MARGIN * size, first, room, align)
    return _finished(cover, lines, ink, block)


def _finished(cover: Pixels, lines: tuple[Line, ...], ink: Colour, block: Block) -> tuple[Pixels, Typeset]:
    reached = _behind(cover, lines, ink)
    return _set(cover, lines, ink), Typeset(lines, ink, reached, block.warnings, block.shortened)


def _ground_and_ink(colours: Picture, dark: bool) -> tuple[Colour, Colour]:
    """A paper tinted by the picture, and an ink of its darkest colour; or the other way round."""
    paper, deep = toned(colours[-1], _CREAM, 0.016), toned(colours[0], 0.20, 0.03)
    return (as_colour(deep), as_colour(paper)) if dark else (as_colour(paper), as_colour(deep))


def _window(picture: Pixels, height: int) -> Pixels:
    """The rows of a picture with most to see, at its top, middle or bottom."""
    side = picture.shape[0]
    spare = side - height
    small = as_float(resized(picture, 128))
    unrest = np.abs(np.diff(luminance(small), axis=0)).sum(axis=1)
    starts = (spare // 2, 0, spare)
    sums = [
        unrest[round(start / side * 127) : round((start + height) / side * 127)].sum() * (1.06 if start else 1.1)
        for start in starts
    ]
    start = starts[int(np.argmax(sums))]
    return picture[start : start + height]


def _unrest(picture: Pixels, top: bool) -> float:
    """How much goes on in the upper or lower third of a picture, where type would lie."""
    light = blur(luminance(as_float(resized(picture, 96))), 1.0)
    part = light[8:36] if top else light[60:88]
    across, down = np.gradient(part)
    return float(np.hypot(across, down).mean() + 0.15 * part.std())


def _veiled(picture: Pixels, ground: Colour, strength: float, reach: float, at_top: bool) -> Pixels:
    """The picture with one end sinking into a colour, softly."""
    if strength == 0.0:
        return picture
    size = picture.shape[0]
    rows = np.arange(size, dtype=np.float32) + 0.5
    inward = rows if at_top else size - rows
    fade = np.clip((1.9 * reach - inward) / (1.25 * reach), 0.0, 1.0)
    share = (strength * fade * fade * (3.0 - 2.0 * fade))[:, None, None].astype(np.float32)
    touched = np.flatnonzero(share[:, 0, 0] > 0.0)
    veiled = picture.copy()
    low, high = int(touched[0]), int(touched[-1]) + 1
    colour = np.array(ground, dtype=np.float32)
    rows_in = picture[low:high].astype(np.float32)
    veiled[low:high] = as_bytes((rows_in + (colour - rows_in) * share[low:high]) / np.float32(255.0))
    return veiled


def _behind(cover: Pixels, lines: tuple[Line, ...], ink: Colour, sparse: int = 1) -> float:
    """The lowest contrast of the ink with what lies behind a line; `cover` may be every `sparse`-th pixel of it."""
    ratios = []
    for line in lines:
        top, bottom = max(int(line.top), 0) // sparse, int(line.bottom) // sparse + 1
        left, right = max(int(line.left), 0) // sparse, int(line.left + line.width) // sparse + 1
        step = max(_SPARSE // sparse, 1)
        ratios.append(contrast(ink, cover[top:bottom:step, left:right:step]))
    return min(ratios, default=21.0)


def _set(cover: Pixels, lines: tuple[Line, ...], ink: Colour) -> Pixels:
    """The cover with the lines on it."""
    cover = cover.copy()
    size = cover.shape[0]
    for line in lines:
        top, bottom = max(int(line.baseline - 1.1 * line.size), 0), min(int(line.baseline + 0.5 * line.size), size)
        mask = Image.new("L", (size, bottom - top), 0)
        pen = ImageDraw.Draw(mask)
        moved = Line(line.text, line.face, line.size, line.tracking, line.width, line.left, line.baseline - top)
        moved.draw(pen, 255)
        box = mask.getbbox()
        if box is None:
            continue
        share = np.asarray(mask, dtype=np.float32)[box[1] : box[3], box[0] : box[2], None] / np.float32(255.0)
        at = cover[top + box[1] : top + box[3], box[0] : box[2]]
        mixed = at + (np.array(ink, dtype=np.float32) - at) * share
        cover[top + box[1] : top + box[3], box[0] : box[2]] = np.rint(mixed).astype(np.uint8)
    return cover
