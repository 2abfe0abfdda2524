"""Keys are read as musicians write them and found as musicians hear them."""

from __future__ import annotations

import pytest

from daw_bridge.music.chords import Chord, find_chord, parse_chord, parse_chord_line
from daw_bridge.music.harmony import (
    Key,
    estimate_key,
    key_profile,
    key_scores,
    parse_key,
    parse_pitch,
    pitch_name,
    recent_pitch_classes,
)
from daw_bridge.music.notes import DRUM_CHANNEL, Note


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("D minor", "D minor"),
        ("F# major", "F# major"),
        ("Bbm", "Bb minor"),
        ("C", "C major"),
        ("e", "E major"),
        ("C M", "C major"),
        ("Cm", "C minor"),
        ("E dorian", "E dorian"),
        ("ab-major", "Ab major"),
        ("B♭ min", "Bb minor"),
    ],
)
def test_key_names(text: str, name: str) -> None:
    assert parse_key(text).name == name


@pytest.mark.parametrize("text", ["", "H minor", "D minorish", "12", "Dm7"])
def test_what_is_no_key_says_what_is(text: str) -> None:
    with pytest.raises(ValueError, match="D minor"):
        parse_key(text)


def test_minor_holds_its_leading_note() -> None:
    assert Key(9, "minor").pitch_classes == {9, 11, 0, 2, 4, 5, 7, 8}


@pytest.mark.parametrize("tonic", range(12))
@pytest.mark.parametrize("mode", ["major", "minor"])
def test_every_key_is_found_from_its_scale_and_cadence(tonic: int, mode: str) -> None:
    steps = (0, 2, 4, 5, 7, 9, 11) if mode == "major" else (0, 2, 3, 5, 7, 8, 11)
    third = steps[2]
    pitches = [60 + tonic + step for step in (*steps, 12)] + [
        60 + tonic + step for step in (0, third, 7, 12, 7, third, 0)
    ]
    notes = [Note(0.5 * at, pitch, 0.5, 80) for at, pitch in enumerate(pitches)]
    assert estimate_key(notes) == Key(tonic, mode)


def test_drums_have_no_key() -> None:
    assert estimate_key([Note(0.0, 37, 1.0, 80, 9), Note(0.0, 61, 1.0, 80)]).tonic == 1


@pytest.mark.parametrize(("text", "pitch"), [("C4", 60), ("60", 60), ("F#3", 54), ("Bb-1", 10), ("g9", 127)])
def test_pitches_by_name_and_number(text: str, pitch: int) -> None:
    assert parse_pitch(text) == pitch
    assert parse_pitch(pitch_name(pitch)) == pitch


@pytest.mark.parametrize("text", ["C", "128", "H3", "G#9", ""])
def test_what_is_no_pitch(text: str) -> None:
    with pytest.raises(ValueError, match="is no pitch"):
        parse_pitch(text)


@pytest.mark.parametrize(
    ("text", "tones"),
    [
        ("Am", {9, 0, 4}),
        ("F#m7b5", {6, 9, 0, 4}),
        ("C/E", {0, 4, 7}),
        ("Bbmaj7", {10, 2, 5, 9}),
        ("Dsus", {2, 7, 9}),
        ("G7", {7, 11, 2, 5}),
        ("Ebo", {3, 6, 9}),
    ],
)
def test_chord_symbols(text: str, tones: set[int]) -> None:
    assert parse_chord(text).pitch_classes == tones


def test_a_chord_line_repeats_and_says_what_it_does_not_know() -> None:
    assert parse_chord_line("Am F | % G,C/E") == [
        Chord(9, "m"),
        Chord(5),
        Chord(5),
        Chord(7),
        Chord(0, "", 4),
    ]
    with pytest.raises(ValueError, match="no chord we know"):
        parse_chord_line("Am Fxyz")
    with pytest.raises(ValueError, match="minor is Am"):
        parse_chord("a")


@pytest.mark.parametrize("symbol", ["C", "Am", "G7", "Dm7", "Fmaj7", "Bdim", "Eb", "F#m"])
def test_a_chord_played_is_found_again(symbol: str) -> None:
    chord = parse_chord(symbol)
    pitches = [36 + chord.root] + [60 + tone for tone in sorted(chord.pitch_classes)]
    found = find_chord([Note(0.0, pitch, 2.0, 80) for pitch in pitches], 0.0, 2.0)
    assert found is not None
    assert found.name_in(Key(chord.root, "minor" if "m" in symbol and "maj" not in symbol else "major")) is not None
    assert (found.root, found.quality) == (chord.root, chord.quality)


def test_one_note_is_no_chord() -> None:
    assert find_chord([Note(0.0, 60, 1.0, 80)], 0.0, 1.0) is None


def test_recent_notes_count_more_than_those_of_long_ago() -> None:
    notes = [Note(0.0, 60, 1.0, 80), Note(10.0, 64, 1.0, 80), Note(10.0, 67, 3.0, 80), Note(10.0, 36, 1.0, 80, 9)]
    shares = recent_pitch_classes(notes, 10.0)
    assert [round(7 * share, 6) for share in shares] == [1, 0, 0, 0, 2, 0, 0, 4, 0, 0, 0, 0]
    assert recent_pitch_classes([Note(0.0, 61, 1.0, 80), Note(900.0, 62, 1.0, 80)], 10.0)[1] == 0.0
    assert set(recent_pitch_classes([Note(0.0, 36, 1.0, 80, DRUM_CHANNEL)], 10.0)) == {0.0}
    assert set(recent_pitch_classes([], 10.0)) == {0.0}


@pytest.mark.parametrize("name", ["C major", "F# minor", "D dorian"])
def test_the_profile_of_a_key_is_a_passage_in_it(name: str) -> None:
    key = parse_key(name)
    profile = key_profile(key)
    assert sum(profile) == pytest.approx(1.0)
    assert max(range(12), key=lambda tone: profile[tone]) == key.tonic
    assert key_scores(profile)[0][0].tonic == key.tonic
