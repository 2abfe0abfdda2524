"""When a polled message really arrived: the driver's own time differences, anchored to our clock.

A driver stamps at arrival, on an axis of its own, and tells only the time since the message before. Every poll bounds
the offset between the two axes from both sides: a message cannot have arrived after it was read, nor before the moment
at which the queue was last seen empty. So a late poll moves no stamp, drift is followed and lost deltas are repaired.
"""

from __future__ import annotations


class ArrivalClock:
    """Rebuilds arrival times of one port; all times in seconds, `polled_s` and `drained_s` on our clock."""

    __slots__ = ("_driver_s", "_offset_s", "_stamp_s")

    def __init__(self) -> None:
        self._driver_s = 0.0
        self._offset_s: float | None = None
        self._stamp_s = float("-inf")

    def stamp(self, delta_s: float, *, drained_s: float, polled_s: float) -> float:
        """The arrival of the next message: never after `polled_s`, never before the message before it.

        `delta_s` is the driver's time since the message before; `drained_s` a moment at which the queue was empty,
        `polled_s` one at which this message had been read from it.
        """
        self._driver_s += max(delta_s, 0.0)
        latest_s = polled_s - self._driver_s
        earliest_s = min(drained_s - self._driver_s, latest_s)
        offset_s = latest_s if self._offset_s is None else min(max(self._offset_s, earliest_s), latest_s)
        self._offset_s = offset_s
        self._stamp_s = max(self._stamp_s, min(self._driver_s + offset_s, polled_s))
        return self._stamp_s
