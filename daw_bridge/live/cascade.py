"""Several models, the best one first, each in a thread of its own: who is late is replaced by the next.

All of them follow the call; which of their answers is heard is the engine's choice.
"""

from __future__ import annotations

import threading
from collections.abc import Callable

from daw_bridge.engine.continuation import Continuer
from daw_bridge.engine.events import Cancel, Event, Fault, Listen, TierReady
from daw_bridge.live.thinker import Request, Thinker


class Cascade:
    """Owns the thinkers. `take` may be called from the real-time thread: it only queues."""

    def __init__(self, reply: Callable[[Event], None], report: Callable[[Fault], None]) -> None:
        self._reply = reply
        self._report = report
        self._thinkers: dict[int, Thinker] = {}
        self._changing = threading.Lock()
        self._stopped = False

    def add(self, continuer: Continuer, level: int, *, resting: bool = False) -> None:
        """A warm model takes its place, 0 is the best, and begins to follow; the engine is told."""
        with self._changing:
            if self._stopped:
                return
            thinker = Thinker(continuer, self._reply, self._report, level=level)
            thinker.start()
            # A new table: the playing thread may be reading the old one.
            self._thinkers = {**self._thinkers, level: thinker}
        self._reply(TierReady(level, resting))

    def take(self, request: Request) -> None:
        """Queue a request with those it is meant for."""
        thinkers = self._thinkers
        match request:
            case Listen() | Cancel(level=None):
                for thinker in thinkers.values():
                    thinker.take(request)
            case _:
                if request.level in thinkers:
                    thinkers[request.level].take(request)

    def forget(self) -> None:
        """Drop whatever is asked for: the asker is gone."""
        for thinker in self._thinkers.values():
            thinker.forget()

    def stop(self, timeout_s: float = 2.0) -> None:
        """End all threads after the chunks they are drawing."""
        with self._changing:
            self._stopped = True
        for thinker in self._thinkers.values():
            thinker.stop(timeout_s)
