"""Finishes and files: the same bytes twice, the picture still itself, edges of the print's own size."""

import io
import json

import numpy as np
import pytest
from PIL import Image

from daw_models.cover.contact import contact_sheet
from daw_models.cover.filters import Picture, as_float, blur, from_oklab, luminance, oklab, resized
from daw_models.cover.finishes import FINISHES, graded
from daw_models.cover.palette import main_colours
from daw_models.cover.png import encode, read_texts
from daw_models.cover.strokes import directions, trace_layers
from tests.cover.cover_builders import scene

SIZE = 320


@pytest.mark.parametrize("finish", FINISHES)
def test_a_finish_keeps_the_picture_and_repeats_itself(finish: str) -> None:
    picture = graded(scene(96))
    made = FINISHES[finish](picture, SIZE, 5)
    assert made.shape == (SIZE, SIZE, 3)
    assert made.dtype == np.uint8
    assert np.array_equal(made, FINISHES[finish](picture, SIZE, 5))
    small = luminance(as_float(resized(made, 32))).ravel()
    wanted = luminance(as_float(resized(picture, 32))).ravel()
    assert np.corrcoef(small, wanted)[0, 1] > 0.9


@pytest.mark.parametrize("finish", ["paint", "print"])
def test_hand_work_depends_on_the_seed(finish: str) -> None:
    picture = scene(96)
    assert not np.array_equal(FINISHES[finish](picture, SIZE, 5), FINISHES[finish](picture, SIZE, 6))


@pytest.mark.parametrize(("finish", "size"), [("paint", SIZE), ("poster", SIZE), ("duotone", 1200)])
def test_edges_are_drawn_at_the_size_of_the_print(finish: str, size: int) -> None:
    picture = graded(scene(64))
    made = as_float(FINISHES[finish](picture, size, 5))
    stretched = as_float(resized(picture, size))

    def sharpest(one: Picture) -> float:
        return float(np.quantile(np.abs(np.diff(luminance(one), axis=0)), 0.998))

    assert sharpest(made) > 1.5 * sharpest(stretched)


def test_a_poster_has_few_colours() -> None:
    made = FINISHES["poster"](scene(96), SIZE, 1).reshape(-1, 3)
    _, counts = np.unique(made, axis=0, return_counts=True)
    assert np.sort(counts)[-6:].sum() > 0.9 * counts.sum()


def test_strokes_run_along_the_edges() -> None:
    y, _ = np.mgrid[0:64, 0:64] / 64.0
    bands = np.repeat((0.5 + 0.4 * np.sin(20.0 * y))[..., None], 3, axis=2).astype(np.float32)
    along_x, along_y = directions(bands, 3.0)
    assert float(np.abs(along_x[8:-8, 8:-8]).min()) > 0.99
    assert float(np.abs(along_y[8:-8, 8:-8]).max()) < 0.1


def test_finer_brushes_come_only_where_something_is_left_to_correct() -> None:
    flat = np.full((96, 96, 3), 0.5, dtype=np.float32)
    layers = trace_layers(flat, 1)
    assert len(layers[0]) > 100
    assert all(len(layer) == 0 for layer in layers[1:])
    assert all(len(layer) > 0 for layer in trace_layers(as_float(scene(240)), 1)[:3])


def test_blur_keeps_the_mean_and_oklab_comes_back() -> None:
    picture = as_float(scene(48))
    assert float(np.abs(blur(picture, 2.0).mean() - picture.mean())) < 0.01
    assert float(np.abs(from_oklab(oklab(picture)) - picture).max()) < 1e-3
    dark_to_light = main_colours(scene(48), 5)[:, 0]
    assert list(dark_to_light) == sorted(dark_to_light)


def test_the_png_is_what_pillow_reads_back_with_its_texts() -> None:
    picture = FINISHES["paint"](scene(96), SIZE, 2)
    texts = {"Title": "Für Elise, Ж", "aiart-bridge": json.dumps({"seed": 2})}
    encoded = encode(picture, texts)
    assert encoded.step == 1
    assert encoded == encode(picture, texts)
    image = Image.open(io.BytesIO(encoded.data))
    image.load()
    assert np.array_equal(np.asarray(image), picture)
    assert image.info["Title"] == "Für Elise, Ж"
    assert "srgb" in image.info
    assert read_texts(encoded.data) == texts
    assert b"tIME" not in encoded.data


def test_a_picture_that_would_be_too_large_is_rounded_until_it_fits() -> None:
    noise = np.random.default_rng(1).integers(0, 256, (200, 200, 3), dtype=np.uint8)
    encoded = encode(noise, {}, limit=90_000)
    assert encoded.step > 1
    assert len(encoded.data) <= 90_000
    assert np.abs(np.asarray(Image.open(io.BytesIO(encoded.data))).astype(int) - noise).max() <= encoded.step


def test_a_sheet_holds_every_cover() -> None:
    sheet = contact_sheet([np.full((50, 50, 3), value, np.uint8) for value in (10, 90, 170)])
    assert {10, 90, 170} <= set(np.unique(sheet).tolist())
