"""What has been played in this session, as the model hears it."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from typing import Final

from daw_bridge.music.notes import Note

MOST_NOTES: Final = 512
"""The longest context of an answer, call included."""
HOP: Final = 256
"""A longer context loses this many of its oldest notes at once, so that for long stretches it only grows at its end."""


@dataclass(frozen=True, slots=True)
class Heard:
    """The notes of one turn, call and response; turn 0 is what was played outside any turn."""

    turn: int
    notes: tuple[Note, ...]


class History:
    """Turn after turn, bounded; the last ones can be forgotten again."""

    def __init__(self) -> None:
        self._turns: deque[Heard] = deque()
        self._notes: tuple[Note, ...] = ()
        self._purged = 0

    def __len__(self) -> int:
        return len(self._notes)

    @property
    def last_turn(self) -> int:
        """The turn that was added last, 0 when there is none."""
        return self._turns[-1].turn if self._turns else 0

    def add(self, turn: int, notes: tuple[Note, ...]) -> None:
        """Notes were played in a turn."""
        if not notes:
            return
        self._turns.append(Heard(turn, tuple(sorted(notes))))
        self._notes = merged(self._notes, self._turns[-1].notes)
        while len(self._turns) > 1 and len(self._notes) - len(self._turns[0].notes) >= MOST_NOTES + HOP:
            self._purged += len(self._turns.popleft().notes)
            self._sort()

    def forget_last(self) -> int | None:
        """Forget the last turn; returns its number, None when there is none."""
        while self._turns:
            turn = self._turns.pop().turn
            if turn:
                self._sort()
                return turn
        self._sort()
        return None

    def context(self, call: tuple[Note, ...]) -> tuple[Note, ...]:
        """History and call in order, trimmed at the front in hops."""
        count = self._purged + len(self._notes) + len(call)
        excess = max(count - MOST_NOTES, 0)
        dropped = -(-excess // HOP) * HOP - self._purged
        return merged(self._notes, call)[max(dropped, 0) :]

    def _sort(self) -> None:
        self._notes = ()
        for heard in self._turns:
            self._notes = merged(self._notes, heard.notes)


def merged(before: tuple[Note, ...], notes: tuple[Note, ...]) -> tuple[Note, ...]:
    """Two sorted runs of notes as one; quick in the usual case, in which one follows the other."""
    if not before or not notes or before[-1] < notes[0]:
        return (*before, *notes)
    return tuple(sorted((*before, *notes)))
