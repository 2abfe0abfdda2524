"""Bars mode: where calls and answers stand on the bar lines.

From the start of the song on, `bars` bars of call and `bars` bars of answer follow each other. A half is either.
"""

from __future__ import annotations

import math
from typing import Final

from daw_bridge.engine.transport import Transport
from daw_bridge.engine.values import Values
from daw_bridge.music.meter import beat_s

PICK_UP_BEATS: Final = 0.125
"""A note this much before a line is on it."""
LEAD_S: Final = 0.3
"""How long before the line answers to the call as it stands are prepared."""
CLOSING_S: Final = (0.03, 0.08)
"""The call closes a pick-up before the line, within these limits: what comes later can not be answered in time."""
_ROUNDING_BEATS: Final = 1e-6


class Grid:
    """Knows which half it is, and when the next line comes. Valid while the transport rolls."""

    def __init__(self, transport: Transport, values: Values) -> None:
        self._transport = transport
        self._values = values
        self._half: int | None = None
        self._length_beats = 0.0

    @property
    def entered(self) -> bool:
        """Whether the grid is followed."""
        return self._half is not None

    @property
    def calling(self) -> bool:
        """Whether it is the musician's half; a count-in is nobody's."""
        return self._half is not None and self._half >= 0 and self._half % 2 == 0

    @property
    def line_beat(self) -> float:
        """The beat of the next line."""
        return ((self._half or 0) + 1) * self._length_beats

    @property
    def line_s(self) -> float:
        """The moment of the next line."""
        return self._transport.time_of(self.line_beat)

    @property
    def length_beats(self) -> float:
        """Beats in a half."""
        return self._length_beats

    @property
    def lead_s(self) -> float:
        """From when on answers are prepared."""
        return self.line_s - LEAD_S

    @property
    def closing_s(self) -> float:
        """When the call of this half is over."""
        shortest_s, longest_s = CLOSING_S
        return self.line_s - min(max(self.pick_up_s, shortest_s), longest_s)

    @property
    def pick_up_s(self) -> float:
        """The tolerance around a line."""
        return PICK_UP_BEATS * beat_s(self._transport.tempo_bpm)

    @property
    def changed(self) -> bool:
        """Whether the settings ask for another grid than the one followed."""
        return self._half is not None and self._wanted_beats() != self._length_beats

    def leave(self) -> None:
        """Follow no grid: the transport stands, or jumped."""
        self._half = None

    def enter(self, now_s: float) -> None:
        """Find the half of this moment."""
        self._length_beats = self._wanted_beats()
        beat = self._transport.beat_at(now_s) + _ROUNDING_BEATS
        self._half = math.floor(beat / self._length_beats)

    def cross(self) -> None:
        """The next line has come."""
        if self._half is not None:
            self._half += 1

    def _wanted_beats(self) -> float:
        return self._values.whole("bars") * self._values.bar_beats
