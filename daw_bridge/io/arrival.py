"""When a polled message really arrived: the driver's own time differences, anchored to our clock.

A driver stamps at arrival, on an axis of its own, and tells only the time since the message before. Every poll bounds
the offset between the two axes from both sides: a message cannot have arrived after it was read, nor before the moment
at which the queue was last seen empty. So a late poll moves no stamp, drift is followed and lost deltas are repaired.
"""

from __future__ import annotations

from collections.abc import Sequence


class ArrivalClock:
    """Rebuilds arrival times of one port; all times in seconds, `polled_s` and `drained_s` on our clock."""

    __slots__ = ("_driver_s", "_offset_s", "_stamp_s")

    def __init__(self) -> None:
        self._driver_s = 0.0
        self._offset_s: float | None = None
        self._stamp_s = float("-inf")

    def stamps(self, deltas_s: Sequence[float], *, drained_s: float, polled_s: float) -> list[float]:
        """The arrivals of the next messages, in order: never after `polled_s`, never before the message before.

        `deltas_s` are the driver's times since the message before; `drained_s` is a moment at which the queue was
        empty, `polled_s` one at which all these messages had been read from it.
        """
        moments_s = []
        for delta_s in deltas_s:
            self._driver_s += max(delta_s, 0.0)
            moments_s.append(self._driver_s)
        if not moments_s:
            return []
        # The last message bounds the offset from above, the first one from below: together as tight as can be.
        latest_s = polled_s - moments_s[-1]
        earliest_s = min(drained_s - moments_s[0], latest_s)
        offset_s = latest_s if self._offset_s is None else min(max(self._offset_s, earliest_s), latest_s)
        self._offset_s = offset_s
        found = []
        for moment_s in moments_s:
            self._stamp_s = max(self._stamp_s, moment_s + offset_s)
            found.append(self._stamp_s)
        return found
