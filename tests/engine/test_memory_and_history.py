"""The phrase memory, and what the model is given to hear."""

from __future__ import annotations

import itertools
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from daw_bridge.engine.continuation import SamplingControls
from daw_bridge.engine.history import HOP, MOST_NOTES, History
from daw_bridge.engine.memory import PhraseMemory
from daw_bridge.engine.seeds import mix, turn_seed, uniform
from daw_bridge.music.notes import DRUM_CHANNEL, Note

PLAIN = SamplingControls()


def melody(pitches: list[int], start_s: float = 0.0, step_s: float = 0.25) -> tuple[Note, ...]:
    return tuple(Note(start_s + index * step_s, key, 0.2, 80) for index, key in enumerate(pitches))


WALK = melody([60, 64, 62, 67, 60, 65, 62, 60, 67, 64, 60, 62, 64, 60, 69, 67, 60, 64, 67, 62])
SCALE = melody([60, 62, 64, 65, 67, 65, 64, 62] * 4)


def test_it_answers_from_the_first_moment_asked_and_goes_on_for_ever() -> None:
    stream = PhraseMemory().begin(SCALE, start_s=9.5, seed=1)
    notes = stream.next(200, PLAIN)
    assert notes[0].onset_s == 9.5
    assert all(later.onset_s >= earlier.onset_s for earlier, later in itertools.pairwise(notes))
    assert {note.pitch for note in notes} <= {60, 62, 64, 65, 67}


def test_it_goes_on_as_the_music_went_on_before() -> None:
    stream = PhraseMemory().begin(SCALE, start_s=9.0, seed=1)
    drawn = [note.pitch for note in stream.next(8, SamplingControls(temperature=0.0))]
    assert drawn == [60, 62, 64, 65, 67, 65, 64, 62]


def test_one_note_is_enough_and_none_is_too_few() -> None:
    assert PhraseMemory().begin(SCALE[:1], start_s=1.0, seed=1).next(4, PLAIN)[3].pitch == 60
    with pytest.raises(ValueError, match="nothing"):
        PhraseMemory().begin((), start_s=1.0, seed=1)


def test_the_same_question_gets_the_same_answer_whatever_was_asked_before() -> None:
    fresh, used = PhraseMemory(), PhraseMemory()
    used.follow(WALK[:5])
    used.begin(WALK[:9], start_s=3.0, seed=9).next(7, PLAIN)
    used.follow(melody([30, 31]))
    in_one = fresh.begin(WALK, start_s=9.0, seed=5).next(12, PLAIN)
    stream = used.begin(WALK, start_s=9.0, seed=5)
    used.follow((*WALK, *melody([90, 91, 92], start_s=10.0)))
    in_parts = (*stream.next(1, PLAIN), *stream.next(4, PLAIN), *stream.next(7, PLAIN))
    assert in_one == in_parts
    assert in_one != fresh.begin(WALK, start_s=9.0, seed=6).next(12, PLAIN)


def test_it_keeps_to_range_key_polyphony_and_drums() -> None:
    chords = tuple(
        Note(beat * 0.5, key, 0.6, 70) for beat in range(8) for key in (60 + beat, 64 + beat, 67 + beat, 72 + beat)
    )
    controls = SamplingControls(key="C major", pitch_low=55, pitch_high=66, max_polyphony=2)
    notes = PhraseMemory().begin(chords, start_s=5.0, seed=3).next(60, controls)
    assert all(55 <= note.pitch <= 66 and note.pitch % 12 in {0, 2, 4, 5, 7, 9, 11} for note in notes)
    for note in notes:
        assert sum(other.onset_s <= note.onset_s < other.end_s for other in notes) <= 2
    drums = PhraseMemory().begin(SCALE, start_s=9.0, seed=3, drums=True).next(5, controls)
    assert {note.channel for note in drums} == {DRUM_CHANNEL}
    assert {note.pitch for note in drums} <= {60, 62, 64, 65, 67}


def test_density_moves_notes_closer_or_apart() -> None:
    def length(density: float) -> float:
        notes = PhraseMemory().begin(SCALE, start_s=9.0, seed=3).next(30, SamplingControls(density=density))
        return notes[-1].onset_s - notes[0].onset_s

    assert length(1.0) < length(0.0) < length(-1.0)


def test_it_is_never_late() -> None:
    context = melody([40 + (index * 7) % 50 for index in range(MOST_NOTES)])
    memory = PhraseMemory()
    memory.follow(context[:-1])
    started_s = time.process_time()
    memory.begin(context, start_s=200.0, seed=1).next(1, PLAIN)
    assert time.process_time() - started_s < 0.02


@settings(max_examples=60, deadline=None)
@given(
    notes=st.lists(
        st.builds(Note, st.floats(0, 5), st.integers(0, 127), st.floats(0, 20), st.integers(1, 127)), min_size=1
    ),
    low=st.integers(0, 127),
    high=st.integers(0, 127),
    temperature=st.floats(0, 2),
    density=st.floats(-1, 1),
    polyphony=st.integers(1, 32),
    seed=st.integers(0, 2**48),
)
def test_whatever_it_heard_it_moves_on(
    notes: list[Note], low: int, high: int, temperature: float, density: float, polyphony: int, seed: int
) -> None:
    controls = SamplingControls(
        temperature=temperature, pitch_low=low, pitch_high=high, density=density, max_polyphony=polyphony
    )
    stream = PhraseMemory().begin(tuple(sorted(notes)), start_s=6.0, seed=seed)
    drawn = stream.next(400, controls)
    assert drawn[-1].onset_s > 6.0
    assert all(min(low, high) <= note.pitch <= max(low, high) for note in drawn)


def test_a_context_only_grows_at_its_end_until_it_is_cut_in_one_go() -> None:
    history, cuts = History(), 0
    before: tuple[Note, ...] = ()
    for turn in range(1, 120):
        notes = melody([60 + turn % 12] * 11, start_s=turn * 10.0)
        for heard in range(1, 12):
            context = history.context(notes[:heard])
            assert len(context) <= MOST_NOTES
            if context[: len(before)] != before[: len(context)]:
                cuts += 1
                assert context[0] == before[HOP]
            before = context
        history.add(turn, notes)
    assert cuts == 4
    assert len(history) <= 2 * MOST_NOTES


def test_turns_are_forgotten_one_by_one_with_what_was_played_after_them() -> None:
    history = History()
    history.add(1, melody([60]))
    history.add(2, melody([62], start_s=1.0))
    history.add(0, melody([64], start_s=2.0))
    assert history.forget_last() == 2
    assert [note.pitch for note in history.context(())] == [60]
    assert history.forget_last() == 1
    assert history.forget_last() is None


def test_chance_is_a_function_of_its_names() -> None:
    assert mix(1, 2) == mix(1, 2) != mix(2, 1)
    assert turn_seed(7, 1, 0) != turn_seed(7, 1, 1)
    draws = [uniform(3, index) for index in range(4000)]
    assert all(0.0 <= draw < 1.0 for draw in draws)
    assert abs(sum(draws) / len(draws) - 0.5) < 0.02
