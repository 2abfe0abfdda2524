"""The answer that sounds: played, drawn further, drawn anew when controls change, rescued when it dries up."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from daw_bridge.engine.answer import Answer
from daw_bridge.engine.asking import Asker
from daw_bridge.engine.counts import Counts
from daw_bridge.engine.events import Action, Fault, NotePlayed, TurnCalled, TurnEnded
from daw_bridge.engine.ledger import Voice
from daw_bridge.engine.output import Output
from daw_bridge.engine.performance import Performance
from daw_bridge.engine.routing import Router

STALL_S: Final = 0.5
"""How long a running answer may have nothing to play while the model is asked for more."""
STAND_IN_S: Final = 0.1
"""... and how long one that has just been called in may keep everybody waiting."""
CALLED_IN_S: Final = 0.05
"""Its first note is due so much later."""
CHANGE_LEAD_S: Final = 0.03
"""Notes due sooner than this are not drawn anew when the controls change."""
CHANGE_EVERY_S: Final = 0.05
STEP_S: Final = (0.1, 0.5)
"""The least and the longest wait between the last note of one tier and the first of the next."""


@dataclass(slots=True)
class _Successor:
    """An answer that takes over when the first `after` notes of the running one have been played."""

    answer: Answer
    after: int
    cut: bool = False


class Responder:
    """Plays one response at a time."""

    def __init__(
        self, router: Router, output: Output, asker: Asker, counts: Counts, emit: Callable[[Action], None]
    ) -> None:
        self._router = router
        self._output = output
        self._asker = asker
        self._counts = counts
        self._emit = emit
        self._playing: Performance | None = None
        self._successor: _Successor | None = None
        self._abandoned = False
        self._stale = False
        self._redrawn_s = float("-inf")
        self._part = 0
        self._over_s = 0.0

    @property
    def playing(self) -> Performance | None:
        """The response that sounds."""
        return self._playing

    @property
    def answers(self) -> tuple[Answer, ...]:
        """The answers that may still receive notes."""
        found = (self._playing and self._playing.answer, self._successor and self._successor.answer)
        return tuple(answer for answer in found if answer)

    def begin(self, performance: Performance, part: int, over_s: float) -> None:
        """A response begins; `part` counts the asks of its turn so far, `over_s` is when its call was over."""
        self._playing = performance
        self._successor = None
        self._abandoned = False
        self._part = part
        self._over_s = over_s
        self.settings_changed()
        if not performance.answer.ending.held:
            self._log_called(performance.answer)

    def settings_changed(self) -> None:
        """Parameters have changed: what is not due yet may have to be drawn anew."""
        self._stale = self._playing is not None and not self._playing.answer.ending.held

    def deadline_s(self) -> float | None:
        """When `play` is due at the latest."""
        if self._playing is None:
            return None
        answer = self._playing.answer
        moments = [answer.next_s, answer.silent_s]
        if self._successor is None:
            moments.append(answer.refill_s)
        if answer.next_s is None and (answer.waiting or self._successor is not None):
            moments.append(_stalled_s(answer))
        if self._stale:
            moments.append(self._redrawn_s + CHANGE_EVERY_S)
        return min((moment for moment in moments if moment is not None), default=None)

    def play(self, now_s: float, handed_s: float) -> bool:
        """Do what is due; returns whether the response is over."""
        playing = self._playing
        if playing is None:
            return False
        while True:
            self._log_streamed(playing.answer)
            struck = playing.play(now_s, handed_s, self._output, self._router)
            answer = playing.answer
            over = answer.finished and self._successor is None
            if now_s >= answer.silent_s or (over and not answer.ending.held and not self._output.owns(playing.turn)):
                return True
            if not struck and not self._go_on(playing, now_s):
                return False

    def end(self, reason: str, now_s: float) -> Performance:
        """The response is over, or cut off: what sounds of it is released."""
        playing = self._playing
        if playing is None:
            raise ValueError("no response is being played")
        self._output.release_owner(playing.turn, now_s)
        self._log_streamed(playing.answer)
        self._asker.cancel()
        self._playing = self._successor = None
        if playing.left_out:
            self._emit(Fault("late", f"{playing.left_out} notes of the answer came too late and were left out"))
        self._emit(TurnEnded(playing.turn, playing.sounded, reason, playing.first_late_s or 0.0))
        return playing

    def released(self, voice: Voice, now_s: float) -> None:
        """A voice of the output has ended."""
        note = self._playing.released(voice, now_s) if self._playing else None
        if note is not None:
            self._emit(NotePlayed(note, voice.owner))

    def _go_on(self, playing: Performance, now_s: float) -> bool:
        """Keep the answer coming; returns whether there may be more to play."""
        answer = playing.answer
        if self._successor is not None and self._hand_over(playing, self._successor):
            return True
        dry = answer.next_s is None
        if dry and (answer.failed or ((answer.waiting or self._successor is not None) and now_s >= _stalled_s(answer))):
            self._rescue(playing, now_s)
            return True
        if self._stale and now_s >= self._redrawn_s + CHANGE_EVERY_S:
            self._redraw(playing, now_s)
            return self._successor is not None and self._successor.answer.ready
        if self._successor is None and answer.refill_s is not None and now_s >= answer.refill_s:
            self._asker.ask_more(answer, playing.caller, now_s)
            return answer.from_memory
        return False

    def _hand_over(self, playing: Performance, successor: _Successor) -> bool:
        """Notes drawn anew take the place of the old ones, unless their moment has passed."""
        if successor.answer.failed:
            playing.answer.failed = successor.answer.failed
            self._successor = None
            return True
        if not successor.answer.ready:
            return False
        if not successor.cut:
            successor.cut = playing.answer.cut(successor.after)
            if not successor.cut:
                # The old ones were played on meanwhile, and the model has left them: ask again from here.
                self._successor = None
                self._abandoned = self._stale = True
                self._redrawn_s = float("-inf")
                return True
        if playing.answer.next_s is not None:
            return False
        playing.answer = successor.answer
        self._successor = None
        self._abandoned = False
        self._log_called(successor.answer)
        return True

    def _redraw(self, playing: Performance, now_s: float) -> None:
        """Ask anew for what is in hand but not due yet, keeping the first onset, under the controls of now."""
        self._redrawn_s = now_s
        answer = playing.answer
        newest = answer if self._successor is None else self._successor.answer
        if newest.controls == self._asker.controls(playing.caller) and not self._abandoned:
            self._stale = False
            return
        if self._successor is not None and self._successor.cut:
            return
        after = answer.cut_at(now_s + CHANGE_LEAD_S)
        if after is not None:
            start_s = answer.onset_of(after)
        elif self._abandoned:
            after, start_s = len(answer.own()), _next_onset_s(answer, now_s + CHANGE_LEAD_S)
        else:
            # Nothing to draw anew: what is asked for next is drawn under the new controls.
            self._stale = answer.waiting
            return
        self._stale = False
        level = None if answer.from_memory else answer.ask.level
        self._successor = _Successor(self._anew(playing, after, start_s, level), after)

    def _rescue(self, playing: Performance, now_s: float) -> None:
        """The model has fallen silent on the way: the next one, or the memory, goes on from what was played."""
        answer = playing.answer
        level = self._asker.relieve(answer.ask.level)
        if not answer.failed:
            self._counts.misses += 1
            heir = "the phrase memory" if level is None else "the next model"
            self._emit(Fault("miss", f"the answer dried up on the way, {heir} goes on"))
        self._successor = None
        self._abandoned = False
        self._asker.cancel()
        start_s = _next_onset_s(answer, now_s if level is None else now_s + CALLED_IN_S)
        playing.answer = self._anew(playing, None, start_s, level)
        self._log_called(playing.answer)

    def _anew(self, playing: Performance, count: int | None, start_s: float, level: int | None) -> Answer:
        """Have the response go on after its first `count` notes in hand; without a level, from memory."""
        answer = playing.answer
        self._part += 1
        context = tuple(sorted((*answer.ask.context, *answer.own(count))))
        asked = (playing.turn, self._part, context, playing.caller, answer.ending, answer.placement)
        before = answer.up_to(count)
        if level is None:
            return self._asker.from_memory(*asked, start_s=start_s, before=before)
        return self._asker.ask(*asked, start_s=start_s, before=before, level=level)

    def _log_called(self, answer: Answer) -> None:
        assert self._playing is not None
        ask = answer.ask
        self._counts.from_memory += int(answer.from_memory)
        self._emit(
            TurnCalled(
                ask.turn,
                ask.ask_id,
                self._playing.call,
                ask.context,
                self._over_s,
                ask.start_s,
                ask.seed,
                ask.controls,
                ask.time_scale,
                ask.drums,
                answer.drafts,
            )
        )
        self._log_streamed(answer)

    def _log_streamed(self, answer: Answer) -> None:
        for streamed in answer.log():
            self._emit(streamed)


def _stalled_s(answer: Answer) -> float:
    """When an answer that has nothing to play is given up."""
    called_in = answer.ask.level > 0 and not answer.ready
    return answer.last_onset_s + (STAND_IN_S if called_in else STALL_S)


def _next_onset_s(answer: Answer, clock_s: float) -> float:
    """Where the response goes on after its last note, on the axis: a usual step later, not before `clock_s`."""
    notes = answer.up_to()
    shortest_s, longest_s = STEP_S
    step_s = notes[-1].onset_s - notes[-2].onset_s if len(notes) > 1 else longest_s
    return max(answer.placement.to_axis_s(clock_s), notes[-1].onset_s + min(max(step_s, shortest_s), longest_s))
