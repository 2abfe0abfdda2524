"""The take recorder: everything from start to stop of the bridge, on disk while it happens.

The real-time thread only appends to a bounded queue; a writer thread of its own does the rest. A full or failing disk
is reported, the music goes on, and what could not be written is written later.
"""

from __future__ import annotations

import errno
import hashlib
import os
import secrets
import threading
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Final

from daw_bridge.engine.continuation import DRAWING
from daw_bridge.engine.events import (
    Action,
    AnswerArrived,
    AnswerFailed,
    Event,
    Fault,
    MidiArrived,
    ParameterChanged,
    Performed,
    PortLost,
    PortReturned,
    Sent,
    TransportChanged,
    TurnCalled,
    TurnEnded,
    TurnForgotten,
    TurnKept,
    TurnStreamed,
)
from daw_bridge.engine.parameters import Value
from daw_bridge.engine.sensing import SENSING
from daw_bridge.errors import UsageError
from daw_bridge.io.append_log import AppendLog
from daw_bridge.io.take_format import (
    SUFFIX,
    ModelIdentity,
    Record,
    TakeHeader,
    called_line,
    encode_line,
    ended_line,
    header_record,
    sent_line,
    streamed_line,
)
from daw_bridge.music.messages import Clock, encode

QUEUE_LIMIT: Final = 100_000
"""Entries that may wait for the writer; beyond it messages are shed and counted, turns never."""

IDLE_S: Final = 0.25
"""How long messages may wait before they are written."""

AFTER_TURN_S: Final = 0.03
"""The writer's pause after a turn event: the first notes leave before it competes for the interpreter lock."""

_TURN_EVENTS: Final = frozenset({TurnCalled, TurnStreamed, TurnEnded})

Entry = Event | Action | Sent


def default_takes_dir() -> Path:
    """Where takes are kept when the settings name no folder."""
    import platformdirs

    try:
        return Path(platformdirs.user_data_dir("aiart-bridge", appauthor=False)) / "takes"
    except RuntimeError:
        raise UsageError(
            "this user has no home folder to keep takes in", where="HOME", cure="set it, or name one with --takes-dir"
        ) from None


def takes_folder(settings: Mapping[str, Value]) -> Path:
    """The folder of the takes according to the settings."""
    named = str(settings.get("takes_dir", ""))
    if not named:
        return default_takes_dir()
    try:
        return Path(named).expanduser()
    except RuntimeError as error:
        raise UsageError(str(error), where=f"takes_dir {named}", cure="name the folder in full") from None


def identify_model(name: str, file: Path | None) -> ModelIdentity:
    """The identity of a model for the take's header; a model without a file (the phrase memory) has only its name."""
    if file is None:
        return ModelIdentity(name)
    with file.open("rb") as stream:
        return ModelIdentity(name, str(file), hashlib.file_digest(stream, "sha256").hexdigest())


class TakeRecorder:
    """An `engine.events.Observer` that writes one take. `heard` and `done` belong to the real-time thread.

    Owns its file and its thread; `close` ends both.
    """

    def __init__(
        self,
        file: Path,
        header: TakeHeader,
        on_fault: Callable[[Fault], None],
        write: Callable[[int, bytes], int] = os.write,
    ) -> None:
        self.file = file
        self._on_fault = on_fault
        self._log = AppendLog(file, self._report, write=write)
        self._log.add(encode_line(header_record(header)), needed=True)
        self._queue: deque[tuple[float, Sequence[Entry]]] = deque()
        # Each counter has one writer: the real-time thread the first, the take's thread the others.
        self._shed = 0
        self._refused = 0
        self._lost_told = 0
        self._wake = threading.Event()
        self._closing = False
        self._pulses_s: list[float] = []
        self._transport: tuple[bool, float, bool, str] | None = None
        self._thread = threading.Thread(target=self._run, name="take-writer", daemon=True)

    @classmethod
    def open(
        cls,
        takes_dir: Path,
        settings: Mapping[str, Value],
        model: ModelIdentity,
        on_fault: Callable[[Fault], None],
        backups: tuple[ModelIdentity, ...] = (),
    ) -> TakeRecorder:
        """Begin a take in `takes_dir`, named by the moment; `settings["seed"]` is the seed in force, never -1.

        `backups` are the models that answer when `model` is late.

        `on_fault` is called from the writer thread. Raises UsageError when the folder cannot be used at all.
        """
        now = datetime.now().astimezone()
        try:
            takes_dir.mkdir(parents=True, exist_ok=True)
            for _ in range(8):
                take_id = secrets.token_hex(3)
                header = TakeHeader(
                    id=take_id,
                    started=now.isoformat(timespec="milliseconds"),
                    started_s=time.monotonic(),
                    seed=int(settings["seed"]),
                    model=model,
                    settings=dict(settings),
                    programs=_programs(),
                    backups=backups,
                )
                try:
                    recorder = cls(takes_dir / f"{now:%Y%m%d-%H%M%S}-{take_id}{SUFFIX}", header, on_fault)
                except FileExistsError:
                    continue
                recorder.start()
                return recorder
            raise FileExistsError(errno.EEXIST, "no free name")
        except OSError as error:
            raise UsageError(
                f"takes cannot be written there ({error.strerror})",
                where=str(takes_dir),
                cure="choose a folder you may write to with --takes-dir",
            ) from None

    def start(self) -> None:
        """Put the header on disk and start the writer."""
        self._log.flush()
        self._thread.start()

    # The real-time side

    def heard(self, event: Event, now_s: float) -> None:
        """Note an event; answers are noted when the engine takes them on."""
        if type(event) is not AnswerArrived:
            self._note((event,), now_s)

    def done(self, actions: Sequence[Action | Sent], now_s: float) -> None:
        """Note what was carried out."""
        if not actions:
            return
        for action in actions:
            if type(action) in _TURN_EVENTS:
                self._queue.append((now_s, actions))
                self._wake.set()
                return
        self._note(actions, now_s)

    def _note(self, entries: Sequence[Entry], now_s: float) -> None:
        if len(self._queue) < QUEUE_LIMIT:
            self._queue.append((now_s, entries))
        else:
            self._shed += len(entries)

    # The writer's side

    def close(self, timeout_s: float = 5.0) -> None:
        """Write what is left, mark the take as complete and end the writer; a disk that hangs is not waited for."""
        self._closing = True
        self._wake.set()
        self._thread.join(timeout_s)
        if self._thread.is_alive():
            self._report("the disk does not answer; the end of this take may be missing")

    def _run(self) -> None:
        while not self._closing:
            if self._wake.wait(IDLE_S):
                self._wake.clear()
                if not self._closing:
                    time.sleep(AFTER_TURN_S)
            self._collect()
            self._log.flush()
        self._collect()
        self._log.add(encode_line({"type": "end", "at_s": time.monotonic()}), needed=True)
        self._log.close()

    def _report(self, trouble: str) -> None:
        self._on_fault(Fault("take", f"{self.file}: {trouble}"))

    def _collect(self) -> None:
        """Turn the queue into lines."""
        while self._queue:
            at_s, entries = self._queue.popleft()
            for entry in entries:
                try:
                    self._add_entry(entry, at_s)
                except (TypeError, ValueError, OverflowError) as error:
                    self._refused += 1
                    self._report(f"a {type(entry).__name__} cannot be recorded ({error})")
        self._add_pulses()
        lost = self._shed + self._refused - self._lost_told
        if lost and self._log.add(encode_line({"type": "lost", "at_s": time.monotonic(), "records": lost})):
            self._lost_told += lost

    def _add_entry(self, entry: Entry, at_s: float) -> None:
        if isinstance(entry, MidiArrived) and isinstance(entry.message, Clock):
            self._pulses_s.append(at_s)
            return
        self._add_pulses()
        match entry:
            case TurnCalled():
                self._log.add(called_line(entry, at_s), needed=True)
            case TurnStreamed():
                self._log.add(streamed_line(entry, at_s), needed=True)
            case TurnEnded():
                self._log.add(ended_line(entry, at_s), needed=True)
            case Sent(message=Clock()):
                pass
            case Sent():
                self._add(sent_line(entry))
            case _:
                record = self._record(entry, at_s)
                if record is not None:
                    self._add(encode_line(record))

    def _record(self, entry: Entry, at_s: float) -> Record | None:
        match entry:
            case MidiArrived(message, port):
                if message == SENSING:
                    return None
                return {"type": "in", "at_s": at_s, "port": port, "hex": encode(message).hex()}
            case Performed(action):
                return {"type": "do", "at_s": at_s, "action": action}
            case ParameterChanged(name, value):
                return {"type": "set", "at_s": at_s, "name": name, "value": value}
            case TurnKept(turn):
                return {"type": "kept", "at_s": at_s, "turn": turn}
            case TurnForgotten(turn):
                return {"type": "forgotten", "at_s": at_s, "turn": turn}
            case Fault(kind, text):
                return {"type": "fault", "at_s": at_s, "kind": kind, "text": text}
            case AnswerFailed(ask_id, reason):
                return {"type": "failed", "at_s": at_s, "ask_id": ask_id, "reason": reason}
            case PortLost(port):
                return {"type": "lost_port", "at_s": at_s, "port": port}
            case PortReturned(port):
                return {"type": "found_port", "at_s": at_s, "port": port}
            case TransportChanged(rolling, beat, tempo_bpm, locked, source):
                state = (rolling, tempo_bpm, locked, source)
                if state == self._transport:
                    return None
                self._transport = state
                return {
                    "type": "transport",
                    "at_s": at_s,
                    "rolling": rolling,
                    "beat": beat,
                    "tempo_bpm": tempo_bpm,
                    "locked": locked,
                    "source": source,
                }
            case _:
                return None

    def _add_pulses(self) -> None:
        """Clock pulses share a line: there are 48 of them a second."""
        if self._pulses_s:
            pulses, self._pulses_s = self._pulses_s, []
            self._add(encode_line({"type": "clock", "at_s": pulses}))

    def _add(self, line: bytes) -> None:
        if not self._log.add(line):
            self._refused += 1


def _programs() -> dict[str, str]:
    import platform
    from importlib.metadata import PackageNotFoundError, version

    found = {"python": platform.python_version(), "drawing": DRAWING}
    for name in ("aiart-bridge", "torch"):
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found
