"""The live picture follows who plays, moves with each note and comes to rest."""

import numpy as np
import pytest

from daw_models.art.attributes import ATTRIBUTES
from daw_models.art.painter import Wish
from daw_models.cover.live import GLOW, LivePicture, glowing
from daw_models.cover.motion import Floats
from daw_models.cover.video import Picture


class Plain:
    """Paints the latent's first numbers as grey, and remembers what was wished for."""

    def __init__(self) -> None:
        self.wishes: list[Wish] = []
        self.latents: list[Floats] = []

    def latent(self, seed: int) -> Floats:
        return np.random.default_rng(seed).standard_normal(32).astype(np.float32)

    def paint(self, latent: Floats, wish: Wish, *, glaze: bool = True) -> Picture:
        assert not glaze
        self.wishes.append(wish)
        self.latents.append(latent)
        grey = np.clip(128 + 40 * latent[:16].reshape(4, 4), 0, 255).astype(np.uint8)
        return np.repeat(grey[:, :, None], 3, axis=2)


def played(picture: LivePicture, seconds: float, start_s: float) -> None:
    """Let the picture run at 20 frames a second."""
    for number in range(round(seconds * 20)):
        picture.show(start_s + number / 20)


def test_silence_is_a_still_picture() -> None:
    painter = Plain()
    picture = LivePicture(painter, Wish("landscape"))
    played(picture, 1.0, 0.0)
    np.testing.assert_allclose(painter.latents[0], painter.latents[-1])


def test_each_note_is_seen_within_a_tenth_of_a_second_and_then_rests() -> None:
    painter = Plain()
    picture = LivePicture(painter, Wish("landscape"))
    picture.show(0.0)
    picture.hear("call", 64, 100)
    picture.show(0.05)
    picture.show(0.1)
    assert np.abs(painter.latents[-1] - painter.latents[0]).max() > 0.05
    played(picture, 6.0, 0.15)
    np.testing.assert_allclose(painter.latents[-1], painter.latents[0], atol=0.02)


def test_the_answer_draws_the_picture_to_its_own_place_and_the_player_takes_it_back() -> None:
    painter = Plain()
    picture = LivePicture(painter, Wish("landscape"), seed=3)
    picture.show(0.0)
    mine = painter.latents[-1]
    picture.hear("response", 60, 80)
    played(picture, 10.0, 0.0)
    theirs = painter.latents[-1]
    np.testing.assert_allclose(theirs, painter.latent(7), atol=0.05)
    picture.hear("call", 60, 80)
    played(picture, 10.0, 10.0)
    np.testing.assert_allclose(painter.latents[-1], mine, atol=0.05)


def test_loud_music_glows_and_stays_in_range() -> None:
    bright = ATTRIBUTES.index("brightness")
    assert glowing(Wish("landscape"), 1.0).attributes[bright] == pytest.approx(0.5 + GLOW)
    assert glowing(Wish("landscape"), 0.0) == Wish("landscape")
    assert max(glowing(Wish("landscape", (0.9,) * len(ATTRIBUTES)), 1.0).attributes) == 1.0


def test_a_clock_that_stands_or_jumps_is_survived() -> None:
    painter = Plain()
    picture = LivePicture(painter, Wish("landscape"))
    picture.hear("call", 64, 100)
    for now_s in (0.0, 0.0, 5000.0, 4999.0):
        assert np.isfinite(picture.show(now_s)).all()
