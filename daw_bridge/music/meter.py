"""Beats, seconds and bars at one tempo: bare functions.

A beat is a quarter note; bars and beats count from zero.
"""

from __future__ import annotations

import math
from typing import Final

PULSES_PER_BEAT: Final = 24
"""MIDI clock."""
SIXTEENTHS_PER_BEAT: Final = 4
"""MIDI song position."""

_ROUNDING_BEATS: Final = 1e-9


def beat_s(tempo_bpm: float) -> float:
    """Seconds in a beat."""
    return 60.0 / tempo_bpm


def beats_to_s(beats: float, tempo_bpm: float) -> float:
    """Seconds that many beats take."""
    return beats * 60.0 / tempo_bpm


def s_to_beats(seconds: float, tempo_bpm: float) -> float:
    """Beats in that many seconds."""
    return seconds * tempo_bpm / 60.0


def bar_at(beat: float, beats_per_bar: int) -> int:
    """The bar a beat lies in; a bar line belongs to the bar it opens."""
    return math.floor((beat + _ROUNDING_BEATS) / beats_per_bar)


def bar_start(bar: int, beats_per_bar: int) -> float:
    """The beat of a bar line."""
    return float(bar * beats_per_bar)


def next_line(beat: float, spacing_beats: float) -> float:
    """The first line of a grid of `spacing_beats` at or after `beat`."""
    return math.ceil((beat - _ROUNDING_BEATS) / spacing_beats) * spacing_beats


def nearest_line(beat: float, spacing_beats: float) -> float:
    """The line of a grid of `spacing_beats` that is nearest to `beat`."""
    return math.floor(beat / spacing_beats + 0.5) * spacing_beats
