"""Where the beat is, whoever gives it; says so at each beat."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Final

from daw_bridge.engine.beat_source import BeatSource
from daw_bridge.engine.clock_follow import ClockFollower
from daw_bridge.engine.clock_internal import InternalClock
from daw_bridge.engine.clock_link import LinkClock
from daw_bridge.engine.events import Fault, LinkReported, TransportChanged
from daw_bridge.music.messages import Message

PULSES_RECENT_S: Final = 2.0
"""With `clock auto` a MIDI clock is taken up as soon as it has pulses this fresh."""

Report = Callable[[TransportChanged | Fault], None]


class Transport:
    """One beat from several sources.

    `ahead_s` is how much earlier than another's beat everything happens: what is sent reaches the other on its beat.
    """

    def __init__(self, source: str, tempo_bpm: float, report: Report) -> None:
        self._wanted = source
        self._internal = InternalClock(tempo_bpm)
        self._follower = ClockFollower()
        self._link = LinkClock()
        self._sources: dict[str, BeatSource] = {
            "internal": self._internal,
            "midi": self._follower,
            "link": self._link,
        }
        self._source = "internal" if source == "auto" else source
        self._report = report
        self.ahead_s = 0.0
        self._next_beat: float | None = None
        self._switches = 0
        self._said: tuple[bool, bool, str] | None = None

    @property
    def source(self) -> str:
        """`internal`, `midi` or `link`."""
        return self._source

    @property
    def rolling(self) -> bool:
        """Whether beats pass."""
        return self._now.rolling

    @property
    def locked(self) -> bool:
        """Whether the beat can be trusted: our own always, another's once its reports agree."""
        return self._now.locked

    @property
    def tempo_bpm(self) -> float:
        """Beats in a minute, now."""
        known_bpm = self._now.tempo_bpm
        return self._internal.tempo_bpm if known_bpm is None else known_bpm

    @property
    def epoch(self) -> tuple[int, int]:
        """Changes at every break of the beat: start, stop, continue, jump, change of source."""
        return self._switches, self._now.breaks

    @property
    def deadline_s(self) -> float | None:
        """When `advance` is due."""
        moments = [self._now.deadline_s]
        if self.rolling and self._next_beat is not None:
            moments.append(self.time_of(self._next_beat))
        return min((moment for moment in moments if moment is not None), default=None)

    def beat_at(self, moment_s: float) -> float:
        """The position at a moment, in beats from the start of the song."""
        return self._now.beat_at(moment_s + self._lead_s)

    def time_of(self, beat: float) -> float:
        """The moment of a beat, while rolling."""
        return self._now.time_of(beat) - self._lead_s

    def feed(self, message: Message, now_s: float) -> None:
        """A clock, start, stop, continue or song position message."""
        self._follower.feed(message, now_s)
        self._choose(now_s)
        self._settle(now_s)

    def report_link(self, report: LinkReported, now_s: float) -> None:
        """Where the Link session is."""
        self._link.take(report)
        self._settle(now_s)

    def want(self, source: str, now_s: float) -> None:
        """Follow `auto`, `internal`, `midi` or `link`."""
        self._wanted = source
        self._choose(now_s)
        self._settle(now_s)

    def count_position_in(self, unit: str) -> None:
        """What the song position of a MIDI clock counts: `auto`, `sixteenths` or `clocks`."""
        self._follower.count_position_in(unit)

    def set_tempo(self, tempo_bpm: float, now_s: float) -> None:
        """Tempo of the internal clock."""
        self._internal.set_tempo(tempo_bpm, now_s)
        if self._source == "internal" and self.rolling:
            self._tell(now_s)

    def start(self, now_s: float, count_in_beats: float = 0.0) -> None:
        """Start the internal clock from the top, or from so many beats before it."""
        self._internal.start(now_s, count_in_beats)
        self._internal_broke(now_s)

    def halt(self, now_s: float) -> None:
        """Stop the internal clock."""
        self._internal.halt(now_s)
        self._internal_broke(now_s)

    def go_on(self, now_s: float) -> None:
        """Let the internal clock roll on from where it was halted."""
        self._internal.go_on(now_s)
        self._internal_broke(now_s)

    def tap(self, now_s: float) -> float | None:
        """A tap on the beat; the tempo tapped, in bpm, once it is known."""
        return self._internal.tap(now_s)

    def advance(self, now_s: float) -> None:
        """Say each beat that has passed, and that a clock has died."""
        for source in self._sources.values():
            texts = source.advance(now_s)
            if source is self._now:
                for text in texts:
                    self._report(Fault("clock", text))
        self._choose(now_s)
        self._settle(now_s)

    @property
    def _now(self) -> BeatSource:
        return self._sources[self._source]

    @property
    def _lead_s(self) -> float:
        return 0.0 if self._source == "internal" else self.ahead_s

    def _internal_broke(self, now_s: float) -> None:
        if self._source == "internal":
            self._next_beat = None
            self._settle(now_s)

    def _choose(self, now_s: float) -> None:
        source = self._wanted
        if source == "auto":
            alive = self._follower.rolling or self._follower.pulsed_within(PULSES_RECENT_S, now_s)
            source = "midi" if alive else "internal"
        if source != self._source:
            self._source = source
            self._switches += 1
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
