"""Keyboards that say "I am here": when one falls silent its cable is out, and its keys are up.

Source: MIDI 1.0 Detailed Specification 4.2, "Active Sensing": who has sent it once sends something every 300 ms.
"""

from __future__ import annotations

from typing import Final

from daw_bridge.music.messages import Message, Other

SENSING: Final = Other(b"\xfe")
SILENCE_S: Final = 1.0
"""Three times what the standard allows: a busy driver is no pulled cable."""


class ActiveSensing:
    """Knows the input ports whose keyboards say that they are there."""

    def __init__(self) -> None:
        self._heard_s: dict[str, float] = {}

    @property
    def next_s(self) -> float | None:
        """When the first of them has been silent for too long."""
        return min(self._heard_s.values()) + SILENCE_S if self._heard_s else None

    def heard(self, port: str, message: Message, now_s: float) -> bool:
        """Something came in; returns whether it says no more than that someone is there."""
        sensing = message == SENSING
        if sensing or port in self._heard_s:
            self._heard_s[port] = now_s
        return sensing

    def forget(self, port: str) -> None:
        """The port is gone; nothing is expected of it."""
        self._heard_s.pop(port, None)

    def silent(self, now_s: float) -> tuple[str, ...]:
        """The ports that have fallen silent; they are waited for no more, until they speak again."""
        ports = tuple(port for port, heard_s in self._heard_s.items() if heard_s + SILENCE_S <= now_s)
        for port in ports:
            del self._heard_s[port]
        return ports
