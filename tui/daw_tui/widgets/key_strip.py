"""The keys of the moment, each one a button: the last line of the screen."""

from __future__ import annotations

from collections.abc import Sequence

from rich.text import Text
from textual import events
from textual.widget import Widget

from daw_tui import palette

KeyCap = tuple[str, str, str]
"""What is on the key, what it does, and the app action."""


class KeyStrip(Widget):
    """A row of key caps; a click does what the key does."""

    DEFAULT_CSS = """
    KeyStrip { height: 1; padding: 0 1; background: $surface; }
    """

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._caps: tuple[KeyCap, ...] = ()
        self._places: list[tuple[int, int, str]] = []

    def show(self, caps: Sequence[KeyCap]) -> None:
        """Show these keys."""
        if tuple(caps) != self._caps:
            self._caps = tuple(caps)
            self.refresh()

    def render(self) -> Text:
        """The caps; where they do not fit, the first letter of a word stands for its key."""
        room = self.size.width
        line, self._places = self._line(caps=True)
        if line.cell_len > room:
            line, self._places = self._line(caps=False)
        return line

    def _line(self, *, caps: bool) -> tuple[Text, list[tuple[int, int, str]]]:
        places = []
        line = Text(no_wrap=True, overflow="crop")
        for cap, word, action in self._caps:
            start = line.cell_len
            if caps:
                line.append(f" {cap} ", style=f"bold {palette.GROUND} on {palette.DIM}")
                line.append(f" {word}  ", style=palette.TEXT)
            else:
                rest = word.removeprefix(cap) if len(cap) == 1 else f" {word}"
                line.append(cap, style=f"bold {palette.CALL}")
                line.append(f"{rest if rest != word else ' ' + word}  ", style=palette.TEXT)
            places.append((start, line.cell_len, action))
        return line, places

    async def on_click(self, event: events.Click) -> None:
        """Do what the key under the mouse does."""
        for start, end, action in self._places:
            if start <= event.x - self.styles.padding.left < end:
                await self.app.run_action(action)
