"""The bridge's own side of a measurement, from its events as they happen or from the take it has written."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from daw_bridge.engine.events import Action, Event, Fault, MidiArrived, Sent, TurnCalled, TurnStreamed
from daw_bridge.io.take_format import DamagedLineError, decode_line, read_called, read_sent, read_streamed
from daw_bridge.live.bench.delivery import Passing
from daw_bridge.music.messages import Message, NoteOff, NoteOn, decode, encode


@dataclass(slots=True)
class TurnTrace:
    """A turn as the engine saw it: the call was over at `over_s`, answered from `start_s` on.

    The engine decided so at `called_s` and had the answer's first notes at `streamed_s`, None if they never came.
    """

    turn: int
    over_s: float
    start_s: float
    called_s: float
    streamed_s: float | None = None

    @property
    def model_share_s(self) -> float | None:
        """How long the answer was waited for; nothing if it was prepared."""
        return None if self.streamed_s is None else max(0.0, self.streamed_s - self.called_s)


@dataclass(slots=True)
class BridgeLog:
    """An `engine.events.Observer` that keeps what a measurement needs. All times on time.monotonic's axis.

    `first_draws_s` are the times that passed from asking a model to its first note, in which it hears the end of the
    call; `model_s` passed for the `model_notes` after those.
    """

    sent: list[Sent] = field(default_factory=list)
    turns: dict[int, TurnTrace] = field(default_factory=dict)
    arrived: list[Passing] = field(default_factory=list)
    tiers: dict[str, int] = field(default_factory=dict)
    first_draws_s: list[float] = field(default_factory=list)
    model_s: float = 0.0
    model_notes: int = 0
    misses: int = 0
    faults: int = 0

    def heard(self, event: Event, now_s: float) -> None:
        """Keep the notes of the musician."""
        if isinstance(event, MidiArrived):
            self._arrived(event.message, now_s)

    def done(self, actions: Sequence[Action | Sent], now_s: float) -> None:
        """Keep what was sent when, and how long the model took."""
        for action in actions:
            match action:
                case Sent():
                    self.sent.append(action)
                case TurnCalled() | TurnStreamed() | Fault():
                    self._happened(action, now_s)

    @classmethod
    def of_take(cls, file: Path) -> BridgeLog:
        """The same from a take; lines that are damaged are left out."""
        log = cls()
        for line in file.read_bytes().split(b"\n")[1:]:
            try:
                record = decode_line(line)
            except DamagedLineError:
                continue
            match record.get("type"):
                case "out":
                    log.sent.append(read_sent(record))
                case "in":
                    log._arrived(decode(bytes.fromhex(record["hex"])), record["at_s"])
                case "called":
                    log._happened(read_called(record, brief=True), record["at_s"])
                case "streamed":
                    log._happened(read_streamed(record), record["at_s"])
                case "fault":
                    log._happened(Fault(record["kind"], record["text"]), record["at_s"])
        return log

    def handed_over(self) -> list[Passing]:
        """The note messages that the driver was given, in order."""
        return [
            Passing(each.actual_s, encode(each.message), each.turn)
            for each in self.sent
            if isinstance(each.message, NoteOn | NoteOff)
        ]

    def errors_ms(self) -> list[float]:
        """How long after its due moment each note-on of an answer was handed to the driver."""
        return [
            (each.actual_s - each.wanted_s) * 1000
            for each in self.sent
            if isinstance(each.message, NoteOn) and each.turn > 0
        ]

    def _arrived(self, message: Message, at_s: float) -> None:
        if isinstance(message, NoteOn | NoteOff):
            self.arrived.append(Passing(at_s, encode(message)))

    def _happened(self, action: TurnCalled | TurnStreamed | Fault, at_s: float) -> None:
        match action:
            case TurnCalled(turn=turn) if turn not in self.turns:
                self.turns[turn] = TurnTrace(turn, action.over_s, action.start_s, at_s)
            case TurnStreamed(turn=turn):
                self._streamed(action, at_s)
            case Fault("miss"):
                self.misses += 1
            case Fault():
                self.faults += 1

    def _streamed(self, more: TurnStreamed, at_s: float) -> None:
        trace = self.turns.get(more.turn)
        if trace is not None and trace.streamed_s is None:
            trace.streamed_s = at_s
            self.tiers[more.tier] = self.tiers.get(more.tier, 0) + 1
        if more.model_s > 0 and more.first_index == 0:
            self.first_draws_s.append(more.model_s)
        elif more.model_s > 0:
            self.model_s += more.model_s
            self.model_notes += len(more.notes)
