"""A DAW for measurements: sends MIDI clock and calls on its bars, and hears when the answers to them begin."""

from __future__ import annotations

import random
from typing import Final

from daw_bridge.live.player import HIGHEST, LOWEST, Heard, Musician, Performance
from daw_bridge.music.messages import Clock, NoteOff, NoteOn, Start, Stop, encode
from daw_bridge.music.meter import PULSES_PER_BEAT

TEMPO_BPM: Final = 160.0
BEATS_PER_BAR: Final = 2
"""Short bars, so that a hundred turns of a bar each pass in two and a half minutes."""

LEAD_BARS: Final = 2
"""Bars of clock before the first call, for the follower to find the tempo; they hold no notes. An even number."""

ONSETS: Final = (0.0, 0.5, 1.0, 1.25)
"""Beats of a call's notes in its bar."""

HELD_BEATS: Final = 0.2
EARLY_S: Final = 0.1
"""A note so long before the line still counts as its answer."""


class GridPlayer(Musician):
    """Plays one bar of call and hears one bar of answer in turn, at `TEMPO_BPM`."""

    def perform(self, turns: int) -> Performance:
        """Play so many turns from a start of the transport on, then stop it."""
        pulse_s = 60.0 / TEMPO_BPM / PULSES_PER_BEAT
        start_s = self._clock() + pulse_s
        bar_pulses = BEATS_PER_BAR * PULSES_PER_BEAT
        calls = self._calls(turns, bar_pulses)
        end = (LEAD_BARS + 2 * turns) * bar_pulses
        self._keys.send(encode(Start()))
        for pulse in range(end):
            self.listen_until(start_s + pulse * pulse_s)
            self._keys.send(encode(Clock()))
            for message in calls.get(pulse, ()):
                self.play(message)
        self.listen_until(start_s + end * pulse_s)
        self._keys.send(encode(Stop()))
        self.listen_to_the_end()
        lines_s = [start_s + (LEAD_BARS + 2 * turn + 1) * bar_pulses * pulse_s for turn in range(turns)]
        self.performance.turns = [Heard(line_s, self._first_from(line_s, bar_pulses * pulse_s)) for line_s in lines_s]
        return self.performance

    def _calls(self, turns: int, bar_pulses: int) -> dict[int, list[NoteOn | NoteOff]]:
        """The messages of all calls by their pulse."""
        found: dict[int, list[NoteOn | NoteOff]] = {}
        for turn in range(turns):
            chance = random.Random(turn)
            first = (LEAD_BARS + 2 * turn) * bar_pulses
            for beat in ONSETS:
                pitch, velocity = chance.randint(LOWEST, HIGHEST), chance.randint(40, 110)
                struck = first + round(beat * PULSES_PER_BEAT)
                released = struck + round(HELD_BEATS * PULSES_PER_BEAT)
                found.setdefault(struck, []).append(NoteOn(0, pitch, velocity))
                found.setdefault(released, []).append(NoteOff(0, pitch))
        return found

    def _first_from(self, line_s: float, bar_s: float) -> float | None:
        """The first key struck in the bar of the answer."""
        for moment_s, data in self.performance.heard:
            if line_s - EARLY_S <= moment_s < line_s + bar_s - EARLY_S and int(data[:2], 16) & 0xF0 == 0x90:
                return moment_s
        return None
