"""The tempo at which the models hear: where a clock is known, every tempo sounds to them like one.

A model counts time in cells of 10 ms. Scaled to one tempo, a sixteenth has as many cells at 60 as at 174 bpm, and one
model serves both.
"""

from __future__ import annotations

from typing import Final

from daw_bridge.engine.transport import Transport

HEARD_BPM: Final = 120.0
"""What every known tempo is to a model."""
STEADY: Final = 0.03
"""A tempo that moves by less is the same: a model that hears another tempo has to hear all from the start."""


class Pace:
    """`time_scale` is model seconds in a second; it changes between calls only."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport
        self.time_scale = 1.0

    def take_up(self) -> None:
        """A call begins."""
        transport = self._transport
        wanted = round(transport.tempo_bpm) / HEARD_BPM if transport.rolling and transport.locked else 1.0
        if abs(wanted / self.time_scale - 1.0) > STEADY:
            self.time_scale = wanted
