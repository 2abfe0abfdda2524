"""A control server with the real engine behind it, fed as the real-time loop would."""

from __future__ import annotations

import threading
import time

from daw_bridge.control.server import ControlServer
from daw_bridge.engine import events
from daw_bridge.engine.engine import Engine
from daw_bridge.engine.values import EngineSettings


class EngineDesk:
    """Engine and server; what comes over the wire and what is fed here meet under one lock."""

    def __init__(self, settings: EngineSettings | None = None) -> None:
        self.engine = Engine(settings or EngineSettings({"seed": 1}))
        self.sent: list[events.Send] = []
        self._lock = threading.Lock()
        self.server = ControlServer("127.0.0.1", 0, "", submit=self.feed, values=lambda: self.engine.parameters)
        self.server.start()

    def feed(self, event: events.Event) -> None:
        """An event comes in now; the server sees what the engine does."""
        with self._lock:
            now_s = time.monotonic()
            self.server.heard(event, now_s)
            actions = self.engine.feed(event, now_s).actions
            self.sent += [action for action in actions if isinstance(action, events.Send)]
            self.server.done(actions, now_s)

    def stop(self) -> None:
        """End both."""
        self.server.stop()
        with self._lock:
            self.sent += [a for a in self.engine.close(time.monotonic()).actions if isinstance(a, events.Send)]
