"""The musician of each scene."""

from __future__ import annotations

from typing import Protocol

from daw_bridge.io.ports import InPort, OutPort
from daw_bridge.live.bench.grid_player import GridPlayer
from daw_bridge.live.bench.thru_player import ThruPlayer
from daw_bridge.live.player import Performance, Player


class Performer(Protocol):
    """Somebody who plays to the bridge and tells what was heard."""

    def perform(self, turns: int) -> Performance:
        """Play so many turns (notes, where there are no turns)."""
        ...


def musician(scene: str, keys: OutPort, ear: InPort, gap_s: float) -> Performer:
    """The one for a scene of `scene.SCENES`; `gap_s` ends a call in pause mode."""
    if scene == "bars":
        return GridPlayer(keys, ear)
    if scene == "thru":
        return ThruPlayer(keys, ear)
    return Player(keys, ear, gap_s)
