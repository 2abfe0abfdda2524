"""MIDI ports in memory: a named bus inside one process, for demos, tests and machines without a MIDI system."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable
from typing import Final

from daw_bridge.io.ports import InPort, OutPort, PortLostError

QUEUE_LIMIT: Final = 65536
"""Messages kept for a reader that does not come; the oldest go first."""


class MemorySystem:
    """A bus of named ports: what is played to a name is polled there, what is sent to a name is heard by its taps."""

    api = "memory"
    path_s = 0.0
    ordinary = False

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._inputs: dict[str, MemoryIn] = {}
        self._taps: dict[str, list[MemoryTap]] = {}
        self._away: set[str] = set()
        self._keyboards: dict[str, frozenset[str]] = {}
        self._made = 0

    def sources(self) -> list[str]:
        """Nothing: every name is a virtual port."""
        return []

    def destinations(self) -> list[str]:
        """Nothing: every name is a virtual port."""
        return []

    def open_in(self, name: str) -> MemoryIn:
        """The port that `play(name, ...)` reaches."""
        port = MemoryIn(self, name)
        self._inputs[name] = port
        return port

    def open_out(self, name: str) -> MemoryOut:
        """A port whose messages go to every tap of that name."""
        return MemoryOut(self, name)

    def close(self) -> None:
        """Nothing to let go of."""

    def reopen_in(self, lost: InPort) -> MemoryIn | None:
        """A fresh port once `restore` was called."""
        return None if lost.name in self._away else self.open_in(lost.name)

    def reopen_out(self, lost: OutPort) -> MemoryOut | None:
        """A fresh port once `restore` was called."""
        return None if lost.name in self._away else self.open_out(lost.name)

    def play(self, name: str, data: bytes, at_s: float | None = None) -> None:
        """A message arrives at the in-port `name`, now or stamped `at_s`; unheard when nobody opened it."""
        port = self._inputs.get(name)
        if port is not None and name not in self._away:
            port.arrive(self._clock() if at_s is None else at_s, data)

    def listen(self, name: str) -> MemoryTap:
        """Hear all that is sent to `name` from now on."""
        tap = MemoryTap()
        self._taps.setdefault(name, []).append(tap)
        return tap

    def keyboard(self, name: str) -> MemoryKeyboard:
        """The other side's way in: what is sent to it arrives at the in-port `name`."""
        self._made += 1
        keyboard = MemoryKeyboard(self, name, f"keyboard {self._made}")
        self._keyboards[name] = self.keyboards(name) | {keyboard.label}
        return keyboard

    def keyboards(self, name: str) -> frozenset[str]:
        """Who is plugged into the in-port `name`."""
        return self._keyboards.get(name, frozenset())

    def unplug(self, keyboard: MemoryKeyboard) -> None:
        """Pull a keyboard out."""
        self._keyboards[keyboard.name] = self.keyboards(keyboard.name) - {keyboard.label}

    def ear(self, name: str) -> MemoryEar:
        """The other side's way to hear: what is sent to the out-port `name` from now on is polled from it."""
        return MemoryEar(self, name, self.listen(name))

    def forget(self, name: str, tap: MemoryTap) -> None:
        """Take a tap off."""
        self._taps[name].remove(tap)

    def lose(self, name: str) -> None:
        """Pull the plug of `name`."""
        self._away.add(name)

    def restore(self, name: str) -> None:
        """Put the plug of `name` back."""
        self._away.discard(name)

    def away(self, name: str) -> bool:
        """Whether the plug of `name` is out."""
        return name in self._away

    def deliver(self, name: str, data: bytes) -> None:
        """Hand a sent message to the taps of `name`."""
        now_s = self._clock()
        for tap in self._taps.get(name, ()):
            tap.heard.append((now_s, data))


class MemoryTap:
    """A listener on an out-port; `heard` fills with (moment, message) from the sender's thread."""

    def __init__(self) -> None:
        self.heard: deque[tuple[float, bytes]] = deque(maxlen=QUEUE_LIMIT)

    def take(self) -> list[tuple[float, bytes]]:
        """All that was heard since the last call."""
        return [self.heard.popleft() for _ in range(len(self.heard))]


class MemoryIn:
    """The reading end of a bus name."""

    def __init__(self, bus: MemorySystem, name: str) -> None:
        self.name = name
        self._bus = bus
        self._queue: deque[tuple[float, bytes]] = deque(maxlen=QUEUE_LIMIT)

    def arrive(self, at_s: float, data: bytes) -> None:
        """Queue a message; callable from any thread."""
        self._queue.append((at_s, data))

    def poll(self) -> list[tuple[float, bytes]]:
        """All that arrived since the last call."""
        return [self._queue.popleft() for _ in range(len(self._queue))]

    def present(self) -> bool:
        """False between `lose` and `restore`."""
        return not self._bus.away(self.name)

    def feeders(self) -> frozenset[str]:
        """The keyboards that are plugged in."""
        return self._bus.keyboards(self.name)

    def close(self) -> None:
        """Nothing to give back."""


class MemoryOut:
    """The writing end of a bus name."""

    def __init__(self, bus: MemorySystem, name: str) -> None:
        self.name = name
        self._bus = bus

    def send(self, data: bytes) -> None:
        """Deliver to every tap at once. Raises PortLostError between `lose` and `restore`."""
        if self._bus.away(self.name):
            raise PortLostError("the port is gone", where=self.name)
        self._bus.deliver(self.name, data)

    def flush(self) -> None:
        """Nothing is kept back."""

    def present(self) -> bool:
        """False between `lose` and `restore`."""
        return not self._bus.away(self.name)

    def close(self) -> None:
        """Nothing to give back."""


class MemoryKeyboard:
    """The musician's out-port, plugged into our in-port; `label` tells it from others."""

    def __init__(self, bus: MemorySystem, name: str, label: str) -> None:
        self.name = name
        self.label = label
        self._bus = bus

    def send(self, data: bytes) -> None:
        """Play a message now."""
        self._bus.play(self.name, data)

    def flush(self) -> None:
        """Nothing is kept back."""

    def present(self) -> bool:
        """Always."""
        return True

    def close(self) -> None:
        """Pull the plug."""
        self._bus.unplug(self)


class MemoryEar:
    """The listener's in-port, plugged into our out-port."""

    def __init__(self, bus: MemorySystem, name: str, tap: MemoryTap) -> None:
        self.name = name
        self._bus = bus
        self._tap = tap

    def poll(self) -> list[tuple[float, bytes]]:
        """All that was sent since the last call."""
        return self._tap.take()

    def present(self) -> bool:
        """Always."""
        return True

    def feeders(self) -> None:
        """Not known to the listener."""

    def close(self) -> None:
        """Hear no more."""
        self._bus.forget(self.name, self._tap)
