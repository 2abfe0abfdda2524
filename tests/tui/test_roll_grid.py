"""The piano roll as cells: it reads like a score."""

from __future__ import annotations

import pytest
from rich.color import Color, ColorSystem

from daw_bridge.control.pushes import CALL, RESPONSE, NoteBegan, NoteEnded
from daw_tui import palette
from daw_tui.computer_keyboard import ComputerKeyboard
from daw_tui.roll import Roll, RollNote, View, fitted
from daw_tui.widgets.big_text import big

CELLS = ".abcdABCD><"


def drawn(roll: Roll, view: View) -> list[str]:
    """Call a-d by velocity, response A-D, beginnings > and <."""
    return ["".join(CELLS[cell] for cell in row) for row in roll.grid(view)]


def test_notes_lie_where_and_as_long_as_they_sound() -> None:
    roll = Roll(
        [
            RollNote(CALL, 60, 127, 0.0, 0.4),
            RollNote(CALL, 62, 10, 0.4, 0.5),
            RollNote(RESPONSE, 61, 64, 0.5, 1.0),
        ]
    )
    assert drawn(roll, View(0.0, 1.0, 10, 3, 60)) == [
        "....a.....",
        ".....<CCCC",
        ">ddd......",
    ]


def test_what_still_sounds_reaches_to_the_edge() -> None:
    roll = Roll()
    roll.began(NoteBegan(CALL, 60, 64, 0.5, 1, 1))
    assert drawn(roll, View(0.0, 1.0, 10, 1, 60)) == [".....>cccc"]
    roll.ended(NoteEnded(CALL, 60, 64, 0.5, 0.2, 1, 1))
    assert drawn(roll, View(0.0, 1.0, 10, 1, 60)) == [".....>c..."]


def test_a_missed_end_does_not_hang() -> None:
    roll = Roll()
    roll.began(NoteBegan(RESPONSE, 60, 64, 0.2, 1, 1))
    roll.silence(RESPONSE, 0.5)
    assert drawn(roll, View(0.0, 1.0, 10, 1, 60)) == ["..<CC....."]


def test_an_end_without_a_beginning_is_a_whole_note() -> None:
    roll = Roll()
    roll.ended(NoteEnded(CALL, 60, 64, 0.0, 0.3, 1, 1))
    assert roll.notes == [RollNote(CALL, 60, 64, 0.0, 0.3)]
    assert roll.length_s == pytest.approx(0.3)


def test_what_is_outside_is_not_drawn() -> None:
    roll = Roll([RollNote(CALL, pitch, 64, at_s, at_s + 0.1) for pitch in (10, 60, 120) for at_s in (-3.0, 5.0)])
    assert drawn(roll, View(0.0, 1.0, 4, 2, 60)) == ["....", "...."]
    roll.forget_before(2.0)
    assert len(roll.notes) == 3


def test_the_view_stands_still_while_everything_fits() -> None:
    first = fitted((60, 72), 40)
    assert fitted((55, 70), 40, first) == first
    assert fitted(None, 40, first) == first
    low, semitones = fitted((0, 127), 40, first)
    assert (low, semitones) == (0, 4)
    assert fitted((60, 64), 40, (low, semitones))[1] == 1


@pytest.mark.parametrize("rows", [2, 8, 16, 40, 128, 200])
def test_every_pitch_has_a_row(rows: int) -> None:
    for span in ((0, 127), (60, 60), (0, 3), (120, 127)):
        low, semitones = fitted(span, rows)
        view = View(0.0, 1.0, 1, rows, low, semitones)
        assert 0 <= view.row(span[1]) <= view.row(span[0]) < rows


def test_big_letters_are_three_even_lines() -> None:
    for word in ("idle", "listening", "thinking", "answering", "offline", "starting", "12.4"):
        lines = big(word)
        assert len(lines) == 3
        assert len({len(line) for line in lines}) == 1
        assert len(lines[0]) <= 44


def test_keys_struck_and_held() -> None:
    keyboard = ComputerKeyboard()
    assert keyboard.struck("a", 0.0) == 60
    assert keyboard.struck("a", 0.05) is None
    assert keyboard.struck("w", 0.06) == 61
    assert keyboard.struck("a", 0.5) == 60
    assert keyboard.struck("Q", 0.6) is None
    assert keyboard.shifted("z")
    assert keyboard.struck("a", 1.0) == 48


def test_sixteen_colours_keep_call_and_response_apart() -> None:
    def on_sixteen(colour: str) -> int | None:
        return Color.parse(colour).downgrade(ColorSystem.STANDARD).number

    call = {on_sixteen(palette.mixed(palette.CALL, palette.GROUND, share)) for share in palette.CALL_SHADES}
    response = {on_sixteen(palette.mixed(palette.RESPONSE, palette.GROUND, share)) for share in palette.RESPONSE_SHADES}
    ground = {on_sixteen(colour) for colour in (palette.GROUND, palette.RAISED, palette.LINE)}
    assert len(call) == len(response) == 2
    assert not call & response
    assert not (call | response) & ground
    assert len({on_sixteen(colour) for colour in palette.STATE_COLOURS.values()}) == 4
