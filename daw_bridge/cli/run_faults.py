"""What goes wrong while the bridge plays, said on stderr: by a thread of its own, since a terminal may stand still."""

from __future__ import annotations

import contextlib
import os
import queue
import sys
import threading
from collections.abc import Callable, Sequence
from typing import Final

from daw_bridge.engine.events import Action, Event, Fault, Sent

WAITING_LIMIT: Final = 64
"""Faults that may wait for a terminal that stands still; what comes on top is in the take."""


def _to_stderr(text: str) -> None:
    # Not through sys.stderr: a thread that stands in its lock would keep the interpreter from ending.
    with contextlib.suppress(OSError, ValueError, AttributeError):
        os.write(sys.stderr.fileno(), f"{text}\n".encode(errors="replace"))


class FaultTeller:
    """An `engine.events.Observer`; `heard` and `done` belong to the real-time thread and only queue."""

    def __init__(self, say: Callable[[str], None] = _to_stderr) -> None:
        self._say = say
        self._faults: queue.SimpleQueue[Fault | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._run, name="fault-teller", daemon=True)

    def start(self) -> None:
        """Start the thread."""
        self._thread.start()

    def heard(self, event: Event, now_s: float) -> None:
        """Nothing that comes in is a fault."""

    def done(self, actions: Sequence[Action | Sent], now_s: float) -> None:
        """Queue the faults."""
        del now_s
        for action in actions:
            if type(action) is Fault and self._faults.qsize() < WAITING_LIMIT:
                self._faults.put(action)

    def close(self, timeout_s: float = 1.0) -> None:
        """Say what is left; a terminal that stands still is not waited for."""
        self._faults.put(None)
        if self._thread.is_alive():
            self._thread.join(timeout_s)

    def _run(self) -> None:
        while (fault := self._faults.get()) is not None:
            self._say(f"aiart-bridge: {fault.kind}: {' '.join(fault.text.split())}")
