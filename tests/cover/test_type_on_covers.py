"""Title and artist: inside the margins, readable on anything, whole or honestly cut."""

import numpy as np
import pytest
from numpy.typing import NDArray

from daw_models.cover.composition import LAYOUTS, READABLE, choose_layout, compose, contrast, picture_side
from daw_models.cover.lettering import SERIF, letter
from daw_models.cover.typesetting import reads_right_to_left, set_block
from tests.cover.cover_builders import scene

LONG = "Concerto grosso in D minor for two violins, violoncello, strings and continuo, in the manner of the old masters"


def checkered(side: int, fields: int = 40) -> NDArray[np.uint8]:
    """The worst ground for type: black and white in turns."""
    y, x = np.mgrid[0:side, 0:side] // max(side // fields, 1)
    return np.repeat((((x + y) % 2) * 255).astype(np.uint8)[..., None], 3, axis=2)


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("title", ["Nocturne", LONG, "Ноктюрн", "Νυχτερινό", "La fille aux cheveux de lin"])
def test_type_stays_inside_the_margins_and_can_be_read(layout: str, title: str) -> None:
    size = 400
    cover, type_set = compose(scene(picture_side(layout, size, text=True)), layout, size, title, "A. Composer")
    assert cover.shape == (size, size, 3)
    assert type_set.contrast >= READABLE
    assert not type_set.warnings
    for line in type_set.lines:
        assert 0.06 * size <= line.left
        assert line.left + line.width <= 0.94 * size
        assert 0.04 * size <= line.top
        assert line.bottom <= 0.97 * size


@pytest.mark.parametrize("layout", LAYOUTS)
def test_type_can_be_read_on_the_worst_ground(layout: str) -> None:
    size = 300
    _, type_set = compose(checkered(picture_side(layout, size, text=True)), layout, size, "Prelude", "Somebody")
    assert type_set.contrast >= READABLE


def test_a_long_title_takes_more_lines_then_ends_in_an_ellipsis() -> None:
    short = set_block("Nocturne", "", 3000, 2550.0, 0.098, 1200.0)
    long = set_block(LONG, "", 3000, 2550.0, 0.098, 1200.0)
    endless = set_block(LONG * 12, "", 3000, 2550.0, 0.098, 1200.0)
    assert len(short.lines) == 1
    assert 1 < len(long.lines) <= 4
    assert not long.shortened
    assert " ".join(line.text for line in long.lines) == LONG
    assert long.lines[0].size < short.lines[0].size
    assert endless.shortened
    assert endless.lines[-1].text.endswith("…")
    assert endless.lines[0].size == round(0.040 * 3000)
    assert endless.height <= 1200.0


def test_one_endless_word_is_cut_rather_than_run_off_the_cover() -> None:
    block = set_block("m" * 400, "n" * 200, 3000, 2550.0, 0.098, 1200.0)
    assert block.shortened
    assert max(line.width for line in block.lines) <= 2550.0


def test_signs_that_no_font_has_are_left_out_and_said() -> None:
    lettered = letter("Song \U000f0123\U000f0124 end", SERIF)
    assert lettered.text == "Song end"
    assert "left out" in lettered.warning
    assert letter("Été", SERIF).warning == ""
    strange = letter("\U000f0123\u0301 end", SERIF)
    assert strange.text == "end"


def test_right_to_left_titles_stand_at_the_right() -> None:
    assert reads_right_to_left("12 שלום")
    assert not reads_right_to_left("12 Peace שלום")


def test_contrast_is_that_of_wcag() -> None:
    white = np.full((4, 4, 3), 255, np.uint8)
    assert contrast((0, 0, 0), white) == pytest.approx(21.0)
    assert contrast((119, 119, 119), white) == pytest.approx(4.48, abs=0.01)


def test_no_words_leave_the_picture_as_it_is() -> None:
    picture = scene(80)
    cover, type_set = compose(picture, "full", 80, "", " ")
    assert np.array_equal(cover, picture)
    assert type_set.lines == ()


def test_the_layout_follows_picture_and_seed() -> None:
    chosen = {choose_layout(scene(96), seed << 40, "landscape") for seed in range(100)}
    assert chosen == set(LAYOUTS)
    assert choose_layout(checkered(96, 8), 1 << 40, "botanical") == "plate"
