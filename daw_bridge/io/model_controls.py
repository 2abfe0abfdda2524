"""How the notes of an answer are to be drawn, as a model program takes it."""

from __future__ import annotations

import itertools
import statistics
from collections.abc import Sequence
from typing import Final

import torch

from daw_bridge.engine.continuation import SamplingControls
from daw_bridge.io.model_rows import CELLS_PER_S, MAX_CELLS, Row, rows_of
from daw_bridge.io.pitch_wishes import pitch_bias, tone_wishes
from daw_bridge.music.figures import onset_step, repeats
from daw_bridge.music.notes import MAX_VELOCITY, Note

_DENSITY_NATS_PER_S: Final = 4.0
_IMITATION_NATS: Final = 3.0
_FIGURE_NATS: Final = 1.3
"""Against the pitch that would close a figure of the answer's once more, for each log of the times it was played."""
_FREE_REPEATS: Final = 4.0
_REPEAT_NATS: Final = 0.75
"""When more than so many notes running have repeated figures, so much more for each note beyond them."""
_LENGTHS_LEFT_OUT: Final = 0.4
"""So much of what top-p leaves out is left out of durations: a rare long note keeps an answer from being even ..."""
_ALL_TOUCHES: Final = 0.95
"""... and so does a rare accent: from this top-p on, velocities are drawn from all there are."""
_CALL_NOTES: Final = 96
"""How many of the last notes of the context say how much the call repeats itself."""
_GUESSED_NOTES: Final = 16.0
_GUESSED_SHARE: Final = 0.1
"""A call of few notes is taken for one that repeats so much, as if so many figures more had been heard of it."""
_USUAL_REPETITION: Final = 0.093
_FRESH_SLOPE: Final = 1.6
_LEAST_FRESH: Final = 0.3
_MOST_FRESH: Final = 2.2
_TOUCH_NOTES: Final = 24
"""How many of the last notes of the context say how hard the player plays."""
_TOUCH_WIDTH: Final = 16.0
"""A velocity so far from theirs costs a nat at a `follow_velocity` of 1."""


def _repetition(rows: Sequence[Row]) -> float:
    """The share of figures of four notes, by intervals and rhythm, that were heard before; of few notes a guess."""
    steps = [(later[1] - earlier[1], onset_step(later[0] - earlier[0])) for earlier, later in itertools.pairwise(rows)]
    repeated, figures = repeats(steps, 3)
    return (repeated + _GUESSED_NOTES * _GUESSED_SHARE) / (figures + _GUESSED_NOTES)


def _freshness(repetition: float) -> float:
    """How much more or less than usual repeats are avoided after a call that repeats so much: as it does, so may we."""
    fresh: float = ((_USUAL_REPETITION + 0.03) / (repetition + 0.03)) ** _FRESH_SLOPE
    return min(max(fresh, _LEAST_FRESH), _MOST_FRESH)


class ModelControls:
    """Sampling controls as `tensors`, the program's argument; what depends on the context is found once.

    An `accompanied` line is no answer: how much its accompaniment repeats says nothing of how much it may.
    """

    def __init__(
        self,
        given: SamplingControls,
        context: Sequence[Note],
        *,
        drums: bool,
        time_scale: float = 1.0,
        accompanied: bool = False,
    ) -> None:
        self.given = given
        lengths = 1.0 - _LENGTHS_LEFT_OUT * (1.0 - given.top_p)
        touches = min(given.top_p / _ALL_TOUCHES, 1.0)
        self.tensors: dict[str, torch.Tensor] = {
            "temperature": torch.full((4,), given.temperature),
            "top_p": torch.tensor([given.top_p, given.top_p, lengths, touches]),
        }
        # What would change nothing is left out: it costs time with every note.
        allowed = pitch_bias(given, context, drums)
        if any(allowed):
            self.tensors["pitch_bias"] = torch.tensor(allowed)
        if given.density:
            self.tensors["onset_bias"] = torch.tensor([-_DENSITY_NATS_PER_S * given.density / time_scale, 0.0])
        longest_cells = max(round(given.max_duration_s * time_scale * CELLS_PER_S), 1)
        if longest_cells < MAX_CELLS:
            self.tensors["max_duration_cells"] = torch.tensor([float(longest_cells)])
        if given.imitation > 0:
            self.tensors["imitation"] = torch.tensor([_IMITATION_NATS * given.imitation])
        tones = [] if drums else tone_wishes(given, context)
        if tones:
            self.tensors["tones"] = torch.tensor(tones)
        against = 0.0 if drums else _FIGURE_NATS * given.variety * (1.0 - given.imitation)
        if against > 0.0:
            growth = _REPEAT_NATS * against / _FIGURE_NATS
            if not accompanied:
                against *= _freshness(_repetition(rows_of(context[-_CALL_NOTES:], time_scale)))
            self.tensors["variety"] = torch.tensor([against, float(len(context)), _FREE_REPEATS, growth])
        touch = [note.velocity for note in context[-_TOUCH_NOTES:]]
        if touch and given.follow_velocity > 0:
            distance = (torch.arange(MAX_VELOCITY + 1) - statistics.fmean(touch)) / _TOUCH_WIDTH
            self.tensors["velocity_bias"] = -given.follow_velocity * distance.square()
