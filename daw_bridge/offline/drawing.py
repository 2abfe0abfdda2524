"""Drawing notes from a model for a stretch of a piece: from a start to an end, over its rests, back onto its ticks."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Final, Protocol, runtime_checkable

from daw_bridge.engine.continuation import Continuer, SamplingControls
from daw_bridge.engine.seeds import mix
from daw_bridge.errors import UsageError
from daw_bridge.music.grid import Grid, snapped
from daw_bridge.music.midifile import Piece, PieceNote
from daw_bridge.music.notes import Note

MAX_CONTEXT: Final = 1024
"""Notes of the piece that the model is led over; a good model's memory of more is slight."""
_SCORED_CONTEXT: Final = 192
_CHUNK: Final = 16
_MAX_NOTES: Final = 20_000
_MAX_RESTARTS: Final = 64
_MAX_REST_BARS: Final = 1.5
_MAX_REST_S: Final = 8.0
_SEED_BITS: Final = 31
_TOGETHER_S: Final = 0.04


@runtime_checkable
class Scorer(Protocol):
    """A model that can say how surprising notes are: nats of onset, pitch, duration and velocity of each."""

    def score(self, notes: Sequence[Note], *, drums: bool = False) -> Iterable[Iterable[float]]:
        """Four figures a note, on the reference grid."""
        ...


@runtime_checkable
class LaterScorer(Protocol):
    """A scorer that need not hear a context again for every question: `io.given_notes.AttendingModel`."""

    def score_after(
        self, context: Sequence[Note], notes: Sequence[Note], *, drums: bool = False
    ) -> Iterable[Iterable[float]]:
        """Four figures for each of `notes`."""
        ...


@dataclass(frozen=True, slots=True)
class Stretch:
    """Part of a piece, in ticks and in seconds from the beginning of the file."""

    start_tick: int
    end_tick: int
    start_s: float
    end_s: float

    @classmethod
    def of(cls, piece: Piece, start_tick: int, end_tick: int) -> Stretch:
        """From ticks, through the piece's tempo map."""
        return cls(start_tick, end_tick, piece.tempo.seconds(start_tick), piece.tempo.seconds(end_tick))

    @property
    def length_s(self) -> float:
        """How long it lasts."""
        return self.end_s - self.start_s


def derived_seed(seed: int, *names: int) -> int:
    """A seed for one of several draws; the first of them (all names zero) is the seed itself."""
    return seed if not any(names) else mix(seed, *names) >> (64 - _SEED_BITS)


def context_of(piece: Piece, notes: Iterable[PieceNote], before_tick: int) -> tuple[Note, ...]:
    """The last notes before a tick, in seconds; a note that sounds across it ends there."""
    chosen = [note for note in notes if note.on_tick < before_tick][-MAX_CONTEXT:]
    end_s = piece.tempo.seconds(before_tick)
    timed = (piece.seconds_note(note) for note in chosen)
    return tuple(
        sorted(replace(note, duration_s=end_s - note.onset_s) if note.end_s > end_s + 0.25 else note for note in timed)
    )


def draw(
    continuer: Continuer,
    context: Sequence[Note],
    stretch: Stretch,
    piece: Piece,
    *,
    seed: int,
    controls: SamplingControls,
    drums: bool = False,
) -> tuple[Note, ...]:
    """Notes with onsets in the stretch, the first of them on its start; every one ends by its end.

    A rest the model makes at what it takes for the end of the piece is cut short: it starts again on the next bar line.
    """
    notes: list[Note] = []
    start_s = stretch.start_s
    for restart in range(_MAX_RESTARTS):
        room = _MAX_NOTES - len(notes)
        led = (*context, *notes)[-MAX_CONTEXT:]
        part = _draw_until_rest(
            continuer,
            led,
            start_s,
            stretch.end_s,
            room,
            rest_s=_longest_rest_s(piece, start_s),
            seed=derived_seed(seed, restart),
            controls=controls,
            drums=drums,
        )
        notes.extend(part)
        last_s = notes[-1].onset_s
        next_bar = piece.meter.next_bar(piece.tempo.tick(last_s) + 1.0)
        start_s = piece.tempo.seconds(piece.meter.bar_start(next_bar))
        rest_s = _longest_rest_s(piece, last_s)
        if start_s >= stretch.end_s or stretch.end_s - last_s <= rest_s or len(notes) >= _MAX_NOTES:
            break
    return tuple(_ending_by(note, stretch.end_s) for note in notes)


def _draw_until_rest(
    continuer: Continuer,
    context: Sequence[Note],
    start_s: float,
    end_s: float,
    room: int,
    *,
    rest_s: float,
    seed: int,
    controls: SamplingControls,
    drums: bool,
) -> list[Note]:
    try:
        stream = continuer.begin(context, start_s=start_s, seed=seed, drums=drums)
    except ValueError as problem:
        raise UsageError(str(problem), cure="give it music to go on from, or use another --model") from None
    notes: list[Note] = []
    last_s = start_s
    while len(notes) < room:
        fresh = stream.next(min(_CHUNK, room - len(notes)), controls)
        if not fresh:
            break
        for note in fresh:
            if note.onset_s >= end_s - 1e-6 or note.onset_s - last_s > rest_s:
                return notes
            notes.append(note)
            last_s = note.onset_s
    return notes


def _longest_rest_s(piece: Piece, at_s: float) -> float:
    tick = piece.tempo.tick(at_s)
    bar_s = piece.meter.bar_ticks(tick) * piece.tempo.tick_length_s(tick)
    return max(1.0, min(_MAX_REST_BARS * bar_s, _MAX_REST_S))


def _ending_by(note: Note, end_s: float) -> Note:
    return note if note.end_s <= end_s else replace(note, duration_s=max(end_s - note.onset_s, 0.0))


def single_line(notes: Iterable[Note]) -> list[Note]:
    """The highest of notes struck together, each until the next: what one voice can sing."""
    line: list[Note] = []
    for note in sorted(notes, key=lambda note: (note.onset_s, -note.pitch)):
        if line and note.onset_s - line[-1].onset_s < _TOGETHER_S:
            continue
        if line and line[-1].end_s > note.onset_s:
            line[-1] = replace(line[-1], duration_s=note.onset_s - line[-1].onset_s)
        line.append(note)
    return line


def on_ticks(
    notes: Iterable[Note],
    piece: Piece,
    stretch: Stretch,
    *,
    channel: int,
    grid: Grid | None,
    kept: Iterable[PieceNote] = (),
) -> list[tuple[int, int, Note]]:
    """Notes as (on tick, off tick, note) on a channel, snapped to `grid` if given, clear of the `kept` notes there."""
    busy: dict[int, list[tuple[int, int]]] = {}
    for other in kept:
        if other.channel == channel:
            busy.setdefault(other.pitch, []).append((other.on_tick, other.off_tick))
    rows: list[tuple[int, int, Note]] = []
    for note in notes:
        on, off = piece.tempo.tick(note.onset_s), piece.tempo.tick(note.end_s)
        on_tick, off_tick = round(on), round(off)
        if grid is not None:
            on_tick = snapped(on, piece.meter, grid)
            step = max(round(piece.meter.ticks_per_beat / grid.division), 1)
            ends_snap = grid.ends_on > 0.9
            off_tick = max(snapped(off, piece.meter, grid), on_tick + step) if ends_snap else on_tick + round(off - on)
        on_tick = max(on_tick, stretch.start_tick)
        if on_tick >= stretch.end_tick:
            continue
        off_tick = min(max(off_tick, on_tick + 1), stretch.end_tick)
        spans = busy.get(note.pitch, ())
        if any(start <= on_tick < end for start, end in spans):
            continue
        off_tick = min([off_tick, *(start for start, _ in spans if start > on_tick)])
        rows.append((on_tick, off_tick, replace(note, channel=channel)))
    return rows


def nats_of(continuer: Continuer, before: Sequence[Note], notes: Sequence[Note], *, drums: bool) -> list[float] | None:
    """Nats of each of `notes` after `before`, or None from a model that cannot say."""
    if not isinstance(continuer, Scorer):
        return None
    rows = list(continuer.score((*before, *notes), drums=drums))
    return [sum(float(part) for part in row) for row in rows[len(before) :]]


def nats_after(
    continuer: Continuer, context: Sequence[Note], notes: Sequence[Note], *, drums: bool
) -> list[float] | None:
    """`nats_of` after the whole context by a model that has heard it, else after the last of it."""
    if isinstance(continuer, LaterScorer):
        return [sum(float(part) for part in row) for row in continuer.score_after(context, notes, drums=drums)]
    return nats_of(continuer, context[-_SCORED_CONTEXT:], notes, drums=drums)
