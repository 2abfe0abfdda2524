"""One answer on its way: the notes taken on so far, which is next, when to ask for more, where it ends.

An answer lives on the axis of its ask (seconds); a placement says where on the engine's clock that is.
"""

from __future__ import annotations

import itertools
import statistics
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final, Protocol

from daw_bridge.engine.continuation import AnswerStream, SamplingControls
from daw_bridge.engine.events import AnswerArrived, Ask, TurnStreamed
from daw_bridge.engine.memory import MEMORY_TIER
from daw_bridge.engine.quantise import Quantiser
from daw_bridge.engine.transport import Transport
from daw_bridge.music.notes import Note

AHEAD_S: Final = 1.0
"""How far ahead of playback an answer is drawn: enough for a slow moment, short enough to stay open to change."""
REFILL_S: Final = 0.6
"""With less than this in hand more is asked for."""
FIRST_AHEAD_S: Final = 0.3
"""How much of an answer is drawn on the mere chance that it is wanted."""

HUSH_S: Final = 0.04
"""For so long from its start nothing is drawn for an answer that has `ENOUGH_S` in hand: the driver's threads, here and
in the other program, deliver its first note without the model beside them."""
ENOUGH_S: Final = 0.25

SHORTEST_ANSWER_S: Final = 1.5
LONGEST_ANSWER_S: Final = 60.0
FEWEST_NOTES: Final = 3
"""An answer of fewer notes is no musical thought, whatever its length ..."""
PATIENCE_LENGTHS: Final = 2.5
"""... but one as slow as this many lengths ends all the same."""
BREATH_FROM: Final = 0.85
"""From this share of its length on, an answer ends at the first breath it takes."""
BREATH: Final = 1.75
"""A breath: this many times the answer's median inter-onset interval without an onset."""
TAIL_S: Final = 0.75
"""The last notes of a free answer may ring this much beyond its length."""
SHORTEST_NOTE_S: Final = 0.02


class Placement(Protocol):
    """Where the axis of an ask lies on the engine's clock."""

    def to_clock_s(self, axis_s: float) -> float:
        """A moment of the axis, on the clock."""
        ...

    def to_axis_s(self, clock_s: float) -> float:
        """A moment of the clock, on the axis."""
        ...


@dataclass(frozen=True, slots=True)
class Shifted:
    """The axis is the clock, `by_s` seconds later."""

    by_s: float = 0.0

    def to_clock_s(self, axis_s: float) -> float:
        """A moment of the axis, on the clock."""
        return axis_s + self.by_s

    def to_axis_s(self, clock_s: float) -> float:
        """A moment of the clock, on the axis."""
        return clock_s - self.by_s


@dataclass(frozen=True, slots=True)
class OnBeats:
    """`start_s` on the axis is `start_beat` of the transport, and the axis bends with its tempo."""

    transport: Transport
    start_s: float
    start_beat: float
    beat_s: float

    def to_clock_s(self, axis_s: float) -> float:
        """A moment of the axis, on the clock."""
        return self.transport.time_of(self.start_beat + (axis_s - self.start_s) / self.beat_s)

    def to_axis_s(self, clock_s: float) -> float:
        """A moment of the clock, on the axis."""
        return self.start_s + (self.transport.beat_at(clock_s) - self.start_beat) * self.beat_s


@dataclass(frozen=True, slots=True)
class Ending:
    """On the axis: no onset at or after `last_onset_s`, no sound after `silent_s`.

    A `free` ending may come earlier, at a breath, and later, until a thought is complete.
    """

    start_s: float
    last_onset_s: float
    silent_s: float
    free: bool
    held: bool = False
    """Whether the floor is kept until `silent_s`, even when nothing is left to play."""

    @classmethod
    def after_length(cls, start_s: float, length_s: float) -> Ending:
        """An answer of about `length_s`, within its limits."""
        length_s = min(max(length_s, SHORTEST_ANSWER_S), LONGEST_ANSWER_S)
        return cls(start_s, start_s + length_s, start_s + PATIENCE_LENGTHS * length_s + TAIL_S, free=True)

    @classmethod
    def on_line(cls, start_s: float, end_s: float) -> Ending:
        """An answer that has left the floor by `end_s`, a bar line."""
        return cls(start_s, end_s - 0.03, end_s - 0.01, free=False)

    @classmethod
    def repeated(cls, start_s: float, length_s: float) -> Ending:
        """One round of a loop."""
        return cls(start_s, start_s + length_s, start_s + length_s, free=False, held=True)

    @property
    def length_s(self) -> float:
        """The length aimed at."""
        return self.last_onset_s - self.start_s

    def closes_before(self, note: Note, notes: Sequence[Note]) -> bool:
        """Whether the answer that has `notes` ends before `note`."""
        if not self.free:
            return note.onset_s >= self.last_onset_s
        past_s = note.onset_s - self.start_s
        if past_s >= PATIENCE_LENGTHS * self.length_s:
            return True
        if len(notes) < FEWEST_NOTES:
            return False
        if past_s >= self.length_s:
            return True
        onsets_s = sorted({other.onset_s for other in notes})
        if past_s < BREATH_FROM * self.length_s or len(onsets_s) < FEWEST_NOTES:
            return False
        usual_s = statistics.median(later - earlier for earlier, later in itertools.pairwise(onsets_s))
        return note.onset_s - onsets_s[-1] >= BREATH * usual_s

    def trimmed(self, note: Note) -> Note:
        """The note, released in time."""
        if self.free:
            end_s = max(self.last_onset_s, note.onset_s) + TAIL_S
        else:
            end_s = max(self.silent_s, note.onset_s + SHORTEST_NOTE_S)
        duration_s = min(max(note.duration_s, SHORTEST_NOTE_S), end_s - note.onset_s)
        return note if duration_s == note.duration_s else replace(note, duration_s=duration_s)


class Answer:
    """The notes of one ask. A `stream` is drawn from at once; without one, notes arrive when they arrive.

    `before` are the notes of this response that other asks have given, on the same axis.
    """

    def __init__(
        self,
        ask: Ask,
        ending: Ending,
        placement: Placement,
        *,
        quantiser: Quantiser | None = None,
        stream: AnswerStream | None = None,
        before: tuple[Note, ...] = (),
    ) -> None:
        self.ask = ask
        self.ending = ending
        self.placement = placement
        self.failed = ""
        """Why the model could not answer."""
        self.tier = MEMORY_TIER if stream is not None else ""
        """Who gave the newest notes, empty before the first."""
        self.drafts = 1
        """How many drafts of its beginning there were."""
        self._quantiser = quantiser
        self._stream = stream
        self._before = before
        self._controls = ask.controls
        self._asked_until_s: float | None = ask.until_s
        self._notes: list[Note] = []
        self._drawn = 0
        self._cursor = 0
        self._closed = False
        self._unlogged: list[TurnStreamed] = []
        if stream is not None:
            self._draw(ask.until_s)

    @classmethod
    def of_notes(cls, ask: Ask, ending: Ending, placement: Placement, notes: tuple[Note, ...]) -> Answer:
        """An answer that is known in full; it has nothing to log."""
        answer = cls(ask, ending, placement)
        answer._notes.extend(notes)
        answer._closed = True
        return answer

    @property
    def ready(self) -> bool:
        """Whether there is a note to begin with."""
        return bool(self._notes)

    @property
    def drawn(self) -> int:
        """How many notes have been drawn, those beyond the end included: the number of the next."""
        return self._drawn

    @property
    def from_memory(self) -> bool:
        """Whether it is drawn at once."""
        return self._stream is not None

    @property
    def controls(self) -> SamplingControls:
        """The controls its newest notes are drawn under."""
        return self._controls

    @property
    def waiting(self) -> bool:
        """Whether notes have been asked for that are not all here."""
        return self._asked_until_s is not None and not self._closed

    @property
    def finished(self) -> bool:
        """Whether all its notes have been played, and there will be no more."""
        return self._closed and self._cursor == len(self._notes)

    @property
    def last_onset_s(self) -> float:
        """The clock's moment of the last onset in hand."""
        axis_s = self._notes[-1].onset_s if self._notes else self.ask.start_s
        return self.placement.to_clock_s(axis_s)

    @property
    def next_s(self) -> float | None:
        """The clock's moment at which the next note in hand is to be played."""
        if self._cursor == len(self._notes):
            return None
        return self.placed_s(self.placement.to_clock_s(self._notes[self._cursor].onset_s))

    @property
    def refill_s(self) -> float | None:
        """When more must be asked for."""
        if self._closed or self.waiting:
            return None
        start_s = self.placement.to_clock_s(self.ask.start_s)
        hushed = self.last_onset_s - start_s >= ENOUGH_S
        return max(self.last_onset_s - REFILL_S, start_s + HUSH_S) if hushed else self.last_onset_s - REFILL_S

    @property
    def silent_s(self) -> float:
        """The clock's moment when the last of it has ended."""
        return self.placement.to_clock_s(self.ending.silent_s)

    def take_on(self, arrived: AnswerArrived) -> None:
        """Notes have come in; what is out of sequence is left."""
        if arrived.first_index != self._drawn or self._stream is not None:
            return
        if arrived.first_index == 0:
            self.drafts = arrived.drafts
        self._accept(arrived.notes, arrived.tier, arrived.model_s)

    def ask_on(self, now_s: float, controls: SamplingControls) -> float | None:
        """More is wanted under `controls`: drawn at once, or the moment of the axis up to which to ask for it."""
        self._controls = controls
        until_s = max(self.placement.to_axis_s(now_s) + AHEAD_S, self.ask.start_s)
        if self._stream is not None:
            self._draw(until_s)
            return None
        self._asked_until_s = until_s
        return until_s

    def placed_s(self, clock_s: float) -> float:
        """Where an onset of the clock's time is played: there, or on the grid of the response."""
        if self._quantiser is None:
            return clock_s
        ending = self.ending
        until_s = float("inf") if ending.free else self.placement.to_clock_s(ending.last_onset_s)
        return self._quantiser.moved_s(clock_s, self.placement.to_clock_s(ending.start_s), until_s)

    def pop(self) -> Note:
        """The next note, to be played now; on the axis, trimmed to the end."""
        note = self._notes[self._cursor]
        self._cursor += 1
        return self.ending.trimmed(note)

    def cut_at(self, clock_s: float) -> int | None:
        """The number of the first note in hand that is due at or after a moment, None if there is none."""
        for index in range(max(self._cursor, 1), len(self._notes)):
            if self.placed_s(self.placement.to_clock_s(self._notes[index].onset_s)) >= clock_s:
                return index
        return None

    def cut(self, count: int) -> bool:
        """Leave out all but its first notes; False when more of them have been played."""
        if self._cursor > count:
            return False
        del self._notes[count:]
        self._closed = True
        return True

    def own(self, count: int | None = None) -> tuple[Note, ...]:
        """Its first `count` notes, or all in hand, on the axis."""
        return tuple(self._notes[:count])

    def up_to(self, count: int | None = None) -> tuple[Note, ...]:
        """The response so far: what other asks gave before, and its first `count` notes."""
        return (*self._before, *self._notes[:count])

    def onset_of(self, index: int) -> float:
        """The onset of a note in hand, on the axis."""
        return self._notes[index].onset_s

    def log(self) -> tuple[TurnStreamed, ...]:
        """What was taken on since the last call."""
        unlogged = tuple(self._unlogged)
        self._unlogged.clear()
        return unlogged

    def _draw(self, until_s: float) -> None:
        assert self._stream is not None
        self._asked_until_s = until_s
        while self.waiting:
            self._accept(self._stream.next(1, self._controls), MEMORY_TIER, 0.0)

    def _accept(self, notes: tuple[Note, ...], tier: str, model_s: float) -> None:
        if not notes:
            self._closed = True
            return
        self.tier = tier
        streamed = TurnStreamed(self.ask.turn, self.ask.ask_id, self._drawn, notes, self._controls, tier, model_s)
        self._unlogged.append(streamed)
        self._drawn += len(notes)
        for note in notes:
            if self._closed or self.ending.closes_before(note, (*self._before, *self._notes)):
                self._closed = True
                break
            self._notes.append(note)
        if self._asked_until_s is not None and notes[-1].onset_s >= self._asked_until_s:
            self._asked_until_s = None
