"""Onsets of the response drawn to a grid of the beat: how fine, how firmly, how much swing."""

from __future__ import annotations

import math
from types import MappingProxyType
from typing import Final

from daw_bridge.engine.transport import Transport
from daw_bridge.engine.values import Values

SPACINGS_BEATS: Final = MappingProxyType(
    {
        "1/4": 1.0,
        "1/4t": 2 / 3,
        "1/8": 0.5,
        "1/8t": 1 / 3,
        "1/16": 0.25,
        "1/16t": 1 / 6,
        "1/32": 0.125,
        "1/32t": 1 / 12,
    }
)
"""Beats between two lines of each grid; `t` is for triplets."""
SWINGING: Final = frozenset({"1/8", "1/16", "1/32"})
"""Grids whose every second line lies within a beat, so that it may come late."""
_ROUNDING_BEATS: Final = 1e-6


class Quantiser:
    """Moves moments of the clock by the settings `quantise`, `quantise_strength` and `swing`, while a beat runs."""

    def __init__(self, values: Values, transport: Transport) -> None:
        self._values = values
        self._transport = transport

    def moved_s(self, moment_s: float, from_s: float, before_s: float) -> float:
        """Where an onset at `moment_s` belongs: on a line from `from_s` on and before `before_s`, if there is one."""
        grid = self._values.word("quantise")
        if grid == "off" or not self._transport.rolling:
            return moment_s
        at = self._transport.beat_at
        beat, earliest, end = at(moment_s), at(from_s) - _ROUNDING_BEATS, at(before_s) - _ROUNDING_BEATS
        lines = [line for line in self._lines_around(beat, grid) if earliest <= line < end]
        if not lines:
            return moment_s
        line = min(lines, key=lambda candidate: abs(candidate - beat))
        moved = beat + self._values.number("quantise_strength") * (line - beat)
        return max(self._transport.time_of(moved), from_s)

    def _lines_around(self, beat: float, grid: str) -> list[float]:
        """The lines near a beat: they begin anew with every bar, whose own line is one of them."""
        spacing, bar = SPACINGS_BEATS[grid], self._values.bar_beats
        late = (2 * self._values.number("swing") - 1) * spacing if grid in SWINGING else 0.0
        opening = math.floor((beat + _ROUNDING_BEATS) / bar) * bar
        first = math.floor((beat - opening) / spacing) - 1
        inside = [number * spacing + (late if number % 2 else 0.0) for number in range(max(first, 0), first + 4)]
        return [*(opening + line for line in inside if line < bar - _ROUNDING_BEATS), opening + bar]
