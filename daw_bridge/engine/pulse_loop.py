"""A second-order delay-locked loop over MIDI clock pulses: numbers each, and knows when any pulse number is.

A pulse is taken for the one whose moment is nearest, so that drops, doubles and late bursts do not move the position.
The gains are those of a least-squares line through the last pulses (an alpha-beta filter). When the pulses agree among
themselves on another tempo than the loop's, it begins again from the pulse at which they began to.
"""

from __future__ import annotations

import itertools
import statistics
from collections import deque
from dataclasses import dataclass
from typing import Final

from daw_bridge.music.meter import PULSES_PER_BEAT

SLOWEST_PERIOD_S: Final = 60.0 / 20.0 / PULSES_PER_BEAT
FASTEST_PERIOD_S: Final = 60.0 / 400.0 / PULSES_PER_BEAT
ASSUMED_PERIOD_S: Final = 60.0 / 120.0 / PULSES_PER_BEAT
SILENCE_S: Final = 1.0
"""After this long without a pulse, the phase is taken up anew."""

LONGEST_LINE: Final = 32
"""The loop settles to a line through this many pulses: of 1.5 ms of jitter, 0.5 ms of error are left."""
AGILE_LINE: Final = 10
"""... and to this many while the errors are one-sided, as in a ramp of tempo."""
ONE_SIDED: Final = 0.85
AGREEING: Final = 8
"""So many gaps of one length make a tempo."""
EVEN: Final = 6
"""The first gaps of a new tempo that must be single steps."""
KEPT: Final = 24
JUMP: Final = 0.05
"""A smaller change of tempo the loop follows by itself."""
JITTER_S: Final = 0.002
ODD_COST: Final = 9.0
"""A drop or a double is as unlikely as a pulse three deviations off its place."""
MARGIN: Final = 20.0
"""So much better must another tempo explain the last pulses (a difference of chi-squares)."""
LOCK_AFTER: Final = 12
LOCKED_BELOW: Final = 0.2
LOST_ABOVE: Final = 0.35
"""Mean error of a pulse, as shares of the period."""


class PulseLoop:
    """Times in seconds. Before the second pulse a tempo of 120 bpm is assumed."""

    def __init__(self) -> None:
        self._period_s = ASSUMED_PERIOD_S
        self._known = False
        self._number = 0
        self._at_s = 0.0
        self._age = 0
        self._error = 1.0
        self._bias = 0.0
        self._locked = False
        self._settled = False
        self._recent: deque[tuple[float, int, float]] = deque(maxlen=KEPT)

    @property
    def number(self) -> int:
        """The number of the newest pulse."""
        return self._number

    @property
    def period_s(self) -> float | None:
        """Seconds from pulse to pulse, None until two have come."""
        return self._period_s if self._known else None

    @property
    def locked(self) -> bool:
        """Whether pulses come where they are expected."""
        return self._locked

    def time_of(self, number: float) -> float:
        """The moment of a pulse number, fractions included."""
        return self._at_s + (number - self._number) * self._period_s

    def number_at(self, moment_s: float) -> float:
        """The pulse number of a moment, fractions included."""
        return self._number + (moment_s - self._at_s) / self._period_s

    def unlock(self) -> None:
        """The pulses have ceased."""
        self._error, self._locked = 1.0, False

    def pulse(self, now_s: float) -> None:
        """A pulse has arrived."""
        if not self._recent or now_s - self._recent[-1][0] > SILENCE_S:
            self._number += max(round((now_s - self._at_s) / self._period_s), 1) if self._recent else 1
            self._recent.clear()
            self._at_s, self._age, self._settled = now_s, 1, False
            self.unlock()
            self._remember(now_s)
            return
        if self._age == 1:
            self._second(now_s)
            return
        steps = max(round((now_s - self._at_s) / self._period_s), 0)
        self._number += steps
        self._at_s += steps * self._period_s
        self._recent.append((now_s, self._number, _cost(now_s - self._at_s, steps)))
        if not self._begin_again():
            self._correct(now_s - self._at_s, steps)
        if self._locked:
            self._locked = self._error < LOST_ABOVE
        else:
            self._locked = self._age >= LOCK_AFTER and self._error < LOCKED_BELOW
            self._settled = self._settled or self._locked

    def restart(self, now_s: float) -> None:
        """The pulse that has just arrived begins a song: where it does not fit the loop, the loop is wrong."""
        if abs(now_s - self._at_s) > 0.25 * self._period_s:
            self._at_s = now_s
            self._age = min(self._age, AGREEING)

    def _second(self, now_s: float) -> None:
        gap_s = now_s - self._at_s
        if gap_s < FASTEST_PERIOD_S / 2:
            return
        self._number += 1
        self._at_s = now_s
        self._remember(now_s)
        if self._known and abs(gap_s / self._period_s - 1.0) < 0.3:
            self._age = 4
        elif gap_s <= SLOWEST_PERIOD_S * 1.2:
            self._period_s, self._known, self._age = _in_range(gap_s), True, 2

    def _remember(self, now_s: float) -> None:
        self._recent.append((now_s, self._number, 0.0))

    def _correct(self, error_s: float, steps: int) -> None:
        period_s = self._period_s
        self._age += 1
        share = 1.0 / min(self._age, 16)
        # A drop, a double or a burst says little of the clock, but enough of them cost the lock.
        error = abs(error_s) / period_s if steps == 1 else 0.5
        self._error += (error - self._error) * share
        if steps != 1:
            return
        self._bias += (error_s / period_s - self._bias) * 0.125
        if self._age > AGILE_LINE and abs(self._bias) > max(ONE_SIDED * self._error, 0.03):
            self._age = AGILE_LINE
        limit_s = max(3.0 * self._error * period_s, 0.003) if self._locked else period_s
        error_s = min(max(error_s, -limit_s), limit_s)
        line = min(self._age, LONGEST_LINE)
        self._at_s += error_s * 2 * (2 * line - 1) / (line * (line + 1))
        self._period_s = _in_range(period_s + error_s * 6 / (line * (line + 1)))

    def _begin_again(self) -> bool:
        """Whether the last pulses agree on another tempo: then they are numbered anew from where they began to."""
        if len(self._recent) <= AGREEING or sum(cost for _, _, cost in self._recent) < MARGIN:
            return False
        times_s = [moment_s for moment_s, _, _ in self._recent]
        gaps_s = [later - earlier for earlier, later in itertools.pairwise(times_s)]
        newest_s = gaps_s[-AGREEING:]
        typical_s = statistics.median(newest_s)
        tolerance_s = max(0.3 * typical_s, 0.0045)
        agreeing = [gap_s for gap_s in newest_s if abs(gap_s - typical_s) <= tolerance_s]
        if len(agreeing) < AGREEING - 1:
            return False
        period_s = statistics.fmean(agreeing)
        if not FASTEST_PERIOD_S * 0.9 <= period_s <= SLOWEST_PERIOD_S * 1.1:
            return False
        before = [cost for _, _, cost in self._recent]
        fits = [
            _Fit.of(times_s[first:], self._recent[first][1], period_s, sum(before[: first + 1]))
            # Before the first lock there was no other tempo: all pulses are of this one.
            for first in range(len(gaps_s) - AGREEING + 2 if self._settled else 1)
        ]
        if self._settled:
            # What begins unevenly has pulses of the old tempo in it: the new one is too young to be told from it.
            fits = [fit for fit in fits if fit.even]
        if not fits:
            return False
        fit = min(fits, key=lambda candidate: candidate.cost)
        if fit.cost + MARGIN > sum(before) or abs(fit.period_s / self._period_s - 1.0) <= JUMP:
            return False
        first = len(times_s) - len(fit.numbers)
        numbers, last_s, slope_s, costs = fit.numbers, fit.last_s, fit.period_s, fit.costs
        self._number, self._at_s, self._period_s = numbers[-1], last_s, _in_range(slope_s)
        self._age, self._error, self._bias = len(numbers), LOCKED_BELOW / 2, 0.0
        self._locked = False
        for index, number in enumerate(numbers[1:]):
            self._recent[first + 1 + index] = (times_s[first + 1 + index], number, costs[index])
        return True


def _in_range(period_s: float) -> float:
    return min(max(period_s, FASTEST_PERIOD_S), SLOWEST_PERIOD_S)


def _cost(error_s: float, steps: int) -> float:
    """How unlikely a pulse is that comes `steps` after the one before, and so much off its place."""
    return ODD_COST if steps != 1 else min((error_s / JITTER_S) ** 2, 100.0)


@dataclass(frozen=True, slots=True)
class _Fit:
    """Pulses numbered and laid on a line; `cost` includes that of the pulses before, as they were taken."""

    numbers: list[int]
    costs: list[float]
    period_s: float
    last_s: float
    cost: float

    @property
    def even(self) -> bool:
        """Whether its first pulses follow each other without a drop or a double."""
        first = self.numbers[0]
        return self.numbers[: EVEN + 1] == list(range(first, first + EVEN + 1))

    @classmethod
    def of(cls, times_s: list[float], first: int, period_s: float, cost_before: float) -> _Fit:
        """The line of pulses at about `period_s`, the first of which has the number `first`."""
        numbers = _numbered(times_s, first, period_s)
        slope_s, last_s = _line(numbers, times_s)
        costs = [
            _cost(moment_s - last_s - (number - numbers[-1]) * slope_s, number - before)
            for moment_s, number, before in zip(times_s[1:], numbers[1:], numbers, strict=False)
        ]
        return cls(numbers, costs, slope_s, last_s, cost_before + sum(costs))


def _numbered(times_s: list[float], first: int, period_s: float) -> list[int]:
    """The number of each pulse, the first of which is `first`, at a steady period; jitter does not add up."""
    numbers, grid_s = [first], times_s[0]
    for moment_s in times_s[1:]:
        steps = max(round((moment_s - grid_s) / period_s), 0)
        numbers.append(numbers[-1] + steps)
        grid_s += steps * period_s
        if steps:
            grid_s += 0.3 * (moment_s - grid_s)
    return numbers


def _line(numbers: list[int], times_s: list[float]) -> tuple[float, float]:
    """Least-squares seconds a step, and the moment of the last number on that line."""
    mean_number = sum(numbers) / len(numbers)
    mean_s = sum(times_s) / len(times_s)
    spread = sum((number - mean_number) ** 2 for number in numbers) or 1.0
    pairs = zip(numbers, times_s, strict=True)
    slope_s = sum((number - mean_number) * (moment_s - mean_s) for number, moment_s in pairs) / spread
    return slope_s, mean_s + slope_s * (numbers[-1] - mean_number)
