"""Company for a measurement: programs that compute without end, and the live screen on a terminal of its own."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from typing import Final

from daw_bridge.errors import MissingPartError

BUSY: Final = "while True: pass"
ROWS: Final = 40
COLUMNS: Final = 120
START_LIMIT_S: Final = 60.0
"""Beside busy processes a screen takes its time to start."""
STILL_S: Final = 1.5
"""A screen that shows the state of a bridge nobody plays draws nothing."""

_END_LIMIT_S: Final = 5.0
_READ_BYTES: Final = 65536
_LOOK_S: Final = 0.05


@contextlib.contextmanager
def company(busy: int, osc_port: int | None) -> Iterator[None]:
    """So many busy processes, and the screen attached to the bridge at `osc_port`, while the block runs.

    The block begins when the screen is up. Raises MissingPartError where there are no pseudo-terminals, or where the
    screen does not come up.
    """
    with contextlib.ExitStack() as opened:
        for _ in range(busy):
            opened.enter_context(_running(subprocess.Popen([sys.executable, "-c", BUSY])))
        if osc_port is not None:
            opened.enter_context(_screen(osc_port))
        yield


@contextlib.contextmanager
def _running(process: subprocess.Popen[bytes]) -> Iterator[subprocess.Popen[bytes]]:
    try:
        yield process
    finally:
        process.terminate()
        try:
            process.wait(_END_LIMIT_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


@contextlib.contextmanager
def _screen(osc_port: int) -> Iterator[None]:
    """The screen as a musician has it: in a terminal that takes in all it draws."""
    if sys.platform == "win32":
        raise MissingPartError("no pseudo-terminal on this system", where="--with-tui", cure="leave it out")
    import fcntl
    import pty
    import struct
    import termios

    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", ROWS, COLUMNS, 0, 0))
    command = [sys.executable, "-m", "daw_bridge", "tui", "--connect", f"127.0.0.1:{osc_port}"]
    environment = {**os.environ, "TERM": "xterm-256color", "COLORTERM": "truecolor"}
    process = subprocess.Popen(
        command, stdin=theirs, stdout=theirs, stderr=theirs, env=environment, start_new_session=True
    )
    os.close(theirs)
    drawn = Drawn()
    threading.Thread(target=_drain, args=(ours, drawn), name="terminal", daemon=True).start()
    try:
        with _running(process):
            until_up(drawn, lambda: process.poll() is None)
            yield
            if process.poll() is not None:
                raise _ended()
    finally:
        os.close(ours)


class Drawn:
    """What a screen has written so far, in bytes, and when it last wrote."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._last_s = clock()
        self._bytes = 0

    def add(self, count: int) -> None:
        """So many bytes more were written."""
        self._bytes += count
        self._last_s = self._clock()

    @property
    def up(self) -> bool:
        """Whether it has filled the terminal twice, empty and with the bridge's state, and is still since."""
        return self._bytes > 2 * ROWS * COLUMNS and self._clock() - self._last_s > STILL_S


def until_up(drawn: Drawn, runs: Callable[[], bool], sleep: Callable[[float], None] = time.sleep) -> None:
    """Wait for the screen. Raises MissingPartError when it ends or does not come up."""
    rounds = round(START_LIMIT_S / _LOOK_S)
    for _ in range(rounds):
        if not runs():
            raise _ended()
        if drawn.up:
            return
        sleep(_LOOK_S)
    raise MissingPartError(
        f"the screen was not up after {START_LIMIT_S:.0f} s", where="--with-tui", cure="give the machine some rest"
    )


def _ended() -> MissingPartError:
    return MissingPartError(
        "the screen ended by itself", where="--with-tui", cure="try `aiart-bridge tui` in a terminal"
    )


def _drain(terminal: int, drawn: Drawn) -> None:
    """Take in what is drawn, until the terminal is closed."""
    with contextlib.suppress(OSError):
        while data := os.read(terminal, _READ_BYTES):
            drawn.add(len(data))
