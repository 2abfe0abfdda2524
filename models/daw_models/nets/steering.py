"""Holding an answer to the tones of its call and away from its own figures: bare functions, compiled with the net.

A net that is played by its own output drifts: a strange tone makes the next strange tone likelier, a figure that came
twice comes a third time. Both are met with what can be counted exactly.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor

WINDOW = 128
"""How many of the last notes are counted."""
FADE = 0.98
"""How much of a note's weight each later note leaves: a memory of about 50 notes."""
STEPS = 64
"""One more than the highest step of the scale of onset differences on which figures are compared."""
STRIKES = 4
"""A pitch may come so often in a row before it counts as stuck."""


def onset_steps(max_cells: int) -> Tensor:
    """int64 [max_cells + 1]: onset differences in cells on a scale of ratios, four steps to the octave."""
    return torch.tensor([round(4 * math.log2(1 + cells)) for cells in range(max_cells + 1)])


def fading_ramp(size: int, fade: float) -> Tensor:
    """float [size]: the weight of the last `size` notes, oldest first."""
    return torch.pow(torch.tensor(fade), torch.arange(size - 1, -1, -1).float())


def sounding_weight(cells: Tensor) -> Tensor:
    """How much notes of these durations in cells count for the harmony: 0.02 to 2 seconds of it."""
    return cells.clamp(2, 200).float()


def tone_pull(tones: Tensor, following: float, classes: Tensor, weights: Tensor) -> Tensor:
    """Nats to add to each pitch, float [B, 128]: what its pitch class has in `tones`, less where it was heard much.

    tones float [12]; classes int64 [B, n], the pitch classes of the last notes, and weights float [B, n], how much each
    counts. `following` nats per log of a class's share undo a drift, where a standing preference alone would make the
    commonest tones ever commoner.
    """
    counts = torch.zeros(classes.size(0), 12).scatter_add_(1, classes, weights)
    heard = torch.add(counts, counts.sum(1, keepdim=True), alpha=0.02).add_(0.001)
    return (tones - following * torch.log(heard)).repeat(1, 11).narrow(1, 0, 128)


def figure_of(interval: Tensor, step: Tensor) -> Tensor:
    """One number for the way from one note to the next: the interval in semitones and the step of the onsets."""
    return interval * 64 + step


def past_figures(pitches: Tensor, steps: Tensor, first: int) -> Tensor:
    """Figures int64 [B, n] of notes with these pitches and onset steps; those before number `first` equal no other."""
    figures = torch.zeros_like(pitches)
    figures[:, 1:] = figure_of(pitches[:, 1:] - pitches[:, :-1], steps[:, 1:])
    number = torch.arange(pitches.size(1))
    return torch.where(number >= first, figures, -(1 << 20) - number)


def repeated_figures(figures: Tensor, recent: Tensor, step: Tensor) -> Tensor:
    """How often each pitch would close a figure of four notes that was played before, float [B, 128].

    figures int64 [B, n] of the last notes, recent int64 [B, m] their last pitches, newest first, step int64 [B] of the
    onset that is decided already. Figures are compared by intervals, so a sequence on other degrees counts too. A pitch
    struck more than `STRIKES` times running counts twice as often with each strike more.
    """
    before = figures.size(1) - 2
    newest = figures.narrow(1, before, 2)
    last, then = recent.narrow(1, 0, 1).clamp(max=127), figures.narrow(1, 2, before)
    same = figures.narrow(1, 0, before) == newest.narrow(1, 0, 1)
    same.logical_and_(figures.narrow(1, 1, before) == newest.narrow(1, 1, 1))
    same.logical_and_(torch.bitwise_and(then, 63) == step.unsqueeze(1))
    closing = (last + torch.bitwise_right_shift(then, 6)).clamp_(0, 127)
    times = torch.zeros(figures.size(0), 128).scatter_add_(1, closing, same.float())
    strikes = (recent == recent.narrow(1, 0, 1)).cumprod(1).sum(1, keepdim=True)
    return times.scatter_add_(1, last, torch.exp2((strikes - 4).clamp_(min=0).float()) - 1.0)


assert (STEPS, STRIKES, WINDOW) == (64, 4, 128), "literals above, for TorchScript"
