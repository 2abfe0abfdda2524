"""Where the beat is, whoever gives it; says so at each beat."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Final

from daw_bridge.engine.clock_follow import ClockFollower
from daw_bridge.engine.clock_internal import InternalClock
from daw_bridge.engine.events import Fault, TransportChanged
from daw_bridge.music.messages import Message

PULSES_RECENT_S: Final = 2.0
"""With `clock auto` a MIDI clock is taken up as soon as it has pulses this fresh."""

Report = Callable[[TransportChanged | Fault], None]


class Transport:
    """One beat from two sources. `epoch` counts the breaks in it: start, stop, continue, jump, change of source."""

    def __init__(self, source: str, tempo_bpm: float, report: Report) -> None:
        self._wanted = source
        self._internal = InternalClock(tempo_bpm)
        self._follower = ClockFollower()
        self._report = report
        self._midi = source == "midi"
        self._next_beat: float | None = None
        self._breaks = 0
        self._said: tuple[bool, bool, str] | None = None

    @property
    def source(self) -> str:
        """`midi` or `internal`."""
        return "midi" if self._midi else "internal"

    @property
    def rolling(self) -> bool:
        """Whether beats pass."""
        return self._follower.rolling if self._midi else self._internal.rolling

    @property
    def locked(self) -> bool:
        """Whether the beat can be trusted: our own always, a MIDI clock once its pulses agree."""
        return self._follower.locked if self._midi else True

    @property
    def tempo_bpm(self) -> float:
        """Beats in a minute, now."""
        if self._midi and self._follower.tempo_bpm is not None:
            return self._follower.tempo_bpm
        return self._internal.tempo_bpm

    @property
    def epoch(self) -> int:
        """Changes whenever positions before and after do not belong together."""
        return self._breaks + self._follower.breaks

    @property
    def deadline_s(self) -> float | None:
        """When `advance` is due."""
        moments = [self._follower.deadline_s] if self._midi else []
        if self.rolling and self._next_beat is not None:
            moments.append(self.time_of(self._next_beat))
        return min((moment for moment in moments if moment is not None), default=None)

    def beat_at(self, moment_s: float) -> float:
        """The position at a moment, in beats from the start of the song."""
        return self._follower.beat_at(moment_s) if self._midi else self._internal.beat_at(moment_s)

    def time_of(self, beat: float) -> float:
        """The moment of a beat, while rolling."""
        return self._follower.time_of(beat) if self._midi else self._internal.time_of(beat)

    def feed(self, message: Message, now_s: float) -> None:
        """A clock, start, stop, continue or song position message."""
        self._follower.feed(message, now_s)
        self._choose(now_s)
        self._settle(now_s)

    def want(self, source: str, now_s: float) -> None:
        """Follow `auto`, `internal` or `midi`."""
        self._wanted = source
        self._choose(now_s)
        self._settle(now_s)

    def count_position_in(self, unit: str) -> None:
        """What the song position of a MIDI clock counts: `auto`, `sixteenths` or `clocks`."""
        self._follower.count_position_in(unit)

    def set_tempo(self, tempo_bpm: float, now_s: float) -> None:
        """Tempo of the internal clock."""
        self._internal.set_tempo(tempo_bpm, now_s)
        if not self._midi and self.rolling:
            self._tell(now_s)

    def start(self, now_s: float) -> None:
        """Start the internal clock from the top."""
        self._internal.start(now_s)
        self._internal_broke(now_s)

    def halt(self, now_s: float) -> None:
        """Stop the internal clock."""
        self._internal.halt(now_s)
        self._internal_broke(now_s)

    def tap(self, now_s: float) -> float | None:
        """A tap on the beat; the tempo tapped, in bpm, once it is known."""
        return self._internal.tap(now_s)

    def advance(self, now_s: float) -> None:
        """Say each beat that has passed, and that a clock has died."""
        for text in self._follower.advance(now_s):
            if self._midi:
                self._report(Fault("clock", text))
        self._choose(now_s)
        self._settle(now_s)

    def _internal_broke(self, now_s: float) -> None:
        if not self._midi:
            self._breaks += 1
            self._next_beat = None
            self._settle(now_s)

    def _choose(self, now_s: float) -> None:
        alive = self._follower.rolling or self._follower.pulsed_within(PULSES_RECENT_S, now_s)
        midi = self._wanted == "midi" or (self._wanted == "auto" and alive)
        if midi != self._midi:
            self._midi = midi
            self._breaks += 1
            self._next_beat = None

    def _settle(self, now_s: float) -> None:
        if not self.rolling:
            self._next_beat = None
        elif self._next_beat is None or abs(self._next_beat - self.beat_at(now_s)) > 1.5:
            self._next_beat = math.ceil(self.beat_at(now_s) - 1e-6)
        beat_passed = False
        while self._next_beat is not None and self.time_of(self._next_beat) <= now_s:
            self._next_beat += 1
            beat_passed = True
        if beat_passed or self._said != (self.rolling, self.locked, self.source):
            self._tell(now_s)

    def _tell(self, now_s: float) -> None:
        self._said = (self.rolling, self.locked, self.source)
        self._report(TransportChanged(self.rolling, self.beat_at(now_s), self.tempo_bpm, self.locked, self.source))
