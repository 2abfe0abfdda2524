"""Where a painter would set the brush: layers of curved strokes from broad to fine.

After Hertzmann, "Painterly Rendering with Curved Brush Strokes of Multiple Sizes" (SIGGRAPH 1998): each layer corrects
what the broader one left wrong, and a stroke runs across the gradient until its colour no longer fits. All strokes of a
layer are traced at once, and directions come from a smoothed structure tensor, so that calm places follow the edges
around them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from daw_models.cover.filters import Picture, blur, luminance, sampled

Floats = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Brush:
    """One layer: half width of the brush and length of a stroke as shares of the picture's side, and how eager it is.

    `spacing` is the distance of strokes in half widths; `threshold` the error (0..1) below which a place is left alone.
    """

    radius: float
    spacing: float
    threshold: float
    longest: int
    jitter: float


@dataclass(frozen=True, slots=True)
class Strokes:
    """Traced strokes of a layer in the order of painting, in units of the picture's side.

    `x`, `y` [N, K + 1]: points; `count` [N]: segments in use; `left`, `right` [N, 3]: the colours the brush carries at
    its two edges; `width` [N]: half width; `chance` [N]: a random number of each stroke.
    """

    x: Floats
    y: Floats
    count: NDArray[np.int64]
    left: Floats
    right: Floats
    width: Floats
    chance: Floats

    def __len__(self) -> int:
        return len(self.count)


BRUSHES: Final = (
    Brush(0.0260, 1.20, 0.0, 9, 0.014),
    Brush(0.0130, 1.20, 0.007, 11, 0.018),
    Brush(0.0064, 1.25, 0.008, 12, 0.018),
    Brush(0.0032, 1.40, 0.010, 12, 0.014),
)
"""From the broad brush of the underpainting to the fine one of the accents."""

_SHORTEST: Final = 3
_BEND: Final = 0.55
"""How much of a stroke's direction is the field's own, the rest being the direction it has."""


def trace_layers(picture: Picture, seed: int, brushes: tuple[Brush, ...] = BRUSHES) -> list[Strokes]:
    """The strokes of a square picture [S, S, 3] in 0..1, layer by layer."""
    layers = []
    painted: Picture | None = None
    for number, brush in enumerate(brushes):
        rng = np.random.Generator(np.random.Philox(key=[seed & (2**63 - 1), number]))
        wanted = blur(picture, 0.45 * brush.radius * picture.shape[0])
        layers.append(_trace(wanted, painted, brush, rng))
        painted = wanted
    return layers


def directions(picture: Picture, sigma: float) -> tuple[Picture, Picture]:
    """Unit vectors along the edges of a picture: the minor eigenvector of its structure tensor, smoothed by `sigma`."""
    light = luminance(picture)
    down, across = np.gradient(light)
    parts = (np.square(across), np.square(down), across * down)
    xx, yy, xy = (blur(np.asarray(part, dtype=np.float32), sigma) for part in parts)
    angle = 0.5 * np.arctan2(2.0 * xy, xx - yy) + np.pi / 2.0
    return np.cos(angle).astype(np.float32), np.sin(angle).astype(np.float32)


def _trace(wanted: Picture, painted: Picture | None, brush: Brush, rng: np.random.Generator) -> Strokes:
    side = wanted.shape[0]
    radius = brush.radius * side
    x, y = _starts(side, radius * brush.spacing, rng)
    if painted is not None:
        error = blur(np.abs(wanted - painted).max(axis=2), 0.5 * radius)
        chosen = sampled(error, x, y) > brush.threshold * rng.uniform(0.6, 1.4, len(x))
        x, y = x[chosen], y[chosen]
    field = directions(wanted, max(1.2 * radius, 2.0))
    points_x, points_y, count = _run(wanted, painted, field, brush, radius, x, y, rng)
    colours = _colours(wanted, field, radius, x, y, brush.jitter, rng)
    order = rng.permutation(len(x))
    scale = np.float32(1.0 / side)
    width = brush.radius * rng.uniform(0.75, 1.15, len(x))
    return Strokes(
        ((points_x + 0.5) * scale)[order],
        ((points_y + 0.5) * scale)[order],
        count[order],
        colours[0][order],
        colours[1][order],
        width.astype(np.float32)[order],
        rng.random(len(x), dtype=np.float32)[order],
    )


def _starts(side: int, step: float, rng: np.random.Generator) -> tuple[Floats, Floats]:
    """A jittered grid of points."""
    along = np.arange(0.5 * step, side, step, dtype=np.float32)
    x, y = (axis.ravel() for axis in np.meshgrid(along, along))
    x = x + rng.uniform(-0.5, 0.5, len(x)).astype(np.float32) * np.float32(step)
    y = y + rng.uniform(-0.5, 0.5, len(y)).astype(np.float32) * np.float32(step)
    return np.clip(x, 0, side - 1), np.clip(y, 0, side - 1)


def _run(
    wanted: Picture,
    painted: Picture | None,
    field: tuple[Picture, Picture],
    brush: Brush,
    radius: float,
    x: Floats,
    y: Floats,
    rng: np.random.Generator,
) -> tuple[Floats, Floats, NDArray[np.int64]]:
    """The points of all strokes, and how many segments of each are in use."""
    own = sampled(wanted, x, y)
    sign = np.where(rng.random(len(x)) < 0.5, -1.0, 1.0).astype(np.float32)
    heading_x, heading_y = sampled(field[0], x, y) * sign, sampled(field[1], x, y) * sign
    points_x, points_y = [x], [y]
    count = np.zeros(len(x), dtype=np.int64)
    alive = np.ones(len(x), dtype=bool)
    limit = rng.integers(_SHORTEST + 1, brush.longest + 1, len(x))
    for step in range(brush.longest):
        field_x, field_y = sampled(field[0], x, y), sampled(field[1], x, y)
        turn = np.where(field_x * heading_x + field_y * heading_y < 0.0, np.float32(-1.0), np.float32(1.0))
        heading_x = _BEND * turn * field_x + (1.0 - _BEND) * heading_x
        heading_y = _BEND * turn * field_y + (1.0 - _BEND) * heading_y
        length = np.maximum(np.hypot(heading_x, heading_y), 1e-6)
        heading_x, heading_y = heading_x / length, heading_y / length
        x, y = (x + heading_x * radius).astype(np.float32), (y + heading_y * radius).astype(np.float32)
        here = sampled(wanted, x, y)
        wrong = np.abs(here - own).sum(axis=1)
        before = np.full(len(x), 0.10) if painted is None else np.abs(here - sampled(painted, x, y)).sum(axis=1) + 0.045
        alive &= (step < _SHORTEST) | ((wrong < before) & (step < limit))
        count += alive
        points_x.append(x)
        points_y.append(y)
    return np.stack(points_x, axis=1), np.stack(points_y, axis=1), count


def _colours(
    wanted: Picture,
    field: tuple[Picture, Picture],
    radius: float,
    x: Floats,
    y: Floats,
    jitter: float,
    rng: np.random.Generator,
) -> tuple[Floats, Floats]:
    """What the brush carries at its two edges: the picture there, and a little of the painter's own."""
    aside_x, aside_y = -sampled(field[1], x, y) * 0.5 * radius, sampled(field[0], x, y) * 0.5 * radius
    tint = rng.normal(0.0, jitter, (len(x), 1)) + rng.normal(0.0, 0.45 * jitter, (len(x), 3))
    left = sampled(wanted, x + aside_x, y + aside_y) + tint
    right = sampled(wanted, x - aside_x, y - aside_y) + tint
    return np.clip(left, 0.0, 1.0).astype(np.float32), np.clip(right, 0.0, 1.0).astype(np.float32)
