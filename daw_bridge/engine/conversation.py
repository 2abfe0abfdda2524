"""Call and response: when the musician's phrase is over, what is asked, and whose turn it is."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Final

from daw_bridge.engine.answer import Answer
from daw_bridge.engine.asking import Asker, Notes
from daw_bridge.engine.bar_lines import BarLines
from daw_bridge.engine.capture import Capture
from daw_bridge.engine.counts import Counts
from daw_bridge.engine.encore import Encore
from daw_bridge.engine.events import (
    Action,
    AnswerArrived,
    AnswerFailed,
    Fault,
    KeyStruck,
    NoteHeard,
    TurnForgotten,
    TurnKept,
)
from daw_bridge.engine.floor import Floor
from daw_bridge.engine.history import History
from daw_bridge.engine.output import Output
from daw_bridge.engine.pace import Pace
from daw_bridge.engine.performance import Performance
from daw_bridge.engine.prepare import GROW_FROM, Prepared, Preparer
from daw_bridge.engine.quantise import Quantiser
from daw_bridge.engine.reply import Move, TurnState
from daw_bridge.engine.responder import Responder
from daw_bridge.engine.routing import TABLE, Router
from daw_bridge.engine.tiers import Tiers
from daw_bridge.engine.transport import Transport
from daw_bridge.engine.values import Values
from daw_bridge.music.messages import ControlChange, NoteOff, NoteOn
from daw_bridge.music.meter import beats_to_s
from daw_bridge.music.notes import DRUM_CHANNEL

TAKE_OVER_S: Final = 0.002
"""What is left of the budget when the next model takes over."""


class Conversation:
    """One turn at a time. Every method is told the moment; what is played goes to `output`."""

    def __init__(
        self,
        values: Values,
        router: Router,
        transport: Transport,
        output: Output,
        tiers: Tiers,
        seed: int,
        emit: Callable[[Action], None],
    ) -> None:
        self._values = values
        self._transport = transport
        self._emit = emit
        self._tiers = tiers
        self._pace = Pace(transport)
        self._asker = Asker(values, router, Quantiser(values, transport), self._pace, tiers, seed, emit)
        self.counts = Counts()
        self.responder = Responder(router, output, self._asker, self.counts, emit)
        self._history = History()
        self._preparer = Preparer(values, transport, self._asker, self._history)
        self._encore = Encore(transport, self._asker)
        self._floor = Floor(self._asker, self.counts, emit)
        self._lines = BarLines(values, transport, self._floor, self._preparer, self._history, self.counts, emit)
        self._epoch = transport.epoch
        self._free_from_s = float("-inf")
        self._drums_call = False

    @property
    def state(self) -> TurnState:
        """Who has the word."""
        return self._floor.state

    @property
    def turn(self) -> int:
        """The number of the newest turn."""
        return self._floor.turn

    @property
    def looping(self) -> bool:
        """Whether the answer is to be repeated."""
        return self._encore.looping

    # What comes in

    def strike(self, port: str, message: NoteOn, now_s: float, route: int = TABLE) -> None:
        """The musician strikes a key, on one of the routes."""
        if self._leaves_out(message.channel == DRUM_CHANNEL, now_s):
            return
        if self._lines.wanted and not self._transport.rolling:
            self._lines.begin(now_s)
            self._heed_transport(now_s)
        if self._floor.capture.empty:
            self._floor.turn += 1
            self._floor.call_turn = self._floor.turn
            self._floor.listened = 0
            self._pace.take_up()
        self._floor.capture.strike(port, message, now_s, route)
        self._emit(KeyStruck(message, self._floor.call_turn))
        self._floor.strokes += 1
        match self._floor.state:
            case TurnState.IDLE | TurnState.LISTENING:
                self._floor.drop_prepared()
                self._floor.move(Move.PLAYED)
            case TurnState.THINKING if self._floor.prepared is not None and self._floor.prepared.taken:
                self._floor.move(Move.JOINED)
            case TurnState.THINKING:
                self._floor.drop_prepared()
                self._floor.move(Move.RESUMED)
            case TurnState.ANSWERING if self._may_join(now_s):
                self._floor.move(Move.JOINED)
            case TurnState.ANSWERING:
                self._encore.looping = False
                self._end("yielded", now_s)

    def lift(self, port: str, message: NoteOff, now_s: float) -> None:
        """The musician lifts a key."""
        self._floor.strokes += 1
        note = self._floor.capture.lift(port, message, now_s)
        if note is not None:
            self._heard((note,))

    def control(self, port: str, message: ControlChange, now_s: float) -> None:
        """The musician moves a pedal or a controller."""
        self._heard(self._floor.capture.control(port, message, now_s))

    def unplug(self, port: str, now_s: float) -> None:
        """The musician's port is gone."""
        self._heard(self._floor.capture.unplug(port, now_s))

    def arrived(self, event: AnswerArrived) -> None:
        """Notes of an answer are here."""
        answer = self._answer(event.ask_id, event.level)
        if answer is not None:
            answer.take_on(event)

    def failed(self, event: AnswerFailed) -> None:
        """The model could not answer."""
        answer = self._answer(event.ask_id, event.level)
        if answer is not None:
            answer.failed = event.reason
            heir = "the phrase memory" if self._tiers.after(event.level) is None else "the next model"
            self._emit(Fault("model", f"the model could not answer, {heir} does: {event.reason}"))

    def settings_changed(self) -> None:
        """Parameters have new values."""
        self.responder.settings_changed()
        if self._floor.listening:
            self._floor.drop_prepared()

    def _leaves_out(self, drums: bool, now_s: float) -> bool:
        """Whether a stroke is no part of this turn: drums that call on their own wait until the keys are answered.

        Keys do not wait for drums: what these have played so far is heard, but not answered.
        """
        before, self._drums_call = self._drums_call, drums
        if self._values.word("drums") != "own" or drums == before or self._floor.state is TurnState.IDLE:
            return False
        if drums:
            self._drums_call = before
            return True
        taken = self._floor.prepared is not None and self._floor.prepared.taken
        if self._floor.listening or (self._floor.state is TurnState.THINKING and not taken):
            self._floor.drop_prepared()
            self._history.add(self._floor.call_turn, self._floor.capture.take(now_s))
        return False

    # What the player asks for

    def take_turn(self, now_s: float) -> None:
        """The call is over, whatever is still held."""
        if self._floor.listening:
            self._floor.drop_prepared()
            self._close(now_s, now_s)
        elif self._floor.state is TurnState.IDLE:
            self._emit(Fault("turn", "there is no call to answer: nothing has been played since the last one"))

    def stop(self, now_s: float) -> None:
        """No answer, neither the one that sounds nor the one that would come."""
        self._break_off(now_s)
        if self._floor.listening:
            self._floor.drop_prepared()
            self._history.add(self._floor.call_turn, self._floor.capture.take(now_s))
            self._floor.move(Move.DROPPED)

    def silence(self, now_s: float) -> None:
        """As stop; and every key is taken for lifted."""
        self.stop(now_s)
        self._floor.capture = Capture()

    def loop(self, now_s: float) -> None:
        """Repeat the answer that sounds, or the last one; a second time: no more."""
        self._encore.looping = not self._encore.looping
        if not self._encore.looping or self._floor.state is not TurnState.IDLE:
            return
        if self._encore.has_answer:
            self._repeat(self._preparer.start_of(now_s)[0])
        else:
            self._encore.looping = False
            self._emit(Fault("turn", "there is no answer to repeat yet"))

    def vary(self, now_s: float) -> None:
        """Answer the last call once more, differently."""
        before = self._encore.answered
        if not self._floor.listening:
            self._break_off(now_s)
        if before is None or self._floor.state is not TurnState.IDLE:
            self._emit(Fault("turn", "there is no answered call to vary"))
            return
        if self._history.last_turn == before.turn:
            self._history.forget_last()
        self._floor.turn += 1
        self._floor.prepared = self._preparer.again(self._floor.turn, before, now_s)
        self._floor.prepared.wait_s = now_s + self._patience_s
        self._floor.move(Move.CLOSED)

    def keep(self) -> None:
        """The last turn is worth keeping."""
        if self._encore.answered is None:
            self._emit(Fault("turn", "there is no turn to keep yet"))
        else:
            self._emit(TurnKept(self._encore.answered.turn))

    def undo(self, now_s: float) -> None:
        """The last turn is forgotten."""
        self._break_off(now_s)
        turn = self._history.forget_last()
        if turn is None:
            self._emit(Fault("turn", "there is no turn to forget"))
        else:
            self._encore.answered = None
            self._emit(TurnForgotten(turn))

    # What time brings

    def deadline_s(self) -> float | None:
        """When `advance` is due at the latest."""
        moments = [self._lines.deadline_s(), self.responder.deadline_s()]
        prepared = self._floor.prepared
        if self._floor.listening and self._pausing:
            moments.append(self._over_s())
            if prepared is not None and math.isfinite(prepared.likely_s):
                moments.append(prepared.likely_s)
        elif self._floor.state is TurnState.THINKING and prepared is not None:
            planned_s = self._preparer.planned_s(prepared)
            moments.append(planned_s if prepared.settled else max(planned_s, prepared.wait_s))
        return min((moment for moment in moments if moment is not None), default=None)

    def advance(self, now_s: float, handed_s: float) -> None:
        """Do what is due; what is emitted reaches the driver at `handed_s`."""
        self._heed_transport(now_s)
        while self._lines.follow(now_s) or self._step(now_s, handed_s):
            pass

    def close(self, now_s: float) -> None:
        """The session ends."""
        self._break_off(now_s)

    def _heed_transport(self, now_s: float) -> None:
        """What the beat breaks off is broken off."""
        self._lines.heed_settings(now_s)
        if self._transport.epoch == self._epoch:
            return
        self._epoch = self._transport.epoch
        on_grid = self._lines.leave()
        self._floor.drop_speculation()
        if on_grid and not self._encore.looping:
            self._break_off(now_s)
        elif self._floor.state is TurnState.THINKING and self._floor.prepared is not None:
            self._floor.prepared.start_beat = None
        self._lines.enter(now_s)

    def _step(self, now_s: float, handed_s: float) -> bool:
        match self._floor.state:
            case TurnState.LISTENING if self._pausing:
                return self._listen(now_s)
            case TurnState.LISTENING if self._floor.prepared is not None:
                self._preparer.grow(self._floor.prepared, now_s)
            case TurnState.THINKING if self._floor.prepared is not None:
                return self._think(self._floor.prepared, now_s)
            case TurnState.ANSWERING if self.responder.play(now_s, handed_s):
                self._end("done", now_s)
                return True
        return False

    # Listening

    @property
    def _pausing(self) -> bool:
        return self._values.word("mode") == "pause"

    @property
    def _patience_s(self) -> float:
        """How long a call that is over waits for the best model: the next one must still be in time."""
        budget_s = self._values.number("budget_ms") / 1000.0
        return max(budget_s - TAKE_OVER_S, budget_s / 2)

    def _over_s(self) -> float:
        """When the call is over if nothing more is played, in pause mode."""
        beats = self._values.number("gap_beats")
        gap_s = beats_to_s(beats, self._transport.tempo_bpm) if beats else self._floor.capture.gap_s()
        return max(self._floor.capture.quiet_from_s() + gap_s, self._free_from_s)

    def _heard(self, notes: Notes) -> None:
        for note in notes:
            self._emit(NoteHeard(note, self._floor.call_turn))
        if not notes or not self._floor.listening:
            return
        heard = self._floor.capture.heard()
        if len(heard) > self._floor.listened:
            self._floor.listened = len(heard)
            context = self._preparer.context(heard, self._floor.capture.caller(heard))
            self._asker.listen(context)

    def _listen(self, now_s: float) -> bool:
        over_s = self._over_s()
        if self._floor.prepared is not None and self._floor.prepared.over_s != over_s:
            self._floor.drop_prepared()
        if now_s >= over_s:
            self._close(over_s, now_s)
            return True
        if self._floor.prepared is None and self._floor.capture.quiet_from_s() <= now_s:
            self._floor.prepared = self._prepare_free(over_s, speculative=True)
            quiet_s = over_s - self._floor.capture.quiet_from_s()
            self._floor.prepared.likely_s = over_s - (1.0 - GROW_FROM) * quiet_s
        if self._floor.prepared is not None:
            self._preparer.grow(self._floor.prepared, now_s)
        return False

    def _close(self, over_s: float, now_s: float) -> None:
        """The call is over; it is to be answered."""
        if self._floor.prepared is None:
            self._floor.prepared = self._prepare_free(over_s, speculative=False)
        else:
            self.counts.prepared_used += 1
        self._floor.prepared.wait_s = max(over_s, now_s) + self._patience_s
        self._floor.move(Move.CLOSED)

    # Asking

    def _prepare_free(self, over_s: float, *, speculative: bool) -> Prepared:
        call = self._floor.capture.call(over_s)
        caller = self._floor.capture.caller(call)
        return self._preparer.free(
            self._floor.call_turn, call, caller, over_s, self._floor.strokes, speculative=speculative
        )

    def _answer(self, ask_id: int, level: int) -> Answer | None:
        answers = (*(self._floor.prepared.answers if self._floor.prepared else ()), *self.responder.answers)
        return next((answer for answer in answers if (answer.ask.ask_id, answer.ask.level) == (ask_id, level)), None)

    # Answering

    def _think(self, prepared: Prepared, now_s: float) -> bool:
        self._preparer.grow(prepared, now_s)
        planned_s = self._preparer.planned_s(prepared)
        if now_s < planned_s or not (prepared.settled or now_s >= prepared.wait_s):
            return False
        answer = self._preparer.answer(prepared, planned_s, now_s)
        self._tiers.answered(prepared.answer.ask.level, None if answer.from_memory else answer.ask.level)
        if answer is not prepared.answer and not prepared.answer.failed:
            self.counts.misses += 1
            budget_ms = self._values.number("budget_ms")
            self._emit(Fault("miss", f"no answer within {budget_ms:g} ms, {answer.tier} answers"))
        if not prepared.taken:
            self._floor.capture.take(now_s)
        self._floor.prepared = None
        self._encore.begin(answer, prepared.call, prepared.caller)
        self.counts.answers += 1
        self._floor.move(Move.BEGAN)
        performance = Performance(answer.ask.turn, prepared.call, prepared.caller, planned_s, answer)
        self.responder.begin(performance, int(answer.from_memory), prepared.over_s)
        return True

    def _end(self, reason: str, now_s: float) -> None:
        """The response is over, or cut off; both sides of the turn are history."""
        played = self.responder.end(reason, now_s)
        if not played.answer.from_memory and (played.starved or reason == "done"):
            self._tiers.played(played.answer.ask.level, starved=played.starved)
        if not played.answer.ending.held:
            self._history.add(played.turn, (*played.call, *played.meant))
            self._encore.keep_answer(played)
        self._floor.listened = 0
        self._free_from_s = now_s
        self._floor.move(Move.ENDED if self._floor.capture.empty else Move.PASSED)
        if (
            self._encore.looping
            and reason == "done"
            and self._floor.state is TurnState.IDLE
            and self._encore.has_answer
        ):
            self._repeat(max(now_s, self._encore.next_round_s(played)))

    def _break_off(self, now_s: float) -> None:
        """Neither the answer that sounds nor the one that is on its way is wanted any more."""
        self._encore.looping = False
        if self._floor.state is TurnState.ANSWERING:
            self._end("stopped", now_s)
        elif self._floor.state is TurnState.THINKING and self._floor.prepared is not None:
            turn, call = self._floor.prepared.answer.ask.turn, self._floor.prepared.call
            if not self._floor.prepared.taken:
                self._floor.capture.take(now_s)
            self._floor.drop_prepared()
            self._history.add(turn, call)
            self._floor.move(Move.DROPPED)

    def _repeat(self, start_s: float) -> None:
        self._floor.turn += 1
        self._floor.move(Move.REPEATED)
        self.responder.begin(self._encore.round(self._floor.turn, start_s), 0, start_s)

    def _may_join(self, now_s: float) -> bool:
        """Whether a key struck now leaves the answer alone."""
        if self._values.word("overlap") == "layer":
            return True
        # On the line itself the last note of the call meets the first of the answer.
        playing = self.responder.playing
        return self._lines.wanted and playing is not None and now_s <= playing.start_s + self._lines.pick_up_s
