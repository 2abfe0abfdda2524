"""The screen in a terminal of its own, a bridge in its own process, and a player: the whole way."""

from __future__ import annotations

import contextlib
import os
import signal
import struct
import subprocess
import sys
import threading
import time
import tomllib
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from daw_bridge.control.client import ControlClient
from daw_bridge.control.commands import PresetSave, SetMapping
from daw_bridge.control.pushes import RESPONSE, NoteBegan, ParameterValue, Push
from daw_tui.bridge_process import parse_address, parse_ready
from daw_tui.widgets.big_text import big

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(sys.platform == "win32", reason="needs a pseudo-terminal"),
]
RIGHT = "\x1b[C"


class Terminal:
    """A pseudo-terminal of 120x40 with a program in it."""

    def __init__(self, *arguments: str) -> None:
        import fcntl
        import pty
        import termios

        self.pid, self._file = pty.fork()
        if self.pid == 0:
            os.environ.update(TERM="xterm-256color", COLORTERM="truecolor", COLUMNS="120", LINES="40")
            os.execv(sys.executable, [sys.executable, "-m", "daw_bridge", *arguments])
        fcntl.ioctl(self._file, termios.TIOCSWINSZ, struct.pack("HHHH", 40, 120, 0, 0))
        self.seen = ""
        # Read all the time: a screen that nobody reads from stands still.
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self) -> None:
        with contextlib.suppress(OSError):
            while data := os.read(self._file, 65536):
                self.seen += data.decode("utf-8", "replace")

    def keys(self, text: str) -> None:
        """Press keys."""
        os.write(self._file, text.encode())

    def children(self) -> list[int]:
        """Processes it has started (Linux only)."""
        listing = Path(f"/proc/{self.pid}/task/{self.pid}/children")
        return [int(word) for word in listing.read_text().split()] if listing.exists() else []

    def leave(self) -> int:
        """Wait until it has ended by itself; returns its status."""
        deadline_s = time.monotonic() + 20
        while time.monotonic() < deadline_s:
            time.sleep(0.02)
            done, status = os.waitpid(self.pid, os.WNOHANG)
            if done:
                return os.waitstatus_to_exitcode(status)
        os.kill(self.pid, signal.SIGKILL)
        os.waitpid(self.pid, 0)
        raise AssertionError("it did not end")


def until(met: Callable[[], bool], timeout_s: float = 30.0) -> None:
    deadline_s = time.monotonic() + timeout_s
    while not met():
        assert time.monotonic() < deadline_s, "it did not happen"
        time.sleep(0.02)


@pytest.fixture
def options(tmp_path: Path) -> list[str]:
    (tmp_path / "settings.toml").write_text("", encoding="utf-8")
    return [
        *("--midi-api=memory", "--model=memory", "--osc-port=0"),
        *(f"--takes-dir={tmp_path / 'takes'}", f"--config={tmp_path / 'settings.toml'}"),
    ]


@pytest.fixture
def bridge(options: list[str]) -> Iterator[tuple[str, int]]:
    command = [sys.executable, "-m", "daw_bridge", *options]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    assert process.stdout is not None
    try:
        yield parse_address(parse_ready(process.stdout.readline())["osc"])
    finally:
        process.terminate()
        process.stdout.close()
        process.wait(20)


def test_a_slider_is_moved_and_a_phrase_answered(bridge: tuple[str, int], tmp_path: Path) -> None:
    terminal = Terminal("tui", "--connect", f"{bridge[0]}:{bridge[1]}")
    with ControlClient(*bridge) as client:
        until(lambda: "memory" in terminal.seen)
        client.hello(10.0)
        terminal.keys(RIGHT * 3)
        heard: list[Push] = []

        def told(push: Push | None) -> bool:
            client.ping()
            heard.extend(client.poll(0.05))
            return push in heard

        until(lambda: told(ParameterValue("temperature", 1.15)))
        until(lambda: "1.15" in terminal.seen)
        for pitch in (60, 64, 67, 72):
            client.play(pitch, 90, 0.15)
            time.sleep(0.2)
        answering = big("answering")[0]
        until(lambda: told(None) or any(isinstance(push, NoteBegan) and push.side == RESPONSE for push in heard))
        until(lambda: answering in terminal.seen)
        client.send(SetMapping("density", "cc", 1, 74))
        client.send(PresetSave("warm"))
        file = tmp_path / "settings.toml"
        until(lambda: "presets" in tomllib.loads(file.read_text(encoding="utf-8")))
        kept = tomllib.loads(file.read_text(encoding="utf-8"))
        assert kept["midi_map"]["density"]["number"] == 74
        assert kept["presets"]["warm"]["temperature"] == 1.15
    terminal.keys("q")
    assert terminal.leave() == 0


def test_the_screen_starts_a_bridge_and_ends_it(options: list[str]) -> None:
    terminal = Terminal("tui", *options)
    until(lambda: "no MIDI system in use" in terminal.seen)
    children = terminal.children()
    terminal.keys("a")
    for key in "adgk":
        terminal.keys(key)
        time.sleep(0.2)
    answering = big("answering")[0]
    until(lambda: answering in terminal.seen)
    terminal.keys("\x1b")
    time.sleep(0.5)
    terminal.keys("q")
    assert terminal.leave() == 0
    assert not any(Path(f"/proc/{child}").exists() for child in children)


def test_without_a_terminal_it_says_so() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "daw_bridge", "tui"], capture_output=True, text=True, stdin=subprocess.DEVNULL
    )
    assert done.returncode == 2
    assert done.stderr.count("\n") == 1
    assert "needs a terminal" in done.stderr


def test_an_address_that_is_none_is_said() -> None:
    terminal = Terminal("tui", "--connect", "here:there")
    assert terminal.leave() == 2
    assert "an address looks like" in terminal.seen
