"""A pianist for measurements: single notes, each heard again through the bridge."""

from __future__ import annotations

import random
from typing import Final

from daw_bridge.live.player import Musician, Performance
from daw_bridge.music.messages import NoteOff, NoteOn

HELD_S: Final = 0.02
LEAST_S: Final = 0.01
MOST_S: Final = 0.03
"""Between two notes: any moment of the driver's period is as likely as another."""


class ThruPlayer(Musician):
    """Plays notes at irregular moments; what comes back is matched to them afterwards."""

    def perform(self, turns: int) -> Performance:
        """Play so many notes."""
        chance = random.Random(turns)
        for _ in range(turns):
            pitch, velocity = chance.randint(30, 100), chance.randint(1, 127)
            moment_s = self.play(NoteOn(0, pitch, velocity))
            self.listen_until(moment_s + HELD_S)
            released_s = self.play(NoteOff(0, pitch))
            self.listen_until(released_s + chance.uniform(LEAST_S, MOST_S))
        self.listen_to_the_end()
        return self.performance
