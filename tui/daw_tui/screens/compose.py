"""The page for offline work: continue a MIDI file, and see what was added."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any, ClassVar, Final

from rich.text import Text
from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical
from textual.widgets import Button, Input, Label, ProgressBar, Static

from daw_bridge.control.pushes import CALL, RESPONSE
from daw_bridge.errors import BridgeError
from daw_tui import palette
from daw_tui.cli_jobs import run_json
from daw_tui.roll import Roll, RollNote
from daw_tui.screens.job_page import JobPage, job_keys
from daw_tui.widgets.key_strip import KeyCap
from daw_tui.widgets.piano_roll import PianoRoll

_FIELDS: Final = (
    ("compose-bars", "bars to add", "8"),
    ("compose-temperature", "temperature", "1.0"),
    ("compose-seed", "seed", ""),
)


class ComposePage(JobPage):
    """A form, a progress bar and the result."""

    KEYS: ClassVar[tuple[KeyCap, ...]] = job_keys("compose", "compose_now")

    def __init__(self, model: str = "") -> None:
        super().__init__("compose")
        self._model = model

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
        """Say what happens here."""
        super().on_mount()
        self.say("The file stays as it is; what the model adds is shown in amber.")

    def work(self) -> Callable[[], Coroutine[Any, Any, None]] | None:
        """Go on from the file of the form."""
        source = Path(self.field("file")).expanduser()
        if not source.is_file():
            self.say(f"no such file: {source}" if source.name else "name a MIDI file first", palette.BAD)
            return None
        out = self.field("out")
        target = Path(out).expanduser() if out else source.with_name(f"{source.stem}-continued.mid")
        return lambda: self._continue(source, target)

    def _arguments(self, source: Path, target: Path) -> list[str]:
        arguments = ["compose", str(source), "-o", str(target)]
        for option in ("bars", "temperature", "seed"):
            value = self.field(option)
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
