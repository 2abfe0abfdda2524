"""What is to be sent later, by the absolute second it is due."""

from __future__ import annotations

import heapq
from dataclasses import dataclass, field

from daw_bridge.music.messages import Message


@dataclass(frozen=True, slots=True)
class Release:
    """The note-off of a voice of the ledger; void if the voice has left by then."""

    voice: int


@dataclass(frozen=True, slots=True, order=True)
class Due:
    """Something to do at `due_s`; entries of the same moment keep the order in which they were put in."""

    due_s: float
    order: int
    what: Release | Message = field(compare=False)
    owner: int = field(compare=False, default=0)
    port: str = field(compare=False, default="out")


class Schedule:
    """A queue by due second."""

    def __init__(self) -> None:
        self._heap: list[Due] = []
        self._order = 0

    def __len__(self) -> int:
        return len(self._heap)

    @property
    def next_s(self) -> float | None:
        """The moment of the first entry."""
        return self._heap[0].due_s if self._heap else None

    def put(self, due_s: float, what: Release | Message, owner: int = 0, port: str = "out") -> None:
        """Have `what` done at `due_s`; a message goes to `port`."""
        self._order += 1
        heapq.heappush(self._heap, Due(due_s, self._order, what, owner, port))

    def pop(self, now_s: float) -> Due | None:
        """The first entry that is due at `now_s`, taken out."""
        if self._heap and self._heap[0].due_s <= now_s:
            return heapq.heappop(self._heap)
        return None

    def drop(self, owner: int | None = None) -> None:
        """Forget every entry, or those of one owner."""
        self._heap = [] if owner is None else [due for due in self._heap if due.owner != owner]
        heapq.heapify(self._heap)
