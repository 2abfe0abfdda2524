"""MIDI clock pulses, start, stop, continue and song position -> beats and tempo."""

from __future__ import annotations

import itertools
import math
from collections import deque
from typing import Final

from daw_bridge.music.messages import Clock, Continue, Message, SongPosition, Start, Stop
from daw_bridge.music.meter import PULSES_PER_BEAT, SIXTEENTHS_PER_BEAT

SLOWEST_PERIOD_S: Final = 60.0 / 20.0 / PULSES_PER_BEAT
FASTEST_PERIOD_S: Final = 60.0 / 400.0 / PULSES_PER_BEAT
FREE_WHEEL_S: Final = 1.0
"""A clock silent for this long has died: it is said, and the beat goes on."""
GIVE_UP_S: Final = 10.0
"""... and after this long it stops."""
MEMORY_PULSES: Final = 32
"""The loop settles to the gains of a straight line through this many pulses: 1.5 ms of jitter leave 0.5 ms of error."""
LOOK_BACK: Final = 8
"""Pulses by which a jump of tempo is told from jitter, drops and bursts."""
JUMP: Final = 0.08
STEADY_ERROR: Final = 0.2
"""Locked while the mean error of a pulse is below this share of the period."""
LOCK_AFTER: Final = 12


class PulseLoop:
    """A second-order delay-locked loop: numbers each pulse, and knows when any pulse number is.

    Times in seconds, gains of a least-squares line that grows to `MEMORY_PULSES` (an alpha-beta filter).
    """

    def __init__(self) -> None:
        self._period_s: float | None = None
        self._number = 0
        self._at_s = 0.0
        self._age = 0
        self._error = 1.0
        self._recent: deque[tuple[float, int]] = deque(maxlen=LOOK_BACK + 1)
        self._good = 0

    @property
    def number(self) -> int:
        """The number of the newest pulse."""
        return self._number

    @property
    def period_s(self) -> float | None:
        """Seconds from pulse to pulse, None until two have come."""
        return self._period_s

    @property
    def locked(self) -> bool:
        """Whether pulses come where they are expected."""
        return self._age >= LOCK_AFTER and self._error < STEADY_ERROR

    def pulse(self, now_s: float) -> bool:
        """A pulse has arrived; False when it is taken for a double of the one before."""
        last = self._recent[-1][0] if self._recent else None
        if last is None or self._period_s is None or now_s - last > FREE_WHEEL_S:
            self._begin(now_s, last)
            return True
        period_s = self._period_s
        steps = round((now_s - self._at_s) / period_s)
        self._recent.append((now_s, self._number + max(steps, 0)))
        if self._jumped(now_s):
            return True
        if steps <= 0:
            self._note_error(0.5)
            return False
        expected_s = self._at_s + steps * period_s
        error_s = now_s - expected_s
        self._number += steps
        self._at_s = expected_s
        self._note_error(abs(error_s) / period_s if steps == 1 else 0.35)
        self._age += 1
        age = min(max(self._age, 2), MEMORY_PULSES)
        limit_s = period_s if self._age < LOCK_AFTER else max(3.0 * self._error * period_s, 0.003)
        error_s = min(max(error_s, -limit_s), limit_s)
        self._at_s += error_s * 2 * (2 * age - 1) / (age * (age + 1))
        self._period_s = _in_range(period_s + error_s * 6 / (age * (age + 1)))
        return True

    def time_of(self, number: float) -> float:
        """The moment of a pulse number, fractions included."""
        return self._at_s + (number - self._number) * (self._period_s or 0.0)

    def number_at(self, moment_s: float) -> float:
        """The pulse number of a moment, fractions included."""
        if self._period_s is None:
            return float(self._number)
        return self._number + (moment_s - self._at_s) / self._period_s

    def unlock(self) -> None:
        """The pulses have ceased."""
        self._error = 1.0

    def _begin(self, now_s: float, last_s: float | None) -> None:
        gap_s = None if last_s is None else now_s - last_s
        if gap_s is not None and gap_s <= SLOWEST_PERIOD_S:
            self._period_s = _in_range(gap_s)
        elif self._recent:
            self._recent.clear()
        self._number += 1
        self._at_s, self._age, self._error = now_s, 1, 1.0
        self._recent.append((now_s, self._number))

    def _note_error(self, error: float) -> None:
        self._error += (error - self._error) / min(self._age + 1, 16)

    def _jumped(self, now_s: float) -> bool:
        """Whether the last pulses agree among themselves on another tempo: then begin again from them."""
        if len(self._recent) <= LOOK_BACK or self._period_s is None:
            return False
        times_s = [moment_s for moment_s, _ in self._recent]
        gaps_s = [later - earlier for earlier, later in itertools.pairwise(times_s)]
        typical_s = sorted(gaps_s)[len(gaps_s) // 2]
        if not FASTEST_PERIOD_S * 0.8 <= typical_s <= SLOWEST_PERIOD_S * 1.2:
            return False
        counts = [round(gap_s / typical_s) for gap_s in gaps_s]
        tolerance_s = max(0.3 * typical_s, 0.0045)
        agreeing = sum(1 for gap_s in gaps_s if abs(gap_s - typical_s) <= tolerance_s)
        if agreeing < LOOK_BACK - 1 or sum(counts) == 0:
            return False
        numbers = [0]
        for count in counts:
            numbers.append(numbers[-1] + count)
        slope_s, last_fit_s = _line(numbers, times_s)
        if abs(slope_s / self._period_s - 1.0) <= JUMP:
            return False
        before = self._recent[0][1]
        self._number = before + numbers[-1]
        self._at_s, self._period_s = last_fit_s, _in_range(slope_s)
        self._age, self._error = LOOK_BACK, STEADY_ERROR
        for index, number in enumerate(numbers):
            self._recent[index] = (times_s[index], before + number)
        return now_s >= times_s[-1]


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
        self._clocks_per_position = PULSES_PER_BEAT // SIXTEENTHS_PER_BEAT
        self.breaks = 0

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
        return self._last_s + (GIVE_UP_S if self._silent else FREE_WHEEL_S)

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

    def advance(self, now_s: float) -> list[str]:
        """Look after a clock that has died; returns what the player should know."""
        if self._last_s is None or now_s < self._last_s + FREE_WHEEL_S:
            return []
        if not self._silent:
            self._silent = True
            self._loop.unlock()
            if self._rolling:
                return [f"the MIDI clock is silent without a stop; going on at {self.tempo_bpm or 0.0:.1f} bpm"]
        elif self._rolling and now_s >= self._last_s + GIVE_UP_S:
            self._position = math.ceil(self._loop.number_at(now_s) - self._origin)
            self._rolling = False
            self.breaks += 1
            return ["the MIDI clock has not come back; the transport is stopped"]
        return []

    def _pulse(self, now_s: float) -> None:
        self._loop.pulse(now_s)
        self._last_s, self._silent = now_s, False
        if self._armed:
            self._armed = False
            self._rolling = True
            self._origin = self._loop.number - self._position
            self.breaks += 1

    def _arm(self, position: int) -> None:
        self._position = position
        self._armed = True

    def _stop(self) -> None:
        self._armed = False
        if self._rolling:
            self._position = self._loop.number - self._origin + 1
            self._rolling = False
            self.breaks += 1

    def _locate(self, value: int) -> None:
        """Song position counts sixteenths; Ardour 7 sends clocks. A value that fits where we are tells which."""
        here = self._loop.number - self._origin + 1 if self._rolling else self._position
        sixteenth = PULSES_PER_BEAT // SIXTEENTHS_PER_BEAT
        if here > 2 * sixteenth:
            if abs(value * sixteenth - here) <= sixteenth:
                self._clocks_per_position = sixteenth
            elif abs(value - here) <= sixteenth:
                self._clocks_per_position = 1
        self._position = value * self._clocks_per_position
        if self._rolling:
            self._rolling = False
            self._armed = True


def _in_range(period_s: float) -> float:
    return min(max(period_s, FASTEST_PERIOD_S), SLOWEST_PERIOD_S)


def _line(numbers: list[int], times_s: list[float]) -> tuple[float, float]:
    """Least-squares seconds a step, and the moment of the last number on that line."""
    mean_number = sum(numbers) / len(numbers)
    mean_s = sum(times_s) / len(times_s)
    spread = sum((number - mean_number) ** 2 for number in numbers)
    slope_s = sum((n - mean_number) * (t - mean_s) for n, t in zip(numbers, times_s, strict=True)) / spread
    return slope_s, mean_s + slope_s * (numbers[-1] - mean_number)
