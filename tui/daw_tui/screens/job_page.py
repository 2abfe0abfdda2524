"""What the pages for offline work share: one job at a time, its progress, and how it ended."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import Any, Final

from rich.text import Text
from textual.widgets import Button, Input, ProgressBar, Static
from textual.worker import Worker, WorkerState

from daw_tui import palette
from daw_tui.screens.page import Page
from daw_tui.widgets.key_strip import KeyCap


def job_keys(words: str, action: str) -> tuple[KeyCap, ...]:
    """The keys of such a page; `words` and `action` start its job."""
    return (
        ("tab", "next field", "focus_next"),
        ("enter", words, action),
        ("esc", "out of the field", "leave_field"),
        ("?", "help", "help"),
    )


class JobPage(Page):
    """A page with the widgets `#NAME-now` (button), `#NAME-report` (a line) and `#NAME-progress`, NAME being its id."""

    STOPPED: Final = "stopped; nothing was written"

    def __init__(self, name: str) -> None:
        super().__init__(id=name)
        self._job_name = name
        self._job: Worker[None] | None = None

    def on_mount(self) -> None:
        """Nothing is running yet."""
        self.query_one(ProgressBar).visible = False

    def entered(self) -> None:
        """Begin at the first field."""
        self.query(Input).first().focus()

    def on_input_submitted(self) -> None:
        """Enter in any field starts."""
        self.start()

    def on_button_pressed(self, event: Button.Pressed) -> None:
        """Start, or stop what runs."""
        if event.button.id == f"{self._job_name}-now":
            self.start()

    def start(self) -> None:
        """Start the job of the form; while one runs, end it."""
        if self._job is not None and self._job.is_running:
            self._job.cancel()
            return
        work = self.work()
        if work is not None:
            self._job = self.run_worker(work(), group=self._job_name, exclusive=True, exit_on_error=False)

    def work(self) -> Callable[[], Coroutine[Any, Any, None]] | None:
        """The job that the form asks for; None when it cannot be done, which has been said."""
        raise NotImplementedError

    def field(self, name: str) -> str:
        """What stands in a field."""
        return self.query_one(f"#{self._job_name}-{name}", Input).value.strip()

    def on_worker_state_changed(self, event: Worker.StateChanged) -> None:
        """The bar runs while the job does; how it ended is said."""
        if event.worker is not self._job:
            return
        running = event.state in (WorkerState.PENDING, WorkerState.RUNNING)
        self.query_one(ProgressBar).visible = running
        self.query_one(f"#{self._job_name}-now", Button).label = "stop" if running else self._job_name
        if event.state is WorkerState.ERROR:
            self.say(str(event.worker.error), palette.BAD)
        elif event.state is WorkerState.CANCELLED:
            self.say(self.STOPPED)

    def say(self, text: str | Text, colour: str = palette.DIM) -> None:
        """Show a line over the result."""
        line = Text(text, style=colour) if isinstance(text, str) else text
        self.query_one(f"#{self._job_name}-report", Static).update(line)
