"""Strokes become paint: every pixel of the print is computed at its own size, bristles, ridges and light included.

A layer is first drawn as a map that says which piece of which stroke lies on top; from the map each pixel gets its
place across and along its stroke, and from that its colour, how much paint the bristles leave there, and how high it
stands.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from typing import Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from daw_models.cover.filters import Picture
from daw_models.cover.strokes import Floats, Strokes

_BAND: Final = 64
_THREADS: Final = 2
_HALF: Final = np.float32(0.5)
_CAP: Final = np.float32(0.6)
"""How far an end is round beyond its last point, in half widths."""
_STREAKS: Final = np.float32(0.06)
_TEXTURE: Final = (512, 1024)
"""Bristles across and along: the tile that all brushes are cut from."""


@dataclass(frozen=True, slots=True)
class _Pieces:
    """All segments of a layer, 1 to M (0 is bare canvas); lengths in pixels of the print."""

    corners: Floats  # [M, 4, 2]
    caps: Floats  # [2 N, 7, 2]
    first: NDArray[np.int64]  # [N + 1]: the number of the first segment of each stroke, and one past the last
    table: (
        Floats  # [M + 1, 10]: x, y, unit x, unit y, 1 / half width, along, stroke length, stroke, shift across, along
    )
    left: Floats  # [N, 3]
    right: Floats


def paint(layers: Sequence[Strokes], ground: Picture, size: int, seed: int) -> tuple[Picture, Picture]:
    """The painted picture [size, size, 3] in 0..1, and the height of its paint [size, size], about 0..1."""
    canvas = ground.astype(np.float32, copy=True)
    height = np.zeros((size, size), dtype=np.float32)
    bristles = bristle_texture(seed)
    for number, strokes in enumerate(layers):
        if not len(strokes):
            continue
        pieces = _pieces(strokes, size)
        above = _map(pieces, size)
        thickness = 0.45 + 0.18 * number
        in_bands(size, partial(_shade, canvas, height, above, pieces, bristles, thickness, size))
    return canvas, height


def bristle_texture(seed: int) -> Picture:
    """Noise 0..1 that is fine across the brush and long along it, tiling both ways, [across, along]."""
    rng = np.random.Generator(np.random.Philox(key=[seed & (2**63 - 1), 97]))
    across, along = _TEXTURE
    noise = np.fft.rfft2(rng.normal(size=(across, along)))
    waves_across = np.abs(np.fft.fftfreq(across))[:, None]
    waves_along = np.fft.rfftfreq(along)[None, :]
    keep = np.exp(-((waves_across / 0.18) ** 2)) * np.exp(-((waves_along / 0.008) ** 2))
    # Hairs cling together: broad tufts count for more than single hairs.
    keep *= (waves_across > 0.008) / (waves_across + 0.03) ** 0.9
    texture = np.fft.irfft2(noise * keep, s=(across, along))
    ranks = np.argsort(np.argsort(texture, axis=None)).reshape(texture.shape)
    return (ranks / (ranks.size - 1)).astype(np.float32)


def _pieces(strokes: Strokes, size: int) -> _Pieces:
    """Cut strokes into segments; the first and the last are lengthened by the roundness of the brush."""
    used = np.arange(strokes.x.shape[1] - 1)[None, :] < strokes.count[:, None]  # [N, K]
    x, y = strokes.x * size, strokes.y * size
    step_x, step_y = np.diff(x, axis=1), np.diff(y, axis=1)
    lengths = np.maximum(np.hypot(step_x, step_y), 1e-3)
    unit_x, unit_y = (step_x / lengths).astype(np.float32), (step_y / lengths).astype(np.float32)
    width = strokes.width[:, None] * size
    # Normals at the joints are those of both segments, so that neighbours share their corners.
    normal_x = np.concatenate([-unit_y[:, :1], -(unit_y[:, 1:] + unit_y[:, :-1]) / 2, -unit_y[:, -1:]], axis=1)
    normal_y = np.concatenate([unit_x[:, :1], (unit_x[:, 1:] + unit_x[:, :-1]) / 2, unit_x[:, -1:]], axis=1)
    at_last = np.arange(strokes.x.shape[1])[None, :] == strokes.count[:, None]
    normal_x = np.where(at_last, -np.pad(unit_y, ((0, 0), (1, 0)), mode="edge"), normal_x)
    normal_y = np.where(at_last, np.pad(unit_x, ((0, 0), (1, 0)), mode="edge"), normal_y)
    long = np.maximum(np.hypot(normal_x, normal_y), 0.3)
    normal_x, normal_y = normal_x / long * width, normal_y / long * width
    corners = np.stack(
        [
            np.stack([x + normal_x, y + normal_y], axis=-1)[:, :-1],
            np.stack([x + normal_x, y + normal_y], axis=-1)[:, 1:],
            np.stack([x - normal_x, y - normal_y], axis=-1)[:, 1:],
            np.stack([x - normal_x, y - normal_y], axis=-1)[:, :-1],
        ],
        axis=2,
    )
    along = np.cumsum(lengths, axis=1) - lengths
    total = (lengths * used).sum(axis=1, keepdims=True)
    number = np.broadcast_to(np.arange(len(strokes))[:, None], used.shape)
    spread = np.ones_like(along)
    columns = [
        x[:, :-1],
        y[:, :-1],
        unit_x,
        unit_y,
        spread / width,
        along,
        spread * total,
        number.astype(np.float32),
        spread * strokes.chance[:, None] * _TEXTURE[0],
        spread * (strokes.chance[:, None] * 7919.0 % 1.0) * _TEXTURE[1],
    ]
    table = np.stack([column[used] for column in columns], axis=1).astype(np.float32)
    table = np.concatenate([np.zeros((1, table.shape[1]), np.float32), table])
    caps = _caps(strokes, x, y, unit_x, unit_y, width)
    first = 1 + np.concatenate([[0], np.cumsum(strokes.count)])
    return _Pieces(
        corners[used].astype(np.float32), caps, first, np.ascontiguousarray(table.T), strokes.left, strokes.right
    )


def _caps(strokes: Strokes, x: Floats, y: Floats, unit_x: Floats, unit_y: Floats, width: Floats) -> Floats:
    """The rounded ends [2 N, 7, 2]: starts first, then ends, each a flattened half circle beyond its point."""
    every, last = np.arange(len(strokes)), strokes.count
    ends = []
    for point, segment, way in ((np.zeros_like(last), np.zeros_like(last), -1.0), (last, last - 1, 1.0)):
        middle_x, middle_y = x[every, point][:, None], y[every, point][:, None]
        out_x, out_y = unit_x[every, segment][:, None], unit_y[every, segment][:, None]
        turn = np.linspace(0.0, np.pi, 7)[None, :]
        reach, side = way * _CAP * np.sin(turn) * width, np.cos(turn) * width
        ends.append(np.stack([middle_x + out_x * reach - out_y * side, middle_y + out_y * reach + out_x * side], -1))
    return np.concatenate(ends).astype(np.float32)


def _map(pieces: _Pieces, size: int) -> NDArray[np.int32]:
    """Which piece lies on top at each pixel, 0 for none."""
    image = Image.new("I", (size, size), 0)
    pen = ImageDraw.Draw(image)
    quads, caps = pieces.corners.reshape(-1, 8).tolist(), pieces.caps.reshape(-1, 14).tolist()
    first = pieces.first.tolist()
    strokes = len(first) - 1
    for stroke in range(strokes):
        pen.polygon(caps[stroke], fill=first[stroke])
        pen.polygon(caps[strokes + stroke], fill=first[stroke + 1] - 1)
        for number in range(first[stroke], first[stroke + 1]):
            pen.polygon(quads[number - 1], fill=number)
    return np.asarray(image)


def _shade(
    canvas: Picture,
    height: Picture,
    above: NDArray[np.int32],
    pieces: _Pieces,
    bristles: Picture,
    thickness: float,
    size: int,
    top: int,
    end: int,
) -> None:
    """Lay one layer's paint on the rows top..end."""
    ids = above[top:end].ravel()
    inside = np.flatnonzero(ids)
    if not len(inside):
        return
    ids = ids[inside]
    x0, y0, unit_x, unit_y, narrow, along, total, stroke, shift, shift_along = (row[ids] for row in pieces.table)
    row, column = np.divmod(inside.astype(np.int32), np.int32(size))
    from_x = column.astype(np.float32) + (_HALF - x0)
    from_y = row.astype(np.float32) + (np.float32(top + 0.5) - y0)
    across = from_y * unit_x - from_x * unit_y  # pixels from the middle of the stroke
    run = along + from_x * unit_x + from_y * unit_y
    place = across * narrow  # -1..1
    fine = np.float32(3000.0 / size)
    # The tile's sides are powers of two, so that a mask wraps negative places too.
    tile_row = (across * fine + shift).astype(np.int32) & (_TEXTURE[0] - 1)
    tile_column = (run * (fine * _HALF) + shift_along).astype(np.int32) & (_TEXTURE[1] - 1)
    texture = bristles.ravel()[tile_row * _TEXTURE[1] + tile_column]
    covered = _coverage(texture, place, narrow, run, total)
    number = stroke.astype(np.int32)
    right = pieces.right[number]
    colour = pieces.left[number]
    colour -= right
    colour *= np.clip(place * _HALF + _HALF, 0.0, 1.0)[:, None]
    colour += right
    colour += ((texture - _HALF) * _STREAKS)[:, None]
    at = canvas[top:end].reshape(-1, 3)
    old = at[inside]
    colour -= old
    colour *= covered[:, None]
    at[inside] = colour + old
    ridge = np.float32(0.62) * texture + np.float32(0.38) * np.square(np.square(place))
    stands = height[top:end].reshape(-1)
    lower = stands[inside]
    stands[inside] = lower + (thickness * ridge - lower * np.float32(0.75)) * covered


def _coverage(texture: Floats, place: Floats, narrow: Floats, run: Floats, total: Floats) -> Floats:
    """How much of each pixel the brush paints: thick at first, running out, bristles lifting at the rims and ends."""
    side = np.square(place)
    # Round ends: the outer bristles set down later and lift earlier.
    bow = np.sqrt(np.maximum(1.0 - side, 0.0)) * _CAP
    into = run * narrow + bow
    left_over = (total - run) * narrow + bow
    progress = np.clip(run / total, 0.0, 1.0)
    tired = np.square(np.square(progress))
    dry = np.float32(0.55) * tired + np.float32(0.45) * side * side * side
    bare = np.clip((texture - dry + np.float32(0.46)) * np.float32(3.2), 0.0, 1.0)
    ends = np.clip(np.minimum(into * np.float32(8.0), left_over * np.float32(4.0)) + texture * _HALF - _HALF, 0.0, 1.0)
    rim = np.clip((1.0 - np.abs(place)) / (narrow * np.float32(1.5)) + np.float32(0.3), 0.0, 1.0)
    return np.asarray(bare * ends * rim)


def relief(height: Picture, depth: float) -> Picture:
    """The light (-1..1) that falls from the upper left on the rows of some paint, the first and last row being bare."""
    light = np.zeros_like(height)
    light[1:-1, 1:-1] = height[2:, 2:] - height[:-2, :-2]
    light[1:-1, 1:-1] += _HALF * (height[2:, 1:-1] - height[:-2, 1:-1])
    return np.asarray(np.tanh(light * np.float32(depth)))


def in_bands(size: int, work: Callable[[int, int], None]) -> None:
    """Run over all rows, a band at a time, on two threads; bands do not touch, so the order does not matter."""
    bands = [(top, min(top + _BAND, size)) for top in range(0, size, _BAND)]
    with ThreadPoolExecutor(_THREADS) as pool:
        for done in [pool.submit(work, top, end) for top, end in bands]:
            done.result()
