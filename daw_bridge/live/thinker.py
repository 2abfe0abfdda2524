"""The model thread: follows the call while it is played and answers the newest question; older ones are dropped.

It never touches the engine: requests come through a queue, answers leave through `reply`. Whether an answer is in time
is judged by the engine.
"""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from typing import Final, Protocol, runtime_checkable

from daw_bridge.engine.continuation import AnswerStream, Continuer, Drafting, SamplingControls, begun
from daw_bridge.engine.events import (
    AnswerArrived,
    AnswerFailed,
    Ask,
    AskMore,
    Cancel,
    Event,
    Fault,
    Listen,
)
from daw_bridge.io.priority import MODEL, raise_thread
from daw_bridge.music.notes import Note

Request = Listen | Ask | AskMore | Cancel

FIRST_CHUNK: Final = 1
"""The first note leaves alone, so that it can sound while the rest is drawn."""

LARGEST_CHUNK: Final = 8
CHUNK_S: Final = 0.012
"""A chunk that would take longer is made smaller, down to a note: on a busy machine the next note must not wait for
those after it."""

NOTES_A_REQUEST: Final = 256
"""A bound for a model that never moves on in time."""

FOLLOW_SLICE: Final = 64
"""Notes of a new context fed before looking for a newer request."""


@runtime_checkable
class Rewindable(Protocol):
    """A stream that can go back; others are started again."""

    def rewind(self, emitted: int) -> None:
        """Forget all notes from number `emitted` on."""
        ...


class _Answer:
    """The answer being given: its stream, and under which controls its notes were drawn."""

    def __init__(self, ask: Ask, stream: AnswerStream) -> None:
        self.ask = ask
        self.stream = stream
        self.position = 0
        self._runs: list[tuple[int, SamplingControls]] = []

    def draw(self, count: int, controls: SamplingControls) -> tuple[Note, ...]:
        notes = self.stream.next(count, controls)
        self.position += len(notes)
        self._runs.append((len(notes), controls))
        return notes

    def seek(self, index: int, restart: Callable[[Ask], AnswerStream]) -> None:
        """Stand before note `index`, whose predecessors stay as they were drawn."""
        if index >= self.position:
            return
        kept = []
        left = index
        for count, controls in self._runs:
            if left:
                kept.append((min(count, left), controls))
                left -= min(count, left)
        self._runs = kept
        self.position = index
        if isinstance(self.stream, Rewindable):
            self.stream.rewind(index)
            return
        self.stream = restart(self.ask)
        for count, controls in kept:
            self.stream.next(count, controls)


class Thinker:
    """Owns the model and its thread. `take` may be called from the real-time thread: it only queues."""

    def __init__(
        self,
        continuer: Continuer,
        reply: Callable[[Event], None],
        report: Callable[[Fault], None],
        clock: Callable[[], float] = time.perf_counter,
        level: int = 0,
        engine_clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._engine_clock = engine_clock
        self._level = level
        self._continuer = continuer
        self._reply = reply
        self._report = report
        self._clock = clock
        self._inbox: queue.SimpleQueue[Request | None] = queue.SimpleQueue()
        self._listen: Listen | None = None
        self._ask: Ask | None = None
        self._more: AskMore | None = None
        self._answer: _Answer | None = None
        self._followed: Listen | None = None
        self._stopping = False
        self._thread = threading.Thread(target=self._run, name="thinker", daemon=True)

    def start(self) -> None:
        """Start the thread."""
        self._thread.start()

    def stop(self, timeout_s: float = 2.0) -> None:
        """End the thread after the chunk it is drawing."""
        self._stopping = True
        self._inbox.put(None)
        if self._thread.is_alive():
            self._thread.join(timeout_s)

    def take(self, request: Request) -> None:
        """Queue a request; a newer one of its kind replaces it."""
        self._inbox.put(request)

    def forget(self) -> None:
        """Drop whatever is asked for: the asker is gone."""
        self._inbox.put(Cancel(-1))

    def _run(self) -> None:
        raise_thread(MODEL)
        while not self._stopping:
            self._absorb(self._inbox.get())
            self._work()

    def _work(self) -> None:
        while not self._stopping:
            self._absorb_waiting()
            if self._ask is not None:
                ask, self._ask = self._ask, None
                self._begin(ask)
            elif self._more is not None and self._answer is not None:
                more, self._more = self._more, None
                self._go_on(self._answer, more)
            elif self._listen is not None:
                listen, self._listen = self._listen, None
                self._follow(listen)
            else:
                return

    def _absorb_waiting(self) -> None:
        while True:
            try:
                self._absorb(self._inbox.get_nowait())
            except queue.Empty:
                return

    def _absorb(self, request: Request | None) -> None:
        match request:
            case Listen():
                self._listen = request
            case Ask():
                self._ask, self._more, self._answer, self._listen = request, None, None, None
            case AskMore(ask_id):
                if ask_id in (self._asked_id, self._answering_id):
                    self._more = request
            case Cancel(ask_id):
                if ask_id == -1 or ask_id == self._asked_id:
                    self._ask = self._more = None
                if ask_id == -1 or ask_id == self._answering_id:
                    self._answer = self._more = None

    @property
    def _asked_id(self) -> int | None:
        return None if self._ask is None else self._ask.ask_id

    @property
    def _answering_id(self) -> int | None:
        return None if self._answer is None else self._answer.ask.ask_id

    def _begin(self, ask: Ask) -> None:
        try:
            start_s = self._clock()
            ask = replace(ask, drafts=self._affordable(ask))
            answer = _Answer(ask, self._stream(ask))
            self._answer = answer
            self._followed = Listen(ask.context, ask.time_scale)
            self._give(answer, ask.until_s, ask.controls, start_s)
        except Exception as error:  # whatever a model does, the music goes on with the next tier
            self._fail(ask.ask_id, error)

    def _go_on(self, answer: _Answer, more: AskMore) -> None:
        try:
            start_s = self._clock()
            answer.seek(more.first_index, self._stream)
            self._give(answer, more.until_s, more.controls, start_s)
        except Exception as error:  # as above
            self._fail(more.ask_id, error)

    def _stream(self, ask: Ask) -> AnswerStream:
        return begun(self._continuer, ask)

    def _affordable(self, ask: Ask) -> int:
        """How many drafts can be drawn before the first note is due, with as much time again for all that delays."""
        if not isinstance(self._continuer, Drafting):
            return 1
        drafts = ask.drafts
        left_s = (ask.start_s - self._engine_clock()) / 2
        while drafts > 1 and self._continuer.draft_s(drafts) > left_s:
            drafts -= 1
        return drafts

    def _give(self, answer: _Answer, until_s: float, controls: SamplingControls, start_s: float) -> None:
        """Draw in growing chunks until a note falls at or after `until_s`, or nobody waits for it any more.

        An empty reply tells that the stream has come to its end.
        """
        chunk, given = FIRST_CHUNK, 0
        while given < NOTES_A_REQUEST and not self._stopping:
            first_index = answer.position
            notes = answer.draw(chunk, controls)
            now_s = self._clock()
            self._reply(self._arrived(answer.ask, first_index, notes, now_s - start_s))
            if not notes:
                return
            took_s, start_s = now_s - start_s, now_s
            given += len(notes)
            if notes[-1].onset_s >= until_s:
                return
            chunk = _next_chunk(chunk, took_s)
            self._absorb_waiting()
            if self._answer is not answer or self._more is not None:
                return

    def _arrived(self, ask: Ask, first_index: int, notes: tuple[Note, ...], model_s: float) -> AnswerArrived:
        return AnswerArrived(ask.ask_id, first_index, notes, self._continuer.name, model_s, self._level, ask.drafts)

    def _follow(self, listen: Listen) -> None:
        try:
            context, before = listen.context, self._followed
            grown = before is not None and before.context[:1] == context[:1] and before.time_scale == listen.time_scale
            if not grown:
                for end in range(FOLLOW_SLICE, len(context), FOLLOW_SLICE):
                    self._continuer.follow(context[:end], listen.time_scale)
                    self._absorb_waiting()
                    if self._ask is not None or self._listen is not None or self._stopping:
                        return
            self._continuer.follow(context, listen.time_scale)
            self._followed = listen
        except Exception as error:  # following is only a head start: the ask will tell if the model is broken
            self._report(Fault("model", f"the model cannot follow the call: {_one_line(error)}"))

    def _fail(self, ask_id: int, error: Exception) -> None:
        self._answer = self._more = None
        self._reply(AnswerFailed(ask_id, _one_line(error), self._level))


def _next_chunk(chunk: int, took_s: float) -> int:
    """How many notes to draw next, after so many that took so long."""
    return max(min(chunk * 2, LARGEST_CHUNK, int(CHUNK_S * chunk / max(took_s, 1e-6))), 1)


def _one_line(error: Exception) -> str:
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return f"{type(error).__name__}: {lines[-1] if lines else 'no reason given'}"
