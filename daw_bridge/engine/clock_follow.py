"""MIDI clock, start, stop, continue and song position -> beats and tempo."""

from __future__ import annotations

import math
from typing import Final

from daw_bridge.engine.pulse_loop import SILENCE_S, PulseLoop
from daw_bridge.music.messages import Clock, Continue, Message, SongPosition, Start, Stop
from daw_bridge.music.meter import PULSES_PER_BEAT, SIXTEENTHS_PER_BEAT

GIVE_UP_S: Final = 10.0
"""A clock that has died is free-wheeled for so long."""
PULSES_PER_SIXTEENTH: Final = PULSES_PER_BEAT // SIXTEENTHS_PER_BEAT
TELLING: Final = 3
"""So many different song positions in a row on whole beats of clocks are no accident."""


class ClockFollower:
    """Positions on the DAW's time line. `breaks` counts starts, stops and jumps."""

    def __init__(self) -> None:
        self._loop = PulseLoop()
        self._rolling = False
        self._armed = False
        self._origin = 0
        self._position = 0
        self._last_s: float | None = None
        self._silent = False
        self._pulses_per_position = PULSES_PER_SIXTEENTH
        self._taught = False
        self._on_beats: set[int] = set()
        self._breaks = 0

    @property
    def breaks(self) -> int:
        """Changes whenever positions before and after do not belong together."""
        return self._breaks

    @property
    def rolling(self) -> bool:
        """Whether the DAW plays."""
        return self._rolling

    @property
    def locked(self) -> bool:
        """Whether the pulses agree on a beat."""
        return self._loop.locked and not self._silent

    @property
    def tempo_bpm(self) -> float | None:
        """The DAW's tempo, None until it is known."""
        period_s = self._loop.period_s
        return None if period_s is None else 60.0 / period_s / PULSES_PER_BEAT

    @property
    def deadline_s(self) -> float | None:
        """When the clock must be looked after if no pulse comes."""
        if self._last_s is None or not (self._rolling or not self._silent):
            return None
        return self._last_s + (GIVE_UP_S if self._silent else SILENCE_S)

    def pulsed_within(self, seconds: float, now_s: float) -> bool:
        """Whether a pulse has come in the last `seconds`."""
        return self._last_s is not None and now_s - self._last_s <= seconds

    def beat_at(self, moment_s: float) -> float:
        """The position at a moment, in beats."""
        if not self._rolling:
            return self._position / PULSES_PER_BEAT
        return (self._loop.number_at(moment_s) - self._origin) / PULSES_PER_BEAT

    def time_of(self, beat: float) -> float:
        """The moment of a beat, while rolling."""
        return self._loop.time_of(beat * PULSES_PER_BEAT + self._origin)

    def feed(self, message: Message, now_s: float) -> None:
        """Take a message of the DAW's clock."""
        match message:
            case Clock():
                self._pulse(now_s)
            case Start():
                self._arm(0)
            case Continue():
                self._arm(self._position)
            case Stop():
                self._stop()
            case SongPosition(sixteenths):
                self._locate(sixteenths)
            case _:
                pass

    def count_position_in(self, unit: str) -> None:
        """What song position counts: `sixteenths`, `clocks`, or `auto` to find out."""
        self._taught = unit != "auto"
        self._pulses_per_position = 1 if unit == "clocks" else PULSES_PER_SIXTEENTH
        self._on_beats.clear()

    def advance(self, now_s: float) -> list[str]:
        """Look after a clock that has died; returns what the player should know."""
        if self._last_s is None or now_s < self._last_s + SILENCE_S:
            return []
        if not self._silent:
            self._silent = True
            self._loop.unlock()
            if self._rolling:
                return [f"the MIDI clock is silent without a stop; going on at {self.tempo_bpm or 0.0:.1f} bpm"]
        elif self._rolling and now_s >= self._last_s + GIVE_UP_S:
            self._position = math.ceil(self._loop.number_at(now_s) - self._origin)
            self._rolling = False
            self._breaks += 1
            return ["the MIDI clock has not come back; the transport is stopped"]
        return []

    def _pulse(self, now_s: float) -> None:
        self._loop.pulse(now_s)
        self._last_s, self._silent = now_s, False
        if self._armed:
            self._armed = False
            self._rolling = True
            self._loop.restart(now_s)
            self._origin = self._loop.number - self._position
            self._breaks += 1

    def _arm(self, position: int) -> None:
        self._position = position
        self._armed = True

    def _stop(self) -> None:
        self._armed = False
        if self._rolling:
            self._position = self._loop.number - self._origin + 1
            self._rolling = False
            self._breaks += 1

    def _locate(self, value: int) -> None:
        if not self._taught:
            self._recognise(value)
        self._position = value * self._pulses_per_position
        if self._rolling:
            # Until the next pulse it is not known where the beat is.
            self._rolling = False
            self._armed = True
            self._breaks += 1

    def _recognise(self, value: int) -> None:
        """Song position counts sixteenths; Ardour 7 sends clocks.

        A value that fits where we are tells which. So do several that are all whole beats in clocks: of those in
        sixteenths every sixth would be.
        """
        here = self._loop.number - self._origin + 1 if self._rolling else self._position
        if here > 2 * PULSES_PER_SIXTEENTH and abs(value * PULSES_PER_SIXTEENTH - here) <= PULSES_PER_SIXTEENTH:
            self._pulses_per_position = PULSES_PER_SIXTEENTH
        elif here > 2 * PULSES_PER_SIXTEENTH and abs(value - here) <= PULSES_PER_SIXTEENTH:
            self._pulses_per_position = 1
        elif value % PULSES_PER_BEAT:
            self._on_beats.clear()
        elif value:
            self._on_beats.add(value)
            if len(self._on_beats) >= TELLING:
                self._pulses_per_position = 1
