"""What a few plain words mean for a picture: a table that one can read, not a language model."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

_LIGHT = {"brightness": 0.35}
_DARK = {"brightness": -0.45}

_MOVES: Final[Mapping[str, Mapping[str, float]]] = {
    "autumn": {"warmth": 0.4, "saturation": 0.25, "brightness": -0.1},
    "bright": _LIGHT,
    "calm": {"edge_density": -0.4, "contrast": -0.25},
    "city": {"edge_density": 0.3},
    "cold": {"warmth": -0.5},
    "colourful": {"colourfulness": 0.5, "saturation": 0.3},
    "cool": {"warmth": -0.35},
    "dark": _DARK,
    "dawn": {"warmth": 0.3, "brightness": 0.15, "top_minus_bottom": 0.35},
    "desert": {"warmth": 0.5, "edge_density": -0.3, "brightness": 0.2},
    "dusk": {"warmth": 0.2, "brightness": -0.3, "top_minus_bottom": 0.3},
    "evening": {"warmth": 0.3, "brightness": -0.25},
    "fire": {"warmth": 0.55, "saturation": 0.4, "contrast": 0.2},
    "fog": {"contrast": -0.5, "saturation": -0.4, "edge_density": -0.3, "brightness": 0.15},
    "forest": {"brightness": -0.25, "edge_density": 0.3, "warmth": -0.1},
    "garden": {"colourfulness": 0.35, "saturation": 0.25},
    "gold": {"warmth": 0.5, "saturation": 0.25},
    "grey": {"saturation": -0.5, "colourfulness": -0.4},
    "ice": {"warmth": -0.5, "brightness": 0.3, "saturation": -0.2},
    "joy": {"brightness": 0.3, "colourfulness": 0.3, "warmth": 0.2},
    "light": _LIGHT,
    "misty": {"contrast": -0.45, "saturation": -0.3, "edge_density": -0.25},
    "moon": {"brightness": -0.35, "warmth": -0.35, "saturation": -0.2},
    "morning": {"brightness": 0.3, "top_minus_bottom": 0.3},
    "mountain": {"contrast": 0.3, "top_minus_bottom": 0.2},
    "muted": {"saturation": -0.4},
    "night": {"brightness": -0.5, "warmth": -0.25, "saturation": -0.1},
    "noise": {"edge_density": 0.5, "contrast": 0.3},
    "quiet": {"edge_density": -0.35, "saturation": -0.2},
    "rain": {"warmth": -0.25, "saturation": -0.3, "contrast": -0.2},
    "red": {"warmth": 0.5, "saturation": 0.35},
    "river": {"warmth": -0.15, "edge_density": -0.1},
    "sad": {"brightness": -0.3, "saturation": -0.3, "warmth": -0.2},
    "sea": {"warmth": -0.35, "edge_density": -0.25, "top_minus_bottom": 0.2},
    "sky": {"top_minus_bottom": 0.4, "edge_density": -0.3, "brightness": 0.15},
    "snow": {"brightness": 0.45, "saturation": -0.4, "warmth": -0.35},
    "spring": {"brightness": 0.25, "colourfulness": 0.25, "saturation": 0.1},
    "storm": {"brightness": -0.35, "contrast": 0.4, "edge_density": 0.2, "warmth": -0.2},
    "summer": {"brightness": 0.25, "warmth": 0.3, "saturation": 0.3},
    "sun": {"brightness": 0.35, "warmth": 0.35, "top_minus_bottom": 0.25},
    "warm": {"warmth": 0.4},
    "winter": {"warmth": -0.4, "brightness": 0.15, "saturation": -0.35},
}
_SETS: Final[Mapping[str, str]] = {
    **dict.fromkeys(
        ("sea", "mountain", "forest", "river", "desert", "sky", "garden", "landscape", "snow"), "landscape"
    ),
    **dict.fromkeys(("city", "street", "town", "church", "house", "bridge", "townscape"), "townscape"),
    **dict.fromkeys(("flower", "plant", "leaf", "rose", "botanical"), "botanical"),
    **dict.fromkeys(("shell", "crystal", "plankton", "geometry", "radiolaria"), "radiolaria"),
}
_SAME: Final[Mapping[str, str]] = {
    "blue": "cold",
    "bridges": "bridge",
    "churches": "church",
    "colorful": "colourful",
    "fall": "autumn",
    "flowers": "flower",
    "foggy": "fog",
    "gray": "grey",
    "happy": "joy",
    "joyful": "joy",
    "mist": "misty",
    "moonlight": "moon",
    "mountains": "mountain",
    "ocean": "sea",
    "plants": "plant",
    "rainy": "rain",
    "streets": "street",
    "stormy": "storm",
    "sunny": "sun",
    "sunrise": "dawn",
    "sunset": "dusk",
    "trees": "forest",
    "woods": "forest",
}
_SMALL: Final = frozenset({"a", "an", "and", "at", "by", "in", "of", "on", "the", "with"})


@dataclass(frozen=True, slots=True)
class Meant:
    """What some words ask for: attributes moved by percentiles, perhaps a set, and the words nobody here knows."""

    offsets: Mapping[str, float]
    set_name: str | None
    known: tuple[str, ...]
    unknown: tuple[str, ...]


def understand(text: str) -> Meant:
    """The sum of what the known words ask for, each attribute held within -0.8..0.8; the first set named wins."""
    offsets: dict[str, float] = {}
    set_name: str | None = None
    known, unknown = [], []
    for word in re.findall(r"[^\W\d_]+", text.lower()):
        plain = _SAME.get(word, word)
        if plain in _SMALL:
            continue
        if plain not in _MOVES and plain not in _SETS:
            unknown.append(word)
            continue
        known.append(word)
        set_name = set_name or _SETS.get(plain)
        for name, by in _MOVES.get(plain, {}).items():
            offsets[name] = min(max(offsets.get(name, 0.0) + by, -0.8), 0.8)
    return Meant(offsets, set_name, tuple(known), tuple(unknown))


def known_words() -> list[str]:
    """All words of the table."""
    return sorted({*_MOVES, *_SETS, *_SAME})
