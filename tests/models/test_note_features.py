"""The exact features: coming note-offs, statuses, and what followed the last time."""

import numpy as np
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from daw_models.data.repeats import find_repeats
from daw_models.nets.features import LONG_AGO, NO_PITCH, NOWHERE, RING, length_bucket, nearest_ends, status_index
from tests.models.model_builders import Rows, music


@given(st.lists(st.integers(-50, 200), min_size=RING, max_size=RING), st.integers(0, 100))
def test_nearest_ends_are_the_distinct_coming_ones(ends: list[int], now: int) -> None:
    found = nearest_ends(torch.tensor([ends]), torch.tensor([now]))[0].tolist()
    wanted = sorted({end - now for end in ends if end > now})[:4]
    assert found == wanted + [NOWHERE] * (4 - len(wanted))


def test_statuses_name_sounding_just_ended_and_past_notes() -> None:
    pitches = torch.tensor([[60, 61, 62, 63, NO_PITCH]])
    ends = torch.tensor([[101, 100, 98, 97, LONG_AGO]])
    assert status_index(pitches, ends, torch.tensor([100])).tolist() == [[60, 128 + 61, 128 + 62, 256 + 63, 384]]


def test_length_buckets_are_in_order() -> None:
    buckets = length_bucket(torch.arange(256)).tolist()
    assert buckets[0] == 0
    assert buckets == sorted(buckets)
    assert max(buckets) == 13


def _plain_search(rows: Rows, note: int, with_onset: bool) -> tuple[int, int]:
    """How far back what followed the longest match before `note` stands, and the match's length, by looking."""

    def same(one: int, other: int) -> bool:
        if rows[one, 1] != rows[other, 1]:
            return False
        tolerance = (rows[other, 0] >> 3) + 2
        return not with_onset or abs(rows[one, 0] - rows[other, 0]) <= tolerance

    best = (0, 0, 0)
    for candidate in range(note - 1):
        length = 0
        while candidate - length >= 0 and length < 255 and same(note - 1 - length, candidate - length):
            length += 1
        if length:
            best = max(best, (min(length, 15), candidate, length))
    return (note - 1 - best[1], best[2]) if best[2] else (0, 0)


@settings(max_examples=12, deadline=None)
@given(st.integers(0, 10_000), st.integers(20, 90))
def test_repeats_are_what_a_plain_search_finds(seed: int, notes: int) -> None:
    rows = music(notes, seed)
    rows[:, 1] = 60 + rows[:, 1] % 4
    (back, length), _ = find_repeats([rows, music(12, seed + 1)])
    for finder in range(2):
        wanted = [_plain_search(rows, note, finder == 1) for note in range(notes)]
        assert [tuple(map(int, pair)) for pair in zip(back[:, finder], length[:, finder], strict=True)] == wanted


def test_a_repeat_tells_the_next_note() -> None:
    rows = music(90, 3)
    ((back, length),) = find_repeats([rows])
    last = np.arange(70, 90)
    assert (rows[last, 1] == rows[last - back[last, 0], 1]).all()
    assert (length[last, 0] >= 9).all()
