"""Company for a measurement: programs that compute without end, and the live screen on a terminal of its own."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from typing import Final

from daw_bridge.errors import MissingPartError

BUSY: Final = "while True: pass"
ROWS: Final = 40
COLUMNS: Final = 120
_END_LIMIT_S: Final = 5.0
_READ_BYTES: Final = 65536


@contextlib.contextmanager
def company(busy: int, osc_port: int | None) -> Iterator[None]:
    """So many busy processes, and the screen attached to the bridge at `osc_port`, while the block runs.

    Raises MissingPartError where there are no pseudo-terminals.
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
    threading.Thread(target=_drain, args=(ours,), name="terminal", daemon=True).start()
    try:
        with _running(process):
            yield
            if process.poll() is not None:
                raise MissingPartError(
                    "the screen ended by itself", where="--with-tui", cure="try `aiart-bridge tui` in a terminal"
                )
    finally:
        os.close(ours)


def _drain(terminal: int) -> None:
    """Take in what is drawn, until the terminal is closed."""
    with contextlib.suppress(OSError):
        while os.read(terminal, _READ_BYTES):
            continue
