"""Channels as a matrix: which is listened to, which the answer goes to."""

from __future__ import annotations

from typing import ClassVar, Final

from rich.text import Text
from textual import events
from textual.binding import Binding, BindingType
from textual.widget import Widget

from daw_bridge.control.commands import SetParameter
from daw_tui import palette
from daw_tui.messages import Wanted

ROWS: Final = (
    ("in_channel", "listens to", "all", palette.CALL),
    ("out_channel", "answers on", "same", palette.RESPONSE),
)
_LABEL: Final = 11
_FIRST: Final = 7
_CELL: Final = 3


class ChannelMatrix(Widget, can_focus=True):
    """Two rows of seventeen cells, one of each row chosen."""

    DEFAULT_CSS = """
    ChannelMatrix { height: 3; width: 1fr; }
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("left", "go(0, -1)", show=False),
        Binding("right", "go(0, 1)", show=False),
        Binding("up", "go(-1, 0)", show=False),
        Binding("down", "go(1, 0)", show=False),
        Binding("enter", "choose", "choose", show=False),
    ]

    def __init__(self) -> None:
        super().__init__()
        self._chosen = {"in_channel": 0, "out_channel": 1}
        self.cursor = (0, 0)
        """Row and channel that the keys are at."""

    def show(self, in_channel: int, out_channel: int) -> None:
        """Show these; 0 is the first column."""
        self._chosen = {"in_channel": in_channel, "out_channel": out_channel}
        self.refresh()

    def render(self) -> Text:
        """Head and rows."""
        text = Text(" " * (_LABEL + _FIRST), no_wrap=True, overflow="crop")
        for channel in range(1, 17):
            text.append(f"{channel:>{_CELL}}", style=palette.DIM)
        for row, (name, label, first, colour) in enumerate(ROWS):
            text.append(f"\n{label:<{_LABEL}}", style=palette.TEXT)
            for channel in range(17):
                chosen = self._chosen[name] == channel
                under = self.has_focus and self.cursor == (row, channel)
                mark = "●" if chosen else "·"
                cell = f"{first + ' ' + mark:>{_FIRST}}" if channel == 0 else f"{mark:>{_CELL}}"
                style = f"bold {colour}" if chosen else palette.DIM
                text.append(cell[:-1] if not under else cell[:-2] + "▸", style=palette.BRIGHT if under else style)
                text.append(cell[-1], style=f"bold {palette.BRIGHT}" if under and not chosen else style)
        return text

    def action_go(self, rows: int, columns: int) -> None:
        """Move the cursor."""
        row, column = self.cursor
        if not 0 <= row + rows < len(ROWS):
            self.app.action_focus_next() if rows > 0 else self.app.action_focus_previous()
            return
        self.cursor = (row + rows, min(16, max(0, column + columns)))
        self.refresh()

    def action_choose(self) -> None:
        """Choose the channel under the cursor."""
        row, channel = self.cursor
        self.post_message(Wanted(SetParameter(ROWS[row][0], channel)))

    def on_click(self, event: events.Click) -> None:
        """Choose the channel under the mouse."""
        row = event.y - 1
        if not 0 <= row < len(ROWS) or event.x < _LABEL:
            return
        column = 0 if event.x < _LABEL + _FIRST else 1 + (event.x - _LABEL - _FIRST) // _CELL
        if column <= 16:
            self.cursor = (row, column)
            self.action_choose()
            self.refresh()
