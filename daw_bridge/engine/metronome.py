"""An audible beat on a port of its own: a click on every beat as the signature counts them, another on the first."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Final

from daw_bridge.engine.events import Send
from daw_bridge.engine.transport import Transport
from daw_bridge.engine.values import Values
from daw_bridge.music.messages import NoteOff, NoteOn
from daw_bridge.music.meter import beat_s, s_to_beats

METRONOME_PORT: Final = "metronome"
"""The port that clicks go to, as events name it."""
ACCENT_PITCH: Final = 76
CLICK_PITCH: Final = 77
"""High and low wood block of General MIDI."""
ACCENT_VELOCITY: Final = 110
CLICK_VELOCITY: Final = 80
CLICK_S: Final = 0.05
LATEST_S: Final = 0.05
"""A click later than this would tell a wrong beat: it is left out."""
JUST_S: Final = 0.01
"""A beat that has passed so short a time before the transport rolls is still clicked."""


class Metronome:
    """Clicks while the transport rolls. Every click that went out is released, whatever happens."""

    def __init__(self, transport: Transport, values: Values, emit: Callable[[Send], None]) -> None:
        self._transport = transport
        self._values = values
        self._emit = emit
        self._epoch: tuple[int, int] | None = None
        self._beat = 0
        self._sounding: NoteOff | None = None
        self._off_s = float("-inf")
        self._lost = False

    @property
    def next_s(self) -> float | None:
        """When the next click or its end is due."""
        moments = []
        if self._sounding is not None and not self._lost:
            moments.append(self._off_s)
        if self._transport.rolling and self._epoch == self._transport.epoch:
            moments.append(self._transport.time_of(self._beat * self._values.unit_beats))
        return min(moments, default=None)

    def advance(self, now_s: float, handed_s: float) -> None:
        """Click, and end clicks, that are due; what is emitted reaches the driver at `handed_s`."""
        if self._sounding is not None and self._off_s <= now_s:
            self.release(self._off_s)
        transport = self._transport
        if not transport.rolling:
            return
        unit = self._values.unit_beats
        here = transport.beat_at(now_s) / unit
        if self._epoch != transport.epoch or abs(self._beat - here) > 1.5:
            self._epoch = transport.epoch
            self._beat = math.ceil(here - s_to_beats(JUST_S, transport.tempo_bpm) / unit)
        while (due_s := transport.time_of(self._beat * unit)) <= now_s:
            if handed_s - due_s <= LATEST_S and self._wanted():
                self._click(due_s)
            self._beat += 1

    def release(self, now_s: float) -> None:
        """End the click that sounds; while the port is lost it is owed."""
        if self._sounding is not None and not self._lost:
            self._emit(Send(self._sounding, now_s, port=METRONOME_PORT))
            self._sounding = None

    def lose_port(self) -> None:
        """The port is gone."""
        self._lost = True

    def regain_port(self, now_s: float) -> None:
        """The port is back: a click that its receiver still holds is ended."""
        self._lost = False
        self.release(now_s)

    def _wanted(self) -> bool:
        match self._values.word("metronome"):
            case "auto":
                return bool(self._values.word("metronome_port"))
            case "count_in":
                return self._beat < 0
            case word:
                return word == "on"

    def _click(self, due_s: float) -> None:
        if self._lost:
            return
        self.release(due_s)
        accented = self._beat % self._values.whole("beats_per_bar") == 0
        pitch, velocity = (ACCENT_PITCH, ACCENT_VELOCITY) if accented else (CLICK_PITCH, CLICK_VELOCITY)
        channel = self._values.whole("metronome_channel") - 1
        self._emit(Send(NoteOn(channel, pitch, velocity), due_s, port=METRONOME_PORT))
        self._sounding = NoteOff(channel, pitch)
        self._off_s = due_s + min(CLICK_S, beat_s(self._transport.tempo_bpm) / 2)
