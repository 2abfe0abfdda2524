"""Small pieces and pictures for the covers' tests."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from daw_bridge.music.midifile import Piece, piece_of, smf_of_phrases
from daw_bridge.music.notes import Note
from daw_bridge.music.phrase import Phrase

MAJOR = (0, 2, 4, 5, 7, 9, 11)
MINOR = (0, 2, 3, 5, 7, 8, 11)


def tune(
    steps: Sequence[int] = MAJOR,
    *,
    tonic: int = 60,
    beat_s: float = 0.5,
    notes: int = 48,
    velocity: int = 80,
    tempo_bpm: float = 120.0,
    ticks_per_beat: int = 960,
) -> Piece:
    """A tune up and down a scale, in the same sounding time whatever the file's tempo and resolution are."""
    order = [*range(len(steps)), *reversed(range(len(steps)))]
    phrase = Phrase.of(
        Note(at * beat_s, tonic + steps[order[at % len(order)]], 0.8 * beat_s, velocity) for at in range(notes)
    )
    return piece_of(smf_of_phrases({"tune": phrase}, tempo_bpm=tempo_bpm, ticks_per_beat=ticks_per_beat))


def scene(side: int = 64, seed: int = 3) -> NDArray[np.uint8]:
    """A sky over a hill with a sun: smooth, with one firm edge and an accent."""
    y, x = np.mgrid[0:side, 0:side] / side
    rng = np.random.default_rng(seed)
    picture = np.stack([0.55 + 0.3 * y, 0.65 + 0.1 * y, 0.9 - 0.3 * y], axis=-1)
    hill = y > 0.6 + 0.12 * np.sin(5.0 * x)
    picture[hill] = (0.20, 0.30, 0.16)
    picture[(x - 0.7) ** 2 + (y - 0.25) ** 2 < 0.01] = (0.95, 0.75, 0.25)
    picture += rng.normal(0.0, 0.01, picture.shape)
    return (np.clip(picture, 0.0, 1.0) * 255.0).astype(np.uint8)
