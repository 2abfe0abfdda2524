"""What ports are called inside: `in`, `in2`, … and `out`, `out2`, …, in the order they were named in."""

from __future__ import annotations

from typing import Final

MOST_PORTS: Final = 8
"""Inputs, and outputs, of one bridge."""

_IN: Final = "in"
_OUT: Final = "out"


def in_key(number: int) -> str:
    """The input of a number, from 1."""
    return _key(_IN, number)


def out_key(number: int) -> str:
    """The output of a number, from 1."""
    return _key(_OUT, number)


def in_number(key: str) -> int:
    """The number of an input; 1 for what is played from a screen or over OSC."""
    number = key.removeprefix(_IN)
    return int(number) if number.isdecimal() else 1


def out_number(key: str) -> int:
    """The number of an output."""
    return int(key.removeprefix(_OUT) or 1)


def names_of(text: str) -> tuple[str, ...]:
    """The names in the value of `port` or `in_port`: one a line."""
    return tuple(line for line in text.split("\n") if line)


def text_of(names: tuple[str, ...]) -> str:
    """Names as one value; the reverse of `names_of`."""
    return "\n".join(names)


def _key(role: str, number: int) -> str:
    return role if number == 1 else f"{role}{number}"
