"""The reference grid and its bins."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daw_bridge.errors import UsageError
from daw_bridge.music.vocabulary import Vocabulary

VOCABULARY = Vocabulary()


def test_bins_tile_the_grid() -> None:
    widths = [VOCABULARY.width_of_bin(index) for index in range(VOCABULARY.time_bins)]
    assert sum(widths) == VOCABULARY.max_cells + 1
    firsts = [VOCABULARY.first_cell_of_bin(index) for index in range(VOCABULARY.time_bins)]
    assert firsts == [sum(widths[:index]) for index in range(len(widths))]


@given(st.integers(0, 1000))
def test_a_cell_lies_in_its_bin(cells: int) -> None:
    index = VOCABULARY.bin_of_cells(cells)
    first = VOCABULARY.first_cell_of_bin(index)
    assert first <= cells < first + VOCABULARY.width_of_bin(index)


@pytest.mark.parametrize(
    ("seconds", "cells"), [(0.0, 0), (0.004, 0), (0.016, 2), (3.99, 399), (9.999, 1000), (62.0, 1000), (-0.3, 0)]
)
def test_times_are_rounded_and_clipped(seconds: float, cells: int) -> None:
    assert VOCABULARY.cells(seconds) == cells


def test_the_spec_goes_round() -> None:
    other = Vocabulary(fine_cells=200, coarse_cells=8)
    assert Vocabulary.from_spec(other.as_spec()) == other


@pytest.mark.parametrize("spec", [{"cell_s": 0.01, "hue": 3}, {"fine_cells": 399}, {"coarse_cells": 0}])
def test_an_unknown_spec_is_refused(spec: dict[str, object]) -> None:
    with pytest.raises(UsageError, match=r"some\.file: vocabulary not understood"):
        Vocabulary.from_spec(spec, where="some.file")
