"""Continuing and filling in: where it starts, what is kept, what the seed decides."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise

import pytest

from daw_bridge.engine.continuation import AnswerStream, SamplingControls
from daw_bridge.engine.memory import PhraseMemory
from daw_bridge.errors import UsageError
from daw_bridge.music.midifile import Piece, piece_of, smf_of_phrases
from daw_bridge.music.notes import Note
from daw_bridge.music.phrase import Phrase
from daw_bridge.music.smf import SmfEvent
from daw_bridge.offline.compose import Candidate, Place, Task, candidates, continue_piece, place_continuation, written
from daw_bridge.offline.drawing import derived_seed, draw, on_ticks
from daw_bridge.offline.infill import DRAFTS, infill_piece, old_notes, place_infill, written_infill
from tests.offline.composing import FallsSilent, ScoringMemory, melody, piece

BAR = 4 * 960


def continued(task: Task, given: Piece | None = None) -> tuple[Place, Candidate, Piece]:
    place = place_continuation(given or piece(), task)
    answer = continue_piece(PhraseMemory(), place, task, task.seed)
    return place, answer, piece_of(written(place, answer.notes, task, "memory"))


def test_it_goes_on_at_the_next_bar_line_and_keeps_every_event() -> None:
    given = piece()
    place, answer, after = continued(Task(bars=4, seed=3), given)
    assert (place.stretch.start_tick, place.stretch.end_tick) == (8 * BAR, 12 * BAR)
    assert after.smf.tracks[:3] == given.smf.tracks
    new = [note for note in after.notes if note.track == 3]
    assert new[0].on_tick == 8 * BAR
    assert max(note.off_tick for note in new) <= 12 * BAR
    assert len(new) == len(answer.notes) > 8


def test_the_new_track_has_a_channel_of_its_own_and_the_parts_sound() -> None:
    _, _, after = continued(Task(bars=2, part="Melody"))
    track = after.smf.tracks[3]
    assert track.name == "memory"
    assert SmfEvent(0, b"\xc2\x49") in track.events
    assert {note.channel for note in after.notes if note.track == 3} == {2}


def test_a_last_note_that_hangs_over_does_not_cost_a_bar() -> None:
    hanging = piece_of(smf_of_phrases({"a": Phrase.of([*melody(2), Note(3.5, 48, 0.6, 80)])}))
    late = piece_of(smf_of_phrases({"a": Phrase.of([*melody(2), Note(3.5, 48, 1.2, 80)])}))
    assert place_continuation(hanging, Task()).stretch.start_tick == 2 * BAR
    assert place_continuation(late, Task()).stretch.start_tick == 3 * BAR


def test_seconds_may_be_asked_for_instead_of_bars() -> None:
    assert place_continuation(piece(), Task(seconds=5.0)).stretch.length_s == pytest.approx(5.0, abs=0.001)


def test_from_inside_the_parts_are_cut_there() -> None:
    given = piece()
    _, _, after = continued(Task(bars=2, from_bar=5, part="Melody"), given)
    assert after.smf.tracks[2] == given.smf.tracks[2]
    assert max(note.on_tick for note in after.notes if note.track == 1) < 4 * BAR
    assert min(note.on_tick for note in after.notes if note.track == 3) == 4 * BAR


def test_replace_writes_into_the_piece_s_own_tracks() -> None:
    given = piece()
    _, answer, after = continued(Task(bars=2, replace=True), given)
    assert len(after.smf.tracks) == 3
    for before, now in zip(given.smf.tracks, after.smf.tracks, strict=True):
        assert not Counter(before.events[:-1]) - Counter(now.events)
    assert sum(note.on_tick >= 8 * BAR for note in after.notes) == len(answer.notes)


def test_the_same_seed_gives_the_same_notes_and_another_seed_others() -> None:
    first, again, other = (continued(Task(bars=4, seed=seed))[1].notes for seed in (7, 7, 8))
    assert first == again != other


def test_notes_stay_in_the_part_s_range_unless_asked_otherwise() -> None:
    place, _, _ = continued(Task(bars=8, part="Melody", seed=1))
    assert (place.controls.pitch_low, place.controls.pitch_high) == (59, 76)
    task = Task(range_given=True, controls=SamplingControls(pitch_low=60, pitch_high=64), seed=1)
    _, answer, _ = continued(task)
    assert {note.pitch for note in answer.notes} <= set(range(60, 65))


def test_a_piece_on_the_grid_is_continued_on_the_grid() -> None:
    _, _, after = continued(Task(bars=4))
    assert all(note.on_tick % 240 == 0 for note in after.notes)
    free = place_continuation(piece(), Task(keep_grid=False))
    assert free.grid is None


def test_a_model_that_thinks_the_piece_is_over_is_started_again() -> None:
    given = piece()
    place = place_continuation(given, Task(bars=4))
    notes = draw(FallsSilent(), place.context, place.stretch, given, seed=1, controls=place.controls)
    onsets = [round(note.onset_s - place.stretch.start_s, 3) for note in notes]
    assert onsets == [0.0, 0.5, 1.0, 2.0, 2.5, 3.0, 4.0, 4.5, 5.0]


def test_new_notes_keep_clear_of_kept_ones_on_the_same_key() -> None:
    given = piece()
    place = place_continuation(given, Task(from_bar=5))
    kept = [note for note in given.notes if note.on_tick == 4 * BAR and note.channel == 1]
    pitch = kept[0].pitch
    start = place.stretch.start_s
    rows = on_ticks(
        [Note(start + 0.5, pitch, 0.5, 80), Note(start + 0.5, 90, 0.5, 80)],
        given,
        place.stretch,
        channel=1,
        grid=None,
        kept=kept,
    )
    assert [note.pitch for _, _, note in rows] == [90]


@pytest.mark.parametrize(
    ("bars", "said"), [((9, 12), "after the end"), ((3, 2), "names no bars"), ((0, 2), "names no bars")]
)
def test_bars_that_are_not_there(bars: tuple[int, int], said: str) -> None:
    with pytest.raises(UsageError, match=said):
        place_infill(piece(), Task(), *bars)


def test_infill_changes_nothing_outside_its_bars() -> None:
    given = piece()
    task = Task(seed=2)
    place = place_infill(given, task, 3, 4)
    bridge = infill_piece(ScoringMemory(), place, task, 2)
    after = piece_of(written_infill(place, bridge.candidate.notes, task, "memory"))
    gone = {(note.track, index) for note in old_notes(place) for index in (note.on_index, note.off_index)}
    for number, track in enumerate(given.smf.tracks):
        kept = tuple(event for index, event in enumerate(track.events) if (number, index) not in gone)
        assert after.smf.tracks[number].events == kept
    new = [note for note in after.notes if note.track == 3]
    assert new
    assert all(2 * BAR <= note.on_tick < note.off_tick <= 4 * BAR for note in new)
    assert not [note for note in after.notes if note.track < 3 and 2 * BAR <= note.on_tick < 4 * BAR]


def test_the_bridge_is_the_draft_after_which_the_piece_goes_on_best() -> None:
    given, model = piece(), ScoringMemory()
    task = Task(part="Melody", controls=SamplingControls(temperature=2.0, imitation=0.0))
    place = place_infill(given, task, 3, 4)
    chosen = infill_piece(model, place, task, 9)
    first_after = next(note.pitch for note in given.notes if note.track == 1 and note.on_tick == 4 * BAR)
    drafts = candidates(model, place, [derived_seed(9, draft) for draft in range(DRAFTS)])
    leaps = {abs(draft.notes[-1].pitch - first_after) for draft in drafts}
    assert chosen.bridge_nats is not None
    assert len(leaps) > 1
    assert abs(chosen.candidate.notes[-1].pitch - first_after) < max(leaps)


def test_best_of_keeps_the_one_most_like_the_piece() -> None:
    place = place_continuation(piece(), Task())
    model = ScoringMemory()
    one = continue_piece(model, place, Task(best_of=1), 5)
    best = continue_piece(model, place, Task(best_of=8), 5)
    assert best.verdict.score >= one.verdict.score


def test_drums_are_continued_as_drums() -> None:
    kit = Phrase.of(Note(at * 0.25, (36, 42, 38, 42)[at % 4], 0.1, 90, 9) for at in range(64))
    _, answer, after = continued(Task(bars=2), piece_of(smf_of_phrases({"Kit": kit})))
    assert answer.notes
    assert {note.channel for note in after.notes} == {9}
    assert {note.pitch for note in answer.notes} <= {36, 38, 42}


def test_no_notes_and_no_such_part_are_said() -> None:
    with pytest.raises(UsageError, match="no notes"):
        place_continuation(piece_of(smf_of_phrases({"a": Phrase()})), Task())
    with pytest.raises(UsageError, match="Melody"):
        place_continuation(piece(), Task(part="Trombone"))
    with pytest.raises(UsageError, match="the piece has 8 bars"):
        place_continuation(piece(), Task(from_bar=99))


def test_hours_of_music_are_refused() -> None:
    with pytest.raises(UsageError, match="minutes"):
        place_continuation(piece(), replace(Task(), bars=5000))


class TwoByTwo(PhraseMemory):
    """Strikes everything with its third."""

    def begin(
        self,
        context: Sequence[Note],  # noqa: ARG002
        *,
        start_s: float,
        seed: int,  # noqa: ARG002
        time_scale: float = 1.0,  # noqa: ARG002
        drums: bool = False,  # noqa: ARG002
    ) -> AnswerStream:
        """Thirds a quarter of a second apart, each held for a whole one."""
        return _Thirds(start_s)


class _Thirds:
    def __init__(self, start_s: float) -> None:
        self._notes = [Note(start_s + 0.25 * (at // 2), 60 + 4 * (at % 2), 1.0, 70) for at in range(400)]

    def next(self, count: int, controls: SamplingControls) -> tuple[Note, ...]:  # noqa: ARG002
        """The next of them."""
        now, self._notes = self._notes[:count], self._notes[count:]
        return tuple(now)


def test_a_single_line_stays_one_and_chords_stay_chords() -> None:
    for part, voices in (("Melody", 1), ("Chords", 2)):
        task = Task(bars=2, part=part)
        place = place_continuation(piece(), task)
        notes = continue_piece(TwoByTwo(), place, task, 1).notes
        assert len(notes) == 16 * voices
        assert all(a.end_s <= b.onset_s + 1e-9 for a, b in pairwise(notes)) is (voices == 1)
