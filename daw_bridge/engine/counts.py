"""What has happened since the start, for screens and measurements."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(slots=True)
class Counts:
    """Each counts upwards only."""

    answers: int = 0
    """Calls that were answered."""
    from_memory: int = 0
    """Answers, or parts of them, that the phrase memory gave."""
    prepared_used: int = 0
    """Answers that were prepared before the call was over, and used."""
    prepared_dropped: int = 0
    """... and those that nobody heard."""
    misses: int = 0
    """Times that the model was not there in time."""
