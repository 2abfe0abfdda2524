"""A note as a musician means it: when, which, how long, how hard."""

from __future__ import annotations

from dataclasses import dataclass, replace

PITCHES = 128
MAX_VELOCITY = 127
CHANNELS = 16
DRUM_CHANNEL = 9
"""General MIDI channel 10, counted from zero."""


@dataclass(frozen=True, slots=True, order=True)
class Note:
    """One note; `onset_s` and `duration_s` in seconds from an origin its owner states.

    Raises ValueError when a field is outside MIDI's range or a time is not finite.
    """

    onset_s: float
    pitch: int
    duration_s: float
    velocity: int
    channel: int = 0

    def __post_init__(self) -> None:
        if not 0 <= self.pitch < PITCHES:
            raise ValueError(f"pitch {self.pitch} is outside 0-127")
        if not 1 <= self.velocity <= MAX_VELOCITY:
            raise ValueError(f"velocity {self.velocity} is outside 1-127")
        if not 0 <= self.channel < CHANNELS:
            raise ValueError(f"channel {self.channel} is outside 0-15")
        if not 0.0 <= self.duration_s < float("inf"):
            raise ValueError(f"duration {self.duration_s} s is not a finite time >= 0")
        if not abs(self.onset_s) < float("inf"):
            raise ValueError(f"onset {self.onset_s} s is not finite")

    @property
    def end_s(self) -> float:
        """The moment of the note-off."""
        return self.onset_s + self.duration_s

    def shifted(self, by_s: float) -> Note:
        """The same note `by_s` seconds later."""
        return replace(self, onset_s=self.onset_s + by_s)
