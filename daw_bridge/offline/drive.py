"""The engine without a clock: jumps from deadline to deadline, as fast as the machine can."""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Final

from daw_bridge.engine.continuation import AnswerStream, Continuer, SamplingControls
from daw_bridge.engine.engine import Engine
from daw_bridge.engine.events import (
    Action,
    AnswerArrived,
    AnswerFailed,
    Ask,
    AskMore,
    Cancel,
    Event,
    Listen,
    Observer,
    Send,
    Sent,
    Step,
)

CHUNK: Final = 8
MOST_NOTES: Final = 512
"""A bound for a model that never moves on in time."""


@dataclass(frozen=True, slots=True, order=True)
class _Coming:
    at_s: float
    order: int
    event: Event = field(compare=False)


class OfflineDriver:
    """Feeds an engine and carries out its actions at virtual moments; answers take `latency_s` each.

    `sent` is everything that went to the output.
    """

    def __init__(
        self,
        engine: Engine,
        continuer: Continuer,
        *,
        latency_s: float = 0.0,
        observers: Sequence[Observer] = (),
    ) -> None:
        self.engine = engine
        self.sent: list[Sent] = []
        self._continuer = continuer
        self._latency_s = latency_s
        self._observers = tuple(observers)
        self._coming: list[_Coming] = []
        self._order = 0
        self._deadline_s: float | None = None
        self._now_s = float("-inf")
        self._ask: Ask | None = None
        self._stream: AnswerStream | None = None
        self._drawn = 0

    def put(self, at_s: float, event: Event) -> None:
        """Have an event come in at a moment."""
        self._order += 1
        heapq.heappush(self._coming, _Coming(at_s, self._order, event))

    def run(self, until_s: float) -> list[Sent]:
        """Go on to a moment; returns all that has been sent since the beginning."""
        while True:
            event_s = self._coming[0].at_s if self._coming else float("inf")
            deadline_s = float("inf") if self._deadline_s is None else self._deadline_s
            if min(event_s, deadline_s) > until_s:
                break
            if event_s <= deadline_s:
                coming = heapq.heappop(self._coming)
                self._now_s = max(coming.at_s, self._now_s)
                for observer in self._observers:
                    observer.heard(coming.event, self._now_s)
                self._carry_out(self.engine.feed(coming.event, self._now_s))
            else:
                self._now_s = max(deadline_s, self._now_s)
                self._carry_out(self.engine.advance(self._now_s))
        self._now_s = max(until_s, self._now_s)
        return self.sent

    def close(self) -> list[Sent]:
        """End the session where it stands."""
        self._carry_out(self.engine.close(self._now_s))
        return self.sent

    def _carry_out(self, step: Step) -> None:
        self._deadline_s = step.deadline_s
        done: list[Action | Sent] = []
        for action in step.actions:
            match action:
                case Send(message, wanted_s, turn, port):
                    sent = Sent(message, wanted_s, self._now_s, turn, port)
                    self.sent.append(sent)
                    done.append(sent)
                    continue
                case Listen(context, time_scale):
                    self._continuer.follow(context, time_scale)
                case Ask():
                    self._begin(action)
                case AskMore(ask_id, first_index, until_s, controls):
                    if self._ask is not None and self._ask.ask_id == ask_id and first_index == self._drawn:
                        self._draw(until_s, controls)
                case Cancel(ask_id):
                    if self._ask is not None and self._ask.ask_id == ask_id:
                        self._ask = self._stream = None
            done.append(action)
        if done:
            for observer in self._observers:
                observer.done(done, self._now_s)

    def _begin(self, ask: Ask) -> None:
        self._ask, self._drawn = ask, 0
        try:
            self._stream = self._continuer.begin(
                ask.context, start_s=ask.start_s, seed=ask.seed, time_scale=ask.time_scale, drums=ask.drums
            )
        except Exception as error:  # whatever a model does, the music goes on
            self._fail(ask, error)
            return
        self._draw(ask.until_s, ask.controls)

    def _draw(self, until_s: float, controls: SamplingControls) -> None:
        ask, stream = self._ask, self._stream
        if ask is None or stream is None:
            return
        first, last_s = self._drawn, float("-inf")
        try:
            while last_s < until_s and self._drawn - first < MOST_NOTES:
                notes = stream.next(CHUNK, controls)
                answer_s = self._now_s + self._latency_s
                self.put(answer_s, AnswerArrived(ask.ask_id, self._drawn, notes, self._continuer.name, self._latency_s))
                if not notes:
                    return
                self._drawn += len(notes)
                last_s = notes[-1].onset_s
        except Exception as error:  # as above
            self._fail(ask, error)

    def _fail(self, ask: Ask, error: Exception) -> None:
        self.put(self._now_s + self._latency_s, AnswerFailed(ask.ask_id, f"{type(error).__name__}: {error}"))


def run_offline(
    engine: Engine,
    events: Iterable[tuple[float, Event]],
    continuer: Continuer,
    until_s: float,
    *,
    latency_s: float = 0.0,
    observers: Sequence[Observer] = (),
) -> list[Sent]:
    """Play `events` (moment, event) into an engine up to `until_s`, then close it; returns all that was sent."""
    driver = OfflineDriver(engine, continuer, latency_s=latency_s, observers=observers)
    for at_s, event in events:
        driver.put(at_s, event)
    driver.run(until_s)
    return driver.close()
