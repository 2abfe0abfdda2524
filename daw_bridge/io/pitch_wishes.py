"""What the player and the call wish of an answer's pitches, as nats for the model's program."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Final

from daw_bridge.engine.continuation import SamplingControls
from daw_bridge.music.harmony import estimate_key, key_profile, key_scores, parse_key, recent_pitch_classes
from daw_bridge.music.notes import PITCHES, Note

_STANDING_NATS: Final = 0.3
"""What a tone of the call gets for each log of its pitch class's share in it ..."""
_FOLLOWING_NATS: Final = 1.0
"""... and for each log by which the last notes had less of it."""
_KEY_NATS: Final = 1.0
"""What it gets for each log of its class's weight in the key the call is clearest in."""
_SHARE_FLOOR: Final = 0.02
_TONES_HALF_LIFE_S: Final = 15.0
_VAGUE: Final = 0.5
_CLEAR: Final = 0.8
_LEAST_HOLD: Final = 0.3
_MOST_HOLD: Final = 1.25
"""A call whose tones fit no key better than `_VAGUE` (a correlation) holds the answer least; one that fits as well as
`_CLEAR` holds it once, a still clearer one more."""
FORBIDDEN: Final = -math.inf


def pitch_bias(given: SamplingControls, context: Sequence[Note], drums: bool) -> list[float]:
    """Nats for each of the 128 pitches: none, or minus infinity for those that may not be played."""
    if drums:
        return [0.0] * PITCHES
    low, high = sorted((given.pitch_low, given.pitch_high))
    allowed = set(range(low, high + 1))
    classes = _scale(given.key, context)
    # A range too narrow for the scale is stronger than the scale: there must be something to play.
    in_scale = {pitch for pitch in allowed if pitch % 12 in classes} or allowed
    return [0.0 if pitch in in_scale else FORBIDDEN for pitch in range(PITCHES)]


def tone_wishes(given: SamplingControls, context: Sequence[Note]) -> list[float]:
    """Nats for each pitch class, and how firmly they are followed; empty if nothing is wanted or known.

    Each has its nats by its share in the call and by its place in the call's key. The less clear that key is, the less
    firmly is the answer held: music that wanders goes on wandering.
    """
    shares = recent_pitch_classes(context, _TONES_HALF_LIFE_S)
    if given.tonality == 0.0 or sum(shares) == 0.0:
        return []
    key, clear = key_scores(shares)[0]
    if given.key not in ("off", "auto"):
        key, clear = parse_key(given.key), 1.0
    strength = given.tonality * min(max((clear - _VAGUE) / (_CLEAR - _VAGUE), _LEAST_HOLD), _MOST_HOLD)
    by_share, by_key = strength * (_STANDING_NATS + _FOLLOWING_NATS), strength * _KEY_NATS
    return [
        *(
            by_share * math.log(share + _SHARE_FLOOR) + by_key * math.log(12.0 * expected)
            for share, expected in zip(shares, key_profile(key), strict=True)
        ),
        strength * _FOLLOWING_NATS,
    ]


def _scale(key: str, context: Sequence[Note]) -> frozenset[int]:
    if key == "off" or (key == "auto" and not context):
        return frozenset(range(12))
    found = estimate_key(context) if key == "auto" else parse_key(key)
    return frozenset(found.pitch_classes)
