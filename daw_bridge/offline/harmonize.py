"""Chords under a melody: the progressions that theory allows, chosen among by the model where it can judge.

A hidden Markov model over the chords of the key, a bar each, proposes several progressions (Viterbi, as in MySong by
Simon, Morris and Basu, CHI 2008, with rules in place of its trained tables); the model's likelihood of melody and
chords together picks one.
"""

from __future__ import annotations

import heapq
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from daw_bridge.engine.continuation import Continuer
from daw_bridge.music.chords import QUALITIES, Chord
from daw_bridge.music.harmony import Key
from daw_bridge.music.notes import Note
from daw_bridge.offline.drawing import nats_of

PROPOSALS: Final = 6
_MAJOR_CHORDS: Final = ((0, ""), (2, "m"), (4, "m"), (5, ""), (7, ""), (9, "m"), (7, "7"), (2, "7"), (10, ""))
_MINOR_CHORDS: Final = ((0, "m"), (3, ""), (5, "m"), (7, ""), (8, ""), (10, ""), (7, "7"), (2, "m7b5"), (7, "m"))
_PRIOR: Final = (0.0, -0.7, -1.1, -0.2, -0.3, -0.4, -0.6, -2.0, -1.8)
_MINOR_PRIOR: Final = (0.0, -0.6, -0.3, -0.4, -0.4, -0.6, -0.6, -1.4, -1.2)
_ROOT_MOVES: Final = {0: -0.9, 5: 0.5, 7: 0.2, 2: 0.0, 10: 0.0, 9: 0.1, 3: -0.2, 4: -0.2, 8: -0.3}
"""How well the root moves, by semitones upwards: falling fifths (5 up) lead on best, staying put says little."""
_BASS_CENTRE: Final = 43
_VOICE_LOW, _VOICE_HIGH = 52, 67


@dataclass(frozen=True, slots=True)
class Bar:
    """One bar of melody: where it lies in seconds and what sounds in it."""

    start_s: float
    end_s: float
    notes: tuple[Note, ...]


@dataclass(frozen=True, slots=True)
class Harmony:
    """A chord for every bar, the notes that play them, and what the model says of them (None: it cannot)."""

    chords: tuple[Chord, ...]
    notes: tuple[Note, ...]
    nats_per_note: float | None


def harmonized(continuer: Continuer, bars: Sequence[Bar], key: Key, *, velocity: int = 64) -> Harmony:
    """The best of several progressions under the melody, voiced."""
    melody = tuple(note for bar in bars for note in bar.notes)
    ceiling = min((note.pitch for note in melody), default=_VOICE_HIGH + 1)
    found = []
    for progression in progressions(bars, key, PROPOSALS):
        notes = voiced(bars, progression, ceiling, velocity)
        together = tuple(sorted((*melody, *notes)))
        nats = nats_of(continuer, (), together, drums=False)
        found.append(Harmony(tuple(progression), tuple(notes), sum(nats) / len(nats) if nats else None))
    judged = [harmony for harmony in found if harmony.nats_per_note is not None]
    return min(judged, key=lambda harmony: harmony.nats_per_note or 0.0) if judged else found[0]


def progressions(bars: Sequence[Bar], key: Key, count: int) -> list[list[Chord]]:
    """The `count` best progressions, best first: a chord a bar that fits its notes, moves well and comes home."""
    palette, prior = _palette(key)
    best: list[list[tuple[float, tuple[int, ...]]]] = []
    for number, bar in enumerate(bars):
        row: list[list[tuple[float, tuple[int, ...]]]] = []
        for index, chord in enumerate(palette):
            here = _fit(chord, bar) + prior[index] * 0.5
            if number in (0, len(bars) - 1):
                here += 1.2 if chord.root == key.tonic else -0.4
            if number == 0:
                row.append([(here, (index,))])
                continue
            arrivals = (
                (score + here + _move(palette[path[-1]], chord), (*path, index))
                for paths in best
                for score, path in paths
            )
            row.append(heapq.nlargest(count, arrivals))
        best = row
    ranked = heapq.nlargest(count, (entry for paths in best for entry in paths))
    return [[palette[index] for index in path] for _, path in ranked]


def voiced(bars: Sequence[Bar], chords: Sequence[Chord], ceiling: int, velocity: int) -> list[Note]:
    """Bass and upper voices for every bar, each voice going to the nearest tone of the next chord, below the melody."""
    top = max(min(_VOICE_HIGH, ceiling - 1), _VOICE_LOW + 12)
    notes: list[Note] = []
    before: tuple[int, ...] = ()
    for bar, chord in zip(bars, chords, strict=True):
        length_s = bar.end_s - bar.start_s
        bass = _nearest(chord.bass_class, _BASS_CENTRE)
        before = _upper_voices(chord, before, top)
        for pitch in (bass, *before):
            notes.append(Note(bar.start_s, pitch, 0.96 * length_s, velocity))
    return notes


def _palette(key: Key) -> tuple[list[Chord], tuple[float, ...]]:
    minor = 3 in {(tone - key.tonic) % 12 for tone in key.pitch_classes}
    shapes, prior = (_MINOR_CHORDS, _MINOR_PRIOR) if minor else (_MAJOR_CHORDS, _PRIOR)
    return [Chord((key.tonic + step) % 12, quality) for step, quality in shapes], prior


def _fit(chord: Chord, bar: Bar) -> float:
    """How much of the bar's sounding time belongs to the chord, long and early notes weighing more."""
    inside = total = 0.0
    for note in bar.notes:
        length_s = min(note.end_s, bar.end_s) - note.onset_s
        weight = max(length_s, 0.0) * (1.4 if note.onset_s - bar.start_s < 0.02 else 1.0)
        total += weight
        inside += weight * (note.pitch % 12 in chord.pitch_classes)
    return 3.0 * inside / total if total > 0.0 else 0.0


def _move(chord: Chord, to: Chord) -> float:
    dominant_resolves = 0.4 if chord.quality == "7" and (to.root - chord.root) % 12 == 5 else 0.0
    return _ROOT_MOVES.get((to.root - chord.root) % 12, -0.6) + dominant_resolves


def _upper_voices(chord: Chord, before: tuple[int, ...], top: int) -> tuple[int, ...]:
    tones = [(chord.root + step) % 12 for step in QUALITIES[chord.quality]][-3:]
    choices = [[pitch for pitch in range(_VOICE_LOW, top + 1) if pitch % 12 == tone] for tone in tones]
    shapes = [
        tuple(sorted((one, two, three)))
        for one in choices[0]
        for two in choices[1]
        for three in choices[2]
        if max(one, two, three) - min(one, two, three) <= 14
    ]
    centre = (_VOICE_LOW + top) / 2
    if not before:
        return min(shapes, key=lambda shape: abs(sum(shape) / 3 - centre))
    return min(
        shapes,
        key=lambda shape: (
            sum(abs(a - b) for a, b in zip(shape, before, strict=True)) + 0.2 * abs(sum(shape) / 3 - centre)
        ),
    )


def _nearest(pitch_class: int, centre: int) -> int:
    return min(
        (pitch for pitch in range(centre - 6, centre + 6) if pitch % 12 == pitch_class), key=lambda p: abs(p - centre)
    )
