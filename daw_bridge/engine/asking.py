"""Questions to the model, and to the phrase memory when the model is not there in time."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from daw_bridge.engine.answer import AHEAD_S, FIRST_AHEAD_S, Answer, Ending, Placement
from daw_bridge.engine.continuation import SamplingControls
from daw_bridge.engine.events import Action, Ask, AskMore, Cancel, Listen
from daw_bridge.engine.memory import PhraseMemory
from daw_bridge.engine.pace import Pace
from daw_bridge.engine.quantise import Quantiser
from daw_bridge.engine.routing import Caller, Router
from daw_bridge.engine.seeds import turn_seed
from daw_bridge.engine.tiers import Tiers
from daw_bridge.engine.values import Values
from daw_bridge.music.notes import Note

Notes = tuple[Note, ...]


class Asker:
    """Numbers the asks, draws their seeds, and knows the one that is open."""

    def __init__(
        self,
        values: Values,
        router: Router,
        quantiser: Quantiser,
        pace: Pace,
        tiers: Tiers,
        seed: int,
        emit: Callable[[Action], None],
    ) -> None:
        self._quantiser = quantiser
        self._pace = pace
        self._values = values
        self._router = router
        self._seed = seed
        self._emit = emit
        self._last_id = 0
        self._open: int | None = None
        self._memory = PhraseMemory()
        self._tiers = tiers

    def listen(self, context: Notes) -> None:
        """Keep the models and the memory abreast of the call, so that they can answer at any moment."""
        self._memory.follow(context)
        self._emit(Listen(context, self._pace.time_scale))

    def ask(
        self,
        turn: int,
        part: int,
        context: Notes,
        caller: Caller,
        ending: Ending,
        placement: Placement,
        *,
        start_s: float | None = None,
        speculative: bool = False,
        before: Notes = (),
        level: int | None = None,
    ) -> Answer:
        """Ask a model, the first if none is named, for notes from `start_s` on or from the start of the response.

        Only a response that begins is drafted: what is drawn anew on the way has no time to lose.
        """
        ahead_s = FIRST_AHEAD_S if speculative else AHEAD_S
        ask = self._question(turn, part, context, caller, ahead_s, start_s if start_s is not None else ending.start_s)
        drafts = self._values.whole("best_of") if part == 0 else 1
        ask = replace(ask, speculative=speculative, level=self._tiers.first if level is None else level, drafts=drafts)
        self._emit(ask)
        self._open = ask.ask_id
        return Answer(ask, ending, placement, quantiser=self._quantiser, before=before)

    def understudies(self, answer: Answer) -> tuple[Answer, ...]:
        """Have the next models learn the beginning of an answer, should the one asked be late."""
        asked, found = answer.ask, []
        for level in self._tiers.behind(asked.level):
            ask = replace(asked, level=level, until_s=asked.start_s + FIRST_AHEAD_S, drafts=1)
            self._emit(ask)
            found.append(Answer(ask, answer.ending, answer.placement, quantiser=self._quantiser))
        return tuple(found)

    def relieve(self, level: int) -> int | None:
        """The model that goes on in place of one that fell silent on the way; None if only the memory is left."""
        self._tiers.rest(level)
        return self._tiers.after(level)

    def take_over(self, answer: Answer) -> None:
        """An understudy answers: nobody waits for the models before it any more."""
        for level in range(answer.ask.level):
            self._emit(Cancel(answer.ask.ask_id, level))

    def from_memory(
        self,
        turn: int,
        part: int,
        context: Notes,
        caller: Caller,
        ending: Ending,
        placement: Placement,
        *,
        start_s: float,
        before: Notes = (),
    ) -> Answer:
        """Let the phrase memory answer from `start_s` on the axis; nobody waits for the model any more."""
        self.cancel()
        ask = self._question(turn, part, context, caller, AHEAD_S, start_s)
        stream = self._memory.begin(context, start_s=start_s, seed=ask.seed, drums=ask.drums)
        return Answer(ask, ending, placement, quantiser=self._quantiser, stream=stream, before=before)

    def repeat(self, turn: int, caller: Caller, notes: Notes, ending: Ending, placement: Placement) -> Answer:
        """Notes that are known already, as an answer; nobody is asked."""
        ask = self._question(turn, 0, (), caller, 0.0, ending.start_s)
        return Answer.of_notes(ask, ending, placement, notes)

    def controls(self, caller: Caller) -> SamplingControls:
        """The controls of this moment for an answer to a caller."""
        return self._values.controls(self._router.answer(caller).transpose)

    def ask_more(self, answer: Answer, caller: Caller, now_s: float) -> None:
        """Have an answer drawn further, under the controls of this moment."""
        until_s = answer.ask_on(now_s, self.controls(caller))
        if until_s is not None:
            self._emit(AskMore(answer.ask.ask_id, answer.drawn, until_s, answer.controls, answer.ask.level))

    def cancel(self) -> None:
        """Nobody waits for the open ask any more."""
        if self._open is not None:
            self._emit(Cancel(self._open))
            self._open = None

    def _question(self, turn: int, part: int, context: Notes, caller: Caller, ahead_s: float, start_s: float) -> Ask:
        self._last_id += 1
        return Ask(
            ask_id=self._last_id,
            turn=turn,
            context=context,
            start_s=start_s,
            until_s=start_s + ahead_s,
            seed=turn_seed(self._seed, turn, part),
            controls=self.controls(caller),
            time_scale=self._pace.time_scale,
            drums=caller.drums,
        )
