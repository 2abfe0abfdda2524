"""How much of a core the screen takes, at rest and while a session plays: `python -m tests.tui.load`."""

from __future__ import annotations

import contextlib
import os
import random
import select
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from daw_bridge.control.client import ControlClient
from daw_bridge.control.commands import Play
from daw_tui.bridge_process import parse_address, parse_ready

SETTLE_S: Final = 8.0
REST_S: Final = 20.0
PLAY_S: Final = 45.0
_TICKS: Final = os.sysconf("SC_CLK_TCK") if hasattr(os, "sysconf") else 100


class Screen:
    """`aiart-bridge tui` in a terminal of 120x40 that is read as fast as it writes. Linux only."""

    def __init__(self, address: str) -> None:
        import fcntl
        import pty
        import struct
        import termios

        self.written = 0
        self.pid, self._file = pty.fork()
        if self.pid == 0:
            os.environ.update(TERM="xterm-256color", COLORTERM="truecolor", COLUMNS="120", LINES="40")
            os.execv(sys.executable, [sys.executable, "-m", "daw_bridge", "tui", "--connect", address])
        fcntl.ioctl(self._file, termios.TIOCSWINSZ, struct.pack("HHHH", 40, 120, 0, 0))

    def press(self, keys: str) -> None:
        """Press keys."""
        os.write(self._file, keys.encode())

    def read(self, for_s: float) -> None:
        """Read what it writes, for so long."""
        end_s = time.monotonic() + for_s
        while (left_s := end_s - time.monotonic()) > 0:
            if select.select([self._file], [], [], left_s)[0]:
                self.written += len(os.read(self._file, 65536))

    def end(self) -> None:
        """Leave it."""
        self.press("q")
        with contextlib.suppress(OSError):
            self.read(2.0)
        os.waitpid(self.pid, 0)


@contextlib.contextmanager
def bridge(folder: str) -> Iterator[tuple[int, str]]:
    """A bridge in memory; its process and its OSC address."""
    command = [sys.executable, "-m", "daw_bridge", "--midi-api", "memory", "--osc-port", "0", "--takes-dir", folder]
    command += ["--config", str(Path(folder) / "none.toml")]
    (Path(folder) / "none.toml").touch()
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as process:
        assert process.stdout is not None
        try:
            yield process.pid, parse_ready(process.stdout.readline())["osc"]
        finally:
            process.send_signal(signal.SIGTERM)


def used_s(pid: int) -> float:
    """Processor time of a process so far."""
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / _TICKS


def measure(label: str, screen: Screen, bridge_pid: int, length_s: float, client: ControlClient | None = None) -> None:
    """Print the shares of a core over `length_s`; with a client a phrase of twelve chords is played every 5.5 s."""
    chance = random.Random(1)
    began_s, written = time.monotonic(), screen.written
    before = (used_s(screen.pid), used_s(bridge_pid))
    while (at_s := time.monotonic() - began_s) < length_s:
        if client is not None and at_s % 5.5 < 12 * 0.18:
            for pitch in chance.sample(range(48, 84), 2):
                client.send(Play(pitch, chance.randint(50, 110), 0.2))
        screen.read(0.18)
    took_s = time.monotonic() - began_s
    shares = (100 * (used_s(screen.pid) - before[0]) / took_s, 100 * (used_s(bridge_pid) - before[1]) / took_s)
    rate = (screen.written - written) / took_s / 1000
    sys.stdout.write(
        f"{label:<28} screen {shares[0]:4.1f} %  bridge {shares[1]:4.1f} %  {rate:5.1f} kB/s to the terminal\n"
    )


def main() -> None:
    """Measure at rest, while playing, and at rest on the Routing page."""
    with tempfile.TemporaryDirectory() as folder, bridge(folder) as (bridge_pid, address):
        screen = Screen(address)
        screen.read(SETTLE_S)
        measure("at rest", screen, bridge_pid, REST_S)
        with ControlClient(*parse_address(address)) as client:
            measure("playing", screen, bridge_pid, PLAY_S, client)
        screen.press("2")
        screen.read(SETTLE_S)
        measure("at rest on the Routing page", screen, bridge_pid, REST_S)
        screen.end()


if __name__ == "__main__":
    main()
