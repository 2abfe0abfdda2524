"""Continuing a piece: where to go on, what the model is told, and the new notes written into a copy of the file."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Final

from daw_bridge.engine.continuation import Continuer, SamplingControls
from daw_bridge.errors import UsageError
from daw_bridge.music.editing import cut_after, free_channel, sound_of_part, with_events, with_track
from daw_bridge.music.grid import Grid, find_grid
from daw_bridge.music.harmony import Key, estimate_key, parse_key
from daw_bridge.music.midifile import Piece, PieceNote, note_events, piece_of
from daw_bridge.music.notes import Note
from daw_bridge.music.parts import Part, choose_parts, main_part, most_together, parts_of, playing_range, shared_out
from daw_bridge.music.smf import Smf
from daw_bridge.offline.drawing import Stretch, context_of, derived_seed, draw, on_ticks, single_line
from daw_bridge.offline.judging import Reference, Verdict, judge

MAX_LENGTH_S: Final = 1800.0
_GM_KIT: Final = range(35, 82)
_SNARE: Final = 38
_KIT_RELATIVES: Final = {22: 42, 26: 46}
"""Edges of the hi-hat on electronic kits, as closed and open hi-hat."""
_OVERHANG_BEATS: Final = 0.5
"""A last note may ring this far into the next bar before that bar counts as the piece's."""


@dataclass(frozen=True, slots=True)
class Task:
    """What is asked for. `range_given` keeps the pitch range of `controls`; else it is found from the piece.

    `from_bar` counts from 1, 0 is the end of the piece; `keep_grid` None decides by how exactly the piece keeps one.
    """

    bars: int = 8
    seconds: float = 0.0
    from_bar: int = 0
    part: str = ""
    program: int = -1
    replace: bool = False
    keep_grid: bool | None = None
    controls: SamplingControls = field(default_factory=SamplingControls)
    range_given: bool = False
    seed: int = 0
    best_of: int = 1


@dataclass(frozen=True, slots=True)
class Place:
    """Where new notes go and what they follow: chosen before anything is drawn."""

    piece: Piece
    stretch: Stretch
    parts: tuple[Part, ...]
    lead: Part
    context: tuple[Note, ...]
    controls: SamplingControls
    key: Key
    grid: Grid | None

    @property
    def drums(self) -> bool:
        """Whether only drums are played here."""
        return all(part.drums for part in self.parts)

    @property
    def single(self) -> bool:
        """Whether this is a single line, which no chord may follow."""
        return not self.drums and most_together([note for part in self.parts for note in part.notes]) == 1


@dataclass(frozen=True, slots=True)
class Candidate:
    """One answer: its notes in seconds of the file, the seed they come from, their judgement, the time drawing took."""

    notes: tuple[Note, ...]
    seed: int
    verdict: Verdict
    drawn_in_s: float


def place_continuation(piece: Piece, task: Task) -> Place:
    """Find the start, the length and the context. Raises UsageError when the piece has no notes or no such bar."""
    parts = chosen_parts(piece, task.part)
    if task.from_bar:
        bar = task.from_bar - 1
        start_tick = piece.meter.bar_start(bar)
        if start_tick > piece.end_tick:
            last = int(piece.meter.bar_at(max(piece.end_tick - 1, 0))) + 1
            raise UsageError(f"bar {task.from_bar} is after the end", cure=f"the piece has {last} bars")
    else:
        beat = piece.meter.beat_ticks(piece.end_tick)
        bar = piece.meter.next_bar(piece.end_tick, min(_OVERHANG_BEATS * beat, piece.end_tick - 1))
        start_tick = piece.meter.bar_start(bar)
    if task.seconds > 0.0:
        end_tick = round(piece.tempo.tick(piece.tempo.seconds(start_tick) + task.seconds))
    else:
        end_tick = piece.meter.bar_start(bar + task.bars)
    return place_at(piece, parts, Stretch.of(piece, start_tick, max(end_tick, start_tick + 1)), task)


def place_at(piece: Piece, parts: Sequence[Part], stretch: Stretch, task: Task) -> Place:
    """The place of a stretch: context, range, key and grid, as the task and the piece have them."""
    if stretch.length_s > MAX_LENGTH_S:
        raise UsageError(
            f"that is {stretch.length_s / 60:.0f} minutes of music in this file's tempo",
            cure=f"ask for at most {MAX_LENGTH_S / 60:.0f} minutes: fewer bars, or --seconds",
        )
    lead = main_part(parts, stretch.start_tick)
    notes = sorted(note for part in parts for note in part.notes)
    context = context_of(piece, notes, stretch.start_tick)
    controls = task.controls
    if not task.range_given:
        low, high = playing_range(parts, task.program if task.program >= 0 else lead.program)
        controls = replace(controls, pitch_low=low, pitch_high=high)
    grid: Grid | None = find_grid(notes, piece.meter)
    if task.keep_grid is None and grid is not None:
        grid = grid.refined() if grid.exact else None
    elif not task.keep_grid:
        grid = None
    key = parse_key(controls.key) if controls.key not in ("off", "auto") else estimate_key(context)
    return Place(piece, stretch, tuple(parts), lead, context, controls, key, grid)


def chosen_parts(piece: Piece, wanted: str) -> list[Part]:
    """The parts a task is about. Raises UsageError when the piece has no notes or the part does not exist."""
    parts = parts_of(piece)
    if not parts:
        raise UsageError("there are no notes in it", cure="give a piece with notes, or use `compose generate`")
    try:
        return choose_parts(parts, wanted)
    except ValueError as problem:
        raise UsageError(str(problem), cure="name a part of this piece with --track") from None


def candidates(
    continuer: Continuer, place: Place, seeds: Sequence[int], reference: Reference | None = None
) -> list[Candidate]:
    """An answer for every seed, in the order of the seeds, compared with `reference` (the place's own if None)."""
    if reference is None:
        reference = Reference.of(continuer, place.context, drums=place.drums)
    found = []
    for seed in seeds:
        begun_s = time.perf_counter()
        notes = draw(
            continuer,
            place.context,
            place.stretch,
            place.piece,
            seed=seed,
            controls=place.controls,
            drums=place.drums,
        )
        drawn_in_s = time.perf_counter() - begun_s
        if place.drums:
            notes = _on_this_kit(notes, place.context)
        if place.single:
            notes = tuple(single_line(notes))
        verdict = judge(continuer, reference, notes, place.stretch.length_s)
        found.append(Candidate(notes, seed, verdict, drawn_in_s))
    return found


def _on_this_kit(notes: Sequence[Note], context: Sequence[Note]) -> tuple[Note, ...]:
    """Drum notes outside General MIDI's kit that the piece does not use itself, played on their nearest relative."""
    known = {note.pitch for note in context} | set(_GM_KIT)
    return tuple(
        note if note.pitch in known else replace(note, pitch=_KIT_RELATIVES.get(note.pitch, _SNARE)) for note in notes
    )


def continue_piece(
    continuer: Continuer, place: Place, task: Task, seed: int, reference: Reference | None = None
) -> Candidate:
    """The answer that belongs to a seed: the best of as many draws as the task asks for."""
    seeds = [derived_seed(seed, draft) for draft in range(max(task.best_of, 1))]
    return max(candidates(continuer, place, seeds, reference), key=lambda candidate: candidate.verdict.score)


def written(place: Place, notes: Sequence[Note], task: Task, name: str, base: Smf | None = None) -> Smf:
    """The file with the notes in it: on a new track called `name`, or in the parts' own tracks with `task.replace`.

    `base` is the file to write into where some of the original has to go; else the original is whole, unless the task
    goes on from inside: then the chosen parts are cut there.
    """
    piece = place.piece
    if base is None:
        going_on = [(part.track, part.channel) for part in place.parts]
        base = cut_after(piece, place.stretch.start_tick, going_on) if task.from_bar else piece.smf
    if task.replace:
        return _into_own_tracks(place, notes, base)
    channel = free_channel(piece, place.drums)
    channel = place.lead.channel if channel is None else channel
    sound = sound_of_part(piece, place.lead.track, place.lead.channel, channel, task.program)
    kept = _kept_notes(base) if channel == place.lead.channel else ()
    rows = on_ticks(notes, piece, place.stretch, channel=channel, grid=place.grid, kept=kept)
    return with_track(base, name, [*sound, *note_events(rows)])


def _into_own_tracks(place: Place, notes: Sequence[Note], base: Smf) -> Smf:
    kept = _kept_notes(base)
    for number, taken in shared_out(notes, place.parts).items():
        part = next(part for part in place.parts if part.number == number)
        rows = on_ticks(taken, place.piece, place.stretch, channel=part.channel, grid=place.grid, kept=kept)
        base = with_events(base, part.track, note_events(rows))
    return base


def _kept_notes(base: Smf) -> tuple[PieceNote, ...]:
    return piece_of(base).notes
