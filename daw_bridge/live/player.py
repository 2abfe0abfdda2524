"""Musicians for measurements: they play into a bridge and write down what they hear, and when.

They stand outside the bridge, on their own ports, usually in a process of their own.
"""

from __future__ import annotations

import random
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from daw_bridge.io.ports import InPort, OutPort
from daw_bridge.music.messages import NoteOff, NoteOn, decode, encode

CALL_NOTES: Final = 5
LOWEST: Final = 55
HIGHEST: Final = 79
STEP_S: Final = 0.11
"""From key to key of a call."""

HELD_S: Final = 0.08
HEARD_S: Final = 0.7
"""How much of an answer is listened to before the next call is played over it."""

ANSWER_LIMIT_S: Final = 4.0
END_LIMIT_S: Final = 20.0
_POLL_S: Final = 0.0005


@dataclass(frozen=True, slots=True)
class Heard:
    """A turn from outside: it was wanted at `over_s` (last key up and gap, or the bar line), heard at `first_s`."""

    over_s: float
    first_s: float | None


@dataclass(slots=True)
class Performance:
    """All that was played and heard. `hanging` are notes never released; all times on time.monotonic's axis."""

    turns: list[Heard] = field(default_factory=list)
    notes_on: int = 0
    notes_off: int = 0
    hanging: int = 0
    played: list[tuple[float, str]] = field(default_factory=list)
    """(moment, bytes as hexadecimal digits) of every note message played."""
    heard: list[tuple[float, str]] = field(default_factory=list)
    """The same of every note message heard."""


class Musician:
    """Plays on `keys`, hears through `ear`. Owns neither."""

    def __init__(
        self,
        keys: OutPort,
        ear: InPort,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._keys = keys
        self._ear = ear
        self._clock = clock
        self._sleep = sleep
        self._sounding: Counter[tuple[int, int]] = Counter()
        self.performance = Performance()

    def listen_to_the_end(self) -> None:
        """Hear until it has been silent for a second."""
        give_up_s = self._clock() + END_LIMIT_S
        quiet_s = self._clock()
        while self._clock() < give_up_s and self._clock() - quiet_s < 1.0:
            if self.listen() or self._sounding.total():
                quiet_s = self._clock()
            self._sleep(_POLL_S)
        self.performance.hanging = self._sounding.total()

    def play(self, message: NoteOn | NoteOff) -> float:
        """Play a note message; returns its moment."""
        data = encode(message)
        moment_s = self._clock()
        self._keys.send(data)
        self.performance.played.append((moment_s, data.hex()))
        return moment_s

    def listen_until(self, until_s: float) -> None:
        """Hear until a moment."""
        while self._clock() < until_s:
            self.listen()
            self._sleep(max(0.0, min(_POLL_S, until_s - self._clock())))

    def listen(self) -> list[tuple[float, bool]]:
        """Note what was heard; returns (moment, whether a key was struck) of each note message."""
        heard = []
        for moment_s, data in self._ear.poll():
            match decode(data):
                case NoteOn(channel, pitch):
                    self.performance.notes_on += 1
                    self._sounding[channel, pitch] += 1
                    heard.append((moment_s, True))
                case NoteOff(channel, pitch):
                    self.performance.notes_off += 1
                    if self._sounding[channel, pitch] > 0:
                        self._sounding[channel, pitch] -= 1
                    heard.append((moment_s, False))
                case _:
                    continue
            self.performance.heard.append((moment_s, data.hex()))
        return heard


class Player(Musician):
    """Plays short calls in free time, and waits for each answer."""

    def __init__(
        self,
        keys: OutPort,
        ear: InPort,
        gap_s: float,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        super().__init__(keys, ear, clock, sleep)
        self._gap_s = gap_s
        self._keys_of_call: set[int] = set()

    def perform(self, turns: int) -> Performance:
        """Play so many calls, hear the last answer to its end, and tell."""
        for turn in range(turns):
            over_s = self._call(turn) + self._gap_s
            first_s = self._first_note(over_s)
            self.performance.turns.append(Heard(over_s, first_s))
            if first_s is None:
                self._lift_again()
            if first_s is not None and turn < turns - 1:
                self.listen_until(self._clock() + HEARD_S)
        self.listen_to_the_end()
        return self.performance

    def _call(self, turn: int) -> float:
        """Play a call; returns the moment of the last key up."""
        # Calls that nobody can foretell: a model that plays the next one in unison with us would be taken for an echo.
        chance = random.Random(turn)
        start_s = self._clock()
        released_s = start_s
        self._keys_of_call.clear()
        for number in range(CALL_NOTES):
            pitch, velocity = chance.randint(LOWEST, HIGHEST), chance.randint(40, 110)
            self._keys_of_call.add(pitch)
            self.listen_until(start_s + number * STEP_S)
            self.play(NoteOn(0, pitch, velocity))
            self.listen_until(start_s + number * STEP_S + HELD_S)
            released_s = self.play(NoteOff(0, pitch))
        return released_s

    def _lift_again(self) -> None:
        """Nobody answers: maybe a key still counts as held, because its message was lost on the way."""
        for pitch in sorted(self._keys_of_call):
            self.play(NoteOff(0, pitch))

    def _first_note(self, over_s: float) -> float | None:
        while self._clock() < over_s + ANSWER_LIMIT_S:
            for moment_s, struck in self.listen():
                if struck and moment_s > over_s - self._gap_s:
                    return moment_s
            self._sleep(_POLL_S)
        return None
