"""What gives the beat: our own clock, the DAW's, or a Link session."""

from __future__ import annotations

from typing import Protocol


class BeatSource(Protocol):
    """Positions on a time line, in beats from the start of the song. `breaks` counts its starts, stops and jumps."""

    @property
    def breaks(self) -> int:
        """Changes whenever positions before and after do not belong together."""
        ...

    @property
    def rolling(self) -> bool:
        """Whether beats pass."""
        ...

    @property
    def locked(self) -> bool:
        """Whether the beat can be trusted."""
        ...

    @property
    def tempo_bpm(self) -> float | None:
        """Beats in a minute, None until it is known."""
        ...

    @property
    def deadline_s(self) -> float | None:
        """When the source must be looked after although nothing has come in."""
        ...

    def beat_at(self, moment_s: float) -> float:
        """The position at a moment, in beats."""
        ...

    def time_of(self, beat: float) -> float:
        """The moment of a beat, while rolling."""
        ...

    def advance(self, now_s: float) -> list[str]:
        """Time has passed; returns what the player should know."""
        ...
