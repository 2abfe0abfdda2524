"""Sliders are heard: whatever the painter did, the tones end nearer to the wish."""

import numpy as np
import pytest

from daw_models.art.attributes import ATTRIBUTES, Standing, measure
from daw_models.art.wish import SETS, Wish
from daw_models.cover.tuning import tuned, wished_figures
from tests.cover.cover_builders import scene

LOWEST = dict(zip(ATTRIBUTES, (0.25, 0.10, 0.10, 0.05, -0.15, 0.0, 0.0, -0.2), strict=True))
HIGHEST = dict(zip(ATTRIBUTES, (0.75, 0.30, 0.50, 0.40, 0.30, 360.0, 0.1, 0.4), strict=True))
STANDING = Standing(
    np.array([[np.linspace(LOWEST[name], HIGHEST[name], 101) for name in ATTRIBUTES]] * len(SETS), dtype=np.float32)
)


def wish(**places: float) -> Wish:
    return Wish("landscape", tuple(places.get(name, 0.5) for name in ATTRIBUTES))


@pytest.mark.parametrize("name", ["brightness", "contrast", "saturation", "warmth"])
def test_more_of_it_is_more_of_it(name: str) -> None:
    picture = scene(96)
    low, high = (tuned(picture, wish(**{name: place}), STANDING) for place in (0.15, 0.85))
    target = wished_figures(wish(**{name: 0.85}), STANDING)[name]
    assert measure(high)[name] > measure(low)[name] + 0.25 * (HIGHEST[name] - LOWEST[name])
    assert abs(measure(high)[name] - target) < abs(measure(picture)[name] - target) or (
        abs(measure(picture)[name] - target) < 0.05
    )


def test_plates_without_colour_are_left_alone() -> None:
    picture = scene(48)
    assert tuned(picture, Wish("radiolaria"), STANDING) is picture
