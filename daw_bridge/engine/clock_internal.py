"""Our own beat: started, halted, taken up again, tapped; a change of tempo keeps the position."""

from __future__ import annotations

import itertools
import statistics
from collections import deque
from typing import Final

from daw_bridge.engine.parameters import BY_NAME
from daw_bridge.music.meter import beats_to_s, s_to_beats

TAPS_KEPT: Final = 5
TAP_FORGOTTEN_S: Final = 3.0
"""Taps further apart than this are not of one tempo (20 bpm)."""


class InternalClock:
    """A steady beat from an anchor: a moment and the beat it is on. `breaks` counts its starts and stops."""

    def __init__(self, tempo_bpm: float) -> None:
        self._tempo_bpm = tempo_bpm
        self._anchor_s = 0.0
        self._anchor_beat = 0.0
        self._rolling = False
        self._taps_s: deque[float] = deque(maxlen=TAPS_KEPT)
        self._breaks = 0

    @property
    def breaks(self) -> int:
        """Changes whenever positions before and after do not belong together."""
        return self._breaks

    @property
    def rolling(self) -> bool:
        """Whether beats pass."""
        return self._rolling

    @property
    def locked(self) -> bool:
        """Our own beat can always be trusted."""
        return True

    @property
    def tempo_bpm(self) -> float:
        """Beats in a minute."""
        return self._tempo_bpm

    @property
    def deadline_s(self) -> float | None:
        """It needs no looking after."""
        return None

    def beat_at(self, moment_s: float) -> float:
        """The position at a moment, in beats from the start."""
        if not self._rolling:
            return self._anchor_beat
        return self._anchor_beat + s_to_beats(moment_s - self._anchor_s, self._tempo_bpm)

    def time_of(self, beat: float) -> float:
        """The moment of a beat, while rolling."""
        return self._anchor_s + beats_to_s(beat - self._anchor_beat, self._tempo_bpm)

    def advance(self, now_s: float) -> list[str]:  # noqa: ARG002 - a beat that is computed cannot go wrong
        """Nothing happens to it by itself."""
        return []

    def start(self, now_s: float, count_in_beats: float = 0.0) -> None:
        """Roll from the top, or from so many beats before it."""
        self._anchor_s, self._anchor_beat, self._rolling = now_s, -count_in_beats, True
        self._breaks += 1

    def halt(self, now_s: float) -> None:
        """Stop, keeping the position."""
        if self._rolling:
            self._anchor_beat = self.beat_at(now_s)
            self._rolling = False
            self._breaks += 1

    def go_on(self, now_s: float) -> None:
        """Roll on from where it was halted."""
        if not self._rolling:
            self._anchor_s, self._rolling = now_s, True
            self._breaks += 1

    def set_tempo(self, tempo_bpm: float, now_s: float) -> None:
        """Go on from the present position at another tempo."""
        self._anchor_beat = self.beat_at(now_s)
        self._anchor_s = now_s
        self._tempo_bpm = tempo_bpm

    def tap(self, now_s: float) -> float | None:
        """A tap on the beat; returns the tempo of the last taps in bpm, None until there are two in range."""
        if self._taps_s and now_s - self._taps_s[-1] > TAP_FORGOTTEN_S:
            self._taps_s.clear()
        self._taps_s.append(now_s)
        if len(self._taps_s) < 2:
            return None
        taps_s = tuple(self._taps_s)
        interval_s = statistics.median(later - earlier for earlier, later in itertools.pairwise(taps_s))
        tempo = BY_NAME["tempo"]
        if interval_s <= 0.0 or not tempo.minimum <= 60.0 / interval_s <= tempo.maximum:
            return None
        return 60.0 / interval_s
