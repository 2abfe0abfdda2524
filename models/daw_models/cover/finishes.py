"""How a small picture becomes a print: four finishes whose edges are drawn at the size of the print."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from daw_models.cover.filters import Picture, as_bytes, as_float, blur, from_oklab, luminance, oklab, resized
from daw_models.cover.impasto import in_bands, paint, relief
from daw_models.cover.palette import accent, main_colours
from daw_models.cover.strokes import trace_layers

Pixels = NDArray[np.uint8]

_WORK: Final = 4
"""Strokes and contours are found on a picture so many times smaller than the print."""
_LIGHT: Final = 0.15
_DEPTH: Final = 1.5
_WEAVE: Final = 0.014
_GRAIN: Final = 0.006
_COLOURS: Final = 6
_SCREEN: Final = 11.0
"""The distance of the duotone's screen lines, in pixels of a print of 3000."""


def graded(picture: Pixels) -> Pixels:
    """The picture with its tones opened towards black and white, colours a little freed, forms a little firmer."""
    colours = oklab(as_float(picture))
    light = colours[..., 0]
    low, high = np.quantile(light, (0.01, 0.99))
    aim_low, aim_high = min(float(low), 0.22), max(float(high), 0.90)
    low, high = 0.4 * low + 0.6 * min(low, aim_low + 0.04), high
    opened = aim_low + (light - low) / max(high - low, 0.15) * (0.45 * aim_high + 0.55 * high - aim_low)
    radius = picture.shape[0] / 40.0
    firm = opened + 0.16 * (opened - blur(opened.astype(np.float32), radius))
    graded_colours = np.concatenate([np.clip(firm, 0.0, 1.0)[..., None], colours[..., 1:] * 1.06], axis=-1)
    return as_bytes(from_oklab(graded_colours.astype(np.float32)))


def paint_finish(picture: Pixels, size: int, seed: int) -> Pixels:
    """Brush strokes over a broad underpainting, with bristles, relief and the weave of the canvas."""
    work = as_float(resized(picture, max(size // _WORK, 24)))
    firm = np.clip(work + 0.7 * (work - blur(work, work.shape[0] / 180.0)), 0.0, 1.0)
    ground = as_float(resized(as_bytes(blur(work, work.shape[0] / 60.0)), size))
    canvas, height = paint(trace_layers(firm, seed), ground, size, seed)
    weave = _weave(size)
    out = np.empty((size, size, 3), dtype=np.uint8)

    def light(top: int, end: int) -> None:
        low, high = max(top - 1, 0), min(end + 1, size)
        shade = relief(height[low:high], _DEPTH)[top - low : top - low + end - top]
        # Thin paint shows the weave, thick paint hides it.
        thin = np.clip(1.0 - height[top:end], 0.0, 1.0) * weave[np.arange(top, end) % len(weave)]
        rows = canvas[top:end]
        lit = rows * (1.0 + np.float32(_LIGHT) * shade)[..., None]
        lit += (np.float32(0.10 * _LIGHT) * np.maximum(shade, 0.0) + np.float32(_WEAVE) * thin)[..., None]
        out[top:end] = as_bytes(lit)

    in_bands(size, light)
    return out


def print_finish(picture: Pixels, size: int, seed: int) -> Pixels:
    """The enlarged picture as it is, on grained paper."""
    large = resized(picture, size)
    out = np.empty_like(large)
    paper = _paper(seed, size)

    def ink(top: int, end: int) -> None:
        rows = as_float(large[top:end])
        tooth = paper[np.arange(top, end) % len(paper)][:, :size]
        # Paper shows most in the middle tones: black ink fills it, white has no ink.
        middle = 1.0 - np.square(2.0 * luminance(rows) - 1.0) * np.float32(0.6)
        out[top:end] = as_bytes(rows + (tooth * middle)[..., None])

    in_bands(size, ink)
    return out


def poster_finish(picture: Pixels, size: int, _seed: int) -> Pixels:
    """A few flat colours inside smooth contours, as cut from paper."""
    work = resized(picture, max(size // _WORK, 24))
    colours = main_colours(work, _COLOURS)
    colours[:, 1:] *= 1.18
    smooth = oklab(blur(as_float(work), work.shape[0] / 170.0))
    weights = np.array([1.0, 1.8, 1.8], dtype=np.float32)
    distances = [np.square((smooth - colour) * weights).sum(axis=2) for colour in main_colours(work, _COLOURS)]
    nearest = np.argmin(np.stack(distances), axis=0)
    # Blurred memberships give round contours, free of the steps of the small picture.
    fields = [
        Image.fromarray(blur((nearest == number).astype(np.float32), work.shape[0] / 130.0))
        for number in range(_COLOURS)
    ]
    flat = from_oklab(colours)
    out = np.empty((size, size, 3), dtype=np.uint8)
    scale = work.shape[0] / size

    def cut(top: int, end: int) -> None:
        low, high = max(top - 1, 0), min(end + 1, size)
        box = (0.0, low * scale, float(work.shape[0]), high * scale)
        members = [np.asarray(field.resize((size, high - low), Image.Resampling.BICUBIC, box=box)) for field in fields]
        out[top:end] = as_bytes(_flat(members, flat)[top - low : top - low + end - top])

    in_bands(size, cut)
    return out


def duotone_finish(picture: Pixels, size: int, seed: int) -> Pixels:
    """Two inks: the picture's own strongest colour, deep and pale, the deep one through a fine line screen."""
    colours = main_colours(picture, _COLOURS)
    deep, pale = two_inks(colours, seed)
    light = luminance(as_float(picture))
    low, high = np.quantile(light, (0.01, 0.97))
    # What is nearly white stays paper, without a trace of the screen.
    dark = np.clip((high - light) / max(high - low, 0.2) * 1.08 - 0.08, 0.0, 1.0).astype(np.float32)
    field = Image.fromarray(dark)
    ends = from_oklab(np.stack([deep, pale]))
    out = np.empty((size, size, 3), dtype=np.uint8)
    scale = picture.shape[0] / size
    pitch = _SCREEN * size / 3000.0
    # Lines finer than the pixels would only make a pattern of their own.
    share = np.float32(0.55 if pitch >= 4.0 else 0.0)
    across = np.arange(size, dtype=np.float32)[None, :]

    def press(top: int, end: int) -> None:
        box = (0.0, top * scale, float(picture.shape[0]), end * scale)
        tone = np.asarray(field.resize((size, end - top), Image.Resampling.BICUBIC, box=box)).clip(0.0, 1.0)
        down = np.arange(top, end, dtype=np.float32)[:, None]
        wave = np.abs(((across + down) / np.float32(pitch * 2.0**0.5)) % 1.0 * 2.0 - 1.0)  # 0..1, straight flanks
        lines = np.clip((tone - wave) * np.float32(pitch / 2.0) + np.float32(0.5), 0.0, 1.0)
        ink = share * lines + (np.float32(1.0) - share) * tone
        out[top:end] = as_bytes(ends[1] + (ends[0] - ends[1]) * ink[..., None])

    in_bands(size, press)
    return out


def two_inks(colours: Picture, seed: int) -> tuple[Picture, Picture]:
    """A deep and a pale ink: the picture's own strongest colour, or a pair of the printer's for a colourless one."""
    chosen = accent(colours)
    if np.hypot(chosen[1], chosen[2]) < 0.03:
        deep_hue, pale_hue = (np.deg2rad(degrees) for degrees in _PAIRS[(seed >> 12) % len(_PAIRS)])
    else:
        deep_hue = float(np.arctan2(chosen[2], chosen[1]))
        pale_hue = deep_hue + (0.5 if (seed >> 24) % 2 else -0.5)
    deep = np.array([0.31, 0.095 * np.cos(deep_hue), 0.095 * np.sin(deep_hue)], dtype=np.float32)
    pale = np.array([0.925, 0.040 * np.cos(pale_hue), 0.040 * np.sin(pale_hue)], dtype=np.float32)
    return deep, pale


_PAIRS: Final = ((262, 92), (22, 78), (155, 100), (215, 60), (300, 350), (195, 210), (45, 95), (252, 20))
"""Hues (Oklab, degrees) of inks that go together, deep and pale: blue on cream, oxblood on sand, fir on straw, ..."""


FINISHES: Final[Mapping[str, Callable[[Pixels, int, int], Pixels]]] = {
    "paint": paint_finish,
    "print": print_finish,
    "poster": poster_finish,
    "duotone": duotone_finish,
}
"""Finish -> what makes the print [size, size, 3] of an enlarged and graded picture, a size and a seed."""


def _flat(members: list[Picture], colours: Picture) -> Picture:
    """Each pixel in the colour of its strongest membership; edges are smoothed over one pixel of the print."""
    stack = np.stack(members)  # [K, h, w]
    two = np.partition(stack, -2, axis=0)[-2:]
    best = stack.argmax(axis=0)
    second = np.where(stack == two[1], -np.inf, stack).argmax(axis=0)
    lead = two[1] - two[0]
    down, across = np.gradient(lead)
    share = np.clip(_HALF + lead / np.maximum(2.0 * np.hypot(down, across), 1e-6), 0.0, 1.0)[..., None]
    return np.asarray(colours[best] * share + colours[second] * (1.0 - share), dtype=np.float32)


_HALF: Final = np.float32(0.5)


def _weave(size: int) -> Picture:
    """A linen of crossing threads, -1..1, [period, size]."""
    pitch = max(size / 3000.0 * 9.0, 2.0)
    period = round(pitch * 16)
    rows = np.arange(period, dtype=np.float32)[:, None] * np.float32(2.0 * np.pi * 16.0 / period)
    columns = np.arange(size, dtype=np.float32)[None, :] * np.float32(2.0 * np.pi / pitch)
    return np.asarray(np.sin(rows) * np.cos(columns) + _HALF * np.sin(rows + columns) * np.sin(rows - columns))


def _paper(seed: int, size: int) -> Picture:
    """The tooth of a paper: two sizes of fibre and a fine grain, tiling downwards, [rows, size or more]."""
    rng = np.random.Generator(np.random.Philox(key=[seed & (2**63 - 1), 53]))
    rows = 512
    tile = rng.normal(size=(rows, size)).astype(np.float32)
    coarse = blur(tile, 2.2 * size / 3000.0)
    coarse /= max(float(coarse.std()), 1e-6)
    return np.asarray(np.float32(0.016) * coarse + np.float32(_GRAIN) * tile, dtype=np.float32)
