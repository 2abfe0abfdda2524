"""Ask again what a take's turns asked, and compare the answers note for note."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import groupby

from daw_bridge.engine.continuation import Continuer
from daw_bridge.io.take_reading import DrawnNote, Turn
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
    """Draw a turn's answer again under the controls each note was drawn under; `continuer_for` takes a tier's name.

    Where another tier took over in the middle, it is led along what had been answered before, as the live bridge did.
    """
    fresh: list[Note] = []
    for tier, run in groupby(turn.drawn, key=lambda drawn: drawn.tier):
        fresh.extend(_draw(turn, len(fresh), list(run), continuer_for(tier)))
    tiers = tuple(dict.fromkeys(drawn.tier for drawn in turn.drawn))
    return Replay(turn.number, len(turn.drawn), tiers, _first_difference(turn.drawn, fresh))


def _draw(turn: Turn, start: int, run: list[DrawnNote], continuer: Continuer) -> list[Note]:
    called = turn.called
    stream = continuer.begin(
        called.context, start_s=called.start_s, seed=called.seed, time_scale=called.time_scale, drums=called.drums
    )
    fresh: list[Note] = []
    skipped = [drawn.controls for drawn in turn.drawn[:start]]
    for controls, same in groupby([*skipped, *(drawn.controls for drawn in run)]):
        fresh.extend(stream.next(len(list(same)), controls))
    return fresh[start:]


def _first_difference(recorded: tuple[DrawnNote, ...], fresh: list[Note]) -> Difference | None:
    for index, drawn in enumerate(recorded):
        now = fresh[index] if index < len(fresh) else None
        if now != drawn.note:
            return Difference(index, drawn.note, now)
    return None
