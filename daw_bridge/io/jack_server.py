"""Whether a JACK server answers, asked without the JACK library.

RtMidi neither notices the end of a server nor stays silent when there is none, and opening a client stops every Python
thread for about 10 ms. The server's own socket tells the same for nothing. Source: jack2, `JackSocketServerChannel`.
"""

from __future__ import annotations

import os
import socket
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Final

_CONNECT_LIMIT_S: Final = 0.5


@dataclass(frozen=True, slots=True)
class JackServer:
    """One running server: `generation` differs when it was started anew."""

    socket_path: Path
    generation: tuple[int, int]

    def running(self) -> bool:
        """Whether this very server is still there."""
        return find_server() == self


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
        status = path.stat()
    except OSError:
        return None
    return JackServer(path, (status.st_ino, status.st_ctime_ns))
