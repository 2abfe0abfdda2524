"""The table of turns: which moves there are, and that each of them can be made on stage."""

from __future__ import annotations

import itertools

import pytest

from daw_bridge.engine.reply import MOVES, IllegalMoveError, Move, TurnState, after
from daw_bridge.music.messages import NoteOn
from tests.support.world import World

SCORES = {
    (TurnState.IDLE, Move.PLAYED): lambda: World().play(1.0, "C4").until(1.1),
    (TurnState.IDLE, Move.CLOSED): lambda: World().play(1.0, "C4 D4 E4").do(10.0, "vary").until(20.0),
    (TurnState.IDLE, Move.REPEATED): lambda: World().play(1.0, "C4 D4 E4").do(10.0, "loop").until(11.0),
    (TurnState.LISTENING, Move.PLAYED): lambda: World().play(1.0, "C4 D4").until(1.3),
    (TurnState.LISTENING, Move.CLOSED): lambda: World().play(1.0, "C4 D4").until(20.0),
    (TurnState.LISTENING, Move.DROPPED): lambda: World().play(1.0, "C4 D4").do(1.6, "stop").until(20.0),
    (TurnState.THINKING, Move.RESUMED): lambda: (
        World(start_on="bar").do(0.0, "start").play(1.0, "C4 D4 E4").midi(3.9, NoteOn(0, 60, 80)).until(3.95)
    ),
    (TurnState.THINKING, Move.JOINED): lambda: (
        World(mode="bars", bars=1).do(0.0, "start").play(0.5, "C4 D4").midi(1.97, NoteOn(0, 60, 80)).until(1.98)
    ),
    (TurnState.THINKING, Move.BEGAN): lambda: World().play(1.0, "C4 D4").until(20.0),
    (TurnState.THINKING, Move.DROPPED): lambda: (
        World(start_on="bar").do(0.0, "start").play(1.0, "C4 D4 E4").do(3.9, "stop").until(3.95)
    ),
    (TurnState.ANSWERING, Move.JOINED): lambda: World(overlap="layer").play(1.0, "C4 D4").play(2.5, "E4").until(2.6),
    (TurnState.ANSWERING, Move.ENDED): lambda: World().play(1.0, "C4 D4").until(20.0),
    (TurnState.ANSWERING, Move.PASSED): lambda: World().play(1.0, "C4 D4").play(2.5, "E4").until(2.6),
}
"""A little scene for each legal move."""


@pytest.mark.parametrize(("state", "move"), list(itertools.product(TurnState, Move)))
def test_a_move_is_legal_if_the_table_has_it(state: TurnState, move: Move) -> None:
    if (state, move) in MOVES:
        assert after(state, move) is MOVES[state, move]
    else:
        with pytest.raises(IllegalMoveError, match=f"{move.name} while {state.value}"):
            after(state, move)


@pytest.mark.parametrize("pair", list(MOVES), ids=lambda pair: f"{pair[0].value}-{pair[1].name}")
def test_every_legal_move_happens_on_stage(pair: tuple[TurnState, Move], monkeypatch: pytest.MonkeyPatch) -> None:
    made: set[tuple[TurnState, Move]] = set()

    def watched(state: TurnState, move: Move) -> TurnState:
        made.add((state, move))
        return after(state, move)

    monkeypatch.setattr("daw_bridge.engine.floor.after", watched)
    SCORES[pair]()
    assert pair in made


def test_every_state_can_be_reached_and_left() -> None:
    assert {state for state, _ in MOVES} == set(TurnState)
    assert set(MOVES.values()) == set(TurnState)
