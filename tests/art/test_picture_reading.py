"""Pictures are read from folders and archives, damaged ones cost a line, and the split hangs on the name alone."""

from pathlib import Path

import numpy as np
import pytest

from daw_bridge.errors import UsageError
from daw_models.art.pictures import SIDE, random_batch, read_pictures
from daw_models.art.tensors import as_pixels, as_tensor
from tests.art.art_builders import jpeg, picture, some_pictures, write_archive


def test_a_damaged_picture_costs_one_line(tmp_path: Path) -> None:
    (tmp_path / "landscape_1_a.jpg").write_bytes(jpeg(picture(0, 1)))
    (tmp_path / "landscape_1_b.jpg").write_bytes(jpeg(picture(0, 2))[:500])
    (tmp_path / "portrait_1_c.jpg").write_bytes(jpeg(picture(0, 3)))
    said: list[str] = []
    found = read_pictures([tmp_path], say=said.append)
    assert found.names == ("landscape_1_a.jpg",)
    assert found.pixels.shape == (1, SIDE, SIDE, 3)
    assert len(said) == 1
    assert "landscape_1_b.jpg" in said[0]


def test_the_cache_answers_until_the_source_changes(tmp_path: Path) -> None:
    archive, cache = write_archive(tmp_path / "a.tar", 2), tmp_path / "run"
    first = read_pictures([archive], cache=cache, say=print)
    (cache / "pictures.npy").write_bytes((cache / "pictures.npy").read_bytes())
    assert np.array_equal(read_pictures([archive], cache=cache, say=print).pixels, first.pixels)
    write_archive(archive, 3)
    assert len(read_pictures([archive], cache=cache, say=print)) == 12


@pytest.mark.parametrize("name", ["missing", "empty", "text.tar"])
def test_what_holds_no_pictures_is_named(tmp_path: Path, name: str) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "text.tar").write_text("no archive")
    with pytest.raises(UsageError, match=name):
        read_pictures([tmp_path / name], say=print)


def test_the_split_does_not_hang_on_what_else_there_is(tmp_path: Path) -> None:
    found = some_pictures(tmp_path, 40)
    train, held = found.split()
    assert len(train) + len(held) == len(found)
    assert 0 < len(held) < 0.15 * len(found)
    fewer = found.take(np.arange(0, len(found), 2))
    assert set(fewer.split()[1].names) <= set(held.names)


def test_windows_keep_the_colours(tmp_path: Path) -> None:
    found = some_pictures(tmp_path, 2)
    batch = random_batch(found, np.arange(8), 64, np.random.default_rng(1))
    assert batch.shape == (8, 3, 64, 64)
    means = batch.mean((2, 3)).numpy()
    assert means == pytest.approx(as_tensor(found.pixels, 64).mean((2, 3)).numpy(), abs=0.15)
    assert np.array_equal(as_pixels(as_tensor(found.pixels, SIDE)), found.pixels)
