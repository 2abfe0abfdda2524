"""Ways of playing a line of chords: held, strummed, broken, as arpeggios, pushed ahead of the beat."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from daw_bridge.music.notes import Note
from daw_bridge.offline.harmonize import Bar

HELD: Final = "held"
TEXTURES: Final = (HELD, "strummed", "broken", "arpeggio", "pushed")

_BASS_LOUDER: Final = 6
_OFFBEAT_SOFTER: Final = -8
_LEGATO: Final = 0.95
_SHORT: Final = 0.8

_Stroke = tuple[int, int, tuple[int, ...]]
"""Onset and length in eighths of the bar, and which voices: 0 the bass, 1 to 3 the upper ones."""


def textured(bars: Sequence[Bar], voicings: Sequence[Sequence[Note]], texture: str, beats: int) -> list[Note]:
    """The chords of `voicings` (bass and three voices a bar, as long as the bar) played as `texture` says.

    `beats` are the quarters of a bar. The last bar is held: a piece ends there.
    """
    notes = []
    for number, (bar, chord) in enumerate(zip(bars, voicings, strict=True)):
        strokes = _strokes(HELD if number == len(bars) - 1 else texture, 2 * beats)
        eighth_s = (bar.end_s - bar.start_s) / (2 * beats)
        for at, length, members in strokes:
            for voice in members:
                tone = chord[voice]
                change = (_BASS_LOUDER if voice == 0 else 0) + (_OFFBEAT_SOFTER if at % 2 else 0)
                share = _LEGATO if length > 1 or texture in ("broken", "arpeggio") else _SHORT
                velocity = min(max(tone.velocity + change, 1), 127)
                notes.append(Note(bar.start_s + at * eighth_s, tone.pitch, share * length * eighth_s, velocity))
    return sorted(notes)


def _strokes(texture: str, eighths: int) -> list[_Stroke]:
    upper = (1, 2, 3)
    half = (eighths // 4) * 2 if eighths > 4 else eighths
    match texture:
        case "strummed":
            bass = [(at, min(half, eighths - at), (0,)) for at in range(0, eighths, half)]
            return [*bass, *((at, 1 if eighths > 4 else 2, upper) for at in range(2, eighths, 2))]
        case "broken":
            figure = (1, 3, 2, 3)
            return [(0, eighths, (0,)), *((at, 1, (figure[at % 4],)) for at in range(eighths))]
        case "arpeggio":
            wave = (0, 1, 2, 3, 2, 1) if eighths % 6 == 0 else (0, 1, 2, 3)
            return [(at, min(2, eighths - at), (wave[at % len(wave)],)) for at in range(eighths)]
        case "pushed":
            hits = [at for at in (0, 3, 6) if at < eighths] + ([7] if eighths == 8 else [])
            ends = [*hits[1:], eighths]
            chords = [(at, end - at, upper) for at, end in zip(hits, ends, strict=True)]
            return [*((at, min(half, eighths - at), (0,)) for at in range(0, eighths, half)), *chords]
        case _:
            return [(0, eighths, (0, *upper))]
