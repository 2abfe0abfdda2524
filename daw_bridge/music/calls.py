"""Short phrases to call with, for demonstrations and measurements: two public-domain melodies and two of our own."""

from __future__ import annotations

from typing import Final

from daw_bridge.music.notes import Note
from daw_bridge.music.phrase import Phrase

_DETACHED: Final = 0.92
"""How much of its written length a note is held."""

Line = tuple[tuple[float, float, int, int], ...]
"""Onset and length in beats, pitch, velocity."""


def _phrase(tempo_bpm: float, line: Line) -> Phrase:
    beat_s = 60.0 / tempo_bpm
    return Phrase.of(
        Note(onset * beat_s, pitch, length * beat_s * _DETACHED, velocity) for onset, length, pitch, velocity in line
    )


def _melody(pitches: tuple[tuple[int, float], ...], accents: tuple[int, ...] = (88, 72, 80, 70)) -> Line:
    """A line of (pitch, beats), accented by its place in a bar of four; pitch 0 is a rest."""
    at = 0.0
    line: list[tuple[float, float, int, int]] = []
    for pitch, beats in pitches:
        if pitch:
            line.append((at, beats, pitch, accents[int(at) % len(accents)]))
        at += beats
    return tuple(line)


def _chord(at: float, beats: float, pitches: tuple[int, ...], velocity: int) -> Line:
    return tuple((at, beats, pitch, velocity) for pitch in pitches)


_ODE: Final = _melody(
    (
        (64, 1), (64, 1), (65, 1), (67, 1), (67, 1), (65, 1), (64, 1), (62, 1),
        (60, 1), (60, 1), (62, 1), (64, 1), (64, 1.5), (62, 0.5), (62, 2),
    )
)  # fmt: skip

_GREENSLEEVES: Final = _melody(
    (
        (69, 1), (72, 2), (74, 1), (76, 1.5), (77, 0.5), (76, 1),
        (74, 2), (71, 1), (67, 1.5), (69, 0.5), (71, 1), (72, 2), (69, 1), (69, 1.5), (68, 0.5), (69, 1), (71, 2),
    ),
    (78, 74, 90),
)  # fmt: skip

_BLUES: Final[Line] = (
    *_melody(
        (
            (0, 0.5), (67, 0.5), (70, 0.67), (71, 0.33), (72, 1), (75, 0.67), (74, 0.33), (72, 0.67), (70, 0.33),
            (67, 1.5), (65, 0.5), (66, 0.67), (65, 0.33), (63, 0.67), (60, 1.33),
        ),
        (92, 78, 84, 80),
    ),
    *_chord(0, 1.5, (48, 58, 64), 62),
    *_chord(4, 1.5, (53, 57, 63), 62),
)  # fmt: skip

_EVENING: Final[Line] = (
    *_melody(((76, 1.5), (74, 0.5), (72, 1), (71, 1), (69, 2), (72, 1), (76, 1), (74, 3), (71, 1)), (84, 66, 74, 68)),
    *_chord(0, 3.8, (45, 52, 60), 56),
    *_chord(4, 3.8, (41, 53, 57), 54),
    *_chord(8, 3.8, (43, 50, 59), 56),
)

CALLS: Final[dict[str, Phrase]] = {
    "ode": _phrase(132.0, _ODE),
    "greensleeves": _phrase(150.0, _GREENSLEEVES),
    "blues": _phrase(104.0, _BLUES),
    "evening": _phrase(96.0, _EVENING),
}
"""By name: Beethoven's Ode to Joy, Greensleeves (traditional), and two phrases of our own."""
