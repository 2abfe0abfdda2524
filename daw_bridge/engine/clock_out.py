"""The bridge as master: 24 clock pulses a beat, start, stop, continue and song position, for whoever follows us.

Pulses go on while the transport stands, so that a follower knows the tempo before the start. Every pulse is due at its
own place on the time line: nothing adds up.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Final

from daw_bridge.engine.events import Send
from daw_bridge.engine.transport import Transport
from daw_bridge.music.messages import Clock, Continue, Message, SongPosition, Start, Stop
from daw_bridge.music.meter import PULSES_PER_BEAT, SIXTEENTHS_PER_BEAT, beat_s

CLOCK_PORT: Final = "clock"
"""The port of the clock we send, as events name it."""
LEAD_S: Final = 0.002
"""Start and continue go out this much before the pulse they count from ..."""
APART_S: Final = 0.001
"""... and when that pulse is due at once it follows this much later: followers need a moment."""
PULSES_PER_SIXTEENTH: Final = PULSES_PER_BEAT // SIXTEENTHS_PER_BEAT
LATEST_SIXTEENTH: Final = 2**14 - 1
"""The last place that a song position can name; what starts beyond is continued from there."""
_ROUNDING_PULSES: Final = 1e-6


class ClockOut:
    """Follows the transport as long as the beat is not the DAW's own."""

    def __init__(self, transport: Transport, emit: Callable[[Send], None]) -> None:
        self._transport = transport
        self._emit = emit
        self._epoch: tuple[int, int] | None = None
        self._pulse = 0
        self._begins: int | None = None
        self._told_rolling = False
        self._earliest_s = float("-inf")
        self._last_s = float("-inf")

    @property
    def next_s(self) -> float | None:
        """When the next message is due."""
        if self._epoch is None or self._transport.source == "midi":
            return None
        if self._begins is None or not self._transport.rolling:
            return self._pulse_s()
        return min(self._pulse_s(), self._transport.time_of(self._begins / PULSES_PER_BEAT) - LEAD_S)

    def advance(self, now_s: float) -> None:
        """Send what is due."""
        if self._epoch is None:
            self._last_s = now_s
        if self._epoch != self._transport.epoch:
            self._epoch = self._transport.epoch
            self._follow_break(now_s)
        if self._transport.source == "midi":
            return
        while True:
            self._begin(now_s)
            due_s = self._pulse_s()
            if due_s > now_s:
                return
            self._send(Clock(), due_s)
            # A stall costs no pulse of a song, or the follower would lose its place; without a song they are dropped.
            self._last_s = due_s if self._transport.rolling or now_s - due_s < self._period_s else now_s
            self._pulse += 1

    def _follow_break(self, now_s: float) -> None:
        """The transport has started, stopped, jumped, or is another's now."""
        if self._told_rolling:
            self._told_rolling = False
            self._send(Stop(), now_s)
        self._begins = None
        if self._transport.source == "midi" or not self._transport.rolling:
            return
        here = self._transport.beat_at(now_s) * PULSES_PER_BEAT - _ROUNDING_PULSES
        self._pulse = math.ceil(here)
        self._begins = max(math.ceil(here / PULSES_PER_SIXTEENTH), 0) * PULSES_PER_SIXTEENTH

    def _begin(self, now_s: float) -> None:
        """Say where the song begins, in time for its first pulse."""
        if self._begins is None or not self._transport.rolling:
            return
        first_s = self._transport.time_of(self._begins / PULSES_PER_BEAT)
        if first_s - LEAD_S > now_s:
            return
        sixteenth = self._begins // PULSES_PER_SIXTEENTH
        if sixteenth:
            self._send(SongPosition(min(sixteenth, LATEST_SIXTEENTH)), now_s)
        self._send(Continue() if sixteenth else Start(), now_s)
        self._earliest_s = now_s + APART_S
        self._told_rolling, self._begins = True, None

    def _pulse_s(self) -> float:
        """When the next pulse is due."""
        if self._transport.rolling:
            return max(self._transport.time_of(self._pulse / PULSES_PER_BEAT), self._earliest_s)
        return self._last_s + self._period_s

    @property
    def _period_s(self) -> float:
        return beat_s(self._transport.tempo_bpm) / PULSES_PER_BEAT

    def _send(self, message: Message, wanted_s: float) -> None:
        self._emit(Send(message, wanted_s, port=CLOCK_PORT))
