"""One line for the latest trouble; quiet while there is none."""

from __future__ import annotations

from rich.text import Text
from textual.reactive import reactive
from textual.widget import Widget

from daw_tui import palette


class LogStrip(Widget):
    """Shows one line. `level` is calm, news or trouble."""

    DEFAULT_CSS = """
    LogStrip { height: 1; padding: 0 2; background: $background; }
    """

    text: reactive[str] = reactive("")
    level: reactive[str] = reactive("calm")

    def say(self, text: str, level: str = "news") -> None:
        """Show a line."""
        self.text = text
        self.level = level

    def render(self) -> Text:
        """The line, with its mark."""
        colour = {"calm": palette.DIM, "news": palette.TEXT, "trouble": palette.BAD}[self.level]
        mark = {"calm": "·", "news": "▪", "trouble": "▲"}[self.level]
        return Text(f"{mark} {self.text}", style=colour, no_wrap=True, overflow="ellipsis")
