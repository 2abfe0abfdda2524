"""A new piece from nothing, in a key, or over a line of chords.

Over chords the model hears the accompaniment of every bar before it plays it; of several drafts of a bar the one whose
notes agree best with the chord and that the model itself finds likeliest is kept.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Final

from daw_bridge.engine.continuation import Continuer, SamplingControls
from daw_bridge.music.chords import Chord, chord_weights
from daw_bridge.music.grid import Grid, snapped
from daw_bridge.music.harmony import Key, key_scores
from daw_bridge.music.midifile import Piece, note_events, piece_of
from daw_bridge.music.notes import Note
from daw_bridge.music.smf import Smf, SmfEvent, SmfTrack, make_track, meter_event, name_event, tempo_event
from daw_bridge.offline.drawing import Stretch, derived_seed, draw, nats_of
from daw_bridge.offline.harmonize import Bar, voiced

TICKS_PER_BEAT: Final = 480
_GRID: Final = Grid(4, 1.0, 1.0)
"""Sixteenths: where there is no player to follow, there is no feel to keep."""
_DRAFTS: Final = 6
_MELODY_RANGE: Final = (60, 88)
_CHORD_CHANNEL: Final = 1
_CHORD_VELOCITY: Final = 58
_AGREEMENT_NATS: Final = 3.0
"""What a bar wholly inside its chord is worth, in nats a note."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What a new piece is to be: its bars of `beats` quarters, its tempo, its chords (one a bar, in turn) or none."""

    bars: int = 16
    tempo_bpm: float = 100.0
    beats: int = 4
    chords: tuple[Chord, ...] = ()
    program: int = 0
    seed: int = 0
    controls: SamplingControls = field(default_factory=SamplingControls)
    range_given: bool = False


@dataclass(frozen=True, slots=True)
class Generated:
    """A new piece: the model's notes, the accompaniment (empty without chords), both as a file."""

    smf: Smf
    notes: tuple[Note, ...]
    accompaniment: tuple[Note, ...]


def generated(continuer: Continuer, plan: Plan) -> Generated:
    """The piece of a plan. Raises UsageError from a model that can only go on from music."""
    blank = piece_of(Smf(1, TICKS_PER_BEAT, (_conductor(plan),)))
    if plan.chords:
        notes, accompaniment = _over_chords(continuer, blank, plan)
    else:
        whole = _bars(blank, 0, plan.bars)
        notes, accompaniment = draw(continuer, (), whole, blank, seed=plan.seed, controls=plan.controls), ()
    return Generated(_written(continuer.name, blank, plan, notes, accompaniment), notes, accompaniment)


def key_of_chords(chords: Sequence[Chord]) -> Key:
    """The key a line of chords is in; the first chord speaks for itself twice."""
    weights = [0.0] * 12
    for number, chord in enumerate(chords):
        for tone in chord.pitch_classes:
            weights[tone] += 1.0 + (number == 0)
        weights[chord.root] += 0.5 + (number == 0)
    return key_scores(weights)[0][0]


def _over_chords(continuer: Continuer, blank: Piece, plan: Plan) -> tuple[tuple[Note, ...], tuple[Note, ...]]:
    key = key_of_chords(plan.chords)
    low, high = (plan.controls.pitch_low, plan.controls.pitch_high) if plan.range_given else _MELODY_RANGE
    line = [plan.chords[bar % len(plan.chords)] for bar in range(plan.bars)]
    stretches = [_bars(blank, bar, 1) for bar in range(plan.bars)]
    bars = [Bar(stretch.start_s, stretch.end_s, ()) for stretch in stretches]
    accompaniment = [replace(note, channel=_CHORD_CHANNEL) for note in voiced(bars, line, low, _CHORD_VELOCITY)]
    notes: list[Note] = []
    for number, (stretch, chord) in enumerate(zip(stretches, line, strict=True)):
        heard = tuple(sorted((*notes, *(note for note in accompaniment if note.onset_s < stretch.end_s - 1e-6))))
        inside = chord.pitch_classes <= key.pitch_classes
        own_key = key.name if plan.controls.key in ("off", "auto") and inside else plan.controls.key
        controls = replace(plan.controls, key="off" if own_key == "auto" else own_key, pitch_low=low, pitch_high=high)
        drafts = [
            draw(continuer, heard, stretch, blank, seed=derived_seed(plan.seed, number, draft), controls=controls)
            for draft in range(_DRAFTS)
        ]
        best = max(drafts, key=lambda draft: _worth(continuer, heard, draft, chord, stretch))
        notes.extend(best)
    return tuple(notes), tuple(accompaniment)


def _worth(continuer: Continuer, heard: Sequence[Note], draft: Sequence[Note], chord: Chord, stretch: Stretch) -> float:
    weights, _ = chord_weights(draft, stretch.start_s, stretch.end_s)
    agreement = sum(weights[tone] for tone in chord.pitch_classes) / max(sum(weights), 1e-9)
    nats = nats_of(continuer, heard[-64:], draft, drums=False)
    return _AGREEMENT_NATS * agreement - (sum(nats) / len(nats) if nats else 0.0)


def _conductor(plan: Plan) -> SmfTrack:
    return make_track([tempo_event(0, round(60e6 / plan.tempo_bpm)), meter_event(0, plan.beats, 4)])


def _bars(blank: Piece, first: int, count: int) -> Stretch:
    return Stretch.of(blank, blank.meter.bar_start(first), blank.meter.bar_start(first + count))


def _written(name: str, blank: Piece, plan: Plan, notes: Sequence[Note], accompaniment: Sequence[Note]) -> Smf:
    tracks = [blank.smf.tracks[0]]
    for track_name, channel, program, played in (
        (name, 0, plan.program, notes),
        ("chords", _CHORD_CHANNEL, plan.program, accompaniment),
    ):
        if not played:
            continue
        timed = []
        for note in played:
            on_tick, off_tick = (
                snapped(blank.tempo.tick(at_s), blank.meter, _GRID) for at_s in (note.onset_s, note.end_s)
            )
            timed.append((on_tick, max(off_tick, on_tick + TICKS_PER_BEAT // _GRID.division), note))
        events = [name_event(0, track_name), SmfEvent(0, bytes((0xC0 | channel, program))), *note_events(timed)]
        tracks.append(make_track(events))
    return Smf(1, TICKS_PER_BEAT, tuple(tracks))
