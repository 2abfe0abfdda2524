"""The live picture's loop: notes of the bridge reach the picture, on time, and a silent bridge is said."""

import io
from typing import Any

import numpy as np
import pytest

from daw_bridge.cli.cover_live import LiveLoop, run_live
from daw_bridge.control.pushes import NoteBegan, Push, Time
from daw_bridge.errors import UsageError


class Heard:
    """A picture that writes down what it hears and when it is looked at."""

    def __init__(self) -> None:
        self.notes: list[tuple[str, int, int]] = []
        self.looks_s: list[float] = []

    def hear(self, side: str, pitch: int, velocity: int) -> None:
        self.notes.append((side, pitch, velocity))

    def show(self, now_s: float) -> Any:
        self.looks_s.append(now_s)
        return np.zeros((8, 8, 3), np.uint8)


class Stage:
    """A clock that moves on by waiting, and a bridge that says things at moments."""

    def __init__(self, said: list[tuple[float, Push]]) -> None:
        self.now_s = 100.0
        self.said = said

    def poll(self, timeout_s: float) -> list[Push]:
        end_s = self.now_s + timeout_s
        if self.said and self.said[0][0] <= end_s:
            self.now_s = max(self.now_s, self.said[0][0])
            return [self.said.pop(0)[1]]
        self.now_s = end_s
        return []


def began(side: str, pitch: int) -> NoteBegan:
    return NoteBegan(side, pitch, 90, 0.0, 1, 1)


def test_notes_are_heard_before_the_next_picture_and_pictures_keep_their_rate() -> None:
    picture, drawn = Heard(), list[str]()
    stage = Stage([(100.11, began("call", 60)), (100.12, began("response", 67))])
    loop = LiveLoop(picture, lambda _, words: drawn.append(words), clock=lambda: stage.now_s, rate_hz=20.0)
    for _ in range(5):
        loop.step(stage.poll)
    assert picture.notes == [("call", 60, 90), ("response", 67, 90)]
    np.testing.assert_allclose(np.diff(picture.looks_s), 0.05, atol=1e-6)
    assert loop.rate() == pytest.approx(20.0)
    assert "2 notes heard" in drawn[-1]


def test_a_bridge_that_falls_silent_is_waited_for() -> None:
    drawn = list[str]()
    stage = Stage([(100.0, Time(0.0)), (104.0, Time(4.0))])
    loop = LiveLoop(Heard(), lambda _, words: drawn.append(words), clock=lambda: stage.now_s, rate_hz=10.0)
    for _ in range(45):
        loop.step(stage.poll)
    assert "pictures a second" in drawn[20]
    assert drawn[38] == "waiting for the bridge"
    assert "pictures a second" in drawn[-1]


def test_outside_a_terminal_the_cure_is_named() -> None:
    with pytest.raises(UsageError, match="--video"):
        run_live(Heard(), "127.0.0.1", 9, out=io.StringIO())
