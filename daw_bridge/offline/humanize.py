"""A touch and a timing for a stiff piece; everything else of it stays as it is, event for event.

Velocities are the model's own: each is drawn given the note's place and pitch and everything before it. Timing is not:
it has the measured statistics of `microtiming`. What has been played already keeps its touch or its timing.
"""

from __future__ import annotations

import itertools
import statistics
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final, Protocol, runtime_checkable

from daw_bridge.engine.continuation import Continuer, SamplingControls
from daw_bridge.errors import UsageError
from daw_bridge.music.grid import find_grid
from daw_bridge.music.midifile import Piece, PieceNote
from daw_bridge.music.moving import moved
from daw_bridge.music.notes import DRUM_CHANNEL, MAX_VELOCITY, Note
from daw_bridge.music.parts import Part
from daw_bridge.music.smf import Smf
from daw_bridge.offline.drawing import derived_seed
from daw_bridge.offline.microtiming import drift, normal, voices

MAX_NOTES: Final = 20_000
"""Each of them is asked of the model: more would take minutes."""
_LEAD_IN: Final = 48
_LEAD_VELOCITY: Final = 72
_LEAD_ACCENTS: Final = (6, -6, 0, -6)
"""By sixteenth of the beat."""
_LEAD_MELODY: Final = 10
_LEAD_NOISE: Final = 8.0
_LEAD_REST_S: Final = 1.0
_LEAD_SEED: Final = 1
_AROUND: Final = 64
"""So many notes before and after one say how loud the drawn touch is there: loudness itself is the piece's."""
_TOP_LOUDER: Final = 6.0
"""The top of what is struck together, beside what the model gives it: pianists in MAESTRO make it 9 louder."""
_NEAR: Final = 0.25
"""A note moves by at most so much of the way to its neighbours: fast figures keep their order."""
_TIMING_SEED: Final = 1


@runtime_checkable
class Toucher(Protocol):
    """A model that can give notes a touch: `io.given_notes.AttendingModel`."""

    def velocities(
        self,
        notes: Sequence[Note],
        *,
        seed: int,
        controls: SamplingControls,
        lead_in: Sequence[Note] = (),
        drums: bool = False,
    ) -> list[int]:
        """A velocity for every note."""
        ...


@dataclass(frozen=True, slots=True)
class Strength:
    """How much of the drawn touch and of the measured timing is used: 0 none, 1 all, up to 2."""

    velocity: float = 1.0
    timing: float = 1.0


@dataclass(frozen=True, slots=True)
class Humanized:
    """The piece, and what was done: notes given a new touch and moved, the spread of each (0 where nothing changed)."""

    smf: Smf
    touched: int
    moved: int
    velocity_spread: float
    timing_spread_s: float


def humanized(
    continuer: Continuer,
    piece: Piece,
    parts: Sequence[Part],
    strength: Strength,
    controls: SamplingControls,
    seed: int,
) -> Humanized:
    """The piece, its parts played less stiffly. Raises UsageError from a model that knows no touch, or for too much."""
    if sum(len(part.notes) for part in parts) > MAX_NOTES:
        raise UsageError(f"the piece has more than {MAX_NOTES} notes", cure="name one of its parts with --track")
    velocities: dict[PieceNote, int] = {}
    if strength.velocity > 0.0:
        if not isinstance(continuer, Toucher):
            raise UsageError(f"the model {continuer.name} knows no touch", cure="choose a trained one with --model")
        for number, group in enumerate(_together(parts)):
            free = replace(controls, follow_velocity=0.0)
            drawn = _drawn(continuer, piece, group, free, derived_seed(seed, number))
            for part in group:
                velocities |= _touched(part, drawn, strength.velocity)
    shifts: dict[PieceNote, int] = {}
    if strength.timing > 0.0:
        stiff = [part for part in parts if find_grid(part.notes, piece.meter).exact]
        shifts = _shifts(piece, stiff, strength.timing, derived_seed(seed, _TIMING_SEED))
    changed_s = [_seconds_moved(piece, note, ticks) for note, ticks in shifts.items()]
    return Humanized(
        moved(piece, velocities, shifts),
        len(velocities),
        len(shifts),
        statistics.pstdev(value - note.velocity for note, value in velocities.items()) if velocities else 0.0,
        statistics.pstdev(changed_s) if changed_s else 0.0,
    )


def _together(parts: Sequence[Part]) -> list[list[Part]]:
    """The pitched parts, which are heard as one music, and the drums."""
    groups = [[part for part in parts if part.drums is drums] for drums in (False, True)]
    return [group for group in groups if group]


def _drawn(
    toucher: Toucher, piece: Piece, parts: Sequence[Part], controls: SamplingControls, seed: int
) -> dict[PieceNote, int]:
    """The model's velocity for every note of parts that sound together."""
    rows = sorted(note for part in parts for note in part.notes)
    notes = [piece.seconds_note(row) for row in rows]
    drums = parts[0].drums
    lead_in = [] if drums else _lead_in(piece, rows[:_LEAD_IN])
    drawn = toucher.velocities(notes, seed=seed, controls=controls, lead_in=lead_in, drums=drums)
    return dict(zip(rows, drawn, strict=True))


def _lead_in(piece: Piece, rows: Sequence[PieceNote]) -> list[Note]:
    """The piece's opening, played once before it with plain accents: after a stiff one a model would stay stiff."""
    end_s = max(piece.tempo.seconds(row.off_tick) for row in rows) + _LEAD_REST_S
    shift_s = piece.tempo.seconds(rows[0].on_tick) - end_s
    top = _highest(rows)
    lead = []
    for number, row in enumerate(rows):
        place = _sixteenth(piece, row.on_tick)
        accent = (_LEAD_ACCENTS[place] if place >= 0 else 0) + (_LEAD_MELODY if row.pitch == top[row.on_tick] else 0)
        velocity = round(_LEAD_VELOCITY + accent + _LEAD_NOISE * normal(_LEAD_SEED, number))
        note = piece.seconds_note(row)
        lead.append(replace(note, onset_s=note.onset_s + shift_s, velocity=velocity))
    return sorted(lead)


def _touched(part: Part, drawn: Mapping[PieceNote, int], strength: float) -> dict[PieceNote, int]:
    """The part's notes with the drawn touch about its own loudness; the less, the more it has been played already."""
    stiffness = _stiffness(part.notes)
    if stiffness == 0.0:
        return {}
    values = [float(drawn[note]) for note in part.notes]
    if not part.drums:
        values = [value + lift for value, lift in zip(values, _brought_out(part.notes), strict=True)]
    sums = [0.0, *itertools.accumulate(values)]
    velocities = {}
    for number, note in enumerate(part.notes):
        first, last = max(number - _AROUND, 0), min(number + _AROUND + 1, len(values))
        above = values[number] - (sums[last] - sums[first]) / (last - first)
        velocities[note] = min(max(round(note.velocity + strength * stiffness * above), 1), MAX_VELOCITY)
    return velocities


def _brought_out(notes: Sequence[PieceNote]) -> list[float]:
    """How much louder each note is to be for being the top of several that are struck together."""
    strokes = Counter(note.on_tick for note in notes)
    top = _highest(notes)
    return [_TOP_LOUDER if strokes[note.on_tick] > 1 and note.pitch == top[note.on_tick] else 0.0 for note in notes]


def _stiffness(notes: Sequence[PieceNote]) -> float:
    """The share of notes struck exactly as the note before."""
    if len(notes) < 2:
        return 1.0
    same = sum(one.velocity == other.velocity for one, other in itertools.pairwise(notes))
    return same / (len(notes) - 1)


def _shifts(piece: Piece, parts: Sequence[Part], strength: float, seed: int) -> dict[PieceNote, int]:
    """Ticks by which every note of the parts is moved: all drift together, as under one player's hands."""
    strokes: defaultdict[int, list[PieceNote]] = defaultdict(list)
    for part in parts:
        for note in part.notes:
            strokes[note.on_tick].append(note)
    ticks = sorted(strokes)
    wandering = drift(seed, [_sixteenth(piece, tick) for tick in ticks])
    shifts = {}
    for number, (tick, off_s) in enumerate(zip(ticks, wandering, strict=True)):
        room_s = _room_s(piece, ticks, number)
        for drums in (False, True):
            struck = sorted(
                (note for note in strokes[tick] if (note.channel == DRUM_CHANNEL) is drums), key=lambda n: n.pitch
            )
            for note, apart_s in zip(struck, voices(seed, number, len(struck), drums=drums), strict=True):
                wanted_s = min(max(strength * (off_s + apart_s), -room_s), room_s)
                at_s = max(piece.tempo.seconds(tick) + wanted_s, 0.0)
                shifts[note] = round(piece.tempo.tick(at_s)) - tick
    return shifts


def _room_s(piece: Piece, ticks: Sequence[int], number: int) -> float:
    """How far the strokes of a tick may move."""
    here_s = piece.tempo.seconds(ticks[number])
    near = [piece.tempo.seconds(ticks[other]) for other in (number - 1, number + 1) if 0 <= other < len(ticks)]
    return _NEAR * min((abs(other_s - here_s) for other_s in near), default=_LEAD_REST_S)


def _sixteenth(piece: Piece, tick: int) -> int:
    """Which sixteenth of its quarter note a tick lies on, 0 to 3; -1 between them."""
    step = piece.meter.ticks_per_beat / 4
    place = (tick - piece.meter.at(tick).tick) / step
    return round(place) % 4 if abs(place - round(place)) < 0.1 else -1


def _highest(rows: Iterable[PieceNote]) -> dict[int, int]:
    """The highest pitch struck on each tick."""
    top: dict[int, int] = {}
    for row in rows:
        top[row.on_tick] = max(top.get(row.on_tick, 0), row.pitch)
    return top


def _seconds_moved(piece: Piece, note: PieceNote, ticks: int) -> float:
    return piece.tempo.seconds(note.on_tick + ticks) - piece.tempo.seconds(note.on_tick)
