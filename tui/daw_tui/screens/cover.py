"""The page for covers: paint one for a file or the last take, and see it."""

from __future__ import annotations

import time
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any, ClassVar, Final

from rich.text import Text
from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical
from textual.widgets import Button, Input, Label, ProgressBar, Static

from daw_tui import palette
from daw_tui.cli_jobs import run_json
from daw_tui.screens.job_page import JobPage, job_keys
from daw_tui.widgets.cell_picture import CellPicture
from daw_tui.widgets.key_strip import KeyCap

_FIELDS: Final = (
    ("title", "title", "from the file"),
    ("artist", "artist", "none"),
    ("words", "words", "winter sea"),
    ("seed", "seed", "the music's"),
)


class CoverPage(JobPage):
    """A form, a progress bar and the cover."""

    KEYS: ClassVar[tuple[KeyCap, ...]] = job_keys("paint", "cover_now")

    def __init__(self) -> None:
        super().__init__("cover")

    def compose(self) -> ComposeResult:
        """The parts."""
        with Vertical(id="cover-form"):
            yield Label("PAINT A COVER", classes="head")
            yield Label("piece or take", classes="field")
            yield Input(placeholder="song.mid", id="cover-file", compact=True)
            with Horizontal(id="cover-row"):
                for name, label, hint in _FIELDS:
                    with Vertical():
                        yield Label(label, classes="field")
                        yield Input(id=f"cover-{name}", compact=True, placeholder=hint)
            with Horizontal(id="cover-go"):
                yield Button("cover", id="cover-now", variant="primary", compact=True)
                yield ProgressBar(total=None, show_eta=False, show_percentage=False, id="cover-progress")
        with Vertical(id="cover-result"):
            yield Static(id="cover-report")
            yield CellPicture(id="cover-picture")

    def on_mount(self) -> None:
        """Say what happens here."""
        super().on_mount()
        self.say("The music decides what is painted; the same piece, the same cover.")

    def work(self) -> Callable[[], Coroutine[Any, Any, None]] | None:
        """Paint the file's cover beside it."""
        source = Path(self.field("file")).expanduser()
        if not source.is_file():
            self.say(f"no such file: {source}" if source.name else "name a MIDI file first", palette.BAD)
            return None
        arguments = ["cover", str(source), "-o", str(source.with_suffix(".png"))]
        for name, _, _ in _FIELDS:
            value = self.field(name)
            if value:
                arguments.append(f"--{name}={value}")
        return lambda: self._paint(source, arguments)

    async def _paint(self, source: Path, arguments: list[str]) -> None:
        began_s = time.monotonic()
        self.say(f"painting {source.name}…")
        report = await run_json(arguments, on_words=self.say)
        target = source.with_suffix(".png")
        self.query_one("#cover-picture", CellPicture).show_file(target)
        self.say(_summary(report, target, time.monotonic() - began_s))


def _summary(report: Any, target: Path, elapsed_s: float) -> Text:
    line = Text.assemble((f"{target}", f"bold {palette.TEXT}"), (f"   in {elapsed_s:.1f} s", palette.DIM))
    if isinstance(report, dict):
        told = [str(report[key]) for key in ("set", "finish", "layout") if key in report]
        line.append(f"   {', '.join(told)}", style=palette.DIM)
    return line
