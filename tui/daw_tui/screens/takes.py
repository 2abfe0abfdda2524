"""The page of takes: what was recorded, as piano rolls; export and delete."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, ClassVar, Final

from rich.text import Text
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.widgets import Label, ListItem, ListView, Static
from textual.worker import Worker

from daw_bridge.control.commands import Sound
from daw_bridge.control.pushes import CALL, RESPONSE, Push, Time
from daw_bridge.errors import BridgeError
from daw_tui import palette
from daw_tui.bridge_view import BridgeView
from daw_tui.cli_jobs import run_json
from daw_tui.messages import Wanted
from daw_tui.roll import Roll, RollNote
from daw_tui.screens.dialogs import Question
from daw_tui.screens.page import Page
from daw_tui.widgets.key_strip import KeyCap
from daw_tui.widgets.piano_roll import PianoRoll

SHOWN: Final = 40
"""The newest takes that are listed."""
_SAME_START_S: Final = 10.0
"""A take that began so close to the bridge's start is the one that it writes."""


@dataclass(frozen=True, slots=True)
class TakeLine:
    """A take as `takes list` tells it."""

    id: str
    file: Path
    started: str
    length_s: float
    turns: int
    kept: int
    model: str
    complete: bool
    recording: bool

    @classmethod
    def of(cls, entry: dict[str, Any], bridge_began_s: float) -> TakeLine:
        """From the command's JSON; the bridge began at this moment of `time.time`."""
        open_still = not entry["complete"] and abs(_moment_s(entry["started"]) - bridge_began_s) < _SAME_START_S
        return cls(
            str(entry["id"]),
            Path(entry["file"]),
            str(entry["started"]),
            float(entry["length_s"]),
            int(entry["turns"]),
            int(entry["kept"]),
            str(entry["model"]),
            bool(entry["complete"]),
            open_still,
        )

    @property
    def state(self) -> str:
        """What there is to know of its end."""
        return "recording" if self.recording else "" if self.complete else "cut short"


class TakeItem(ListItem):
    """One take: words on the left, its roll on the right."""

    def __init__(self, take: TakeLine, roll: Roll) -> None:
        super().__init__()
        self.take = take
        self._roll = roll

    def compose(self) -> ComposeResult:
        """The parts."""
        take = self.take
        kept = Text(f"  ★ {take.kept}", style=palette.RESPONSE) if take.kept else Text("")
        words = Text.assemble(
            (f"{_local(take.started)}\n", f"bold {palette.TEXT}"),
            (f"{_length(take.length_s)}  {take.turns} turn{'' if take.turns == 1 else 's'}", palette.TEXT),
            kept,
            (f"\n{take.model}", palette.DIM),
            (f"  {take.state}" if take.state else "", palette.THINKING if take.recording else palette.DIM),
        )
        yield Static(words, classes="take-words")
        yield PianoRoll(self._roll, fit_all=True, gutter=False)


class TakesPage(Page):
    """The list, and the chosen take in full."""

    KEYS: ClassVar[tuple[KeyCap, ...]] = (
        ("↑↓", "choose", "focus_takes"),
        ("enter", "play back", "play_take"),
        ("e", "export", "export_take"),
        ("x", "delete", "delete_take"),
        ("r", "reread", "read_takes"),
        ("space", "your turn", "do('take_turn')"),
        ("?", "help", "help"),
    )

    def __init__(self, options: Sequence[str]) -> None:
        super().__init__(id="takes")
        self._options = tuple(options)
        self._shown: dict[str, tuple[Roll, dict[str, Any]]] = {}
        self._playing: Worker[None] | None = None
        self._bridge_began_s = float("-inf")
        self.takes: list[TakeLine] = []

    def compose(self) -> ComposeResult:
        """The parts."""
        with Vertical(id="take-side"):
            yield Label("TAKES", classes="head")
            yield ListView(id="take-list")
        with Vertical(id="take-detail"):
            yield Static(id="take-title")
            yield PianoRoll(Roll(), fit_all=True, id="take-roll")
            yield Static(id="take-turns")

    def changed(self, view: BridgeView, pushes: Sequence[Push]) -> None:
        """Know when the bridge began: the take of that moment is being written."""
        del view
        for push in pushes:
            if isinstance(push, Time):
                self._bridge_began_s = time.time() - push.now_s

    def entered(self) -> None:
        """Read the folder."""
        self.read()

    def read(self) -> None:
        """Read the folder anew."""
        self._say("reading the takes…")
        self.run_worker(self._read(), group="takes", exclusive=True, exit_on_error=False)

    async def _read(self) -> None:
        try:
            listing = await run_json(["takes", "list", "--last", str(SHOWN), "--turns", *self._options])
        except BridgeError as error:
            self._say(str(error))
            return
        entries = listing["takes"][::-1]
        self.takes = [TakeLine.of(entry, self._bridge_began_s) for entry in entries]
        for take in self.takes:
            if not take.complete:
                self._shown.pop(take.id, None)
        takes = self.query_one(ListView)
        await takes.clear()
        if not self.takes:
            self._say(f"no takes yet in {listing['folder']}: every session of the bridge becomes one")
            return
        await takes.extend([TakeItem(*each) for each in zip(self.takes, map(take_roll, entries), strict=True)])
        takes.index = 0
        takes.focus()

    async def _whole(self, take: TakeLine) -> tuple[Roll, dict[str, Any]]:
        if take.id not in self._shown:
            try:
                shown = await run_json(["takes", "show", str(take.file), *self._options])
            except BridgeError as error:
                shown = {"turn_list": [], "error": str(error)}
            self._shown[take.id] = (take_roll(shown), shown)
        return self._shown[take.id]

    def on_list_view_highlighted(self, event: ListView.Highlighted) -> None:
        """Show the chosen take."""
        if isinstance(event.item, TakeItem):
            self.run_worker(self._show(event.item.take), group="take", exclusive=True, exit_on_error=False)

    async def _show(self, take: TakeLine) -> None:
        roll, shown = await self._whole(take)
        self.query_one("#take-roll", PianoRoll).show_roll(roll)
        self.query_one("#take-title", Static).update(
            Text.assemble((take.id, f"bold {palette.TEXT}"), (f"   {take.file}", palette.DIM), no_wrap=True)
        )
        self.query_one("#take-turns", Static).update(_turn_lines(shown))

    @property
    def chosen(self) -> TakeLine | None:
        """The take under the cursor."""
        item = self.query_one(ListView).highlighted_child
        return item.take if isinstance(item, TakeItem) else None

    def on_list_view_selected(self) -> None:
        """Enter plays the chosen take back."""
        self.play()

    def play(self) -> None:
        """Play the chosen take back at the output; while one is played, end it."""
        take = self.chosen
        if self._playing is not None and self._playing.is_running:
            self._playing.cancel()
        elif take is not None:
            self._playing = self.run_worker(self._play(take), group="playback", exclusive=True, exit_on_error=False)

    async def _play(self, take: TakeLine) -> None:
        roll, _ = await self._whole(take)
        clock = asyncio.get_running_loop().time
        began_s = clock() + 0.1
        for note in roll.notes:
            await asyncio.sleep(max(0.0, began_s + note.onset_s - clock()))
            length_s = min(60.0, max(0.01, note.end_s - note.onset_s))
            self.post_message(Wanted(Sound(note.pitch, note.velocity, length_s)))

    def export(self) -> None:
        """Write the chosen take as a MIDI file into the present folder."""
        take = self.chosen
        if take is not None:
            self.run_worker(self._export(take), group="export", exit_on_error=False)

    async def _export(self, take: TakeLine) -> None:
        target = Path.cwd() / f"{take.id}.mid"
        try:
            await run_json(["takes", "export", str(take.file), "-o", str(target), *self._options])
        except BridgeError as error:
            self.notify(str(error), severity="error")
            return
        self.notify(f"written: {target}")

    def delete(self) -> None:
        """Delete the chosen take, after asking."""
        take = self.chosen
        if take is None:
            return
        if take.recording:
            self.notify("this take is being recorded", severity="warning")
            return

        def answered(yes: bool | None) -> None:
            if yes:
                try:
                    take.file.unlink()
                except OSError as error:
                    self.notify(f"{take.file}: {error.strerror}", severity="error")
                self.read()

        self.app.push_screen(Question(f"Delete the take of {_local(take.started)}?", "delete", "leave it"), answered)

    def _say(self, text: str) -> None:
        self.query_one("#take-title", Static).update(Text(text, style=palette.DIM))


def take_roll(shown: dict[str, Any]) -> Roll:
    """The calls and responses of `takes show` as a roll that begins with its first note."""
    notes = [
        (side, entry)
        for turn in shown.get("turn_list", ())
        for side, key in ((CALL, "call"), (RESPONSE, "response"))
        for entry in turn[key]
    ]
    origin_s = min((float(entry["onset_s"]) for _, entry in notes), default=0.0)
    return Roll(
        RollNote(
            side,
            int(entry["pitch"]),
            int(entry["velocity"]),
            float(entry["onset_s"]) - origin_s,
            float(entry["onset_s"]) - origin_s + max(0.05, float(entry["duration_s"])),
        )
        for side, entry in sorted(notes, key=lambda item: float(item[1]["onset_s"]))
    )


def _turn_lines(shown: dict[str, Any]) -> Text:
    lines = [
        Text.assemble(
            ("★ " if turn["kept"] else "  ", palette.RESPONSE),
            (f"turn {turn['turn']:<3}", palette.TEXT),
            (f"{len(turn['call']):>4}", palette.CALL),
            (" → ", palette.DIM),
            (f"{len(turn['response'])} notes", palette.RESPONSE),
            (f"  {turn['ended'] or 'cut short'}, {'+'.join(turn['tiers'])}", palette.DIM),
            no_wrap=True,
            overflow="ellipsis",
        )
        for turn in shown.get("turn_list", ())
    ]
    if not lines:
        return Text(shown.get("error", "no turn in this take"), style=palette.DIM)
    return Text("\n").join(lines[-8:])


def _moment_s(started: str) -> float:
    try:
        return datetime.fromisoformat(started).timestamp()
    except ValueError:
        return float("-inf")


def _local(started: str) -> str:
    try:
        return f"{datetime.fromisoformat(started).astimezone():%d %b %Y  %H:%M}"
    except ValueError:
        return started


def _length(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes}:{rest:02d}"
