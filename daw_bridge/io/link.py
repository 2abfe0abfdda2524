"""A peer in an Ableton Link session, where the optional binding is installed.

The binding, LinkPython-extern, is free of conditions itself, but its wheels contain Ableton's Link library, which is
under the GNU GPL, version 2 or later: that is why it is an extra and not part of the bridge.
"""

from __future__ import annotations

import math
import time
from typing import Any, Final

from daw_bridge.engine.events import LinkReported
from daw_bridge.errors import MissingPartError

_ROUNDING_BEATS: Final = 1e-3


def link_installed() -> bool:
    """Whether the binding can be loaded."""
    try:
        _binding()
    except MissingPartError:
        return False
    return True


class LinkSession:
    """Our place in the session. Joins it when made; raises MissingPartError without the binding. For one thread."""

    def __init__(self, tempo_bpm: float) -> None:
        self._link = _binding().Link(tempo_bpm)
        self._link.startStopSyncEnabled = True
        self._link.enabled = True

    @property
    def peers(self) -> int:
        """How many others take part."""
        return int(self._link.numPeers())

    def report(self, quantum_beats: float) -> LinkReported:
        """Where the session is. A bar has `quantum_beats`; peers begin to play on a common bar line."""
        state = self._link.captureSessionState()
        now_s, micros = self._now()
        beat = state.beatAtTime(micros, quantum_beats)
        began = state.beatAtTime(state.timeForIsPlaying(), quantum_beats)
        line = math.ceil((began - _ROUNDING_BEATS) / quantum_beats) * quantum_beats
        return LinkReported(now_s, beat - line, state.tempo(), state.isPlaying())

    def play(self, playing: bool, quantum_beats: float) -> None:
        """Let all peers start, on the next common bar line, or stop."""
        state = self._link.captureSessionState()
        _, micros = self._now()
        if playing:
            state.setIsPlayingAndRequestBeatAtTime(True, micros, 0.0, quantum_beats)
        else:
            state.setIsPlaying(False, micros)
        self._link.commitSessionState(state)

    def set_tempo(self, tempo_bpm: float) -> None:
        """Give the session another tempo."""
        state = self._link.captureSessionState()
        _, micros = self._now()
        state.setTempo(tempo_bpm, micros)
        self._link.commitSessionState(state)

    def close(self) -> None:
        """Leave the session."""
        self._link.enabled = False

    def _now(self) -> tuple[float, int]:
        """This moment on our clock, in seconds, and on Link's, in microseconds."""
        before_s = time.monotonic()
        micros = int(self._link.clock().micros())
        return (before_s + time.monotonic()) / 2, micros


def _binding() -> Any:
    try:
        import link
    except (ImportError, OSError) as error:
        raise MissingPartError(
            f"Ableton Link is not installed ({error})",
            where="--clock link",
            cure="install it with `pip install 'aiart-bridge[link]'` (its library is under the GPL)",
        ) from None
    return link
