"""A picture that answers the player: who plays draws it to their own place, and each note pushes it."""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace
from typing import Final, Protocol

import numpy as np

from daw_models.art.attributes import ATTRIBUTES
from daw_models.art.painter import Wish
from daw_models.cover.motion import Floats, Push, Swing, slerp
from daw_models.cover.video import Picture

SIDES: Final = ("call", "response")
TURN_S: Final = 1.2
"""How long the picture takes to come most of the way from one player's place to the other's."""
GLOW: Final = 0.3
"""How many percentiles the music's excitement adds to brightness and colourfulness, at most."""
_LONGEST_STEP_S: Final = 0.25


class Paints(Protocol):
    """What is asked of a painter."""

    def latent(self, seed: int) -> Floats:
        """A latent, the same for the same seed."""

    def paint(self, latent: Floats, wish: Wish, *, glaze: bool = True) -> Picture:
        """The picture of a latent, shape [size, size, 3]; without the last glaze it is quicker."""


@dataclass(slots=True)
class LivePicture:
    """The state of a live picture. Moments are seconds of any one clock, and never run backwards."""

    painter: Paints
    wish: Wish
    seed: int = 0
    _places: tuple[Floats, ...] = field(init=False)
    _swing: Swing = field(init=False)
    _towards: float = field(init=False, default=0.0)
    _at: float = field(init=False, default=0.0)
    _waiting: list[Push] = field(init=False, default_factory=list)
    _shown_s: float | None = field(init=False, default=None)

    def __post_init__(self) -> None:
        self._places = tuple(self.painter.latent(2 * self.seed + index) for index in range(len(SIDES)))
        self._swing = Swing(self._places[0].size, seed=self.seed)

    def hear(self, side: str, pitch: int, velocity: int) -> None:
        """A note began, of the `call` or the `response`."""
        self._towards = float(SIDES.index(side))
        self._waiting.append(Push(0.0, pitch, velocity / 127.0))

    def show(self, now_s: float) -> Picture:
        """The picture of this moment, after all that was heard since the last one."""
        step_s = 0.0 if self._shown_s is None else min(max(0.0, now_s - self._shown_s), _LONGEST_STEP_S)
        self._shown_s = now_s
        self._at += (self._towards - self._at) * (1.0 - math.exp(-step_s / TURN_S))
        pushes, self._waiting = self._waiting, []
        frame = self._swing.step(slerp(self._places[0], self._places[1], self._at), pushes, step_s)
        return self.painter.paint(frame.latent, glowing(self.wish, frame.excitement), glaze=False)


def glowing(wish: Wish, excitement: float) -> Wish:
    """The wish, brighter and more colourful the more excited the music is (0 to 1)."""
    raised = np.array(wish.attributes)
    for name in ("brightness", "colourfulness"):
        index = ATTRIBUTES.index(name)
        raised[index] = min(1.0, raised[index] + GLOW * excitement)
    return replace(wish, attributes=tuple(float(value) for value in raised))
