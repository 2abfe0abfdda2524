"""The four states of a turn, and every move between them."""

from __future__ import annotations

from enum import Enum
from types import MappingProxyType
from typing import Final


class TurnState(Enum):
    """Who has the word."""

    IDLE = "idle"
    LISTENING = "listening"
    THINKING = "thinking"
    ANSWERING = "answering"


class Move(Enum):
    """What can happen to a turn."""

    PLAYED = "the musician strikes a key"
    CLOSED = "the call is over"
    RESUMED = "the musician goes on before the answer has begun"
    BEGAN = "the first note of the answer is due"
    REPEATED = "an answer is played again"
    JOINED = "the musician plays along with the answer"
    ENDED = "the answer is over, or was cut off; nothing new was played"
    PASSED = "the answer is over, or was cut off; the musician has begun a new call"
    DROPPED = "the call will not be answered"


MOVES: Final = MappingProxyType(
    {
        (TurnState.IDLE, Move.PLAYED): TurnState.LISTENING,
        (TurnState.IDLE, Move.CLOSED): TurnState.THINKING,
        (TurnState.IDLE, Move.REPEATED): TurnState.ANSWERING,
        (TurnState.LISTENING, Move.PLAYED): TurnState.LISTENING,
        (TurnState.LISTENING, Move.CLOSED): TurnState.THINKING,
        (TurnState.LISTENING, Move.DROPPED): TurnState.IDLE,
        (TurnState.THINKING, Move.RESUMED): TurnState.LISTENING,
        (TurnState.THINKING, Move.JOINED): TurnState.THINKING,
        (TurnState.THINKING, Move.BEGAN): TurnState.ANSWERING,
        (TurnState.THINKING, Move.DROPPED): TurnState.IDLE,
        (TurnState.ANSWERING, Move.JOINED): TurnState.ANSWERING,
        (TurnState.ANSWERING, Move.ENDED): TurnState.IDLE,
        (TurnState.ANSWERING, Move.PASSED): TurnState.LISTENING,
    }
)
"""(state, move) -> state: a pair that is not here cannot happen."""


class IllegalMoveError(Exception):
    """A move that the table does not have: a fault in our own code."""


def after(state: TurnState, move: Move) -> TurnState:
    """The state that follows. Raises IllegalMoveError."""
    try:
        return MOVES[state, move]
    except KeyError:
        raise IllegalMoveError(f"{move.name} while {state.value}") from None
