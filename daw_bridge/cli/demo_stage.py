"""The demonstration's musician: plays a call to a running bridge as another program would, and records the answer."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Final, Protocol

from daw_bridge.engine.events import Action, Event, Fault, Sent, TurnCalled, TurnEnded, TurnStreamed
from daw_bridge.errors import BridgeError, MissingPartError
from daw_bridge.io.ports import MidiSystem, match_port
from daw_bridge.io.ports_memory import MemorySystem
from daw_bridge.music.messages import Message, NoteOff, NoteOn, decode, encode
from daw_bridge.music.notes import Note
from daw_bridge.music.phrase import Phrase

IN_PORT: Final = "AI In demo"
OUT_PORT: Final = "AI Out demo"

_LEAD_IN_S: Final = 0.3
_LOOK_S: Final = 0.002
_AFTER_S: Final = 0.4
"""Listened on after the turn's end: the last note-offs are still on their way through the driver."""
_NO_ANSWER_S: Final = 15.0
_LONGEST_ANSWER_S: Final = 75.0
_APPEARS_S: Final = 2.0


class Stage(Protocol):
    """The other end of the bridge's two ports."""

    def play(self, data: bytes) -> None:
        """Send a message to the bridge."""
        ...

    def heard(self) -> list[tuple[float, bytes]]:
        """What the bridge has sent since the last call, with its arrival."""
        ...

    def close(self) -> None:
        """Leave."""
        ...


class MemoryStage:
    """The other end of ports in memory."""

    def __init__(self, system: MemorySystem) -> None:
        self._system = system
        self._tap = system.listen(OUT_PORT)

    def play(self, data: bytes) -> None:
        """Send a message to the bridge."""
        self._system.play(IN_PORT, data)

    def heard(self) -> list[tuple[float, bytes]]:
        """What the bridge has sent since the last call."""
        return self._tap.take()

    def close(self) -> None:
        """Nothing to give back."""


class PortStage:
    """A second MIDI client, connected to the bridge's virtual ports. Raises MissingPartError when it cannot be."""

    def __init__(self, system: MidiSystem) -> None:
        _wait_for(IN_PORT, system.destinations)
        _wait_for(OUT_PORT, system.sources)
        self._out = system.open_out(IN_PORT)
        self._in = system.open_in(OUT_PORT)

    def play(self, data: bytes) -> None:
        """Send a message to the bridge."""
        self._out.send(data)
        self._out.flush()

    def heard(self) -> list[tuple[float, bytes]]:
        """What the bridge has sent since the last call."""
        return self._in.poll()

    def close(self) -> None:
        """Disconnect."""
        self._out.close()
        self._in.close()


def _wait_for(name: str, listed: Callable[[], Sequence[str]]) -> None:
    limit_s = time.monotonic() + _APPEARS_S
    while match_port(name, listed()) is None:
        if time.monotonic() > limit_s:
            raise MissingPartError("the bridge's own port does not appear", where=name)
        time.sleep(0.05)


@dataclass(slots=True)
class Watcher:
    """An observer that remembers the first turn. Written by the playing thread, read after `ended` is set."""

    called: TurnCalled | None = None
    ended: TurnEnded | None = None
    tiers: list[str] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)

    def heard(self, event: Event, now_s: float) -> None:
        """Nothing of what comes in is needed."""

    def done(self, actions: Sequence[Action | Sent], now_s: float) -> None:
        """Remember the first turn's call, who answered it, and its end."""
        del now_s
        for action in actions:
            match action:
                case TurnCalled() if self.called is None:
                    self.called = action
                case TurnStreamed(tier=tier) if tier not in self.tiers:
                    self.tiers.append(tier)
                case TurnEnded() if self.ended is None:
                    self.ended = action
                case Fault():
                    self.faults.append(action)


@dataclass(frozen=True, slots=True)
class Performance:
    """A call and its response on one line of seconds that starts with the call.

    `over_s` is the moment the bridge took the call as over, `None` figures were not to be had.
    """

    call: Phrase
    response: Phrase
    over_s: float
    tiers: tuple[str, ...]
    faults: tuple[Fault, ...]

    @property
    def first_note_after_s(self) -> float:
        """From the end of the call to the first note of the response, as heard."""
        return self.response.notes[0].onset_s - self.over_s if self.response.notes else 0.0


def perform(stage: Stage, watcher: Watcher, call: Phrase) -> Performance:
    """Play `call` in real time and listen until the bridge has answered. Raises BridgeError when it does not."""
    heard: list[tuple[float, bytes]] = []
    origin_s = time.monotonic() + _LEAD_IN_S
    played: list[tuple[float, Message]] = []
    for due_s, message in call_messages(call):
        while (left_s := origin_s + due_s - time.monotonic()) > 0:
            heard += stage.heard()
            time.sleep(min(left_s, 0.05))
        stage.play(encode(message))
        played.append((time.monotonic(), message))
    _listen(stage, watcher, heard)
    if watcher.called is None:
        raise BridgeError("the bridge did not answer", cure="run `aiart-bridge doctor`")
    answered = [(at_s, decode(data)) for at_s, data in heard]
    first_s = played[0][0]
    return Performance(
        call=Phrase.of(note.shifted(-first_s) for note in paired(played)),
        response=Phrase.of(note.shifted(-first_s) for note in paired(answered)),
        over_s=watcher.called.over_s - first_s,
        tiers=tuple(watcher.tiers),
        faults=tuple(watcher.faults),
    )


def _listen(stage: Stage, watcher: Watcher, heard: list[tuple[float, bytes]]) -> None:
    begin_s = time.monotonic()
    end_s = begin_s + _NO_ANSWER_S
    while (now_s := time.monotonic()) < end_s:
        heard += stage.heard()
        if watcher.ended is not None:
            end_s = min(end_s, now_s + _AFTER_S)
        elif watcher.called is not None:
            end_s = max(end_s, begin_s + _LONGEST_ANSWER_S)
        time.sleep(_LOOK_S)


def call_messages(call: Phrase) -> list[tuple[float, Message]]:
    """A phrase as messages in order, note-offs first where they meet."""
    timed: list[tuple[float, int, Message]] = []
    for note in call:
        timed.append((note.onset_s, 1, NoteOn(note.channel, note.pitch, note.velocity)))
        timed.append((note.end_s, 0, NoteOff(note.channel, note.pitch)))
    return [(at_s, message) for at_s, _, message in sorted(timed, key=lambda row: row[:2])]


def paired(messages: Iterable[tuple[float, Message]]) -> list[Note]:
    """The notes of timed messages; of several on one key, a note-off ends the oldest."""
    notes: list[Note] = []
    sounding: dict[tuple[int, int], list[tuple[float, int]]] = {}
    for at_s, message in messages:
        match message:
            case NoteOn(channel, pitch, velocity):
                sounding.setdefault((channel, pitch), []).append((at_s, velocity))
            case NoteOff(channel, pitch) if sounding.get((channel, pitch)):
                onset_s, velocity = sounding[channel, pitch].pop(0)
                notes.append(Note(onset_s, pitch, max(0.0, at_s - onset_s), velocity, channel))
    return notes
