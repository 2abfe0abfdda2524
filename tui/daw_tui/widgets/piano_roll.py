"""A piano roll of two pitches a line: the call in blue, the response in amber, harder notes brighter."""

from __future__ import annotations

from typing import Final

from rich.segment import Segment
from rich.style import Style
from textual.geometry import Region
from textual.reactive import reactive
from textual.strip import Strip
from textual.widget import Widget

from daw_tui import palette
from daw_tui.roll import SHADES, Roll, View, fitted

GUTTER: Final = 4
_BLACK_KEYS: Final = frozenset({1, 3, 6, 8, 10})
_NAMES: Final = ("C", "C#", "D", "D#", "E", "F", "F#", "G", "G#", "A", "A#", "B")

_WHITE, _BLACK, _OCTAVE, _BAR = 11, 12, 13, 14
_COLOURS: Final = {
    0: palette.GROUND,
    **{1 + i: palette.mixed(palette.CALL, palette.GROUND, share) for i, share in enumerate(palette.CALL_SHADES)},
    **{
        1 + SHADES + i: palette.mixed(palette.RESPONSE, palette.GROUND, share)
        for i, share in enumerate(palette.RESPONSE_SHADES)
    },
    9: palette.mixed(palette.BRIGHT, palette.CALL, 0.55),
    10: palette.mixed(palette.BRIGHT, palette.RESPONSE, 0.55),
    _WHITE: "#121824",
    _BLACK: palette.GROUND,
    _OCTAVE: "#1a2231",
    _BAR: "#222b3d",
}
_STYLES: Final[dict[tuple[int, int], Style]] = {
    (top, bottom): Style(color=_COLOURS[top], bgcolor=_COLOURS[bottom]) for top in _COLOURS for bottom in _COLOURS
}
_LABEL: Final = Style(color=palette.DIM, bgcolor=palette.GROUND)
_HINT: Final = Style(color=palette.TEXT, bgcolor=palette.GROUND)


class PianoRoll(Widget):
    """Shows a roll. Live ones are moved on with `show`; `fit_all` ones show everything that is in them."""

    DEFAULT_CSS = """
    PianoRoll { height: 1fr; background: $background; }
    """

    window_s: reactive[float] = reactive(10.0)
    """How many seconds a live roll shows."""

    def __init__(self, roll: Roll, *, fit_all: bool = False, gutter: bool = True, id: str | None = None) -> None:
        super().__init__(id=id)
        self._roll = roll
        self._fit_all = fit_all
        self._gutter = GUTTER if gutter else 0
        self._pitches: tuple[int, int] | None = None
        self._rows: list[bytearray] = []
        self._labels: list[str] = []
        self._hint = ""

    def show_roll(self, roll: Roll) -> None:
        """Show another roll."""
        self._roll = roll
        self._pitches = None
        self._draw(0.0, None)

    def show(self, now_s: float, bar_lines_s: tuple[float, ...] | None = None, hint: str = "") -> None:
        """Draw what sounds up to `now_s`, with lines at the beginnings of bars. Only what changed is painted.

        As long as the roll is empty it says `hint`.
        """
        hint = "" if self._roll.notes else hint
        if hint != self._hint:
            self._hint = hint
            self.refresh()
        self._draw(now_s, bar_lines_s)

    def on_resize(self) -> None:
        """Draw anew for the new size."""
        self._rows = []
        self._draw(0.0, None)

    def _draw(self, now_s: float, bar_lines_s: tuple[float, ...] | None) -> None:
        columns = self.size.width - self._gutter
        rows = self.size.height * 2
        if columns < 1 or rows < 2:
            return
        if self._fit_all:
            start_s, end_s = 0.0, max(0.5, self._roll.length_s)
        else:
            step_s = self.window_s / columns
            end_s = (now_s // step_s + 1) * step_s
            start_s = end_s - self.window_s
        before = None if self._fit_all else self._pitches
        low, semitones = fitted(self._roll.pitch_span(start_s, end_s), rows, before)
        moved = (low, semitones) != self._pitches
        self._pitches = (low, semitones)
        view = View(start_s, end_s, columns, rows, low, semitones)
        grid = self._roll.grid(view)
        self._tint(grid, view, bar_lines_s or ())
        if moved or len(grid) != len(self._rows):
            self._rows = grid
            self._labels = self._named(view)
            self.refresh()
            return
        changed = [
            line
            for line in range(self.size.height)
            if grid[2 * line : 2 * line + 2] != self._rows[2 * line : 2 * line + 2]
        ]
        self._rows = grid
        for line in changed:
            self.refresh(Region(0, line, self.size.width, 1))

    def _tint(self, grid: list[bytearray], view: View, bar_lines_s: tuple[float, ...]) -> None:
        """Give the empty cells the look of a keyboard, and of bars."""
        lines = [view.column(at_s) for at_s in bar_lines_s]
        for index, row in enumerate(grid):
            pitch = view.low + (view.rows - 1 - index) * view.semitones
            ground = _WHITE
            if view.semitones == 1 and pitch % 12 in _BLACK_KEYS:
                ground = _BLACK
            elif any((pitch + step) % 12 == 0 for step in range(view.semitones)):
                ground = _OCTAVE
            empty = bytes([ground])
            grid[index] = row = bytearray(row.replace(b"\0", empty))
            for column in lines:
                if 0 <= column < view.columns and row[column] == ground:
                    row[column] = _BAR

    def _named(self, view: View) -> list[str]:
        labels = []
        for line in range(view.rows // 2):
            bottom = view.low + (view.rows - 2 - 2 * line) * view.semitones
            cs = [pitch for pitch in range(bottom, bottom + 2 * view.semitones) if pitch % 12 == 0]
            labels.append(f"{'C' + str(cs[0] // 12 - 1):>3} " if cs else " " * GUTTER)
        return labels

    def render_line(self, y: int) -> Strip:
        """One line: the label and two rows of cells."""
        width = self.size.width
        if 2 * y + 1 >= len(self._rows):
            return Strip([Segment(" " * width, _LABEL)], width)
        segments = [Segment(self._labels[y], _LABEL)] if self._gutter else []
        top, bottom = self._rows[2 * y], self._rows[2 * y + 1]
        start = 0
        for column in range(1, len(top) + 1):
            if column < len(top) and top[column] == top[start] and bottom[column] == bottom[start]:
                continue
            pair = (top[start], bottom[start])
            glyph = " " if pair[0] == pair[1] else "▀"
            segments.append(Segment(glyph * (column - start), _STYLES[pair]))
            start = column
        strip = Strip(segments, width)
        return self._hinted(strip) if self._hint and y == self.size.height // 2 else strip

    def _hinted(self, strip: Strip) -> Strip:
        """The line with the hint in its middle."""
        text = f"  {self._hint}  "[: self.size.width]
        left = (self.size.width + self._gutter - len(text)) // 2
        after = left + len(text)
        return Strip.join([strip.crop(0, left), Strip([Segment(text, _HINT)]), strip.crop(after, self.size.width)])


def pitch_name(pitch: int) -> str:
    """C4 for 60."""
    return f"{_NAMES[pitch % 12]}{pitch // 12 - 1}"
