"""Music as movement: a path through the painter's latents in time with the notes.

The path travels slowly between places, one for each section of the piece (or one for each player); each onset pushes it
aside in a direction of its pitch class, and it falls back. Latents keep their length: everything happens on the sphere
that a painter's normal latents lie on.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float32]

RISE_S = 0.05
"""How fast the picture follows an onset; faster would flicker at 25 pictures a second."""
FALL_S = 0.5
"""How fast it forgets one."""
REACH = 1.1
"""Angle, in radians, that the strongest push moves a picture by."""
_PITCH_CLASSES = 12
_SETTLING_S = 8 * FALL_S


@dataclass(frozen=True, slots=True)
class Push:
    """An onset: its moment in seconds, its pitch, and how hard it was struck from 0 to 1."""

    at_s: float
    pitch: int
    force: float


@dataclass(frozen=True, slots=True)
class Frame:
    """A moment of the path: the latent, and how excited the music is from 0 to 1."""

    latent: Floats
    excitement: float


def slerp(start: Floats, end: Floats, share: float) -> Floats:
    """The point a share of the way along the great circle between two latents; lengths are blended.

    Shoemake, "Animating rotation with quaternion curves", SIGGRAPH 1985.
    """
    lengths = float(np.linalg.norm(start)), float(np.linalg.norm(end))
    if min(lengths) == 0.0:
        raise ValueError("a latent of zeros has no direction")
    cosine = float(np.clip(np.dot(start, end) / (lengths[0] * lengths[1]), -1.0, 1.0))
    angle = math.acos(cosine)
    if math.sin(angle) < 1e-6:
        return (start + share * (end - start)).astype(np.float32)
    length = lengths[0] + share * (lengths[1] - lengths[0])
    weights = math.sin((1.0 - share) * angle) / lengths[0], math.sin(share * angle) / lengths[1]
    return ((weights[0] * start + weights[1] * end) * (length / math.sin(angle))).astype(np.float32)


class Swing:
    """The twelve pitch classes as directions, each excited by its onsets and falling back to rest."""

    def __init__(self, latent_size: int, *, seed: int = 0) -> None:
        rng = np.random.Generator(np.random.Philox(seed))
        directions = rng.standard_normal((_PITCH_CLASSES, latent_size)).astype(np.float32)
        self._directions = directions / np.linalg.norm(directions, axis=1, keepdims=True)
        self._struck = np.zeros(_PITCH_CLASSES, np.float32)
        self._shown = np.zeros(_PITCH_CLASSES, np.float32)

    def step(self, place: Floats, pushes: Iterable[Push], step_s: float) -> Frame:
        """Go on by `step_s` with the onsets that fell into it, around `place`."""
        self._struck *= math.exp(-step_s / FALL_S)
        for push in pushes:
            self._struck[push.pitch % _PITCH_CLASSES] += push.force
        self._shown += (self._struck - self._shown) * (1.0 - math.exp(-step_s / RISE_S))
        total = float(np.linalg.norm(self._shown))
        excitement = math.tanh(total / 1.5)
        aside = self._shown @ self._directions
        length, sideways = float(np.linalg.norm(place)), float(np.linalg.norm(aside))
        if sideways == 0.0 or length == 0.0:
            return Frame(place, excitement)
        angle = REACH * excitement
        moved = place / length * math.cos(angle) + aside / sideways * math.sin(angle)
        return Frame((moved * (length / np.linalg.norm(moved))).astype(np.float32), excitement)


@dataclass(frozen=True, slots=True)
class Journey:
    """A closed path: `places[i]` holds from `starts_s[i]` on; after `length_s` it is back at the first.

    Starts rise from 0. Each change of place takes the last `travel` share of a section.
    """

    places: Sequence[Floats]
    starts_s: Sequence[float]
    length_s: float
    travel: float = 0.5

    def place(self, at_s: float) -> Floats:
        """Where the path is at a moment, onsets aside; moments wrap around."""
        at_s %= self.length_s
        index = max(i for i, start_s in enumerate(self.starts_s) if start_s <= at_s)
        end_s = self.starts_s[index + 1] if index + 1 < len(self.starts_s) else self.length_s
        left = (end_s - at_s) / (end_s - self.starts_s[index])
        if left >= self.travel:
            return self.places[index]
        share = 1.0 - left / self.travel
        smooth = share * share * (3.0 - 2.0 * share)
        return slerp(self.places[index], self.places[(index + 1) % len(self.places)], smooth)

    def frames(self, pushes: Sequence[Push], rate_hz: float, *, seed: int = 0) -> Iterator[Frame]:
        """All frames of one round. The last leads into the first: what still swings at the end swings at the start."""
        count = max(1, round(self.length_s * rate_hz))
        in_frame: list[list[Push]] = [[] for _ in range(count)]
        for push in pushes:
            in_frame[int(push.at_s % self.length_s * rate_hz) % count].append(push)
        swing = Swing(self.places[0].size, seed=seed)
        for number in range(-min(count, math.ceil(_SETTLING_S * rate_hz)), count):
            frame = swing.step(self.place(number % count / rate_hz), in_frame[number % count], 1.0 / rate_hz)
            if number >= 0:
                yield frame
