"""Chords: their names, and which chord a handful of notes is.

The finder compares how long each pitch class sounds with every chord's tones, the bass counted once more.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from daw_bridge.music.harmony import Key, parse_pitch_class
from daw_bridge.music.notes import DRUM_CHANNEL, Note

QUALITIES: Final[dict[str, tuple[int, ...]]] = {
    "": (0, 4, 7),
    "m": (0, 3, 7),
    "7": (0, 4, 7, 10),
    "maj7": (0, 4, 7, 11),
    "m7": (0, 3, 7, 10),
    "dim": (0, 3, 6),
    "m7b5": (0, 3, 6, 10),
    "dim7": (0, 3, 6, 9),
    "aug": (0, 4, 8),
    "sus4": (0, 5, 7),
    "sus2": (0, 2, 7),
    "6": (0, 4, 7, 9),
    "m6": (0, 3, 7, 9),
    "9": (0, 4, 7, 10, 2),
    "maj9": (0, 4, 7, 11, 2),
    "m9": (0, 3, 7, 10, 2),
    "add9": (0, 4, 7, 2),
    "mMaj7": (0, 3, 7, 11),
    "7sus4": (0, 5, 7, 10),
    "5": (0, 7),
}
"""Semitones above the root, by the suffix of the chord's name."""

_OTHER_SUFFIXES: Final = {
    "maj": "",
    "M": "",
    "major": "",
    "min": "m",
    "minor": "m",
    "-": "m",
    "M7": "maj7",
    "Maj7": "maj7",
    "^7": "maj7",
    "^": "maj7",
    "min7": "m7",
    "-7": "m7",
    "o": "dim",
    "°": "dim",
    "o7": "dim7",
    "°7": "dim7",
    "ø": "m7b5",
    "ø7": "m7b5",
    "h7": "m7b5",
    "+": "aug",
    "sus": "sus4",
    "dom7": "7",
}
_FOUND: Final = ("", "m", "7", "m7", "maj7", "dim", "aug", "sus4", "m7b5")
_SIZE_COST: Final = 0.06
"""A fourth tone has to earn its place: plain triads are what most bars are."""
_FLAT_NAMES: Final = ("C", "Db", "D", "Eb", "E", "F", "Gb", "G", "Ab", "A", "Bb", "B")
_SHARP_NAMES: Final = ("C", "C#", "D", "D#", "E", "F", "F#", "G", "G#", "A", "A#", "B")
_FLAT_KEYS: Final = frozenset({5, 10, 3, 8, 1})


@dataclass(frozen=True, slots=True)
class Chord:
    """A root (pitch class), a quality of `QUALITIES`, and the bass when it is not the root (-1: it is)."""

    root: int
    quality: str = ""
    bass: int = -1

    @property
    def pitch_classes(self) -> frozenset[int]:
        """Its tones, the bass included."""
        tones = {(self.root + step) % 12 for step in QUALITIES[self.quality]}
        return frozenset(tones | ({self.bass} if self.bass >= 0 else set()))

    @property
    def bass_class(self) -> int:
        """The pitch class in the bass."""
        return self.root if self.bass < 0 else self.bass

    def name_in(self, key: Key | None = None) -> str:
        """The chord's name, spelt with flats in flat keys."""
        names = _FLAT_NAMES if key is None or _is_flat(key) else _SHARP_NAMES
        return names[self.root] + self.quality + (f"/{names[self.bass]}" if self.bass >= 0 else "")


def parse_chord(text: str) -> Chord:
    """The chord of a symbol: `Am`, `F#m7b5`, `C/E`, `Bbmaj7`. Raises ValueError saying what is known."""
    symbol, _, bass_text = text.strip().partition("/")
    try:
        root, suffix = parse_pitch_class(symbol)
        bass, left = parse_pitch_class(bass_text) if bass_text else (-1, "")
    except ValueError:
        raise ValueError(f"{text!r} is no chord; a chord is written like Am, F#m7, Bbmaj7 or C/E") from None
    if left:
        raise ValueError(f"{text!r} is no chord: {left!r} after the bass note")
    if symbol[0].islower():
        raise ValueError(f"{text!r} is no chord: its root is a capital letter, minor is {symbol[0].upper()}m")
    quality = suffix if suffix in QUALITIES else _OTHER_SUFFIXES.get(suffix)
    if quality is None:
        known = " ".join(name for name in QUALITIES if name)
        raise ValueError(f"{text!r} is no chord we know; after the root may follow: {known}")
    return Chord(root, quality, -1 if bass == root else bass)


def parse_chord_line(text: str) -> list[Chord]:
    """Chords separated by spaces, commas or bar lines; `%` repeats the one before. Raises ValueError."""
    chords: list[Chord] = []
    for word in re.split(r"[\s,|]+", text.strip(" |,\t\n")):
        if word in ("%", "-") and chords:
            chords.append(chords[-1])
        elif word:
            chords.append(parse_chord(word))
    if not chords:
        raise ValueError("the chord line is empty; write one like: Am F C G")
    return chords


def find_chord(notes: Iterable[Note], start_s: float, end_s: float) -> Chord | None:
    """The chord that sounds between two moments, None when too little does."""
    weights, lowest = chord_weights(notes, start_s, end_s)
    total = sum(weights)
    if sum(weight > 0.04 * total for weight in weights) < 2:
        return None
    return max(
        (Chord(root, quality) for root in range(12) for quality in _FOUND),
        key=lambda chord: _fit(chord, weights, total, lowest),
    )


def chord_weights(notes: Iterable[Note], start_s: float, end_s: float) -> tuple[list[float], int]:
    """Seconds that each pitch class sounds between two moments, and the class of the lowest note (-1: none)."""
    weights = [0.0] * 12
    lowest = 128
    for note in notes:
        inside = min(note.end_s, end_s) - max(note.onset_s, start_s)
        if inside <= 0.0 or note.channel == DRUM_CHANNEL:
            continue
        weights[note.pitch % 12] += inside
        if inside > 0.15 * (end_s - start_s):
            lowest = min(lowest, note.pitch)
    return weights, lowest % 12 if lowest < 128 else -1


def _fit(chord: Chord, weights: Sequence[float], total: float, lowest: int) -> float:
    tones = [(chord.root + step) % 12 for step in QUALITIES[chord.quality]]
    inside = sum(weights[tone] for tone in tones)
    missing = sum(weights[tone] < 0.02 * total for tone in tones)
    score = (inside - (total - inside)) / total - 0.18 * missing - _SIZE_COST * (len(tones) - 3)
    score += 0.12 * (weights[chord.root] / total)
    if lowest >= 0:
        score += 0.2 if lowest == chord.root else (0.0 if lowest in tones else -0.1)
    return score - (0.05 if chord.quality in ("aug", "sus4", "m7b5") else 0.0)


def _is_flat(key: Key) -> bool:
    major_tonic = (key.tonic + 3) % 12 if key.mode == "minor" else key.tonic
    return major_tonic in _FLAT_KEYS
