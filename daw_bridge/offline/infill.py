"""Rewriting bars in the middle of a piece, so that they lead from what is before to what is after."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

from daw_bridge.engine.continuation import Continuer
from daw_bridge.errors import UsageError
from daw_bridge.music.editing import without_notes
from daw_bridge.music.midifile import Piece, PieceNote
from daw_bridge.music.notes import Note
from daw_bridge.music.smf import Smf
from daw_bridge.offline.compose import Candidate, Place, Task, candidates, chosen_parts, place_at, written
from daw_bridge.offline.drawing import Stretch, derived_seed, nats_after
from daw_bridge.offline.judging import Reference

DRAFTS: Final = 12
_FOLLOWING: Final = 48
_BRIDGE_WEIGHT: Final = 1.0


@dataclass(frozen=True, slots=True)
class Bridge:
    """A rewritten stretch; `bridge_nats` is how surprising what follows is after it, per note (None: unknown)."""

    candidate: Candidate
    bridge_nats: float | None

    @property
    def score(self) -> float:
        """Higher is better: the music after it should follow naturally, and it should be like the piece."""
        own = 0.5 * self.candidate.verdict.score
        return own if self.bridge_nats is None else own - _BRIDGE_WEIGHT * self.bridge_nats


def place_infill(piece: Piece, task: Task, first_bar: int, last_bar: int) -> Place:
    """The place of bars `first_bar` to `last_bar` (from 1, both rewritten). Raises UsageError for no such bars."""
    parts = chosen_parts(piece, task.part)
    last = int(piece.meter.bar_at(max(piece.end_tick - 1, 0))) + 1
    if not 1 <= first_bar <= last_bar:
        raise UsageError(f"--infill {first_bar}:{last_bar} names no bars", cure="write FIRST:LAST, counted from 1")
    if first_bar > last:
        raise UsageError(f"bar {first_bar} is after the end", cure=f"the piece has {last} bars")
    stretch = Stretch.of(piece, piece.meter.bar_start(first_bar - 1), piece.meter.bar_start(last_bar))
    return place_at(piece, parts, stretch, task)


def infill_piece(
    continuer: Continuer, place: Place, task: Task, seed: int, reference: Reference | None = None
) -> Bridge:
    """The answer that belongs to a seed: of several drafts, the one after which the piece goes on most naturally."""
    drafts = max(task.best_of, DRAFTS)
    seeds = [derived_seed(seed, draft) for draft in range(drafts)]
    after = following_notes(place)
    room_s = min((note.onset_s for note in after), default=place.stretch.end_s) - place.stretch.start_s
    drawn = candidates(continuer, place, seeds, reference)
    if room_s > 0.0:
        drawn = [replace(draft, notes=_before_same_pitch(draft.notes, after)) for draft in drawn]
    bridges = [Bridge(draft, _bridge_nats(continuer, place, draft.notes, after)) for draft in drawn]
    return max(bridges, key=lambda bridge: bridge.score)


def written_infill(place: Place, notes: Sequence[Note], task: Task, name: str) -> Smf:
    """The file with the old notes of the stretch out and the new ones in; all else is identical."""
    return written(place, notes, task, name, base=without_notes(place.piece.smf, old_notes(place)))


def old_notes(place: Place) -> list[PieceNote]:
    """The notes of the chosen parts that begin in the stretch."""
    return [
        note
        for part in place.parts
        for note in part.notes
        if place.stretch.start_tick <= note.on_tick < place.stretch.end_tick
    ]


def following_notes(place: Place) -> tuple[Note, ...]:
    """The next notes of the chosen parts after the stretch, in seconds."""
    rows = sorted(note for part in place.parts for note in part.notes if note.on_tick >= place.stretch.end_tick)
    return tuple(sorted(place.piece.seconds_note(note) for note in rows[:_FOLLOWING]))


def _bridge_nats(continuer: Continuer, place: Place, notes: Sequence[Note], after: Sequence[Note]) -> float | None:
    if not after:
        return None
    nats = nats_after(continuer, place.context, (*notes, *after), drums=place.drums)
    return sum(nats[len(notes) :]) / len(after) if nats else None


def _before_same_pitch(notes: Sequence[Note], after: Sequence[Note]) -> tuple[Note, ...]:
    """The notes, each ended where the kept music strikes its key again."""
    struck: dict[int, float] = {}
    for note in after:
        struck.setdefault(note.pitch, note.onset_s)
    return tuple(
        replace(note, duration_s=max(struck[note.pitch] - note.onset_s, 0.01))
        if note.pitch in struck and note.end_s > struck[note.pitch]
        else note
        for note in notes
    )
