"""How far from the grid people play: what was measured on drummers and pianists, drawn anew for a stiff piece.

The player's own drift and habits by place in the beat come from 91 straight grooves to a click in the Groove MIDI
Dataset (Gillick et al., ICML 2019; CC BY 4.0), the voices of a chord from 12,807 chords of concert pianists in MAESTRO
(Hawthorne et al., ICLR 2019): the top voice leads, as Goebl found (JASA 110, 2001).
"""

from __future__ import annotations

from collections.abc import Sequence
from statistics import NormalDist
from typing import Final

from daw_bridge.engine.seeds import uniform

DRIFT_S: Final = 0.0176
"""Standard deviation of a stroke from its line."""
DRIFT_STAYS: Final = 0.55
"""Correlation of a stroke's deviation with the next one's."""
LIMBS_S: Final = 0.0079
"""Standard deviation between what is struck together on a kit."""
HABITS_S: Final = (-0.0011, 0.0048, -0.0028, 0.0040)
"""Median by sixteenth of the beat."""
FINGERS_S: Final = 0.0074
"""Standard deviation between the lower voices of a chord."""
TOP_LEADS_S: Final = 0.0065
_MOST: Final = 2.5
"""Standard deviations; no one plays further off and lets it stand."""
_DRIFT, _VOICE = 0, 1


def drift(seed: int, sixteenths: Sequence[int]) -> list[float]:
    """Seconds that each of a row of strokes is off; `sixteenths` says where in its beat it lies (-1: between)."""
    deviations = []
    now = 0.0
    for number, place in enumerate(sixteenths):
        fresh = normal(seed, _DRIFT, number)
        now = fresh if number == 0 else DRIFT_STAYS * now + (1.0 - DRIFT_STAYS**2) ** 0.5 * fresh
        deviations.append(DRIFT_S * now + (HABITS_S[place] if place >= 0 else 0.0))
    return deviations


def voices(seed: int, stroke: int, count: int, *, drums: bool) -> list[float]:
    """Seconds that each note struck together, from the lowest up, is off from the stroke; their mean is 0."""
    spread_s, lead_s = (LIMBS_S, 0.0) if drums else (FINGERS_S, TOP_LEADS_S)
    if count < 2:
        return [0.0] * count
    off = [spread_s * normal(seed, _VOICE, stroke, voice) for voice in range(count)]
    off[-1] = sum(off[:-1]) / (count - 1) - lead_s
    mean_s = sum(off) / count
    return [each - mean_s for each in off]


def normal(seed: int, *names: int) -> float:
    """A draw from the standard normal distribution that belongs to `names` under `seed`, at most 2.5 from 0."""
    chance = min(max(uniform(seed, *names), 1e-9), 1.0 - 1e-9)
    return min(max(NormalDist().inv_cdf(chance), -_MOST), _MOST)
