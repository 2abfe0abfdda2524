"""Whether a JACK server answers, asked without the JACK library.

RtMidi neither notices the end of a server nor stays silent when there is none, and opening a client stops every Python
thread for about 10 ms. The server's own socket tells the same for nothing. Source: jack2, `JackSocketServerChannel`.
"""

from __future__ import annotations

import os
import socket
import struct
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Final

_CONNECT_LIMIT_S: Final = 0.5
_CLIENTS_BELOW: Final = 5
"""jack2 runs its clients so far below its own thread. Source: `JackEngineControl`."""


@dataclass(frozen=True, slots=True)
class JackServer:
    """One running server: `generation` differs when it was started anew; `pid` is None where the system hides it."""

    socket_path: Path
    generation: tuple[int, int]
    pid: int | None = None

    def running(self) -> bool:
        """Whether this very server is still there."""
        return find_server() == self

    def clients_priority(self) -> int | None:
        """The real-time priority at which this server runs its clients; 0 for none, None if it cannot be known."""
        if self.pid is None:
            return None
        try:
            threads = [int(task.name) for task in Path(f"/proc/{self.pid}/task").iterdir()]
            highest = max((_real_time_priority(thread) for thread in threads), default=0)
        except OSError:
            return None
        return max(1, highest - _CLIENTS_BELOW) if highest else 0


def find_server() -> JackServer | None:
    """The default server of this user, or None when none answers (or this system keeps its sockets elsewhere)."""
    if sys.platform == "win32":
        return None
    folder = Path("/dev/shm") if sys.platform == "linux" else Path("/tmp")
    name = os.environ.get("JACK_DEFAULT_SERVER", "default")
    path = folder / f"jack_{name}_{os.getuid()}_0"
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
            probe.settimeout(_CONNECT_LIMIT_S)
            probe.connect(str(path))
            pid = _peer(probe)
        status = path.stat()
    except OSError:
        return None
    return JackServer(path, (status.st_ino, status.st_ctime_ns), pid)


def _peer(connected: socket.socket) -> int | None:
    """The process at the other end of a local socket."""
    if not hasattr(socket, "SO_PEERCRED"):
        return None
    credentials = connected.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, struct.calcsize("3i"))
    pid, _, _ = struct.unpack("3i", credentials)
    return pid or None


def _real_time_priority(thread: int) -> int:
    try:
        if os.sched_getscheduler(thread) in (os.SCHED_FIFO, os.SCHED_RR):
            return os.sched_getparam(thread).sched_priority
    except ProcessLookupError:
        return 0
    return 0
