"""What is on its way to the subscribers: states latest-wins at a bounded rate, happenings in order and bounded."""

from __future__ import annotations

from collections import deque
from collections.abc import Hashable
from typing import Final

from daw_bridge.control.pushes import Push

INTERVAL_S: Final = 1.0 / 30.0
"""Shortest time between two messages of one address."""
MAX_WAITING: Final = 1024
"""Happenings kept until the next sending; the oldest are dropped and counted."""


class Outbox:
    """Collects pushes and hands them out when they are due. Not thread-safe: one thread owns it."""

    def __init__(self) -> None:
        self._states: dict[Hashable, Push] = {}
        self._sent_s: dict[Hashable, float] = {}
        self._happened: deque[Push] = deque()
        self.dropped = 0

    def set(self, key: Hashable, push: Push) -> None:
        """A state has changed; only the newest under a key will be sent."""
        self._states[key] = push

    def add(self, push: Push) -> None:
        """Something happened that later happenings do not replace."""
        if len(self._happened) >= MAX_WAITING:
            self._happened.popleft()
            self.dropped += 1
        self._happened.append(push)

    def due(self, now_s: float) -> list[Push]:
        """What may be sent now: all happenings, and the states whose last sending is long enough ago."""
        ready = list(self._happened)
        self._happened.clear()
        for key in [key for key in self._states if now_s - self._sent_s.get(key, -INTERVAL_S) >= INTERVAL_S]:
            ready.append(self._states.pop(key))
            self._sent_s[key] = now_s
        return ready

    @property
    def waiting(self) -> bool:
        """Whether anything is still to be sent."""
        return bool(self._states or self._happened)
