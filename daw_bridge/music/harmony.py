"""Keys: their names, their scales, and the key a passage is in.

The key is found by correlating how long each pitch class sounds with Temperley's revision of the
Krumhansl-Kessler profiles (D. Temperley, "What's Key for Key?", Music Perception 17, 1999).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from daw_bridge.music.notes import DRUM_CHANNEL, Note

MODES: Final[dict[str, tuple[int, ...]]] = {
    "major": (0, 2, 4, 5, 7, 9, 11),
    # Natural minor and the leading note its cadences need.
    "minor": (0, 2, 3, 5, 7, 8, 10, 11),
    "dorian": (0, 2, 3, 5, 7, 9, 10),
    "phrygian": (0, 1, 3, 5, 7, 8, 10),
    "lydian": (0, 2, 4, 6, 7, 9, 11),
    "mixolydian": (0, 2, 4, 5, 7, 9, 10),
    "locrian": (0, 1, 3, 5, 6, 8, 10),
}
"""Semitones above the tonic that belong to each mode."""

_SHARP_NAMES: Final = ("C", "C#", "D", "D#", "E", "F", "F#", "G", "G#", "A", "A#", "B")
_MAJOR_NAMES: Final = ("C", "Db", "D", "Eb", "E", "F", "F#", "G", "Ab", "A", "Bb", "B")
_MINOR_NAMES: Final = ("C", "C#", "D", "Eb", "E", "F", "F#", "G", "G#", "A", "Bb", "B")
_LETTERS: Final = {"c": 0, "d": 2, "e": 4, "f": 5, "g": 7, "a": 9, "b": 11}
_ACCIDENTALS: Final = {"": 0, "#": 1, "b": -1, "♯": 1, "♭": -1, "##": 2, "bb": -2}
_MODE_WORDS: Final = {
    "": "major",
    "maj": "major",
    "major": "major",
    "ionian": "major",
    "m": "minor",
    "min": "minor",
    "minor": "minor",
    "aeolian": "minor",
    "dor": "dorian",
    "phr": "phrygian",
    "lyd": "lydian",
    "mix": "mixolydian",
    "loc": "locrian",
}
_TONIC: Final = re.compile(r"([A-Ga-g])(##|bb|[#b♯♭]?)")

_MAJOR_PROFILE: Final = (5.0, 2.0, 3.5, 2.0, 4.5, 4.0, 2.0, 4.5, 2.0, 3.5, 1.5, 4.0)
_MINOR_PROFILE: Final = (5.0, 2.0, 3.5, 4.5, 2.0, 4.0, 2.0, 4.5, 3.5, 2.0, 1.5, 4.0)

_FORGOTTEN: Final = 6.0
"""Half-lives after which a note counts no more."""


@dataclass(frozen=True, slots=True)
class Key:
    """A tonic (pitch class, C is 0) and a mode of `MODES`."""

    tonic: int
    mode: str = "major"

    def __post_init__(self) -> None:
        if not 0 <= self.tonic < 12:
            raise ValueError(f"tonic {self.tonic} is outside 0-11")
        if self.mode not in MODES:
            raise ValueError(f"mode {self.mode!r} is none of {', '.join(MODES)}")

    @property
    def name(self) -> str:
        """As a musician writes it: `Bb major`, `F# minor`, `D dorian`."""
        minor_third = 3 in MODES[self.mode]
        return f"{(_MINOR_NAMES if minor_third else _MAJOR_NAMES)[self.tonic]} {self.mode}"

    @property
    def pitch_classes(self) -> frozenset[int]:
        """The pitch classes that belong to the key; minor includes its raised seventh."""
        return frozenset((self.tonic + step) % 12 for step in MODES[self.mode])

    @property
    def signature(self) -> str:
        """The key signature as MIDI files and mido name it: `Bb`, `F#m`; modes take their parallel third's."""
        minor_third = 3 in MODES[self.mode]
        names = _MINOR_NAMES if minor_third else _MAJOR_NAMES
        return names[self.tonic] + ("m" if minor_third else "")


def parse_pitch_class(text: str) -> tuple[int, str]:
    """The pitch class a text begins with, and what follows it. Raises ValueError when it begins with none."""
    found = _TONIC.match(text)
    if not found:
        raise ValueError(f"{text!r} begins with no note name: A to G, with # or b")
    letter, accidental = found.group(1).lower(), found.group(2)
    return (_LETTERS[letter] + _ACCIDENTALS[accidental]) % 12, text[found.end() :]


def parse_key(text: str) -> Key:
    """The key of a name: `D minor`, `F# major`, `Bbm`, `C`, `E dorian`. Raises ValueError saying what is allowed."""
    allowed = 'a key is a note A to G, with # or b, and a mode: "D minor", "F# major", "Bbm", "C", "E dorian"'
    try:
        tonic, rest = parse_pitch_class(text.strip())
    except ValueError:
        raise ValueError(f"{text!r} is no key; {allowed}") from None
    word = rest.strip(" -_")
    if word == "M":
        return Key(tonic, "major")
    mode = _MODE_WORDS.get(word.lower(), word.lower())
    if mode not in MODES:
        raise ValueError(f"{text!r} is no key; {allowed}")
    return Key(tonic, mode)


def pitch_name(pitch: int) -> str:
    """Scientific name of a MIDI pitch; 60 is C4."""
    return f"{_SHARP_NAMES[pitch % 12]}{pitch // 12 - 1}"


def parse_pitch(text: str) -> int:
    """A MIDI pitch from its number or scientific name (`C4` is 60). Raises ValueError saying what is allowed."""
    word = text.strip()
    number = -1
    if word.isdigit():
        number = int(word)
    else:
        found = re.fullmatch(r"([A-Ga-g](?:##|bb|[#b♯♭]?))(-?\d)", word)
        if found:
            letter, accidental = found.group(1)[0].lower(), found.group(1)[1:]
            number = _LETTERS[letter] + _ACCIDENTALS[accidental] + 12 * (int(found.group(2)) + 1)
    if not 0 <= number <= 127:
        raise ValueError(f"{text!r} is no pitch: 0-127, or a name such as C4 (60) or F#3")
    return number


def pitch_class_weights(notes: Iterable[Note]) -> tuple[float, ...]:
    """Seconds that each of the twelve pitch classes sounds, drums left out; very long notes count as two seconds."""
    weights = [0.0] * 12
    for note in notes:
        if note.channel != DRUM_CHANNEL:
            weights[note.pitch % 12] += min(max(note.duration_s, 0.02), 2.0)
    return tuple(weights)


def recent_pitch_classes(notes: Sequence[Note], half_life_s: float) -> tuple[float, ...]:
    """The share of each of the twelve pitch classes; a note counts half for every `half_life_s` before the last one.

    Notes in order of onset; zeros when nothing pitched sounds.
    """
    weights = [0.0] * 12
    for note in reversed(notes):
        half_lives = (notes[-1].onset_s - note.onset_s) / half_life_s
        if half_lives > _FORGOTTEN:
            break
        if note.channel != DRUM_CHANNEL:
            weights[note.pitch % 12] += min(max(note.duration_s, 0.02), 2.0) * 0.5**half_lives
    total = sum(weights)
    return tuple(weight / total for weight in weights) if total > 0.0 else tuple(weights)


def estimate_key(notes: Iterable[Note]) -> Key:
    """The major or minor key that fits best; C major when nothing pitched sounds."""
    return key_scores(pitch_class_weights(notes))[0][0]


def key_profile(key: Key) -> tuple[float, ...]:
    """How much of each pitch class a passage in this key has, by its profile; shares that sum to one."""
    profile = _MINOR_PROFILE if 3 in MODES[key.mode] else _MAJOR_PROFILE
    return tuple(profile[(tone - key.tonic) % 12] / sum(profile) for tone in range(12))


def key_scores(weights: Sequence[float]) -> list[tuple[Key, float]]:
    """All 24 keys with their correlation (-1..1) to twelve pitch-class weights, best first."""
    scored = [
        (Key(tonic, mode), _correlation(weights, profile, tonic))
        for mode, profile in (("major", _MAJOR_PROFILE), ("minor", _MINOR_PROFILE))
        for tonic in range(12)
    ]
    return sorted(scored, key=lambda pair: -pair[1])


def _correlation(weights: Sequence[float], profile: Sequence[float], tonic: int) -> float:
    mean_w, mean_p = sum(weights) / 12, sum(profile) / 12
    covariance = var_w = var_p = 0.0
    for step in range(12):
        w, p = weights[(tonic + step) % 12] - mean_w, profile[step] - mean_p
        covariance += w * p
        var_w += w * w
        var_p += p * p
    return covariance / (var_w * var_p) ** 0.5 if var_w > 0.0 else 0.0
