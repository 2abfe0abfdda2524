"""The engine without a clock: jumps from deadline to deadline, as fast as the machine can."""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

from daw_bridge.engine.continuation import AnswerStream, Continuer, Drafting, SamplingControls, begun
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


class _Desk:
    """One model at work in virtual time: each of its replies takes `latency_s`."""

    def __init__(self, level: int, continuer: Continuer, latency_s: float) -> None:
        self.continuer = continuer
        self._level = level
        self._latency_s = latency_s
        self._ask: Ask | None = None
        self._stream: AnswerStream | None = None
        self._drawn = 0

    def begin(self, ask: Ask) -> Iterator[tuple[float, Event]]:
        """Answer a question: replies, and how much later they come."""
        drafts = ask.drafts if isinstance(self.continuer, Drafting) else 1
        self._ask, self._drawn = replace(ask, drafts=drafts), 0
        try:
            self._stream = begun(self.continuer, self._ask)
        except Exception as error:  # whatever a model does, the music goes on
            yield self._latency_s, self._failed(ask, error)
            return
        yield from self._draw(ask.until_s, ask.controls)

    def go_on(self, more: AskMore) -> Iterator[tuple[float, Event]]:
        """Answer further."""
        if self._ask is not None and (self._ask.ask_id, self._drawn) == (more.ask_id, more.first_index):
            yield from self._draw(more.until_s, more.controls)

    def cancel(self, ask_id: int) -> None:
        """Nobody waits for an answer any more."""
        if self._ask is not None and self._ask.ask_id == ask_id:
            self._ask = self._stream = None

    def _draw(self, until_s: float, controls: SamplingControls) -> Iterator[tuple[float, Event]]:
        ask, stream = self._ask, self._stream
        if ask is None or stream is None:
            return
        first, last_s = self._drawn, float("-inf")
        try:
            while last_s < until_s and self._drawn - first < MOST_NOTES:
                notes = stream.next(CHUNK, controls)
                yield (
                    self._latency_s,
                    AnswerArrived(
                        ask.ask_id,
                        self._drawn,
                        notes,
                        self.continuer.name,
                        self._latency_s,
                        self._level,
                        ask.drafts,
                    ),
                )
                if not notes:
                    return
                self._drawn += len(notes)
                last_s = notes[-1].onset_s
        except Exception as error:  # as above
            yield self._latency_s, self._failed(ask, error)

    def _failed(self, ask: Ask, error: Exception) -> AnswerFailed:
        return AnswerFailed(ask.ask_id, f"{type(error).__name__}: {error}", self._level)


class OfflineDriver:
    """Feeds an engine and carries out its actions at virtual moments; answers take `latency_s` each.

    `backups` are the models behind the first one, each with its latency; the engine's settings name them. `sent`
    is everything that went to the output.
    """

    def __init__(
        self,
        engine: Engine,
        continuer: Continuer,
        *,
        latency_s: float = 0.0,
        backups: Sequence[tuple[Continuer, float]] = (),
        observers: Sequence[Observer] = (),
    ) -> None:
        self.engine = engine
        self.sent: list[Sent] = []
        models = ((continuer, latency_s), *backups)
        self._desks = [_Desk(level, model, late_s) for level, (model, late_s) in enumerate(models)]
        self._observers = tuple(observers)
        self._coming: list[_Coming] = []
        self._order = 0
        self._deadline_s: float | None = None
        self._now_s = float("-inf")

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
                    for desk in self._desks:
                        desk.continuer.follow(context, time_scale)
                case Ask(level=level):
                    self._reply(self._desks[level].begin(action))
                case AskMore(level=level):
                    self._reply(self._desks[level].go_on(action))
                case Cancel(ask_id, level):
                    for desk in self._desks if level is None else self._desks[level : level + 1]:
                        desk.cancel(ask_id)
            done.append(action)
        if done:
            for observer in self._observers:
                observer.done(done, self._now_s)

    def _reply(self, replies: Iterator[tuple[float, Event]]) -> None:
        for after_s, event in replies:
            self.put(self._now_s + after_s, event)


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
