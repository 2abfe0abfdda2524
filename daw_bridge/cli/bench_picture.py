"""The figures of `bench` as a picture: a histogram for each distribution of each scene."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final

from daw_bridge.cli.bench_tables import measure, place
from daw_bridge.errors import UsageError
from daw_bridge.live.bench.scene import Measured
from daw_bridge.live.bench.spread import BIN, Spread

if TYPE_CHECKING:
    from PIL.ImageDraw import ImageDraw
    from PIL.ImageFont import FreeTypeFont, ImageFont

Colour = tuple[int, int, int]
Box = tuple[int, int, int, int]

_COLUMNS: Final = 2
_WIDTH, _HEIGHT, _MARGIN = 760, 300, 28
_TITLE, _AXIS, _LEFT = 64, 34, 8
_FEWEST_BINS: Final = 16
_MOST_BINS: Final = 80
"""Further values are gathered at the right edge, and told of."""

_PAPER: Final[Colour] = (19, 22, 31)
_GROUND: Final[Colour] = (28, 32, 44)
_LINE: Final[Colour] = (70, 77, 99)
_TEXT: Final[Colour] = (226, 230, 240)
_QUIET: Final[Colour] = (138, 147, 170)
_BAR: Final[Colour] = (98, 176, 255)
_MEDIAN: Final[Colour] = (126, 214, 163)
_TAIL: Final[Colour] = (255, 176, 84)


def draw(runs: Sequence[Measured], file: Path) -> None:
    """Write the picture as PNG. Raises UsageError when the file cannot be written or nothing was measured."""
    from PIL import Image, ImageDraw

    panels = [(run, name, spread) for run in runs for name, spread in run.spreads.items() if spread.count]
    if not panels:
        raise UsageError("nothing was measured to draw", where=str(file))
    rows = math.ceil(len(panels) / _COLUMNS)
    size = (_COLUMNS * (_WIDTH + _MARGIN) + _MARGIN, rows * (_HEIGHT + _MARGIN) + _MARGIN)
    image = Image.new("RGB", size, _PAPER)
    canvas = ImageDraw.Draw(image)
    for number, (run, name, spread) in enumerate(panels):
        row, column = divmod(number, _COLUMNS)
        left, top = _MARGIN + column * (_WIDTH + _MARGIN), _MARGIN + row * (_HEIGHT + _MARGIN)
        title = f"{run.conditions.scene}, {place(run.conditions)}: {measure(run, name)}"
        _panel(canvas, (left, top, left + _WIDTH, top + _HEIGHT), title, spread)
    try:
        image.save(file, "PNG")
    except OSError as error:
        raise UsageError(f"cannot be written ({error.strerror or error})", where=str(file)) from None


def _panel(canvas: ImageDraw, box: Box, title: str, spread: Spread) -> None:
    left, top, right, bottom = box
    canvas.rounded_rectangle(box, 8, _GROUND)
    canvas.text((left + 16, top + 12), title, _TEXT, _font(17))
    canvas.text((left + 16, top + 36), _told(spread), _QUIET, _font(14))
    inner = (left + 16 + _LEFT, top + _TITLE, right - 24, bottom - _AXIS)
    first, counts, beyond = gathered(spread)
    width = (inner[2] - inner[0]) / len(counts)
    tallest = math.log1p(max(counts))
    for number, count in enumerate(counts):
        if not count:
            continue
        height = max(2.0, math.log1p(count) / tallest * (inner[3] - inner[1] - 6))
        x = inner[0] + number * width
        colour = _TAIL if beyond and number == len(counts) - 1 else _BAR
        canvas.rectangle((x + 1, inner[3] - height, max(x + 2, x + width - 1), inner[3]), colour)
    _axis(canvas, inner, first, len(counts), beyond)
    for value, colour in ((spread.p50, _MEDIAN), (spread.p99, _TAIL)):
        if value is not None and value / BIN - first <= len(counts):
            x = inner[0] + (value / BIN - first) * width
            canvas.line((x, inner[1], x, inner[3]), colour, 2)


def _axis(canvas: ImageDraw, inner: Box, first: int, bins: int, beyond: int) -> None:
    left, _, right, bottom = inner
    canvas.line((left, bottom, right, bottom), _LINE, 1)
    step = max(1, round(bins / 8))
    for number in range(0, bins, step):
        x = left + number * (right - left) / bins
        canvas.line((x, bottom, x, bottom + 5), _LINE, 1)
        canvas.text((x, bottom + 8), f"{(first + number) * BIN:g}", _QUIET, _font(13), anchor="ma")
    if beyond:
        canvas.text((right, inner[1] - 2), f"{beyond} beyond", _TAIL, _font(13), anchor="ra")


def gathered(spread: Spread) -> tuple[int, list[int], int]:
    """The number of the first bin, the counts of all bins shown, and how many values lie beyond and in the last."""
    filled = {round(edge / BIN): count for edge, count in spread.bins}
    # Room for the bulk: what lies far behind the 99th percentile is gathered in the last bin.
    first = min(filled)
    bulk = math.floor((spread.p99 or 0.0) / BIN) + 4
    shown = min(max(_FEWEST_BINS, bulk - first + 1), _MOST_BINS)
    beyond = sum(count for number, count in filled.items() if number >= first + shown)
    counts = [filled.get(first + number, 0) for number in range(shown)]
    if beyond:
        counts.append(beyond)
    return first, counts, beyond


def _told(spread: Spread) -> str:
    marks = {"median": spread.p50, "p99": spread.p99, "p99.9": spread.p99_9, "worst": spread.worst}
    told = "   ".join(f"{name} {value:.2f}" for name, value in marks.items())
    return f"{told}   n {spread.count}   (height: log of the count)"


def _font(size: int) -> FreeTypeFont | ImageFont:
    from PIL import ImageFont

    return ImageFont.load_default(size)
