"""Ports and channels as a matrix: which are listened to or passed through, and where the answer goes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import ClassVar, Final

from rich.text import Text
from textual import events
from textual.binding import Binding, BindingType
from textual.widget import Widget

from daw_bridge.control.commands import SetParameter
from daw_bridge.control.pushes import Connection
from daw_bridge.control.rig import LISTEN, THRU, Change, Rig
from daw_bridge.control.schema import Value, in_key, out_key
from daw_tui import palette
from daw_tui.messages import Wanted

_LABEL: Final = 14
_FIRST: Final = 5
_CELL: Final = 3
_CHANNELS: Final = 16
_MARKS: Final = {(True, False): "●", (True, True): "◉", (False, True): "○", (False, False): "·"}
"""By whether a channel is listened to and whether it is passed through."""


class PortMatrix(Widget, can_focus=True):
    """A row of seventeen cells for each port; the inputs stand above the outputs. `rig` says what they show."""

    DEFAULT_CSS = """
    PortMatrix { height: auto; width: 1fr; }
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("left", "go(0, -1)", show=False),
        Binding("right", "go(0, 1)", show=False),
        Binding("up", "go(-1, 0)", show=False),
        Binding("down", "go(1, 0)", show=False),
        Binding("enter", "choose", "choose", show=False),
        Binding("o", "pass_on", "thru", show=False),
    ]

    def __init__(self) -> None:
        super().__init__()
        self._rig: Rig | None = None
        self._route = 0
        self._chosen = (1, 1)
        self._attached: dict[str, bool] = {}
        self.cursor = (0, 0)
        """Row and column that the keys are at; column 0 is all channels, or that of the call."""

    def show(self, rig: Rig, route: int, values: Mapping[str, Value], connections: Mapping[str, Connection]) -> None:
        """Show the inputs, and where the answers of a route go."""
        at = _prefix(route)
        taller = self._rig is None or (self._rig.inputs, self._rig.outputs) != (rig.inputs, rig.outputs)
        self._rig, self._route = rig, route
        self._chosen = (int(values[f"{at}out_port"]), int(values[f"{at}out_channel"]))
        self._attached = {key: connection.attached for key, connection in connections.items()}
        self.refresh(layout=taller)

    def render(self) -> Text:
        """The inputs below their head, the outputs below theirs."""
        rig = self._rig
        if rig is None:
            return Text("")
        lines = [_head("listens to", "all")]
        for row, name in enumerate(rig.inputs):
            port = row + 1
            cells = [(rig.listens(port, 0, LISTEN), rig.listens(port, 0, THRU))]
            cells += [(cell.listen, cell.thru) for cell in (rig.cell(port, number + 1) for number in range(_CHANNELS))]
            marks = [(_MARKS[cell], palette.CALL if any(cell) else "") for cell in cells]
            lines.append(self._row(row, in_key(port), name, marks))
        lines.append(_head("answers go to" if self._route == 0 else f"answers of {self._route}", "same"))
        for row, name in enumerate(rig.outputs):
            here = self._chosen[0] == row + 1
            marks = [
                ("●", palette.RESPONSE) if here and self._chosen[1] == column else ("·", "")
                for column in range(_CHANNELS + 1)
            ]
            lines.append(self._row(len(rig.inputs) + row, out_key(row + 1), name, marks))
        return Text("\n").join(lines)

    def _row(self, row: int, key: str, name: str, marks: list[tuple[str, str]]) -> Text:
        attached = self._attached.get(key, True)
        shown = name if len(name) <= _LABEL - 2 else f"{name[: _LABEL - 3]}…"
        text = Text.assemble(
            ("● " if attached else "○ ", palette.GOOD if attached else palette.BAD),
            (f"{shown:<{_LABEL - 2}}", palette.TEXT if attached else palette.BAD),
            no_wrap=True,
            overflow="crop",
        )
        for column, (mark, colour) in enumerate(marks):
            width = _FIRST if column == 0 else _CELL
            if self.has_focus and self.cursor == (row, column):
                text.append(f"{'▸':>{width - 1}}{mark}", style=f"bold {palette.BRIGHT}")
            else:
                text.append(f"{mark:>{width}}", style=f"bold {colour}" if colour else palette.DIM)
        return text

    def action_go(self, rows: int, columns: int) -> None:
        """Move the cursor, out of the matrix at its ends."""
        row, column = self.cursor[0] + rows, self.cursor[1] + columns
        if not 0 <= row < self._rows:
            self.app.action_focus_next() if rows > 0 else self.app.action_focus_previous()
            return
        self.cursor = (row, min(_CHANNELS, max(0, column)))
        self.refresh()

    def action_choose(self) -> None:
        """Listen to the channel under the cursor or no more; or send the answer there."""
        rig, (row, column) = self._rig, self.cursor
        if rig is None:
            return
        if row < len(rig.inputs):
            self._change(lambda: rig.toggled(row + 1, column, LISTEN))
            return
        at = _prefix(self._route)
        self._change(lambda: [(f"{at}out_port", row + 1 - len(rig.inputs)), (f"{at}out_channel", column)])

    def action_pass_on(self) -> None:
        """Pass on what comes in under the cursor, or no more."""
        rig, (row, column) = self._rig, self.cursor
        if rig is not None and row < len(rig.inputs):
            self._change(lambda: rig.toggled(row + 1, column, THRU))

    def on_click(self, event: events.Click) -> None:
        """Choose the cell under the mouse."""
        if self._rig is None or event.x < _LABEL:
            return
        inputs = len(self._rig.inputs)
        row = event.y - 1 if event.y <= inputs else event.y - 2
        if not 0 <= row < self._rows or event.y in (0, inputs + 1):
            return
        column = 0 if event.x < _LABEL + _FIRST else 1 + (event.x - _LABEL - _FIRST) // _CELL
        if column <= _CHANNELS:
            self.cursor = (row, column)
            self.action_choose()
            self.refresh()

    @property
    def _rows(self) -> int:
        return 0 if self._rig is None else len(self._rig.inputs) + len(self._rig.outputs)

    def _change(self, changes: Callable[[], list[Change]]) -> None:
        try:
            wanted = changes()
        except ValueError as error:
            self.notify(str(error), severity="warning", timeout=3)
            return
        for name, value in wanted:
            self.post_message(Wanted(SetParameter(name, value)))


def _head(label: str, first: str) -> Text:
    text = Text(f"{label:<{_LABEL}}{first:>{_FIRST}}", style=palette.DIM, no_wrap=True, overflow="crop")
    for channel in range(1, _CHANNELS + 1):
        text.append(f"{channel:>{_CELL}}")
    return text


def _prefix(route: int) -> str:
    """What stands before the name of a route's parameters; the table's have nothing."""
    return f"route/{route}/" if route else ""
