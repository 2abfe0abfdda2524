"""The models at hand, the best first, and which of them is asked first.

A model that was late time after time, with its first note or with those after it, rests: those behind it answer alone,
with the whole processor to themselves. After some turns it is asked again, so that a busy moment costs it a while and
not the session.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

PATIENCE: Final = 3
"""Late so often in a row, a model rests ..."""
REST_TURNS: Final = 8
"""... for so many answers. Then it is on trial: late once more, it rests again."""


@dataclass(slots=True)
class _Record:
    """How a model has done lately: late so often in a row, and so many answers still to rest."""

    late: int = 0
    rest: int = 0


class Tiers:
    """Knows the models by their level; 0 is the best there could be."""

    def __init__(self, levels: Iterable[int]) -> None:
        self._records = {level: _Record() for level in sorted(levels)}

    @property
    def levels(self) -> tuple[int, ...]:
        """All that are at hand, those that rest included."""
        return tuple(self._records)

    @property
    def first(self) -> int:
        """The model that is asked first: the best that does not rest, or else the last. 0 where there is none."""
        awake = (level for level, record in self._records.items() if not record.rest)
        return next(awake, max(self._records, default=0))

    def after(self, level: int) -> int | None:
        """The next model behind one, None if only the memory is left."""
        return next((other for other in self._records if other > level), None)

    def behind(self, level: int) -> tuple[int, ...]:
        """All models behind one."""
        return tuple(other for other in self._records if other > level)

    def join(self, level: int, *, resting: bool = False) -> None:
        """A model is at hand from now on; one that is known to be slow begins with a rest."""
        record = _Record(PATIENCE - 1, REST_TURNS) if resting else _Record()
        self._records = dict(sorted((self._records | {level: record}).items()))

    def answered(self, asked: int, by: int | None) -> None:
        """A call that model `asked` was to answer was answered by another, by itself, or by the memory (None)."""
        for level, record in self._records.items():
            if record.rest:
                record.rest -= 1
            elif level >= asked and (by is None or level < by):
                self._was_late(level)

    def played(self, level: int, *, starved: bool) -> None:
        """A model has answered to the end, or `starved` the answer: its notes came after their moment."""
        if starved:
            self._was_late(level)
        elif level in self._records:
            self._records[level].late = 0

    def rest(self, level: int) -> None:
        """A model is not asked for a while, if there is another behind it."""
        if level in self._records and self.after(level) is not None:
            self._records[level] = _Record(PATIENCE - 1, REST_TURNS)

    def _was_late(self, level: int) -> None:
        record = self._records.get(level)
        if record is not None and not record.rest:
            record.late += 1
            if record.late >= PATIENCE:
                self.rest(level)
