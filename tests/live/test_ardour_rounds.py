"""What the Ardour command makes of recorded notes: rounds, the offset of each answer, where it ends."""

from __future__ import annotations

import pytest

from scripts.ardour_bars import Played, Round, rounds_of


def at(*beats: float) -> list[Played]:
    return [Played(60 + number, beat, 0.5, 80) for number, beat in enumerate(beats)]


def test_each_answer_is_measured_from_its_own_bar_line() -> None:
    calls = at(0.125, 1.125, 16.125, 17.125, 18.125)
    answers = at(7.99, 9.0, 15.4, 24.02)
    assert rounds_of(calls, answers, bars=2, rounds=2, tempo_bpm=120.0) == [
        Round(call_notes=2, answer_notes=3, offset_ms=-5.0, last_beat_after_line=7.9),
        Round(call_notes=3, answer_notes=1, offset_ms=10.0, last_beat_after_line=0.52),
    ]


@pytest.mark.parametrize("answers", [at(), at(3.0), at(17.0)])
def test_notes_elsewhere_are_no_answer(answers: list[Played]) -> None:
    assert rounds_of(at(0.125), answers, bars=2, rounds=1, tempo_bpm=120.0) == [Round(1, 0, None, None)]
