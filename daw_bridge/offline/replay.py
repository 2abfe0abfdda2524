"""Ask again what a take's turns asked, and compare the answers note for note."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import groupby

from daw_bridge.engine.continuation import Continuer, begun
from daw_bridge.io.take_reading import Part, Turn
from daw_bridge.music.notes import Note


@dataclass(frozen=True, slots=True)
class Difference:
    """The first place where an answer is another: the note of the take and the note that came now."""

    index: int
    recorded: Note
    drawn: Note | None


@dataclass(frozen=True, slots=True)
class Replay:
    """One turn asked again. `difference` is None when every note is the same."""

    turn: int
    notes: int
    tiers: tuple[str, ...]
    difference: Difference | None

    @property
    def same(self) -> bool:
        """Whether the answer is the recorded one."""
        return self.difference is None


def replay_turn(turn: Turn, continuer_for: Callable[[str], Continuer]) -> Replay:
    """Ask all of a turn's questions again, each note under the controls it was drawn under.

    `continuer_for` takes the name of the tier that answered.
    """
    recorded: list[Note] = []
    fresh: list[Note] = []
    for part in turn.parts:
        if part.drawn:
            recorded.extend(drawn.note for drawn in part.drawn)
            fresh.extend(_draw(part, continuer_for(part.drawn[0].tier)))
    return Replay(turn.number, len(recorded), turn.tiers, _first_difference(recorded, fresh))


def _draw(part: Part, continuer: Continuer) -> list[Note]:
    stream = begun(continuer, part.called)
    fresh: list[Note] = []
    for controls, same in groupby(part.drawn, key=lambda drawn: drawn.controls):
        wanted = len(list(same))
        notes = stream.next(wanted, controls)
        fresh.extend(notes)
        if len(notes) < wanted:
            break
    return fresh


def _first_difference(recorded: list[Note], fresh: list[Note]) -> Difference | None:
    for index, note in enumerate(recorded):
        now = fresh[index] if index < len(fresh) else None
        if now != note:
            return Difference(index, note, now)
    return None
