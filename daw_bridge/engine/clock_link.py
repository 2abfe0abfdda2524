"""The beat of an Ableton Link session, from reports of where it is."""

from __future__ import annotations

from typing import Final

from daw_bridge.engine.events import LinkReported
from daw_bridge.music.meter import beats_to_s, s_to_beats

JUMP_BEATS: Final = 0.1
"""A session that is this far from where it was expected has jumped."""


class LinkClock:
    """A steady beat from the newest report. `breaks` counts starts, stops and jumps of the session."""

    def __init__(self) -> None:
        self._report: LinkReported | None = None
        self._breaks = 0

    @property
    def breaks(self) -> int:
        """Changes whenever positions before and after do not belong together."""
        return self._breaks

    @property
    def rolling(self) -> bool:
        """Whether the session plays."""
        return self._report is not None and self._report.playing

    @property
    def locked(self) -> bool:
        """Whether the session is known: Link itself keeps its peers together."""
        return self._report is not None

    @property
    def tempo_bpm(self) -> float | None:
        """The session's tempo, None before the first report."""
        return None if self._report is None else self._report.tempo_bpm

    @property
    def deadline_s(self) -> float | None:
        """The session needs no looking after: who reports it does that."""
        return None

    def beat_at(self, moment_s: float) -> float:
        """The position at a moment, in beats; where the session stopped while it does not play."""
        report = self._report
        if report is None or not report.playing:
            return 0.0 if report is None else report.beat
        return report.beat + s_to_beats(moment_s - report.at_s, report.tempo_bpm)

    def time_of(self, beat: float) -> float:
        """The moment of a beat, while rolling."""
        assert self._report is not None
        return self._report.at_s + beats_to_s(beat - self._report.beat, self._report.tempo_bpm)

    def advance(self, now_s: float) -> list[str]:  # noqa: ARG002 - a session that is silent goes on as it was
        """Nothing happens to it by itself."""
        return []

    def take(self, report: LinkReported) -> None:
        """Where the session is."""
        jumped = report.playing and abs(self.beat_at(report.at_s) - report.beat) > JUMP_BEATS
        if report.playing != self.rolling or jumped:
            self._breaks += 1
        self._report = report
