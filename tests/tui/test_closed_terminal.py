"""A screen whose terminal was closed ends, also where no signal tells it."""

import os
import pty
import subprocess
import sys
from pathlib import Path

import pytest

A_SCREEN = 4_000
"""Bytes that nothing but a drawn screen comes to."""


@pytest.mark.skipif(sys.platform == "win32", reason="there are no pseudo-terminals on Windows")
def test_the_screen_ends_when_its_terminal_is_closed(tmp_path: Path) -> None:
    ours, theirs = pty.openpty()
    command = [sys.executable, "-m", "daw_bridge", "tui", "--connect", "127.0.0.1:9"]
    environment = {**os.environ, "XDG_CONFIG_HOME": str(tmp_path), "TERM": "xterm-256color"}
    with subprocess.Popen(
        command, stdin=theirs, stdout=theirs, stderr=theirs, start_new_session=True, env=environment
    ) as screen:
        os.close(theirs)
        drawn = 0
        while drawn < A_SCREEN:
            drawn += len(os.read(ours, 65_536))
        os.close(ours)
        try:
            assert screen.wait(30.0) == 1
        finally:
            screen.kill()
