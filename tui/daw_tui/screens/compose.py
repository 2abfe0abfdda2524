"""The page for offline work: continue a MIDI file, and see what was added."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path
from typing import Any, ClassVar, Final

from rich.text import Text
from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical
from textual.widgets import Button, Input, Label, ProgressBar, Static
from textual.worker import Worker, WorkerState

from daw_bridge.control.pushes import CALL, RESPONSE
from daw_bridge.errors import BridgeError
from daw_tui import palette
from daw_tui.cli_jobs import run_json
from daw_tui.roll import Roll, RollNote
from daw_tui.screens.page import Page
from daw_tui.widgets.key_strip import KeyCap
from daw_tui.widgets.piano_roll import PianoRoll

_FIELDS: Final = (
    ("compose-bars", "bars to add", "8"),
    ("compose-temperature", "temperature", "1.0"),
    ("compose-seed", "seed", ""),
)


class ComposePage(Page):
    """A form, a progress bar and the result."""

    KEYS: ClassVar[tuple[KeyCap, ...]] = (
        ("tab", "next field", "focus_next"),
        ("enter", "compose", "compose_now"),
        ("esc", "out of the field", "leave_field"),
        ("?", "help", "help"),
    )

    def __init__(self, model: str = "") -> None:
        super().__init__(id="compose")
        self._model = model
        self._job: Worker[None] | None = None

    def compose(self) -> ComposeResult:
        """The parts."""
        with Vertical(id="compose-form"):
            yield Label("CONTINUE A MIDI FILE", classes="head")
            yield Label("file", classes="field")
            yield Input(placeholder="song.mid", id="compose-file", compact=True)
            yield Label("result", classes="field")
            yield Input(placeholder="beside it, as song-continued.mid", id="compose-out", compact=True)
            with Horizontal(id="compose-row"):
                for name, label, value in _FIELDS:
                    with Vertical():
                        yield Label(label, classes="field")
                        yield Input(value, id=name, compact=True, placeholder="any" if not value else "")
            with Horizontal(id="compose-go"):
                yield Button("compose", id="compose-now", variant="primary", compact=True)
                yield ProgressBar(total=None, show_eta=False, show_percentage=False, id="compose-progress")
        with Vertical(id="compose-result"):
            yield Static(id="compose-report")
            yield PianoRoll(Roll(), fit_all=True, id="compose-roll")

    def on_mount(self) -> None:
        """Nothing is running yet."""
        self.query_one(ProgressBar).visible = False
        self.say("The file is played as it is, then the model goes on. What it adds is shown in amber.")

    def entered(self) -> None:
        """Begin at the file."""
        self.query_one("#compose-file", Input).focus()

    def on_input_submitted(self) -> None:
        """Enter in any field starts."""
        self.start()

    def on_button_pressed(self, event: Button.Pressed) -> None:
        """Start, or stop what runs."""
        if event.button.id == "compose-now":
            self.start()

    def start(self) -> None:
        """Start the job of the form; while one runs, end it."""
        if self._job is not None and self._job.is_running:
            self._job.cancel()
            return
        source = Path(self.query_one("#compose-file", Input).value.strip()).expanduser()
        if not source.is_file():
            self.say(f"no such file: {source}" if source.name else "name a MIDI file first", palette.BAD)
            return
        out = self.query_one("#compose-out", Input).value.strip()
        target = Path(out).expanduser() if out else source.with_name(f"{source.stem}-continued.mid")
        self._job = self.run_worker(
            self._continue(source, target), group="compose", exclusive=True, exit_on_error=False
        )

    def _arguments(self, source: Path, target: Path) -> list[str]:
        arguments = ["compose", str(source), "-o", str(target)]
        for option in ("bars", "temperature", "seed"):
            value = self.query_one(f"#compose-{option}", Input).value.strip()
            if value:
                arguments += [f"--{option}", value]
        return [*arguments, "--model", self._model] if self._model else arguments

    async def _continue(self, source: Path, target: Path) -> None:
        began_s = time.monotonic()
        self.say(f"composing after {source.name}…")
        report = await run_json(self._arguments(source, target), on_words=self.say)
        roll = await asyncio.to_thread(continued_roll, source, target)
        self.query_one("#compose-roll", PianoRoll).show_roll(roll)
        self.say(_summary(report, target, time.monotonic() - began_s))

    def on_worker_state_changed(self, event: Worker.StateChanged) -> None:
        """The bar runs while the job does; how it ended is said."""
        if event.worker is not self._job:
            return
        running = event.state in (WorkerState.PENDING, WorkerState.RUNNING)
        self.query_one(ProgressBar).visible = running
        self.query_one("#compose-now", Button).label = "stop" if running else "compose"
        if event.state is WorkerState.ERROR:
            self.say(str(event.worker.error), palette.BAD)
        elif event.state is WorkerState.CANCELLED:
            self.say("stopped; nothing was written")

    def say(self, text: str | Text, colour: str = palette.DIM) -> None:
        """Show a line over the roll."""
        self.query_one("#compose-report", Static).update(Text(text, style=colour) if isinstance(text, str) else text)


def continued_roll(source: Path, target: Path) -> Roll:
    """What was there as the call, what was added as the response. Raises BridgeError for unreadable files."""
    from daw_bridge.music.midifile import read_phrase

    if target.suffix.lower() not in (".mid", ".midi"):
        raise BridgeError(f"written: {target}", cure="a .mid result is shown here as a piano roll")
    before = {(note.pitch, round(note.onset_s, 3)) for note in read_phrase(source)}
    return Roll(
        RollNote(
            CALL if (note.pitch, round(note.onset_s, 3)) in before else RESPONSE,
            note.pitch,
            note.velocity,
            note.onset_s,
            note.end_s,
        )
        for note in read_phrase(target)
    )


def _summary(report: Any, target: Path, elapsed_s: float) -> Text:
    facts = report[0] if isinstance(report, list) and report else report
    line = Text.assemble((f"{target}", f"bold {palette.TEXT}"), (f"   in {elapsed_s:.1f} s", palette.DIM))
    if isinstance(facts, dict):
        known = (("model", "{}"), ("key", "{}"), ("notes_added", "{} notes added"), ("seed", "seed {}"))
        told = [words.format(facts[key]) for key, words in known if isinstance(facts.get(key), str | int | float)]
        if told:
            line.append(f"   {'  '.join(told)}", style=palette.DIM)
    return line
