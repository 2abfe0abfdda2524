"""What a recurrent net learns only slowly, computed exactly: who still sounds, and what followed last time.

Bare functions of tensors, compiled with the sampling program and used as they are in training and preparation,
so that the two can not drift apart.
"""

from __future__ import annotations

import torch
from torch import Tensor

RING = 12
"""How many of the last notes are watched for their ends."""
ENDS = 4
"""How many distinct coming note-offs are told to the net."""
MEMORY = 2048
"""How many of the last notes the repetition finders look back over; int16 keys allow no more."""
FINDERS = 2
"""Finder 0 compares pitches; finder 1 compares pitches and, with a tolerance, onset differences."""
STATUSES = 3
"""A recent note is sounding, has ended just now, or has ended before."""
LENGTH_BUCKETS = 16
HORIZONS = (0.95, 0.99, 0.998)
"""How much of the count of pitch classes each note leaves: memories of about 20, 100 and 500 notes."""
NOWHERE = 1 << 40
"""A note-off that does not come."""
NO_PITCH = 128
LONG_AGO = -(1 << 20)
"""The end of a note that there is not."""


def nearest_ends(ends: Tensor, now: Tensor) -> Tensor:
    """The next ENDS distinct note-offs after `now`, as cells from it, nearest first; NOWHERE where there are fewer.

    ends int64 [..., RING] absolute cells, now int64 [...] -> int64 [..., ENDS].
    """
    left = ends - now.unsqueeze(-1)
    left, _ = torch.where(left > 0, left, 1 << 40).sort(-1)
    later = left[..., 1:]
    later.masked_fill_(later == left[..., :-1], 1 << 40)
    left, _ = left.sort(-1)
    return left[..., :4]


def status_index(pitches: Tensor, ends: Tensor, now: Tensor) -> Tensor:
    """Row of the status table for each recent note: status * 128 + pitch, or 3 * 128 where there is no note.

    pitches, ends int64 [..., RING] (no note: NO_PITCH and LONG_AGO), now int64 [...] -> int64 [..., RING].
    """
    since = now.unsqueeze(-1) - ends
    return pitches + (since >= 0).to(torch.int64) * 128 + (since > 2).to(torch.int64) * 128


def shares_of(counts: Tensor) -> Tensor:
    """Fading counts of pitch classes, float [..., HORIZONS, 12], as shares times twelve; zeros before any note."""
    return (counts * (12.0 / (counts.sum(-1, keepdim=True) + 0.001))).flatten(-2)


def length_bucket(length: Tensor) -> Tensor:
    """The bucket, 0 to 13, of a match's length in notes (int64)."""
    edges = torch.tensor([1, 2, 3, 4, 5, 6, 8, 12, 16, 24, 32, 64, 128], dtype=torch.int64)
    return torch.bucketize(length, edges, right=True)


def advance_lengths(lengths: Tensor, pitches: Tensor, onsets: Tensor, pitch: Tensor, onset: Tensor) -> Tensor:
    """The match length of every remembered note after one more note.

    lengths int16 [B, FINDERS, N], pitches and onsets int16 [B, N] (pitch -1: empty slot), pitch and onset int16 [B].
    Slots are a ring in order of time; the slot that the new note takes must be zeroed by the caller.
    """
    same = pitches == pitch.unsqueeze(-1)
    near = (onsets - onset.unsqueeze(-1)).abs_() <= (onsets >> 3).add_(2)
    both = torch.stack([same, near.logical_and_(same)], 1)
    return torch.roll(lengths, 1, -1).add_(1).clamp_(max=255).mul_(both)


def recency_ramp(size: int) -> Tensor:
    """int16 [2 size]: its slice of `size` from size - 1 - slot on ranks slots from the oldest, 0, to the newest."""
    return torch.arange(size, dtype=torch.int16).repeat(2)


def best_match(lengths: Tensor, slot: int, ramp: Tensor) -> tuple[Tensor, Tensor]:
    """Slot and length of the longest match, the most recent of those of 15 notes and more; `slot` is the newest note's.

    lengths int16 [B, FINDERS, N], ramp from `recency_ramp(N)` -> int64 [B, FINDERS], and int16 lengths [B, FINDERS];
    length 0 means that nothing matches.
    """
    size = lengths.size(-1)
    first = size - 1 - slot
    key = torch.add(ramp[first : first + size], lengths.clamp(max=15), alpha=2048)
    where = key.argmax(-1, keepdim=True)
    return where.squeeze(-1), lengths.gather(-1, where).squeeze(-1)
