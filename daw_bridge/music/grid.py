"""The grid a piece is written on: how finely its beat is divided, and how to put new notes on the same lines."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

from daw_bridge.music.midifile import PieceNote
from daw_bridge.music.timeline import MeterMap

_DIVISIONS: Final = (1, 2, 3, 4, 6, 8, 12, 16, 24, 32, 48)
"""Parts of a quarter note that music is written in, coarsest first."""
_ENOUGH: Final = 0.97


@dataclass(frozen=True, slots=True)
class Grid:
    """A division of the quarter note, and the shares (0..1) of the piece's note-ons and note-offs that lie on it."""

    division: int
    onsets_on: float
    ends_on: float

    @property
    def exact(self) -> bool:
        """Whether the piece keeps to it."""
        return self.onsets_on >= _ENOUGH

    def refined(self) -> Grid:
        """The grid, at least as fine as sixteenths: new notes may be shorter than the piece's own."""
        division = self.division
        while division < 4:
            division *= 2
        return replace(self, division=division)


def find_grid(notes: Sequence[PieceNote], meter: MeterMap) -> Grid:
    """The coarsest grid that nearly all note-ons lie on; sixteenths and triplets (12) when the playing is free."""
    if not notes:
        return Grid(12, 0.0, 0.0)
    for division in _DIVISIONS:
        share = _share([note.on_tick for note in notes], meter, division)
        if share >= _ENOUGH:
            return Grid(division, share, _share([note.off_tick for note in notes], meter, division))
    share = _share([note.on_tick for note in notes], meter, 12)
    return Grid(12, share, _share([note.off_tick for note in notes], meter, 12))


def snapped(tick: float, meter: MeterMap, grid: Grid) -> int:
    """The nearest line of the grid; lines are counted from the last change of metre."""
    origin = meter.at(tick).tick
    step = meter.ticks_per_beat / grid.division
    return origin + round(round((tick - origin) / step) * step)


def _share(ticks: Sequence[int], meter: MeterMap, division: int) -> float:
    step = meter.ticks_per_beat / division
    if step < 2.0 and division > 1:
        return 0.0
    # Fine lines stand so close that free playing would lie on them too, were they as wide.
    tolerance = min(max(1.0, 0.01 * meter.ticks_per_beat), step / 8) if step > 8 else 0.51
    origins = [(row.tick) for row in meter.meters]
    single = origins[0] if len(origins) == 1 else None
    on = 0
    for tick in ticks:
        origin = single if single is not None else meter.at(tick).tick
        off = (tick - origin) % step
        on += min(off, step - off) <= tolerance
    return on / len(ticks)
