"""What the musician plays, as notes: when a call has begun, what is in it, and since when it has been quiet."""

from __future__ import annotations

import itertools
import statistics
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from daw_bridge.engine.routing import TABLE, Caller
from daw_bridge.music.messages import (
    ALL_NOTES_OFF,
    ALL_SOUND_OFF,
    RESET_CONTROLLERS,
    SUSTAIN,
    ControlChange,
    NoteOff,
    NoteOn,
)
from daw_bridge.music.notes import Note

MAX_CALL_NOTES: Final = 1024
"""A longer call loses its oldest half: the model hears at most half as many."""
PATIENCE_S: Final = 30.0
"""A key held for this long no longer keeps a call open: its note-off was lost."""
PEDAL_PATIENCE_S: Final = 10.0
"""A pedal without a stroke for this long is no longer waited for, nor ever again until it has been up."""
DOUBT_S: Final = 3.0
"""After two strokes of one key and one note-off the other note-off is soon to come, or it was lost."""
SHORTEST_S: Final = 0.005
PEDAL_DOWN: Final = 64

CHORD_S: Final = 0.04
"""Onsets this close are one gesture."""
GAP_FLOOR_S: Final = 0.35
GAP_CEILING_S: Final = 1.2
GAP_UNKNOWN_S: Final = 0.8
GAP_INTERVALS: Final = 2.0


def adaptive_gap_s(onsets_s: Sequence[float]) -> float:
    """The silence that ends a call: twice its median inter-onset interval, within 0.35 and 1.2 s.

    A player who plays fast is answered fast; one who plays slowly may breathe. One gesture alone says nothing: 0.8 s.
    """
    intervals = [later - earlier for earlier, later in itertools.pairwise(onsets_s)]
    between = [interval for interval in intervals if interval > CHORD_S]
    if not between:
        return GAP_UNKNOWN_S
    return min(max(GAP_INTERVALS * statistics.median(between), GAP_FLOOR_S), GAP_CEILING_S)


@dataclass(slots=True)
class _Key:
    """A key that is down; `counted` until the call it belongs to is taken.

    `doubted_s` is when a note-off ended another stroke of the same key and left this one.
    """

    onset_s: float
    velocity: int
    counted: bool = True
    doubted_s: float = float("inf")

    @property
    def until_s(self) -> float:
        """As long as this it keeps a call open, if no note-off comes."""
        return min(self.onset_s + PATIENCE_S, self.doubted_s + DOUBT_S)


_KeyName = tuple[str, int, int]


class Capture:
    """Listens. Times are the stamps of the messages."""

    def __init__(self) -> None:
        self._down: dict[_KeyName, deque[_Key]] = {}
        self._pedals: set[tuple[str, int]] = set()
        self._stuck: set[tuple[str, int]] = set()
        self._routes: deque[tuple[float, int]] = deque(maxlen=MAX_CALL_NOTES)
        self._done: list[Note] = []
        self._onsets_s: deque[float] = deque(maxlen=64)
        self._released_s = float("-inf")
        self._struck_s = float("-inf")

    @property
    def empty(self) -> bool:
        """Whether nothing has been played since the last call was taken."""
        return not self._done and not any(key.counted for keys in self._down.values() for key in keys)

    def quiet_from_s(self) -> float:
        """Since when, or from when at the latest, no key and no pedal is held."""
        keys_s = (key.until_s for keys in self._down.values() for key in keys)
        quiet_s = max(self._released_s, *keys_s, float("-inf"))
        if self._pedals - self._stuck:
            return max(quiet_s, max(self._struck_s, self._released_s) + PEDAL_PATIENCE_S)
        return quiet_s

    @property
    def began_s(self) -> float:
        """The first onset of the call, infinity before there is one."""
        done_s = min((note.onset_s for note in self._done), default=float("inf"))
        down_s = (key.onset_s for keys in self._down.values() for key in keys if key.counted)
        return min(done_s, min(down_s, default=float("inf")))

    def gap_s(self) -> float:
        """The adaptive gap of the call so far."""
        return adaptive_gap_s(tuple(self._onsets_s))

    def caller(self, call: Sequence[Note]) -> Caller:
        """Where a call came from, as far as its strokes have not been taken."""
        return Caller.of(call, (route for _, route in self._routes))

    def strike(self, port: str, message: NoteOn, now_s: float, route: int = TABLE) -> None:
        """A key goes down, on one of the routes."""
        name = (port, message.channel, message.pitch)
        keys = self._down.setdefault(name, deque())
        while keys and keys[0].until_s <= now_s:
            lost = keys.popleft()
            if lost.counted:
                self._done.append(_note(name, lost, min(lost.doubted_s, now_s)))
        keys.append(_Key(now_s, message.velocity))
        self._onsets_s.append(now_s)
        self._routes.append((now_s, route))
        self._struck_s = now_s
        if len(self._done) >= MAX_CALL_NOTES:
            del self._done[: MAX_CALL_NOTES // 2]

    def lift(self, port: str, message: NoteOff, now_s: float) -> Note | None:
        """A key comes up: of two strokes of one key the older ends. Returns the note, if it is one of this call."""
        name = (port, message.channel, message.pitch)
        keys = self._down.get(name)
        if not keys:
            return None
        key = keys.popleft()
        if not keys:
            del self._down[name]
        for left in keys:
            left.doubted_s = now_s
        self._released_s = now_s
        if not key.counted:
            return None
        note = _note(name, key, now_s)
        self._done.append(note)
        return note

    def control(self, port: str, message: ControlChange, now_s: float) -> tuple[Note, ...]:
        """Pedal, and the controllers that end notes. Returns the notes they complete."""
        if message.controller == SUSTAIN:
            self._pedal(port, message.channel, down=message.value >= PEDAL_DOWN, now_s=now_s)
        elif message.controller == RESET_CONTROLLERS:
            self._pedal(port, message.channel, down=False, now_s=now_s)
        elif message.controller == ALL_SOUND_OFF or message.controller >= ALL_NOTES_OFF:
            return self._lift_where(port, message.channel, now_s)
        return ()

    def unplug(self, port: str, now_s: float) -> tuple[Note, ...]:
        """No note-off can come from this port any more: its keys are up."""
        for pedal in [pedal for pedal in self._pedals if pedal[0] == port]:
            self._pedal(*pedal, down=False, now_s=now_s)
        return self._lift_where(port, None, now_s)

    def heard(self) -> tuple[Note, ...]:
        """The completed notes of the call up to the first that is still held, in order: this much will not change."""
        until_s = min((key.onset_s for keys in self._down.values() for key in keys if key.counted), default=None)
        return tuple(sorted(note for note in self._done if until_s is None or note.onset_s < until_s))

    def call(self, end_s: float) -> tuple[Note, ...]:
        """The whole call in order, as if all keys that are down came up at `end_s`."""
        return tuple(sorted((*self._done, *self._held(end_s))))

    def take(self, end_s: float, before_s: float = float("inf")) -> tuple[Note, ...]:
        """The call is over: its notes with onsets before `before_s`, which count no more; keys may stay down."""
        taken = [note for note in self.call(end_s) if note.onset_s < before_s]
        self._done = [note for note in self._done if note.onset_s >= before_s]
        for keys in self._down.values():
            for key in keys:
                key.counted = key.counted and key.onset_s >= before_s
        self._onsets_s = deque((onset_s for onset_s in self._onsets_s if onset_s >= before_s), maxlen=64)
        self._routes = deque((stroke for stroke in self._routes if stroke[0] >= before_s), maxlen=MAX_CALL_NOTES)
        if max(self._struck_s, self._released_s) + PEDAL_PATIENCE_S <= end_s:
            self._stuck |= self._pedals
        return tuple(taken)

    def _held(self, end_s: float) -> list[Note]:
        return [_note(name, key, end_s) for name, keys in self._down.items() for key in keys if key.counted]

    def _pedal(self, port: str, channel: int, *, down: bool, now_s: float) -> None:
        pedal = (port, channel)
        if down:
            self._pedals.add(pedal)
        elif pedal in self._pedals:
            self._pedals.discard(pedal)
            self._stuck.discard(pedal)
            self._released_s = now_s

    def _lift_where(self, port: str, channel: int | None, now_s: float) -> tuple[Note, ...]:
        names = [name for name in self._down if name[0] == port and channel in (None, name[1])]
        lifted = []
        for name in names:
            for _ in range(len(self._down[name])):
                note = self.lift(port, NoteOff(name[1], name[2]), now_s)
                if note is not None:
                    lifted.append(note)
        return tuple(lifted)


def _note(name: _KeyName, key: _Key, end_s: float) -> Note:
    _, channel, pitch = name
    return Note(key.onset_s, pitch, max(end_s - key.onset_s, SHORTEST_S), key.velocity, channel)
