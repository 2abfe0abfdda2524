"""Chance that can be played again: numbers that depend on nothing but their names."""

from __future__ import annotations

from typing import Final

_MASK: Final = (1 << 64) - 1
SEED_BITS: Final = 48
"""Seeds fit in a JSON number and a double."""


def mix(*numbers: int) -> int:
    """A 64-bit number drawn from whole numbers (SplitMix64's finaliser over their sequence)."""
    state = 0x9E3779B97F4A7C15
    for number in numbers:
        state = (state + (number & _MASK) * 0xBF58476D1CE4E5B9 + 0x9E3779B97F4A7C15) & _MASK
        state = ((state ^ (state >> 30)) * 0xBF58476D1CE4E5B9) & _MASK
        state = ((state ^ (state >> 27)) * 0x94D049BB133111EB) & _MASK
        state ^= state >> 31
    return state


def turn_seed(session_seed: int, turn: int, part: int) -> int:
    """The seed of an ask: `part` counts how often the answer of this turn was drawn anew on the way."""
    return mix(session_seed, turn, part) >> (64 - SEED_BITS)


def uniform(seed: int, *names: int) -> float:
    """A number in [0, 1) that belongs to `names` under `seed`."""
    return (mix(seed, *names) >> 11) / (1 << 53)
