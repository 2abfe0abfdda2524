"""A picture in the terminal: each cell shows two pixels, one above the other."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Final

from rich.segment import Segment
from rich.style import Style
from textual.strip import Strip
from textual.widget import Widget

from daw_bridge.errors import BridgeError
from daw_tui import palette

if TYPE_CHECKING:
    from PIL import Image

_UPPER_HALF: Final = "▀"
_BOX: Final = 4
"""Pillow's resampling filter of that name; the library itself is imported with the first picture."""
_EMPTY: Final = Style(bgcolor=palette.GROUND)


class CellPicture(Widget):
    """Shows a square picture as large as fits, in the middle."""

    DEFAULT_CSS = """
    CellPicture { height: 1fr; background: $background; }
    """

    def __init__(self, id: str | None = None) -> None:
        super().__init__(id=id)
        self._picture: Image.Image | None = None
        self._strips: list[Strip] = []

    def show_file(self, path: Path) -> None:
        """Show a picture file. Raises BridgeError when it cannot be read."""
        from PIL import Image

        try:
            with Image.open(path) as file:
                self._picture = file.convert("RGB").resize((480, 480), Image.Resampling.LANCZOS)
        except (OSError, ValueError) as error:
            raise BridgeError(f"cannot be shown ({error})", where=str(path)) from None
        self._draw()

    def on_resize(self) -> None:
        """Draw anew for the new size."""
        self._draw()

    def _draw(self) -> None:
        width, height = self.size
        side = min(width, 2 * height) & ~1
        if self._picture is None or side < 2:
            self._strips = []
        else:
            fitted = self._picture.resize((side, side), _BOX)
            left = (width - side) // 2
            self._strips = [_strip(fitted, row, left, width) for row in range(0, side, 2)]
        self.refresh()

    def render_line(self, y: int) -> Strip:
        """One line of cells."""
        top = (self.size.height - len(self._strips)) // 2
        if 0 <= y - top < len(self._strips):
            return self._strips[y - top]
        return Strip([Segment(" " * self.size.width, _EMPTY)], self.size.width)


def _strip(picture: Image.Image, row: int, left: int, width: int) -> Strip:
    """Two rows of pixels as one line of cells, `left` cells in."""
    pixels = picture.tobytes()
    side = picture.width
    cells = [Segment(" " * left, _EMPTY)]
    for column in range(side):
        upper, lower = (pixels[3 * (at * side + column) :][:3] for at in (row, row + 1))
        style = Style(color=f"#{upper.hex()}", bgcolor=f"#{lower.hex()}")
        cells.append(Segment(_UPPER_HALF, style))
    cells.append(Segment(" " * (width - left - side), _EMPTY))
    return Strip(cells, width)
