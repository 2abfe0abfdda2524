"""Take files read back: turns, messages and settings; a file that was cut short gives what is whole."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final

from daw_bridge.engine.continuation import SamplingControls
from daw_bridge.engine.events import Fault, Sent, TurnCalled, TurnEnded, TurnStreamed
from daw_bridge.engine.parameters import Value
from daw_bridge.errors import UsageError
from daw_bridge.io.take_format import (
    SUFFIX,
    DamagedLineError,
    Record,
    TakeHeader,
    checked,
    decode_line,
    read_called,
    read_ended,
    read_header,
    read_sent,
    read_streamed,
)
from daw_bridge.music.messages import Message, NoteOn, decode
from daw_bridge.music.notes import Note

_BULK: Final = (b'{"type":"in"', b'{"type":"out"', b'{"type":"clock"', b'{"type":"streamed"')


@dataclass(frozen=True, slots=True)
class DrawnNote:
    """A note of an answer as the model gave it, the controls it was drawn under and who drew it."""

    note: Note
    controls: SamplingControls
    tier: str


@dataclass(frozen=True, slots=True)
class Part:
    """What one question to a model gave: the whole answer, or what was drawn anew of it after a change."""

    called: TurnCalled
    drawn: tuple[DrawnNote, ...] = ()

    def streamed(self, more: TurnStreamed) -> Part:
        """The part with notes added; notes from `first_index` on take the place of older ones.

        Raises ValueError when they do not join on.
        """
        if more.first_index > len(self.drawn):
            raise ValueError(f"a part of the answer before note {more.first_index} is missing")
        fresh = tuple(DrawnNote(note, more.controls, more.tier) for note in more.notes)
        return replace(self, drawn=self.drawn[: more.first_index] + fresh)


@dataclass(frozen=True, slots=True)
class Turn:
    """One call and its answer. `ended` is None when the take stops before the turn does.

    `repeats` are the ends of its repetitions in a loop; `kept` and `forgotten` are what the player said of it.
    """

    parts: tuple[Part, ...]
    ended: TurnEnded | None = None
    repeats: tuple[TurnEnded, ...] = ()
    kept: bool = False
    forgotten: bool = False

    @property
    def number(self) -> int:
        """The turn's number in its take, from 1."""
        return self.called.turn

    @property
    def called(self) -> TurnCalled:
        """The call, and the first question about it."""
        return self.parts[0].called

    @property
    def tiers(self) -> tuple[str, ...]:
        """Who answered, in order."""
        return tuple(dict.fromkeys(drawn.tier for part in self.parts for drawn in part.drawn))


@dataclass(frozen=True, slots=True)
class Take:
    """A recorded session. Times are seconds of the bridge's clock; `header.started_s` is its beginning."""

    file: Path
    header: TakeHeader
    turns: tuple[Turn, ...]
    incoming: tuple[tuple[float, str, Message], ...]
    outgoing: tuple[Sent, ...]
    faults: tuple[Fault, ...]
    tempo_bpm: float | None
    complete: bool
    end_s: float
    notes: tuple[str, ...]
    """What the reader had to pass over, in words; empty for a whole take."""

    def first_note_late_s(self, turn: Turn) -> float | None:
        """How long after its wanted moment the first note of an answer was handed to the driver; None without one."""
        for sent in self.outgoing:
            if sent.turn == turn.number and isinstance(sent.message, NoteOn):
                return sent.actual_s - sent.wanted_s
        return None

    @property
    def length_s(self) -> float:
        """From start to the last record."""
        return max(0.0, self.end_s - self.header.started_s)

    @property
    def settings(self) -> Mapping[str, Value]:
        """The settings the take began with."""
        return self.header.settings


@dataclass(slots=True)
class _Reading:
    brief: bool = False
    turns: dict[int, Turn] = field(default_factory=dict)
    incoming: list[tuple[float, str, Message]] = field(default_factory=list)
    outgoing: list[Sent] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)
    tempo_bpm: float | None = None
    complete: bool = False
    shed: int = 0
    end_s: float = 0.0

    def add(self, record: Record) -> None:
        """Take a record in. Raises KeyError, TypeError or ValueError for one that is not as it should be."""
        match record.get("type"):
            case "called":
                self._called(read_called(record, brief=self.brief))
            case "streamed":
                self._streamed(read_streamed(record))
            case "ended":
                self._ended(read_ended(record))
            case "in":
                self.incoming.append((record["at_s"], record["port"], decode(bytes.fromhex(record["hex"]))))
            case "out":
                self.outgoing.append(read_sent(record))
            case "kept":
                self._change(record["turn"], kept=True)
            case "forgotten":
                self._change(record["turn"], forgotten=True)
            case "fault":
                self.faults.append(Fault(record["kind"], record["text"]))
            case "transport":
                self.tempo_bpm = float(record["tempo_bpm"])
            case "lost":
                self.shed += record["records"]
            case "end":
                self.complete = True
        self.reach(record)

    def reach(self, record: Record) -> None:
        """Let the take last at least until the moment of a record. Raises like `add`."""
        stamp = record["actual_s"] if "actual_s" in record else record["at_s"]
        self.end_s = max(self.end_s, float(stamp[-1] if isinstance(stamp, list) else stamp))

    def _called(self, called: TurnCalled) -> None:
        turn = self.turns.get(called.turn)
        parts = (*(turn.parts if turn else ()), Part(called))
        self.turns[called.turn] = Turn(parts) if turn is None else replace(turn, parts=parts)

    def _streamed(self, more: TurnStreamed) -> None:
        turn = self.turns.get(more.turn)
        if turn is None:
            return
        parts = tuple(part.streamed(more) if part.called.ask_id == more.ask_id else part for part in turn.parts)
        self.turns[more.turn] = replace(turn, parts=parts)

    def _ended(self, ended: TurnEnded) -> None:
        turn = self.turns.get(ended.turn)
        if turn is not None and turn.ended is None:
            self.turns[ended.turn] = replace(turn, ended=ended)
        elif turn is not None:
            self.turns[ended.turn] = replace(turn, repeats=(*turn.repeats, ended))

    def _change(self, number: int, **changes: Any) -> None:
        if number in self.turns:
            self.turns[number] = replace(self.turns[number], **changes)


def read_take(file: Path, *, brief: bool = False) -> Take:
    """The take in `file`. Raises UsageError for a file that is none; damage after the header costs a note.

    A brief one, for lists, is without messages, contexts and answers as drawn.
    """
    try:
        lines = file.read_bytes().split(b"\n")
    except FileNotFoundError:
        raise UsageError("no such take", where=str(file), cure="`aiart-bridge takes list` names the takes") from None
    except OSError as error:
        raise UsageError(f"cannot be read ({error.strerror})", where=str(file)) from None
    try:
        header = read_header(decode_line(lines[0]), str(file))
    except DamagedLineError:
        raise UsageError(
            "not a take file, or its first line is damaged",
            where=str(file),
            cure="`aiart-bridge takes list` names the takes",
        ) from None
    reading = _Reading(brief, end_s=header.started_s)
    damaged = 0
    passed_over = b""
    for line in lines[1:-1]:
        try:
            if brief and line.startswith(_BULK):
                checked(line)
                passed_over = line
            else:
                reading.add(decode_line(line))
        except (DamagedLineError, KeyError, TypeError, ValueError, IndexError):
            damaged += 1
    if passed_over:
        with contextlib.suppress(KeyError, TypeError, ValueError, IndexError):
            reading.reach(decode_line(passed_over))
    return Take(
        file=file,
        header=header,
        turns=tuple(reading.turns.values()),
        incoming=tuple(reading.incoming),
        outgoing=tuple(reading.outgoing),
        faults=tuple(reading.faults),
        tempo_bpm=reading.tempo_bpm,
        complete=reading.complete,
        end_s=reading.end_s,
        notes=_notes(reading, damaged, cut=bool(lines[-1])),
    )


def _notes(reading: _Reading, damaged: int, *, cut: bool) -> tuple[str, ...]:
    notes = []
    if cut:
        notes.append("the last line is cut short and left out")
    elif not reading.complete:
        notes.append("the take has no end mark (the bridge was killed, or is still running)")
    if damaged:
        notes.append(f"{damaged} damaged line{'s' if damaged > 1 else ''} left out")
    if reading.shed:
        notes.append(f"{reading.shed} messages were not recorded (the disk was full or too slow)")
    return tuple(notes)


def take_files(folder: Path) -> tuple[Path, ...]:
    """The take files of a folder, oldest first."""
    return tuple(sorted(folder.glob(f"*{SUFFIX}"))) if folder.is_dir() else ()


def find_take(name: str, folder: Path) -> Path:
    """The file of a take: a path, `last`, its id, or the beginning of its id or file name. Raises UsageError."""
    path = Path(name).expanduser()
    if path.is_file():
        return path
    files = take_files(folder)
    if name == "last" and files:
        return files[-1]
    found = [file for file in files if file.stem.startswith(name) or file.stem.rpartition("-")[2].startswith(name)]
    if len(found) == 1:
        return found[0]
    if found:
        several = ", ".join(file.stem for file in found[:4])
        raise UsageError(f"{name!r} may be {len(found)} takes: {several}", cure="write more of the name")
    cure = "`aiart-bridge takes list` names the takes" if files else "there is no take there yet"
    raise UsageError(f"no take {name!r}", where=str(folder), cure=cure)
