"""What a player may want once more: the last call, to be answered differently, and the last answer, in a loop."""

from __future__ import annotations

from dataclasses import dataclass

from daw_bridge.engine.answer import Answer, Ending, Shifted
from daw_bridge.engine.asking import Asker, Notes
from daw_bridge.engine.performance import Performance
from daw_bridge.engine.routing import Caller
from daw_bridge.engine.transport import Transport
from daw_bridge.music.meter import beat_s, next_line


@dataclass(frozen=True, slots=True)
class Answered:
    """The last call that was answered, on the axis it was asked on."""

    turn: int
    call: Notes
    caller: Caller
    context: Notes
    start_s: float
    length_s: float


class Encore:
    """Keeps the last call and the last answer."""

    def __init__(self, transport: Transport, asker: Asker) -> None:
        self._transport = transport
        self._asker = asker
        self._notes: Notes = ()
        self._caller = Caller()
        self._length_s = 0.0
        self.answered: Answered | None = None
        self.looping = False
        """Whether the answer is to be repeated."""

    @property
    def has_answer(self) -> bool:
        """Whether there is an answer to repeat."""
        return bool(self._notes)

    def begin(self, answer: Answer, call: Notes, caller: Caller) -> None:
        """A call begins to be answered."""
        ask = answer.ask
        self._caller = caller
        self.answered = Answered(ask.turn, call, caller, ask.context, ask.start_s, answer.ending.length_s)

    def keep_answer(self, played: Performance) -> None:
        """An answer was played: a round of it is as long as it sounded, with a clock up to the next beat."""
        if played.meant:
            length_s = max(note.end_s for note in played.meant) - played.start_s
            if self._transport.rolling:
                length_s = next_line(length_s, beat_s(self._transport.tempo_bpm))
            self._length_s = length_s
            self._notes = tuple(note.shifted(-played.start_s) for note in played.meant)

    def next_round_s(self, played: Performance) -> float:
        """When the round after a performance begins."""
        return played.start_s + self._length_s

    def round(self, turn: int, start_s: float) -> Performance:
        """The answer once more."""
        notes = tuple(note.shifted(start_s) for note in self._notes)
        answer = self._asker.repeat(turn, self._caller, notes, Ending.repeated(start_s, self._length_s), Shifted())
        return Performance(turn, (), self._caller, start_s, answer)
