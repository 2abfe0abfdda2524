"""Answers in preparation: to which call, from when on, and whether they still hold."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

from daw_bridge.engine.answer import Answer, Ending, OnBeats, Placement, Shifted
from daw_bridge.engine.asking import Asker, Notes
from daw_bridge.engine.encore import Answered
from daw_bridge.engine.grid import Grid
from daw_bridge.engine.history import History
from daw_bridge.engine.routing import Caller
from daw_bridge.engine.transport import Transport
from daw_bridge.engine.values import Values
from daw_bridge.music.meter import beat_s, beats_to_s, next_line
from daw_bridge.music.notes import DRUM_CHANNEL

MOVED_S: Final = 0.03
"""A line that has moved by more than this since an answer was prepared for it makes the answer void."""
TEMPO_MOVED: Final = 0.02
GROW_FROM: Final = 0.5
"""When so much of the gap has passed in silence, more of the answer is drawn: the call is likely to be over."""
GROW_UNTIL_S: Final = 0.06
"""Nothing more is asked for so shortly before the answer: it begins with the processor to itself."""


@dataclass(slots=True)
class Prepared:
    """The answer to exactly this call, should it be over at `over_s`; `start_beat` is the line it begins on, if any.

    `strokes` and `tempo_bpm` say what it was made from. `taken` once the call has left the capture. When the model is
    not there at `wait_s`, the first of the `understudies` that is answers a call over, or else the memory. From
    `likely_s` on more than the beginning is worth being drawn; it is infinite once more has been asked for.
    """

    answer: Answer
    understudies: tuple[Answer, ...]
    call: Notes
    caller: Caller
    over_s: float
    start_beat: float | None
    strokes: int
    tempo_bpm: float
    taken: bool = False
    wait_s: float = float("-inf")
    likely_s: float = -math.inf

    @property
    def answers(self) -> tuple[Answer, ...]:
        """The answer and its understudies, the best first."""
        return (self.answer, *self.understudies)

    @property
    def settled(self) -> bool:
        """Whether nothing better can come than what is there."""
        for answer in self.answers:
            if answer.ready or not answer.failed:
                return answer.ready
        return True

    def best(self) -> Answer | None:
        """The best answer that is there."""
        return next((answer for answer in self.answers if answer.ready), None)


class Preparer:
    """Asks for answers to calls that are over, or might be."""

    def __init__(self, values: Values, transport: Transport, asker: Asker, history: History) -> None:
        self._values = values
        self._transport = transport
        self._asker = asker
        self._history = history

    def start_of(self, over_s: float) -> tuple[float, float | None]:
        """When an answer to a call over at `over_s` begins, and on which beat if it waits for one."""
        start_on = self._values.word("start_on")
        if start_on == "now" or not self._transport.rolling:
            return over_s, None
        spacing = self._values.unit_beats if start_on == "beat" else self._values.bar_beats
        beat = next_line(self._transport.beat_at(over_s), spacing)
        return max(self._transport.time_of(beat), over_s), beat

    def planned_s(self, prepared: Prepared) -> float:
        """When a prepared answer begins, as far as is known now."""
        if prepared.start_beat is None or not self._transport.rolling:
            return prepared.answer.ask.start_s
        return self._transport.time_of(prepared.start_beat)

    def fits(self, prepared: Prepared, strokes: int) -> bool:
        """Whether it still answers the call as it stands, on the line as it lies."""
        return (
            prepared.strokes == strokes
            and abs(self.planned_s(prepared) - prepared.answer.ask.start_s) < MOVED_S
            and abs(prepared.tempo_bpm / self._transport.tempo_bpm - 1.0) < TEMPO_MOVED
        )

    def context(self, call: Notes, caller: Caller) -> Notes:
        """What the model hears of a call: all that was played before it and the call itself.

        Where drums call on their own, theirs is a music of its own.
        """
        heard = self._history.context(call)
        if self._values.word("drums") != "own":
            return heard
        return tuple(note for note in heard if (note.channel == DRUM_CHANNEL) == caller.drums)

    def free(
        self, turn: int, call: Notes, caller: Caller, over_s: float, strokes: int, *, speculative: bool
    ) -> Prepared:
        """An answer in free time, as long as the call by the setting."""
        start_s, start_beat = self.start_of(over_s)
        length_s = (max(note.end_s for note in call) - call[0].onset_s) * self._values.number("length")
        ending = Ending.after_length(start_s, length_s)
        answer = self._ask(turn, call, caller, ending, Shifted(), speculative)
        return self._prepared(answer, call, caller, over_s, start_beat, strokes)

    def on_line(
        self, turn: int, call: Notes, caller: Caller, grid: Grid, strokes: int, *, speculative: bool
    ) -> Prepared:
        """An answer on the next line of the grid, up to the line after it."""
        tempo_bpm, line_s = self._transport.tempo_bpm, grid.line_s
        ending = Ending.on_line(line_s, line_s + beats_to_s(grid.length_beats, tempo_bpm))
        placement = OnBeats(self._transport, line_s, grid.line_beat, beat_s(tempo_bpm))
        answer = self._ask(turn, call, caller, ending, placement, speculative)
        return self._prepared(answer, call, caller, grid.closing_s, grid.line_beat, strokes)

    def again(self, turn: int, before: Answered, now_s: float) -> Prepared:
        """Another answer to a call that was answered before; all is heard as far before it as it was then."""
        start_s, start_beat = self.start_of(now_s)
        by_s = start_s - before.start_s
        call = tuple(note.shifted(by_s) for note in before.call)
        context = tuple(note.shifted(by_s) for note in before.context)
        ending = Ending.after_length(start_s, before.length_s)
        answer = self._asker.ask(turn, 0, context, before.caller, ending, Shifted())
        prepared = self._prepared(answer, call, before.caller, now_s, start_beat, 0)
        prepared.taken = True
        return prepared

    def grow(self, prepared: Prepared, now_s: float) -> None:
        """Have more of an answer drawn whose beginning is there, if it is likely to be heard."""
        if now_s < prepared.likely_s:
            return
        prepared.likely_s = -math.inf
        answer = prepared.answer
        in_time = now_s <= self.planned_s(prepared) - GROW_UNTIL_S
        if in_time and answer.ready and not answer.waiting:
            prepared.likely_s = math.inf
            self._asker.ask_more(answer, prepared.caller, now_s)

    def answer(self, prepared: Prepared, planned_s: float, now_s: float) -> Answer:
        """What is to be played from `planned_s` on: the best answer that is there, else that of the phrase memory."""
        answer = prepared.best() or prepared.answer
        if prepared.start_beat is not None and isinstance(answer.placement, Shifted):
            answer.placement = Shifted(planned_s - answer.ask.start_s)
        if not answer.ready:
            return self._from_memory(prepared, now_s)
        self._asker.take_over(answer)
        return answer

    def _from_memory(self, prepared: Prepared, now_s: float) -> Answer:
        answer = prepared.answer
        return self._asker.from_memory(
            answer.ask.turn,
            1,
            answer.ask.context,
            prepared.caller,
            answer.ending,
            answer.placement,
            start_s=max(answer.placement.to_axis_s(now_s), answer.ask.start_s),
        )

    def _ask(
        self, turn: int, call: Notes, caller: Caller, ending: Ending, placement: Placement, speculative: bool
    ) -> Answer:
        context = self.context(call, caller)
        return self._asker.ask(turn, 0, context, caller, ending, placement, speculative=speculative)

    def _prepared(
        self, answer: Answer, call: Notes, caller: Caller, over_s: float, start_beat: float | None, strokes: int
    ) -> Prepared:
        understudies = self._asker.understudies(answer)
        return Prepared(answer, understudies, call, caller, over_s, start_beat, strokes, self._transport.tempo_bpm)
