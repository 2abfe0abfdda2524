"""The bins of a note's parts, from a plain spec that travels with every model file."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass

from daw_bridge.errors import UsageError

PARTS = ("onset", "pitch", "duration", "velocity")
"""The parts of a note in the order in which a model decides them."""


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """Times are counted in cells of the reference grid; bins are cells, wider from `fine_cells` on.

    The last time bin is the single cell `max_cells`, to which longer times are clipped. Pitches and
    velocities are their own bins (velocity 0 is never used). Raises ValueError for a spec that does not tile.
    """

    cell_s: float = 0.01
    max_cells: int = 1000
    fine_cells: int = 400
    coarse_cells: int = 4
    pitches: int = 128
    velocities: int = 128

    def __post_init__(self) -> None:
        if not 0 < self.fine_cells <= self.max_cells or self.coarse_cells < 1 or self.cell_s <= 0:
            raise ValueError("vocabulary sizes must be positive and fine_cells at most max_cells")
        if (self.max_cells - self.fine_cells) % self.coarse_cells:
            raise ValueError("coarse bins must tile the range from fine_cells to max_cells")

    @property
    def time_bins(self) -> int:
        """How many bins a time has."""
        return self.fine_cells + (self.max_cells - self.fine_cells) // self.coarse_cells + 1

    def cells(self, seconds: float) -> int:
        """The cell of a time in seconds, clipped to the grid."""
        return min(max(round(seconds / self.cell_s), 0), self.max_cells)

    def seconds(self, cells: int) -> float:
        """The time of a cell in seconds."""
        return cells * self.cell_s

    def bin_of_cells(self, cells: int) -> int:
        """The bin that holds a cell; cells outside 0..max_cells are clipped."""
        clipped = min(max(cells, 0), self.max_cells)
        if clipped < self.fine_cells:
            return clipped
        return self.fine_cells + (clipped - self.fine_cells) // self.coarse_cells

    def first_cell_of_bin(self, time_bin: int) -> int:
        """The lowest cell of a bin."""
        if time_bin < self.fine_cells:
            return time_bin
        return self.fine_cells + (time_bin - self.fine_cells) * self.coarse_cells

    def width_of_bin(self, time_bin: int) -> int:
        """How many cells of the reference grid a bin covers; its log is what a likelihood is charged."""
        return 1 if time_bin < self.fine_cells or time_bin == self.time_bins - 1 else self.coarse_cells

    def as_spec(self) -> dict[str, float | int]:
        """The spec as plain values, ready for JSON."""
        return asdict(self)

    @classmethod
    def from_spec(cls, spec: Mapping[str, object], *, where: str | None = None) -> Vocabulary:
        """The vocabulary of a spec. Raises UsageError, naming `where`, for one this version cannot read."""
        try:
            return cls(**spec)  # type: ignore[arg-type]  # checked by the dataclass and the comparison below
        except (TypeError, ValueError) as error:
            raise UsageError(f"vocabulary not understood ({error})", where=where) from error
