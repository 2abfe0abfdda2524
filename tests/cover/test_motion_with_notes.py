"""The moving cover: it travels between places, jumps with the notes, and closes its loop."""

import numpy as np
import pytest

from daw_models.cover.motion import Floats, Journey, Push, Swing, slerp

SIZE = 64


def latents(count: int, seed: int = 1) -> list[Floats]:
    """Normal latents, as a painter draws them."""
    return list(np.random.default_rng(seed).standard_normal((count, SIZE)).astype(np.float32))


def angle(one: Floats, other: Floats) -> float:
    """Radians between two latents."""
    return float(np.arccos(np.clip(one @ other / np.linalg.norm(one) / np.linalg.norm(other), -1, 1)))


def test_the_way_between_two_latents_is_even_and_keeps_their_length() -> None:
    start, end = latents(2)
    halfway = slerp(start, end, 0.5)
    assert angle(start, halfway) == pytest.approx(angle(halfway, end), abs=1e-3)
    assert np.linalg.norm(halfway) == pytest.approx((np.linalg.norm(start) + np.linalg.norm(end)) / 2, rel=1e-4)
    np.testing.assert_allclose(slerp(start, end, 0.0), start, atol=1e-5)
    np.testing.assert_allclose(slerp(start, end, 1.0), end, atol=1e-5)
    np.testing.assert_allclose(slerp(start, start, 0.7), start, atol=1e-5)


def test_an_onset_pushes_and_is_forgotten() -> None:
    (place,) = latents(1)
    swing = Swing(SIZE)
    still = swing.step(place, [], 0.04)
    hit = [swing.step(place, [Push(0.0, 60, 1.0)] if number == 0 else [], 0.04) for number in range(150)]
    away = [angle(place, frame.latent) for frame in hit]
    assert angle(place, still.latent) < 1e-3
    assert max(away[:4]) > 0.15
    assert away[-1] < 0.01
    assert np.linalg.norm(hit[1].latent) == pytest.approx(np.linalg.norm(place), rel=1e-4)


def test_octaves_push_one_way_and_other_pitches_another() -> None:
    (place,) = latents(1)
    ways = [Swing(SIZE).step(place, [Push(0.0, pitch, 1.0)], 0.04).latent - place for pitch in (60, 72, 66)]
    assert angle(ways[0], ways[1]) < 0.01
    assert angle(ways[0], ways[2]) > 0.5


def test_sections_have_their_own_places_and_the_last_leads_back() -> None:
    places = latents(3)
    journey = Journey(places, (0.0, 4.0, 7.0), 12.0)
    for start_s, place in zip((0.0, 4.0, 7.0), places, strict=True):
        np.testing.assert_allclose(journey.place(start_s + 0.5), place)
    np.testing.assert_allclose(journey.place(12.0 - 1e-6), places[0], atol=1e-3)
    assert 0.1 < angle(journey.place(3.0), places[0]) < angle(places[0], places[1])


def test_the_loop_closes_even_when_it_ends_in_a_chord() -> None:
    journey = Journey(latents(2), (0.0, 2.0), 4.0)
    pushes = [Push(3.96, pitch, 1.0) for pitch in (60, 64, 67)] + [Push(1.0, 62, 0.5)]
    frames = list(journey.frames(pushes, 25.0))
    assert len(frames) == 100
    steps = [angle(frames[i - 1].latent, frames[i].latent) for i in range(100)]
    assert frames[0].excitement > 0.5
    assert steps[0] <= max(steps[1:]) * 1.5


def test_the_same_notes_make_the_same_way() -> None:
    journey = Journey(latents(2), (0.0, 2.0), 4.0)
    pushes = [Push(0.5 * beat, 60 + beat, 0.7) for beat in range(8)]
    once, again = ([frame.latent for frame in journey.frames(pushes, 20.0, seed=5)] for _ in range(2))
    np.testing.assert_array_equal(once, again)
    other = next(iter(journey.frames(pushes, 20.0, seed=6))).latent
    assert not np.array_equal(once[0], other)


def test_zeros_are_no_latent() -> None:
    with pytest.raises(ValueError, match="no direction"):
        slerp(np.zeros(SIZE, np.float32), np.ones(SIZE, np.float32), 0.5)
