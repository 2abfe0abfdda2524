"""Questions and the help page, over whatever is shown."""

from __future__ import annotations

from typing import ClassVar, Final

from rich.table import Table
from rich.text import Text
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Center, Horizontal, Vertical, VerticalScroll
from textual.screen import ModalScreen
from textual.widgets import Button, Label, Static

from daw_bridge.control.schema import ACTIONS
from daw_tui import palette
from daw_tui.screens.page import PAGES

ACTION_KEYS: Final = {
    "take_turn": "space",
    "stop": "s",
    "panic": "p",
    "loop": "l",
    "vary": "v",
    "keep": "k",
    "undo": "u",
    "start": "g",
    "halt": "h",
    "continue": "c",
    "tap": "t",
}
"""Which key does which performance action."""

_SCREEN: Final = (
    (f"1 to {len(PAGES)}", "the pages; tab goes from control to control"),
    ("← →", "move a slider; with shift a little, home and end to its ends, d to its default"),
    ("enter", "the next choice of a slider; or type its figure, and enter again"),
    ("m", "learn: the next knob, pad, pedal or program change steers it from then on"),
    ("backspace", "forget the controller"),
    ("enter o n del", "on the Routing page: listen to a channel, thru, new route, forget it"),
    ("[ ]", "previous and next preset"),
    ("- =", "less or more time in the piano roll"),
    ("a", "the letters are a piano: a w s e d f … keys, z x octave, c v touch; esc ends"),
    ("ctrl+p", "everything by name"),
    ("q", "leave; a bridge that this screen started ends with it"),
)


class Question(ModalScreen[bool]):
    """A question with two answers; escape is the second."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "answer(False)", show=False),
        Binding("left,right", "app.focus_next", show=False),
    ]

    def __init__(self, text: str, yes: str, no: str, detail: str = "") -> None:
        super().__init__()
        self._text, self._yes, self._no, self._detail = text, yes, no, detail

    def compose(self) -> ComposeResult:
        """The parts."""
        with Vertical(classes="dialog"):
            yield Label(self._text, classes="question", markup=False)
            if self._detail:
                yield Label(self._detail, classes="detail", markup=False)
            with Horizontal(classes="answers"):
                yield Button(self._yes, id="yes", variant="primary", compact=True)
                yield Button(self._no, id="no", compact=True)

    def on_button_pressed(self, event: Button.Pressed) -> None:
        """Answer."""
        self.dismiss(event.button.id == "yes")

    def action_answer(self, yes: bool) -> None:
        """Answer."""
        self.dismiss(yes)


class Help(ModalScreen[None]):
    """All keys."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape,q,question_mark,enter", "close", show=False)]

    def compose(self) -> ComposeResult:
        """The parts."""
        with VerticalScroll(classes="help"):
            yield Static(self._page())
            with Center():
                yield Label("esc goes back", classes="detail")

    def _page(self) -> Table:
        table = Table.grid(padding=(0, 2))
        table.add_column(justify="right", no_wrap=True)
        table.add_column()
        table.add_row("", Text("PLAYING", style=f"bold {palette.RESPONSE}"))
        for action in ACTIONS:
            table.add_row(Text(ACTION_KEYS[action.name], style=f"bold {palette.CALL}"), action.help)
        table.add_row("", "")
        table.add_row("", Text("THE SCREEN", style=f"bold {palette.RESPONSE}"))
        for key, text in _SCREEN:
            table.add_row(Text(key, style=f"bold {palette.CALL}"), text)
        return table

    def action_close(self) -> None:
        """Go back."""
        self.dismiss(None)
