"""How fast messages may be handed to a driver: RtMidi's JACK buffer drops what exceeds 16 kB in a cycle, silently."""

from __future__ import annotations

from typing import Final

WINDOW_S: Final = 0.025
"""Longer than a cycle of 1024 frames at 44.1 kHz."""

WINDOW_BYTES: Final = 8192
MESSAGE_OVERHEAD_BYTES: Final = 8


class BurstPacer:
    """Counts what went to the driver in the window that runs; about 700 notes fit in one."""

    __slots__ = ("_start_s", "_used_bytes")

    def __init__(self) -> None:
        self._start_s = float("-inf")
        self._used_bytes = 0

    def admit(self, size: int, now_s: float) -> bool:
        """Whether a message of `size` bytes may go now; counts it if so. One too big for any window gets its own."""
        if now_s - self._start_s >= WINDOW_S:
            self._start_s, self._used_bytes = now_s, 0
        cost = size + MESSAGE_OVERHEAD_BYTES
        if self._used_bytes and self._used_bytes + cost > WINDOW_BYTES:
            return False
        self._used_bytes += cost
        return True
