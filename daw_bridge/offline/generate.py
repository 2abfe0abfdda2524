"""A new piece from nothing, in a key, or over a line of chords.

Over chords the model hears the accompaniment of every bar before it plays it; of several drafts of a bar the one whose
notes agree best with the chord, on the beats above all, and that the model itself finds likeliest is kept. A model that
knows touch plays the chords with its own.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Final, Protocol, runtime_checkable

from daw_bridge.engine.continuation import Continuer, SamplingControls
from daw_bridge.music.chords import Chord
from daw_bridge.music.grid import Grid, snapped
from daw_bridge.music.harmony import Key, key_scores
from daw_bridge.music.midifile import Piece, note_events, piece_of
from daw_bridge.music.notes import Note
from daw_bridge.music.smf import Smf, SmfEvent, SmfTrack, make_track, meter_event, name_event, tempo_event
from daw_bridge.offline.drawing import Stretch, derived_seed, draw, nats_after, single_line
from daw_bridge.offline.harmonize import Bar, voiced
from daw_bridge.offline.humanize import Toucher
from daw_bridge.offline.textures import HELD, TEXTURES, textured

TICKS_PER_BEAT: Final = 480
_GRID: Final = Grid(4, 1.0, 1.0)
"""Sixteenths: where there is no player to follow, there is no feel to keep."""
_DRAFTS: Final = 10
_MELODY_RANGE: Final = (64, 88)
_CHORD_CHANNEL: Final = 1
_CHORD_VELOCITY: Final = 58
_CHORD_TOUCH: Final = 0.5
_AGREEMENT_NATS: Final = 5.0
"""What a bar wholly inside its chord is worth, in nats a note."""
_ON_BEAT: Final = 3.0
"""How much more a note on a beat counts for that than one between."""
_NOTES_A_BEAT: Final = 1.25
_DENSITY_NATS: Final = 1.0
"""What a melody of twice or half so many notes loses."""
_STANDING_NATS: Final = 2.0
"""What a melody on a single pitch loses."""
_LEAP_NATS: Final = 0.3
"""What each semitone loses that every step is wider than a sixth."""
_WIDE: Final = 9
_NEAR_BEAT: Final = 0.15
"""Beats."""
PLAYED: Final = tuple(texture for texture in TEXTURES if texture != HELD)
_TEXTURE_SEED: Final = 7
_LEAD_IN: Final = 48


@runtime_checkable
class Companion(Protocol):
    """A model that can play along with given notes: `io.given_notes.AttendingModel`."""

    def along(
        self,
        context: Sequence[Note],
        given: Sequence[Note],
        *,
        start_s: float,
        end_s: float,
        seed: int,
        controls: SamplingControls,
        on_start: bool = False,
    ) -> tuple[Note, ...]:
        """Notes of its own from `start_s` to `end_s`, given the context and what comes beside them."""
        ...


@dataclass(frozen=True, slots=True)
class Plan:
    """What a new piece is to be: its bars of `beats` quarters, its tempo, its chords (one a bar, in turn) or none.

    `texture` is one of `textures.TEXTURES`; empty leaves it to the seed.
    """

    bars: int = 16
    tempo_bpm: float = 100.0
    beats: int = 4
    chords: tuple[Chord, ...] = ()
    texture: str = ""
    program: int = 0
    seed: int = 0
    controls: SamplingControls = field(default_factory=SamplingControls)
    range_given: bool = False


@dataclass(frozen=True, slots=True)
class Generated:
    """A new piece: the model's notes, the accompaniment and its texture (empty without chords), both as a file."""

    smf: Smf
    notes: tuple[Note, ...]
    accompaniment: tuple[Note, ...]
    texture: str


def generated(continuer: Continuer, plan: Plan) -> Generated:
    """The piece of a plan. Raises UsageError from a model that can only go on from music."""
    blank = piece_of(Smf(1, TICKS_PER_BEAT, (_conductor(plan),)))
    if not plan.chords:
        notes = draw(continuer, (), _bars(blank, 0, plan.bars), blank, seed=plan.seed, controls=plan.controls)
        return Generated(_written(continuer.name, blank, plan, notes, ()), notes, (), "")
    if not plan.texture:
        plan = replace(plan, texture=PLAYED[derived_seed(plan.seed, _TEXTURE_SEED) % len(PLAYED)])
    notes, accompaniment = _over_chords(continuer, blank, plan)
    return Generated(_written(continuer.name, blank, plan, notes, accompaniment), notes, accompaniment, plan.texture)


def key_of_chords(chords: Sequence[Chord]) -> Key:
    """The key a line of chords is in; the first chord speaks for itself twice."""
    weights = [0.0] * 12
    for number, chord in enumerate(chords):
        for tone in chord.pitch_classes:
            weights[tone] += 1.0 + (number == 0)
        weights[chord.root] += 0.5 + (number == 0)
    return key_scores(weights)[0][0]


def beats_on_chord(notes: Sequence[Note], plan: Plan) -> float | None:
    """The share of notes on a beat that belong to their bar's chord; None without chords or such notes."""
    beat_s = 60.0 / plan.tempo_bpm
    struck = [(note.pitch % 12, note.onset_s / beat_s) for note in notes]
    beats = [(tone, round(place)) for tone, place in struck if abs(place - round(place)) < _NEAR_BEAT]
    if not plan.chords or not beats:
        return None
    inside = (tone in plan.chords[beat // plan.beats % len(plan.chords)].pitch_classes for tone, beat in beats)
    return sum(inside) / len(beats)


def _over_chords(continuer: Continuer, blank: Piece, plan: Plan) -> tuple[tuple[Note, ...], tuple[Note, ...]]:
    key = key_of_chords(plan.chords)
    low, high = (plan.controls.pitch_low, plan.controls.pitch_high) if plan.range_given else _MELODY_RANGE
    line = [plan.chords[bar % len(plan.chords)] for bar in range(plan.bars)]
    stretches = [_bars(blank, bar, 1) for bar in range(plan.bars)]
    bars = [Bar(stretch.start_s, stretch.end_s, ()) for stretch in stretches]
    chords = _voicings(bars, line, low)
    accompaniment = _accompaniment(continuer, bars, chords, plan)
    intro = _intro(accompaniment, stretches[0])
    notes: list[Note] = []
    for number, (stretch, chord) in enumerate(zip(stretches, line, strict=True)):
        past = [note for note in accompaniment if note.onset_s < stretch.start_s - 1e-6]
        now = [note for note in accompaniment if stretch.start_s - 1e-6 <= note.onset_s < stretch.end_s - 1e-6]
        heard = tuple(sorted((*intro, *notes, *past)))
        inside = chord.pitch_classes <= key.pitch_classes
        own_key = key.name if plan.controls.key in ("off", "auto") and inside else plan.controls.key
        controls = replace(plan.controls, key="off" if own_key == "auto" else own_key, pitch_low=low, pitch_high=high)
        seeds = [derived_seed(plan.seed, number, draft) for draft in range(_DRAFTS)]
        # Every second one begins with the bar: over a full accompaniment a model may not think of a melody.
        drafts = [
            single_line(_draft(continuer, heard, now, stretch, blank, seed, controls, draft % 2 == 0))
            for draft, seed in enumerate(seeds)
        ]
        worths = [_worth(continuer, heard, [*notes[-1:], *draft], now, chord, stretch, plan) for draft in drafts]
        best = drafts[worths.index(max(worths))]
        notes = single_line([*notes, *(_closing(best, chord, stretch) if number == plan.bars - 1 else best)])
    return tuple(notes), tuple(accompaniment)


def _voicings(bars: Sequence[Bar], line: Sequence[Chord], ceiling: int) -> list[list[Note]]:
    """The notes of each bar's chord, from the bass up, as long as the bar."""
    notes = [replace(note, channel=_CHORD_CHANNEL) for note in voiced(bars, line, ceiling, _CHORD_VELOCITY)]
    voices = len(notes) // len(bars)
    return [notes[first : first + voices] for first in range(0, len(notes), voices)]


def _accompaniment(
    continuer: Continuer, bars: Sequence[Bar], chords: Sequence[Sequence[Note]], plan: Plan
) -> list[Note]:
    """The chords as the texture plays them, their touch the model's where it knows one."""
    played = [replace(note, channel=_CHORD_CHANNEL) for note in textured(bars, chords, plan.texture, plan.beats)]
    if not isinstance(continuer, Toucher):
        return played
    drawn = continuer.velocities(played, seed=plan.seed, controls=plan.controls, lead_in=_before(played))
    centre = sum(drawn) / len(drawn)
    return [
        replace(note, velocity=min(max(round(note.velocity + _CHORD_TOUCH * (velocity - centre)), 1), 127))
        for note, velocity in zip(played, drawn, strict=True)
    ]


def _before(played: Sequence[Note]) -> list[Note]:
    """The same notes, over before the first of them."""
    length_s = max(note.end_s for note in played) + 1.0
    return [replace(note, onset_s=note.onset_s - length_s) for note in played[:_LEAD_IN]]


def _intro(accompaniment: Sequence[Note], first: Stretch) -> list[Note]:
    """The first bar of the chords, played before the piece: nobody sings before the band has its groove."""
    played = (note for note in accompaniment if note.onset_s < first.end_s - 1e-6)
    return [replace(note, onset_s=note.onset_s - first.end_s) for note in played]


def _draft(
    continuer: Continuer,
    heard: Sequence[Note],
    now: Sequence[Note],
    stretch: Stretch,
    blank: Piece,
    seed: int,
    controls: SamplingControls,
    on_start: bool,
) -> Sequence[Note]:
    """A bar played along with its accompaniment, or after it is heard by a model that cannot."""
    if isinstance(continuer, Companion):
        return continuer.along(
            heard,
            now,
            start_s=stretch.start_s,
            end_s=stretch.end_s,
            seed=seed,
            controls=controls,
            on_start=on_start,
        )
    return draw(continuer, tuple(sorted((*heard, *now))), stretch, blank, seed=seed, controls=controls)


def _closing(line: Sequence[Note], chord: Chord, stretch: Stretch) -> list[Note]:
    """The line to its first tone of the chord, which is held to the end of the bar."""
    for number, note in enumerate(line):
        if note.pitch % 12 in chord.pitch_classes:
            return [*line[:number], replace(note, duration_s=stretch.end_s - note.onset_s)]
    return list(line)


def _worth(
    continuer: Continuer,
    heard: Sequence[Note],
    led: Sequence[Note],
    now: Sequence[Note],
    chord: Chord,
    stretch: Stretch,
    plan: Plan,
) -> float:
    """What a draft is worth in nats a note; `led` is the draft after the note that leads to it, if there is one."""
    draft = [note for note in led if note.onset_s >= stretch.start_s - 1e-6]
    nats = nats_after(continuer, heard, sorted((*draft, *now)), drums=False)
    worth = _AGREEMENT_NATS * _agreement(draft, chord, stretch, plan)
    steps = [abs(after.pitch - note.pitch) for note, after in itertools.pairwise(led)]
    worth -= _STANDING_NATS * steps.count(0) / max(len(steps), 1)
    worth -= _LEAP_NATS * sum(max(step - _WIDE, 0) for step in steps) / max(len(steps), 1)
    worth -= _DENSITY_NATS * abs(math.log2(max(len(draft), 1) / (_NOTES_A_BEAT * plan.beats)))
    return worth - (sum(nats) / len(nats) if nats else 0.0)


def _agreement(draft: Sequence[Note], chord: Chord, stretch: Stretch, plan: Plan) -> float:
    """The share, 0 to 1, of a bar's sounding time that belongs to the chord, notes on the beat weighing more."""
    beat_s = 60.0 / plan.tempo_bpm
    inside = total = 0.0
    for note in draft:
        place = (note.onset_s - stretch.start_s) / beat_s
        weight = min(note.end_s, stretch.end_s) - note.onset_s
        weight *= _ON_BEAT if abs(place - round(place)) < _NEAR_BEAT else 1.0
        total += weight
        inside += weight * (note.pitch % 12 in chord.pitch_classes)
    return inside / total if total > 0.0 else 0.0


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
        step, end_tick = TICKS_PER_BEAT // _GRID.division, blank.meter.bar_start(plan.bars)
        for note in played:
            on_tick, off_tick = (
                snapped(blank.tempo.tick(at_s), blank.meter, _GRID) for at_s in (note.onset_s, note.end_s)
            )
            on_tick = min(on_tick, end_tick - step)
            timed.append((on_tick, min(max(off_tick, on_tick + step), end_tick), note))
        events = [name_event(0, track_name), SmfEvent(0, bytes((0xC0 | channel, program))), *note_events(timed)]
        tracks.append(make_track(events))
    return Smf(1, TICKS_PER_BEAT, tuple(tracks))
