"""The phrase memory: answers with what this session has played, and is never late.

A variable-order Markov model after Pachet's Continuator (2003): the longest figure that ends where the music stands is
looked up in what was played before, and goes on as it did then. It knows nothing but the context it is given.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from daw_bridge.engine.continuation import SamplingControls
from daw_bridge.engine.seeds import uniform
from daw_bridge.music.harmony import estimate_key, parse_key
from daw_bridge.music.notes import DRUM_CHANNEL, Note

MEMORY_TIER: Final = "memory"
ORDERS: Final = 4
CHORD_S: Final = 0.04
"""Onsets closer than this belong to one chord."""
LONGEST_WAIT_S: Final = 2.0
"""A rest between two phrases is not a figure of either."""
BACK_OFF: Final = 0.25
"""How readily, at temperature 1, a figure is left for a shorter and freer one."""
FIRST_STEP_S: Final = 0.25
"""The step to the note that nothing was played before."""

Figure = tuple[int, ...]
Index = list[dict[Figure, list[int]]]
"""For each order: a figure of so many pitches -> the numbers of the notes played after it, ascending."""


@dataclass(frozen=True, slots=True)
class _Known:
    """A note as it was played, `wait_s` after the one before."""

    pitch: int
    wait_s: float
    duration_s: float
    velocity: int


class PhraseMemory:
    """Remembers the notes of one context; grows with it, and starts anew when it is another one."""

    def __init__(self) -> None:
        self._context: list[Note] = []
        self._notes: list[_Known] = []
        self._after = _empty_index()

    @property
    def name(self) -> str:
        """`memory`."""
        return MEMORY_TIER

    def follow(self, context: Sequence[Note], time_scale: float = 1.0) -> None:  # noqa: ARG002 - it copies, at any tempo
        """Remember `context`, a sorted sequence of notes."""
        if list(context[: len(self._context)]) != self._context:
            # Streams that are still being drawn keep the old ones.
            self._context, self._notes, self._after = [], [], _empty_index()
        for note in context[len(self._context) :]:
            self._learn(note)

    def begin(
        self, context: Sequence[Note], *, start_s: float, seed: int, time_scale: float = 1.0, drums: bool = False
    ) -> MemoryStream:
        """Start an answer out of `context`. Raises ValueError when nothing has been played in it."""
        if not context:
            raise ValueError("the phrase memory has heard nothing yet")
        self.follow(context, time_scale)
        return MemoryStream(tuple(self._notes), self._after, tuple(context), start_s, seed, drums)

    def _learn(self, note: Note) -> None:
        index = len(self._notes)
        wait_s = min(note.onset_s - self._context[-1].onset_s, LONGEST_WAIT_S) if index else FIRST_STEP_S
        self._notes.append(_Known(note.pitch, wait_s, note.duration_s, note.velocity))
        pitches = tuple(known.pitch for known in self._notes[max(index - ORDERS, 0) : index])
        for order in range(min(ORDERS, index) + 1):
            figure = pitches[len(pitches) - order :]
            self._after[order].setdefault(figure, []).append(index)
        self._context.append(note)


@dataclass(slots=True)
class MemoryStream:
    """One answer; see `engine.continuation.AnswerStream`."""

    _notes: tuple[_Known, ...]
    _after: Index
    _context: tuple[Note, ...]
    _start_s: float
    _seed: int
    _drums: bool
    _index: int = 0
    _onset_s: float = 0.0
    _drawn: list[int] = field(default_factory=list)
    _sounding: list[float] = field(default_factory=list)

    def next(self, count: int, controls: SamplingControls) -> tuple[Note, ...]:
        """The next `count` notes, in order of onset."""
        scale = None if self._drums else _scale(controls.key, self._context)
        return tuple(self._draw(controls, scale) for _ in range(count))

    def _draw(self, controls: SamplingControls, scale: frozenset[int] | None) -> Note:
        for attempt in range(64):
            known, moved_s = self._step(controls, attempt)
            onset_s = self._start_s if self._index == 0 else self._onset_s + moved_s
            self._sounding = [end_s for end_s in self._sounding if end_s > onset_s]
            if len(self._sounding) < controls.max_polyphony:
                break
            # The hand is full: hear on until a finger is free.
            self._onset_s = onset_s
        else:
            onset_s = max(self._onset_s, min(self._sounding))
            self._sounding.clear()
        self._onset_s = onset_s
        self._index += 1
        duration_s = min(max(known.duration_s, 0.02), controls.max_duration_s)
        self._sounding.append(onset_s + duration_s)
        pitch = known.pitch if self._drums else _fit(known.pitch, controls, scale)
        channel = DRUM_CHANNEL if self._drums else 0
        return Note(onset_s, pitch, duration_s, self._touch(known.velocity, controls), channel)

    def _step(self, controls: SamplingControls, attempt: int) -> tuple[_Known, float]:
        """What is remembered to follow, and after how long."""
        names = (self._index, attempt)
        reach = max(BACK_OFF * controls.temperature * (1.0 - controls.imitation), 0.0)
        past = [self._notes[index].pitch for index in self._drawn[-ORDERS:]]
        if len(past) < ORDERS:
            heard = [known.pitch for known in self._notes[len(past) - ORDERS :]]
            past = [*heard, *past][-ORDERS:]
        candidates: list[int] = []
        for order in range(min(ORDERS, len(past)), -1, -1):
            known_after = self._after[order].get(tuple(past[len(past) - order :]), [])
            # The index may have grown since this answer began.
            candidates = known_after[: bisect_left(known_after, len(self._notes))]
            if candidates and (order == 0 or uniform(self._seed, *names, order) >= reach):
                break
        chosen = 0.0 if controls.temperature == 0.0 else uniform(self._seed, *names, ORDERS + 1)
        known_index = candidates[int(chosen * len(candidates))]
        self._drawn = [*self._drawn[1 - ORDERS :], known_index]
        known = self._notes[known_index]
        if known.wait_s > CHORD_S:
            return known, known.wait_s * 2.0**-controls.density
        # Without an end to chords, one chord could be answered by notes that never move on.
        return known, FIRST_STEP_S if len(self._sounding) >= controls.max_polyphony else known.wait_s

    def _touch(self, velocity: int, controls: SamplingControls) -> int:
        touch = self._context[-24:]
        usual = sum(note.velocity for note in touch) / len(touch)
        return min(max(round(velocity + (usual - velocity) * controls.follow_velocity), 1), 127)


def _empty_index() -> Index:
    return [{} for _ in range(ORDERS + 1)]


def _scale(key: str, context: tuple[Note, ...]) -> frozenset[int] | None:
    if key == "off":
        return None
    return (estimate_key(context) if key == "auto" else parse_key(key)).pitch_classes


def _fit(pitch: int, controls: SamplingControls, scale: frozenset[int] | None) -> int:
    """The pitch moved by octaves into the range, then to the nearest pitch of the scale that the range has."""
    low, high = sorted((controls.pitch_low, controls.pitch_high))
    while pitch < low:
        pitch += 12
    while pitch > high:
        pitch -= 12
    if low <= pitch <= high and (scale is None or pitch % 12 in scale):
        return pitch
    allowed = [candidate for candidate in range(low, high + 1) if scale is None or candidate % 12 in scale]
    if not allowed:
        return min(max(pitch, low), high)
    return min(allowed, key=lambda candidate: (abs(candidate - pitch), candidate))
