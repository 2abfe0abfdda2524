"""Who goes first: our threads stay below an audio server's clients; beside an ordinary one the model is ordinary."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator

import pytest

from daw_bridge.io import priority, priority_elsewhere
from daw_bridge.io.priority import (
    HELPERS,
    MODEL,
    PLAYING,
    STEPPED_BACK,
    allowed_priority,
    make_way,
    raise_thread,
    raised_helpers,
    step_back,
)
from daw_bridge.io.priority_elsewhere import raise_by_class

RANKS = (PLAYING, HELPERS, MODEL)


@pytest.fixture(autouse=True)
def _as_before() -> Iterator[None]:
    before = priority._clients_priority
    yield
    make_way(before)


@pytest.mark.parametrize(
    ("clients", "expected"),
    [
        (None, [20, 15, 10]),
        (70, [20, 15, 10]),
        (16, [15, 14, 10]),
        (5, [4, 3, 2]),
        (2, [1, 0, 0]),
        (0, [20, 15, 0]),
    ],
)
def test_ranks_keep_their_order_below_the_clients_of_an_audio_server(clients: int | None, expected: list[int]) -> None:
    make_way(clients)
    assert [allowed_priority(rank) for rank in RANKS] == expected


@pytest.mark.skipif(sys.platform != "linux", reason="real-time scheduling is asked for on Linux")
def test_the_model_leaves_the_priority_it_was_made_with() -> None:
    """A thread inherits its maker's: the model's is made among helpers, and must not stay one."""
    make_way(0)
    found: list[int] = []

    def body() -> None:
        raise_thread(MODEL)
        found.append(os.sched_getscheduler(0))

    before = os.sched_getscheduler(0)
    with raised_helpers():
        thread = threading.Thread(target=body)
        thread.start()
        thread.join()
    assert found == [os.SCHED_OTHER]
    assert os.sched_getscheduler(0) == before


STEPPING = """
import os
from daw_bridge.io.priority import step_back
step_back(), step_back()
print(os.getpriority(os.PRIO_PROCESS, 0))
"""


@pytest.mark.skipif(sys.platform == "win32", reason="niceness is known elsewhere")
def test_a_screen_goes_after_the_music_and_stays_there() -> None:
    """In a process of its own: there is no way back."""
    done = subprocess.run([sys.executable, "-c", STEPPING], capture_output=True, text=True, check=True)
    ours = os.getpriority(os.PRIO_PROCESS, 0)
    assert int(done.stdout) == max(ours, STEPPED_BACK)


class System:
    """The calls of a system's library, written down."""

    def __init__(self, answer: int) -> None:
        self.calls: list[tuple[object, ...]] = []
        self.pthread_set_qos_class_self_np = self._call(answer)
        self.SetThreadPriority = self._call(answer)
        self.SetPriorityClass = self._call(answer)
        self.GetCurrentThread = lambda: -2
        self.GetCurrentProcess = lambda: -1

    def _call(self, answer: int) -> Callable[..., int]:
        def call(*arguments: object) -> int:
            self.calls.append(arguments)
            return answer

        return call


@pytest.mark.parametrize(
    ("platform", "answer", "expected"),
    [("darwin", 0, [(0x15, 0), (0x19, 0), (0x19, 0), (0x21, 0)]), ("win32", 1, [(-2, 0), (-2, 1), (-2, 2), (-2, 15)])],
)
def test_other_systems_are_asked_for_a_class_of_thread(
    platform: str, answer: int, expected: list[tuple[int, int]], monkeypatch: pytest.MonkeyPatch
) -> None:
    system = System(answer)
    monkeypatch.setattr(priority_elsewhere, "_library", lambda _name: system)
    assert [raise_by_class(step, platform) for step in range(4)] == [False, True, True, True]
    assert system.calls == expected
    monkeypatch.setattr(priority_elsewhere, "_library", lambda _name: System(1 - answer))
    assert not raise_by_class(3, platform)


def test_a_system_that_has_no_such_call_leaves_the_thread_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(priority_elsewhere, "_library", lambda _name: object())
    assert not any(raise_by_class(3, platform) for platform in ("darwin", "win32", "plan9"))


def test_a_screen_on_a_system_without_niceness_goes_into_the_class_below(monkeypatch: pytest.MonkeyPatch) -> None:
    system = System(1)
    monkeypatch.setattr(priority_elsewhere, "_library", lambda _name: system)
    monkeypatch.delattr(os, "setpriority")
    step_back()
    assert system.calls == [(-1, 0x4000)]
