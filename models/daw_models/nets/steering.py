"""Holding an answer to the tones of its call and away from its own figures: bare functions, compiled with the net.

A net that is played by its own output drifts: a strange tone makes the next strange tone likelier, a figure that came
twice comes a third time. Both are met with what can be counted exactly.
"""

from __future__ import annotations

import torch
from torch import Tensor

from daw_bridge.music.figures import onset_step

WINDOW = 128
"""How many of the last notes may close a figure that is met again."""
FADE = 0.98
"""How much of a note's weight each later note leaves: a memory of about 50 notes."""
STEPS = 64
"""One more than the highest step of the scale of onset differences on which figures are compared."""
PERIODS = 8
"""Notes that come back after at most so many notes, again and again, are a rut."""
DEEPEST = 12
"""A rut that goes on for more notes than this beyond what is allowed counts as so deep."""
UNKNOWN = 0
"""The number of a figure that cannot be met again."""


def onset_steps(max_cells: int) -> Tensor:
    """int64 [max_cells + 1]: onset differences in cells on a scale of ratios, four steps to the octave."""
    return torch.tensor([onset_step(cells) for cells in range(max_cells + 1)])


def rut_weights() -> Tensor:
    """float [DEEPEST + 1]: what a rut counts, so many notes beyond what is allowed; twice as much with each."""
    return torch.exp2(torch.arange(DEEPEST + 1).float()) - 1.0


def rut_allowances() -> Tensor:
    """int16 [PERIODS]: how many notes may come back after 8, 7 ... 1 notes: two periods, and one note more."""
    return (2 * torch.arange(PERIODS, 0, -1) + 1).to(torch.int16)


def sounding_weight(cells: Tensor) -> Tensor:
    """How much notes of these durations in cells count for the harmony: 0.02 to 2 seconds of it."""
    return cells.clamp(2, 200).float()


def tone_pull(tones: Tensor, following: float, counts: Tensor, classes: Tensor) -> Tensor:
    """Nats to add to each pitch, float [B, 128]: what its pitch class has in `tones`, less where it was heard much.

    tones float [12]; counts float [B, 12], what was heard of each pitch class; classes int64 [128], that of each pitch.
    `following` nats per log of a class's share undo a drift, where a standing preference alone would make the commonest
    tones ever commoner.
    """
    heard = torch.add(counts, counts.sum(1, keepdim=True), alpha=0.02).add_(0.001).log_()
    return torch.sub(tones, heard, alpha=following).index_select(1, classes)


def figure_of(interval: Tensor, step: Tensor) -> Tensor:
    """A number from 1 to 16383 for the way from one note to the next: semitones, and the step of the onsets."""
    return torch.add(step, interval, alpha=64).add_(8192)


def passage(earlier: Tensor, later: Tensor) -> Tensor:
    """A number for two figures in a row, with room for the step that follows."""
    return torch.add(later, earlier, alpha=16384).mul_(64)


def past_figures(pitches: Tensor, steps: Tensor, first: int) -> Tensor:
    """Figures int64 [B, n] of notes with these pitches and onset steps; those before number `first` are UNKNOWN."""
    figures = torch.zeros_like(pitches)
    figures[:, 1:] = figure_of(pitches[:, 1:] - pitches[:, :-1], steps[:, 1:])
    return torch.where(torch.arange(pitches.size(1)) >= first, figures, 0)


def past_passages(figures: Tensor, steps: Tensor) -> Tensor:
    """Of notes with these figures and steps, int64 [B, n]: the passage before each and its step; -1 where unknown."""
    found = torch.full_like(figures, -1)
    before = passage(figures[:, :-2], figures[:, 1:-1]) + steps[:, 2:]
    known = (figures[:, :-2] > 0).logical_and_(figures[:, 1:-1] > 0).logical_and_(figures[:, 2:] > 0)
    found[:, 2:] = torch.where(known, before, -1)
    return found


def repeated_figures(
    passages: Tensor, ways: Tensor, passage: Tensor, last: Tensor, returning: Tensor, rut: Tensor
) -> Tensor:
    """How often each pitch would close a figure of four notes that was played before, float [B, 128].

    passages and ways int64 [B, n] of the last notes: the passage before each, and its interval; passage int64 [B, 1]
    and pitch `last` [B, 1] before the note to come. Figures are compared by intervals, so a sequence on other degrees
    counts too. `rut` float [B, 1] is added to the pitch `returning` [B, 1].
    """
    closing = (ways + last).clamp_(0, 127)
    times = torch.zeros(passages.size(0), 128).scatter_add_(1, closing, (passages == passage).float())
    return times.scatter_add_(1, returning, rut)


assert (STEPS, PERIODS, DEEPEST, WINDOW, UNKNOWN) == (64, 8, 12, 128, 0), "literals above, for TorchScript"
