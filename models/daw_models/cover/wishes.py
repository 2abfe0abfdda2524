"""From what is heard to what is wished: every link is a row of a table, and can be said in words.

A figure of the piece is placed among the pieces of `reference.json` (which says how it was measured). The places are
added up to a score for each attribute of the picture, and the score is placed among the scores of the same pieces, so
that the wishes of many pieces spread over all that the painter can do.
"""

from __future__ import annotations

import json
from bisect import bisect_left, bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Final

from daw_models.art.attributes import ATTRIBUTES
from daw_models.art.wish import SETS, Wish
from daw_models.cover.hearing import FEATURES, Heard

REFERENCE: Final = Path(__file__).parent / "reference.json"
_NARROWEST, _WIDEST = 0.04, 0.96
"""The painter has seen little beyond these percentiles."""
_PALEST: Final[Mapping[str, float]] = {"contrast": 0.22, "saturation": 0.25, "colourfulness": 0.15}
"""Of these even the quietest piece gets as much: a cover has to be seen from afar."""
_GAUDIEST: Final[Mapping[str, float]] = {"saturation": 0.80, "colourfulness": 0.85}
"""And of these the loudest gets no more."""
_HUES: Final = (0.30, 0.70)
"""The hues that paintings have; beyond lie those of a few strange plates."""

LINKS: Final[Mapping[str, Mapping[str, float]]] = {
    "brightness": {"mode": 0.45, "register": 0.45, "tempo": 0.25, "voices": -0.2},
    "contrast": {"dynamics": 0.45, "loudness": 0.3, "compass": 0.3},
    "saturation": {"loudness": 0.35, "density": 0.35, "mode": 0.25},
    "colourfulness": {"harmony": 0.6, "voices": 0.25, "sections": 0.25},
    "warmth": {"mode": 0.6, "tempo": 0.3, "register": -0.25},
    "edge_density": {"density": 0.5, "legato": -0.35, "voices": 0.25},
    "top_minus_bottom": {"rise": 0.55, "register": 0.35, "mode": 0.15},
}
"""Attribute -> the figures that decide it and their weight; the hue comes from the tonic."""

SET_LINKS: Final[Mapping[str, Mapping[str, float]]] = {
    "landscape": {"legato": 0.5, "compass": 0.4, "sections": 0.3, "density": -0.3},
    "townscape": {"voices": 0.5, "density": 0.5, "likeness": -0.2, "legato": -0.2},
    "botanical": {"voices": -0.5, "compass": -0.25, "register": 0.25},
    "radiolaria": {"likeness": 0.6, "harmony": -0.4, "legato": -0.3},
}
_SET_EASE: Final[Mapping[str, float]] = {"landscape": 0.16, "townscape": 0.05, "botanical": -0.10, "radiolaria": -0.18}
"""What a set starts with: paintings are chosen more often than plates."""
_CHANCE: Final = 0.7
"""How far the hash of the notes moves the choice of the set, so that like pieces are not all of one kind."""

_FEATURE_WORDS: Final[Mapping[str, tuple[str, str]]] = {
    "mode": ("minor", "major"),
    "tempo": ("slow", "fast"),
    "density": ("sparse", "dense"),
    "register": ("low", "high"),
    "compass": ("narrow in compass", "wide in compass"),
    "loudness": ("soft", "loud"),
    "dynamics": ("even in touch", "of changing touch"),
    "harmony": ("plain in harmony", "rich in harmony"),
    "legato": ("detached", "legato"),
    "voices": ("thin in texture", "full in texture"),
    "rise": ("sinking towards the end", "rising towards the end"),
    "sections": ("of one piece", "of many sections"),
    "likeness": ("ever changing", "returning to itself"),
}
_COMPARED: Final[Mapping[str, tuple[str, str]]] = {
    "tempo": ("slower", "faster"),
    "density": ("sparser", "denser"),
    "register": ("lower", "higher"),
    "compass": ("narrower in compass", "wider in compass"),
    "loudness": ("softer", "louder"),
    "dynamics": ("more even in touch", "more changing in touch"),
    "harmony": ("plainer in harmony", "richer in harmony"),
    "legato": ("more detached", "more legato"),
    "voices": ("thinner in texture", "fuller in texture"),
    "rise": ("sinking more", "rising more"),
    "sections": ("in fewer sections", "in more sections"),
    "likeness": ("changing more", "returning more"),
}
_ATTRIBUTE_WORDS: Final[Mapping[str, tuple[str, str, str]]] = {
    "brightness": ("dark", "half lit", "light"),
    "contrast": ("low in contrast", "of middle contrast", "high in contrast"),
    "saturation": ("muted", "of moderate colour", "saturated"),
    "colourfulness": ("of few colours", "of some colours", "of many colours"),
    "warmth": ("cool", "neither cool nor warm", "warm"),
    "hue": ("hues at the beginning of the set's circle", "hues at its middle", "hues at its end"),
    "edge_density": ("calm in line", "of moderate detail", "full of edges"),
    "top_minus_bottom": ("light from below", "evenly lit", "light from above"),
}


@dataclass(frozen=True, slots=True)
class Chosen:
    """A wish with its reasons: a line for each figure of the piece and for each attribute of the picture."""

    wish: Wish
    seed: int
    heard: tuple[str, ...]
    reasons: tuple[str, ...]
    percentiles: Mapping[str, float]


@cache
def reference() -> Mapping[str, Sequence[float]]:
    """Quantiles of the figures (by name) and of the scores (`score:` and the attribute's name), evenly spaced."""
    quantiles: dict[str, list[float]] = json.loads(REFERENCE.read_text(encoding="utf-8"))["quantiles"]
    return quantiles


def percentile(name: str, value: float) -> float:
    """The share of the reference pieces that lie below a value, 0..1; ties count half."""
    quantiles = reference()[name]
    last = len(quantiles) - 1
    low, high = bisect_left(quantiles, value), bisect_right(quantiles, value)
    if low < high:
        return (low + high - 1) / 2.0 / last
    if low == 0 or low > last:
        return 0.0 if low == 0 else 1.0
    below, above = quantiles[low - 1], quantiles[low]
    return (low - 1 + (value - below) / (above - below)) / last


def places(heard: Heard) -> dict[str, float]:
    """The percentile of every figure."""
    return {name: percentile(name, heard[name]) for name in FEATURES}


def score(links: Mapping[str, float], at: Mapping[str, float]) -> float:
    """The weighted sum of the places, the middle being nothing."""
    return sum(weight * (at[name] - 0.5) for name, weight in links.items())


def choose(heard: Heard, *, set_name: str | None = None) -> Chosen:
    """The wish for a piece. `set_name` fixes the set of pictures. Deterministic: figures and hash of the notes."""
    at = places(heard)
    values = []
    for attribute in ATTRIBUTES:
        value = _hue(heard) if attribute == "hue" else percentile(f"score:{attribute}", score(LINKS[attribute], at))
        least, most = _PALEST.get(attribute, 0.0), _GAUDIEST.get(attribute, 1.0)
        values.append(_inside(least + (most - least) * value))
    picked = set_name or _set(heard, at)
    wish = Wish(picked, tuple(values))
    return Chosen(wish, heard.seed, tuple(_said(heard, at)), tuple(_reasons(heard, at, wish, set_name)), at)


def moved(wish: Wish, offsets: Mapping[str, float]) -> Wish:
    """The wish with attributes moved by so many percentiles (-1..1), held inside what the painter knows."""
    values = [
        _inside(value + offsets.get(name, 0.0)) if name in offsets else value
        for name, value in zip(ATTRIBUTES, wish.attributes, strict=True)
    ]
    return replace(wish, attributes=tuple(values))


def blended(one: Wish, other: Wish, share: float) -> Wish:
    """The wish between two, `share` of the way to the other; the set is that of the nearer one."""
    values = tuple((1.0 - share) * a + share * b for a, b in zip(one.attributes, other.attributes, strict=True))
    return Wish(one.set_name if share < 0.5 else other.set_name, values)


def described(wish: Wish) -> str:
    """The strongest traits of a wish in words, for people."""
    traits = sorted(
        ((abs(value - 0.5), name, value) for name, value in zip(ATTRIBUTES, wish.attributes, strict=True)), reverse=True
    )
    return ", ".join(_word(name, value) for _, name, value in traits if name != "hue")


def _inside(value: float) -> float:
    return min(max(value, _NARROWEST), _WIDEST)


def _hue(heard: Heard) -> float:
    """The tonic's place on the circle of fifths, a minor key standing with its relative major, moved by the hash."""
    if heard.key is None:
        place = (heard.seed >> 8) % 997 / 996.0
    else:
        tonic = heard.key.tonic + (3 if heard.key.mode == "minor" else 0)
        place = ((tonic * 7) % 12 + (heard.seed >> 8) % 97 / 96.0) / 12.0
    return _HUES[0] + (_HUES[1] - _HUES[0]) * place


def _set(heard: Heard, at: Mapping[str, float]) -> str:
    def ease(name: str) -> float:
        chance = (heard.seed >> (16 + 8 * SETS.index(name))) % 251 / 250.0
        return score(SET_LINKS[name], at) + _SET_EASE[name] + _CHANCE * (chance - 0.5)

    return max(SETS, key=ease)


def _said(heard: Heard, at: Mapping[str, float]) -> list[str]:
    key = heard.key.name if heard.key else "no key (drums)"
    minutes, seconds = divmod(round(heard.seconds), 60)
    lines = [f"{key}, {minutes}:{seconds:02d}, {heard.notes} notes"]
    shown = {
        "tempo": f"{heard['tempo']:.0f} bpm",
        "density": f"{heard['density']:.1f} onsets a second",
        "register": f"mean pitch {heard['register']:.0f}",
        "compass": f"spread of {heard['compass']:.1f} semitones",
        "loudness": f"mean velocity {heard['loudness']:.0f}",
        "dynamics": f"velocities spread by {heard['dynamics']:.0f}",
        "harmony": f"{heard['harmony']:.2f} bits of pitch classes",
        "legato": f"notes last {heard['legato']:.0%} of the way to the next",
        "voices": f"{heard['voices']:.1f} notes together",
        "rise": f"second half {heard['rise']:+.1f}",
        "sections": f"{heard['sections']:.0f} sections",
        "likeness": f"{heard['likeness']:.0%} alike over time",
    }
    for name, text in shown.items():
        lower, higher = _COMPARED[name]
        place = at[name]
        compared = f"{higher} than {place:.0%}" if place >= 0.5 else f"{lower} than {1.0 - place:.0%}"
        lines.append(f"{text}: {compared} of pieces")
    return lines


def _reasons(heard: Heard, at: Mapping[str, float], wish: Wish, set_name: str | None) -> list[str]:
    if set_name:
        lines = [f"set {wish.set_name}: as asked"]
    else:
        lines = [f"set {wish.set_name}: {_because(SET_LINKS[wish.set_name], at, 1.0)}, and by the hash of the notes"]
    for name, value in zip(ATTRIBUTES, wish.attributes, strict=True):
        if name == "hue":
            tonic = (
                "the hash of the notes"
                if heard.key is None
                else f"the place of {heard.key.name} on the circle of fifths"
            )
            lines.append(f"hue {value:.0%}: {tonic}")
        else:
            way = 1.0 if value >= 0.5 else -1.0
            lines.append(
                f"{name.replace('_', ' ')} {value:.0%}: {_word(name, value)}, {_because(LINKS[name], at, way)}"
            )
    return lines


def _because(links: Mapping[str, float], at: Mapping[str, float], way: float) -> str:
    """The two figures that pulled most in the direction taken."""
    pulls = sorted(((weight * (at[name] - 0.5) * way, name) for name, weight in links.items()), reverse=True)
    words = [_FEATURE_WORDS[name][at[name] >= 0.5] for pull, name in pulls[:2] if pull > 0.02]
    return "because it is " + " and ".join(words) if words else "as nothing pulls it elsewhere"


def _word(name: str, value: float) -> str:
    low, middle, high = _ATTRIBUTE_WORDS[name]
    return low if value < 0.4 else high if value > 0.6 else middle
