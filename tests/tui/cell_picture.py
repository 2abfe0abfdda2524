"""A terminal screen as a PNG, cell by cell, so that blocks and lines meet as they do in a good terminal."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Final

from PIL import Image, ImageDraw, ImageFont
from rich.cells import cell_len
from rich.color_triplet import ColorTriplet
from rich.console import Console
from rich.segment import Segment
from rich.style import Style
from textual.app import App

CELL: Final = (10, 20)
MARGIN: Final = 12
_FONTS: Final = ("DejaVuSansMono.ttf", "DejaVuSansMono-Bold.ttf")
_GROUND: Final = (13, 17, 23)
_TEXT: Final = (219, 226, 234)
_EIGHTHS: Final = "▁▂▃▄▅▆▇█"


def screen_segments(app: App[int]) -> list[Segment]:
    """What the terminal shows now, modal screens over the others."""
    width, height = app.size
    console = Console(width=width, height=height, force_terminal=True, color_system="truecolor", legacy_windows=False)
    update = app.screen._compositor.render_update(full=True, screen_stack=app._background_screens)
    assert update is not None
    return list(console.render(update))


def draw(segments: Iterable[Segment], size: tuple[int, int], target: Path) -> None:
    """Write the picture."""
    width, height = CELL
    picture = Image.new("RGB", (size[0] * width + 2 * MARGIN, size[1] * height + 2 * MARGIN), _GROUND)
    pen = ImageDraw.Draw(picture)
    fonts = [ImageFont.truetype(name, 16) for name in _FONTS]
    column = row = 0
    for text, style, control in segments:
        if control:
            continue
        style = style or Style()
        colour, ground = _colours(style)
        for letter in text:
            if letter == "\n":
                column, row = 0, row + 1
                continue
            x, y = MARGIN + column * width, MARGIN + row * height
            pen.rectangle((x, y, x + width * max(1, cell_len(letter)) - 1, y + height - 1), fill=ground)
            _letter(pen, letter, (x, y), colour, fonts[bool(style.bold)])
            column += cell_len(letter)
    picture.save(target, optimize=True)


def _colours(style: Style) -> tuple[tuple[int, int, int], tuple[int, int, int]]:
    def rgb(triplet: ColorTriplet) -> tuple[int, int, int]:
        return (triplet.red, triplet.green, triplet.blue)

    colour = rgb(style.color.get_truecolor()) if style.color and not style.color.is_default else _TEXT
    ground = rgb(style.bgcolor.get_truecolor()) if style.bgcolor and not style.bgcolor.is_default else _GROUND
    if style.dim:
        colour = tuple((a + b) // 2 for a, b in zip(colour, ground, strict=True))  # type: ignore[assignment]
    return (ground, colour) if style.reverse else (colour, ground)


def _letter(
    pen: ImageDraw.ImageDraw,
    letter: str,
    at: tuple[int, int],
    colour: tuple[int, int, int],
    font: ImageFont.FreeTypeFont,
) -> None:
    (x, y), (width, height) = at, CELL
    right, bottom, middle = x + width - 1, y + height - 1, y + height // 2
    if letter == "▀":
        pen.rectangle((x, y, right, middle - 1), fill=colour)
    elif letter in _EIGHTHS:
        pen.rectangle((x, bottom + 1 - height * (_EIGHTHS.index(letter) + 1) // 8, right, bottom), fill=colour)
    elif letter in "▌▐":
        pen.rectangle((x, y, x + 4, bottom) if letter == "▌" else (x + 5, y, right, bottom), fill=colour)
    elif letter in "─━":
        thick = 0 if letter == "─" else 1
        pen.rectangle((x, middle - thick, right, middle + thick), fill=colour)
    elif letter.strip():
        pen.text((x + (width - font.getlength(letter)) / 2, y), letter, font=font, fill=colour)
