"""Beats and seconds, messages and bytes, phrases: there and back again."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daw_bridge.music.messages import (
    Clock,
    Continue,
    ControlChange,
    NoteOff,
    NoteOn,
    Other,
    ProgramChange,
    SongPosition,
    Start,
    Stop,
    decode,
    encode,
)
from daw_bridge.music.meter import bar_at, bar_start, beat_s, beats_to_s, nearest_line, next_line, s_to_beats
from daw_bridge.music.notes import Note
from daw_bridge.music.phrase import Phrase, fold_pitch

TEMPOS = st.floats(20.0, 400.0)
BEATS = st.floats(0.0, 1e5)
SEVEN = st.integers(0, 127)
CHANNELS = st.integers(0, 15)
NOTES = st.builds(Note, st.floats(0, 100), SEVEN, st.floats(0, 20), st.integers(1, 127), CHANNELS)


@given(beats=BEATS, tempo_bpm=TEMPOS)
def test_beats_and_seconds_round_trip(beats: float, tempo_bpm: float) -> None:
    assert s_to_beats(beats_to_s(beats, tempo_bpm), tempo_bpm) == pytest.approx(beats, rel=1e-12)
    assert beats_to_s(1.0, tempo_bpm) == pytest.approx(beat_s(tempo_bpm))


@given(bar=st.integers(0, 10_000), beats_per_bar=st.integers(1, 16), share=st.floats(0.0, 0.999))
def test_bars_and_beats_round_trip(bar: int, beats_per_bar: int, share: float) -> None:
    assert bar_at(bar_start(bar, beats_per_bar) + share * beats_per_bar, beats_per_bar) == bar


@given(beat=BEATS, spacing=st.sampled_from((0.25, 0.5, 1.0, 4.0, 7.0)))
def test_lines_of_a_grid(beat: float, spacing: float) -> None:
    line = next_line(beat, spacing)
    assert beat - 1e-6 <= line < beat + spacing
    assert next_line(line, spacing) == line
    assert abs(nearest_line(beat, spacing) - beat) <= spacing / 2 + 1e-6


@given(
    st.one_of(
        st.builds(NoteOn, CHANNELS, SEVEN, st.integers(1, 127)),
        st.builds(NoteOff, CHANNELS, SEVEN, SEVEN),
        st.builds(ControlChange, CHANNELS, SEVEN, SEVEN),
        st.builds(ProgramChange, CHANNELS, SEVEN),
        st.builds(SongPosition, st.integers(0, 16383)),
        st.sampled_from((Clock(), Start(), Continue(), Stop())),
        st.builds(Other, st.sampled_from((b"\xe0\x00\x40", b"\xd3\x20", b"\xf0\x7e\x7f\x06\x01\xf7", b"\xfe"))),
    )
)
def test_a_message_is_what_its_bytes_say(message: NoteOn) -> None:
    assert decode(encode(message)) == message


def test_a_note_on_without_velocity_is_a_note_off() -> None:
    assert decode((0x93, 60, 0)) == NoteOff(3, 60)


@given(st.binary(max_size=6))
def test_any_bytes_are_some_message(data: bytes) -> None:
    decode(data)


@given(st.lists(NOTES, max_size=20), st.floats(0, 50))
def test_a_phrase_is_sorted_and_shifts_there_and_back(notes: list[Note], by_s: float) -> None:
    phrase = Phrase.of(notes)
    assert list(phrase) == sorted(notes)
    back = phrase.shifted(by_s).shifted(-by_s)
    assert [note.onset_s for note in back] == pytest.approx([note.onset_s for note in phrase], abs=1e-9)
    assert back.length_s == pytest.approx(phrase.length_s, abs=1e-9)


@given(st.lists(NOTES, max_size=20), st.integers(-60, 60))
def test_transposing_keeps_every_note_on_the_keyboard(notes: list[Note], semitones: int) -> None:
    moved = Phrase.of(notes).transposed(semitones)
    assert len(moved) == len(notes)
    assert sorted(note.pitch % 12 for note in moved) == sorted((note.pitch + semitones) % 12 for note in notes)
    assert 0 <= fold_pitch(semitones) < 128


def test_a_slice_counts_from_its_start() -> None:
    phrase = Phrase.of([Note(0.0, 60, 1.0, 80), Note(1.0, 62, 3.0, 80), Note(2.0, 64, 1.0, 80)])
    part = phrase.between(1.0, 2.0)
    assert part.notes == (Note(0.0, 62, 3.0, 80),)
    assert part.length_s == 1.0
    assert phrase.stretched(2.0).length_s == 8.0
    with pytest.raises(ValueError, match="not positive"):
        phrase.stretched(0.0)
