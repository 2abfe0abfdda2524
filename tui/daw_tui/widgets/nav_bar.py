"""The first line: which page is shown, which others there are, and what the bridge is."""

from __future__ import annotations

from collections.abc import Sequence

from rich.text import Text
from textual import events
from textual.message import Message
from textual.widget import Widget

from daw_tui import palette


class NavBar(Widget):
    """Page names with their figures; a click chooses one."""

    DEFAULT_CSS = """
    NavBar { height: 1; background: $background; padding: 0 1; }
    """

    class Chosen(Message):
        """A page was clicked."""

        def __init__(self, page: str) -> None:
            super().__init__()
            self.page = page

    def __init__(self, pages: Sequence[str]) -> None:
        super().__init__()
        self._pages = tuple(pages)
        self._current = pages[0]
        self._about = ""
        self._alive = False
        self._places: list[tuple[int, int, str]] = []

    def show(self, current: str, about: str, alive: bool) -> None:
        """Show these."""
        if (current, about, alive) != (self._current, self._about, self._alive):
            self._current, self._about, self._alive = current, about, alive
            self.refresh()

    def render(self) -> Text:
        """The line."""
        self._places = []
        line = Text(no_wrap=True, overflow="crop")
        for index, page in enumerate(self._pages, start=1):
            start = line.cell_len
            if page == self._current:
                line.append(f" {index} {page.title()} ", style=f"bold {palette.GROUND} on {palette.CALL}")
            else:
                line.append(f" {index} ", style=palette.DIM)
                line.append(f"{page.title()} ", style=palette.TEXT)
            self._places.append((start, line.cell_len, page))
        width = self.size.width
        for about in (self._about, self._about.split(" · ")[0], ""):
            room = width - line.cell_len - len(about) - 2
            if room >= 1:
                line.append(" " * room)
                line.append(f"{about} ", style=palette.DIM)
                line.append("●", style=palette.GOOD if self._alive else palette.BAD)
                break
        return line

    def on_click(self, event: events.Click) -> None:
        """Choose the page under the mouse."""
        for start, end, page in self._places:
            if start <= event.x - self.styles.padding.left < end:
                self.post_message(self.Chosen(page))
