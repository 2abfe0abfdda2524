"""Chords are played in figures that fill their bars, and the melody over them is one line that keeps to them."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import pytest

from daw_bridge.engine.continuation import SamplingControls
from daw_bridge.engine.memory import PhraseMemory
from daw_bridge.music.chords import Chord, parse_chord_line
from daw_bridge.music.midifile import piece_of
from daw_bridge.music.notes import Note
from daw_bridge.offline.generate import Plan, beats_on_chord, generated
from daw_bridge.offline.harmonize import Bar
from daw_bridge.offline.textures import HELD, TEXTURES, textured

CHORD = (45, 57, 60, 64)


def bars(count: int, beats: int) -> tuple[list[Bar], list[list[Note]]]:
    length_s = 0.5 * beats
    rows = [Bar(at * length_s, (at + 1) * length_s, ()) for at in range(count)]
    return rows, [[Note(bar.start_s, pitch, 0.96 * length_s, 58) for pitch in CHORD] for bar in rows]


@pytest.mark.parametrize("beats", [1, 2, 3, 4, 5, 6, 7])
@pytest.mark.parametrize("texture", TEXTURES)
def test_a_texture_keeps_to_its_bars_and_tones_and_rests_at_the_end(texture: str, beats: int) -> None:
    rows, chords = bars(3, beats)
    notes = textured(rows, chords, texture, beats)
    assert {note.pitch for note in notes} <= set(CHORD)
    for bar in rows:
        inside = [note for note in notes if bar.start_s - 1e-9 <= note.onset_s < bar.end_s - 1e-9]
        assert min(inside).onset_s == pytest.approx(bar.start_s)
        assert min(note.pitch for note in inside) == CHORD[0]
        assert all(note.end_s <= bar.end_s + 1e-9 for note in inside)
    struck: dict[int, float] = {}
    for note in notes:
        assert struck.get(note.pitch, 0.0) <= note.onset_s + 1e-9
        struck[note.pitch] = note.end_s
    last = [note for note in notes if note.onset_s > rows[-1].start_s - 1e-9]
    assert len(last) == len(CHORD)


def test_textures_differ_and_all_but_held_move() -> None:
    rows, chords = bars(3, 4)
    played = {texture: tuple(textured(rows, chords, texture, 4)) for texture in TEXTURES}
    assert len(set(played.values())) == len(TEXTURES)
    assert all(len(notes) > len(played[HELD]) for texture, notes in played.items() if texture != HELD)


class Sings(PhraseMemory):
    """Plays along in eighths, two notes at a time, upwards from the lowest pitch; a draw in three stands still."""

    def along(
        self,
        context: Sequence[Note],
        given: Sequence[Note],
        *,
        start_s: float,
        end_s: float,
        seed: int,
        controls: SamplingControls,
        on_start: bool = False,  # noqa: ARG002
    ) -> tuple[Note, ...]:
        """Eighths of the bar."""
        assert context
        assert all(start_s - 1e-6 <= note.onset_s < end_s for note in given)
        step = 0 if seed % 3 == 0 else 2
        count = round((end_s - start_s) / 0.3)
        return tuple(
            Note(start_s + 0.3 * at, controls.pitch_low + step * (at % 4) + above, 0.5, 70)
            for at in range(count)
            for above in (0, 4)
        )


def plan(**changed: object) -> Plan:
    return Plan(bars=8, chords=tuple(parse_chord_line("Am F C G")), seed=4, **changed)  # type: ignore[arg-type]


def test_the_melody_is_one_line_that_moves() -> None:
    made = generated(Sings(), plan())
    assert all(one.end_s <= other.onset_s + 1e-9 for one, other in pairwise(made.notes))
    assert sum(one.pitch == other.pitch for one, other in pairwise(made.notes)) < len(made.notes) / 4
    assert min(note.pitch for note in made.notes) >= 64
    assert piece_of(made.smf).end_tick == 8 * 1920
    assert made.notes[-1].pitch % 12 in {7, 11, 2}
    assert made.notes[-1].end_s == pytest.approx(8 * 2.4)


def test_the_texture_is_the_one_asked_for_or_the_seed_s() -> None:
    assert generated(Sings(), plan(texture="broken")).texture == "broken"
    free = {generated(Sings(), Plan(bars=2, chords=(Chord(0),), seed=seed)).texture for seed in range(12)}
    assert HELD not in free
    assert len(free) > 1


def test_the_share_of_beats_on_the_chord_is_counted() -> None:
    over = Plan(bars=2, tempo_bpm=60.0, beats=4, chords=(Chord(0), Chord(7)))
    notes = [Note(at, pitch, 0.4, 70) for at, pitch in ((0.0, 60), (1.05, 62), (2.5, 61), (4.0, 62), (5.0, 67))]
    assert beats_on_chord(notes, over) == 0.75
    assert beats_on_chord(notes, Plan()) is None
    assert beats_on_chord(notes[2:3], over) is None
