"""A JACK server of our own for measurements and tests: headless, dummy driver, under a name of its own.

A server that is killed keeps its place among the eight that a machine can have, until one of the same name is started:
so the names are few and used again, and no series of accidents takes JACK away from the machine.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import time
from collections.abc import Iterator, Sequence
from typing import Final

from daw_bridge.errors import MissingPartError
from daw_bridge.io.jack_server import find_server
from daw_bridge.io.priority import raised_helpers

_START_LIMIT_S: Final = 10.0
_STOP_LIMIT_S: Final = 5.0
_LOOK_S: Final = 0.05
_NAMES: Final = tuple(f"aiart-{number}" for number in range(6))


@contextlib.contextmanager
def private_jack(
    period: int = 128,
    rate: int = 48000,
    *,
    synchronous: bool = False,
    real_time: bool = False,
    raised: bool = True,
    patience_ms: int = 5000,
) -> Iterator[subprocess.Popen[bytes]]:
    """Run a server while the block runs; this process and its children use it as their default server.

    `period` in frames. A `synchronous` server waits for its clients; others, as players have them, drop the MIDI of a
    cycle for which a client is late. A `real_time` one runs itself and its clients before all others; without that it
    is `raised` to the priority of our helpers where the system allows it, or runs like any other program. A client
    that is silent for `patience_ms` is given up. Close all clients inside the block. Raises MissingPartError where no
    server can be started.
    """
    program = shutil.which("jackd")
    if program is None:
        raise MissingPartError("there is no JACK server", where="jackd", cure="install it: apt-get install jackd2")
    options = ["-R" if real_time else "-r", "-p", "128", "-t", str(patience_ms), *(["-S"] if synchronous else [])]
    driver = ["-d", "dummy", "-r", str(rate), "-p", str(period)]
    before = {key: os.environ.get(key) for key in ("JACK_DEFAULT_SERVER", "JACK_NO_START_SERVER")}
    server = None
    try:
        for name in _NAMES:
            os.environ.update({"JACK_DEFAULT_SERVER": name, "JACK_NO_START_SERVER": "1"})
            if find_server() is not None:
                continue
            # A late server loses MIDI: it goes before other programs, as a player's own does.
            with raised_helpers() if raised and not real_time else contextlib.nullcontext():
                server = _started([program, *options, "-n", name, *driver])
            if _answers(server):
                break
        else:
            raise MissingPartError(
                "a JACK server of our own does not start", where=program, cure="try `jackd -d dummy` to see why"
            )
        yield server
    finally:
        if server is not None:
            _end(server)
        for key, value in before.items():
            if value is None:
                os.environ.pop(key, None)
            else:
                os.environ[key] = value


def _started(command: Sequence[str]) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        command,
        env={**os.environ, "JACK_NO_AUDIO_RESERVATION": "1"},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )


def _answers(server: subprocess.Popen[bytes]) -> bool:
    """Whether this server comes up; not, if another process took its name at the same moment."""
    give_up_s = time.monotonic() + _START_LIMIT_S
    while server.poll() is None and time.monotonic() < give_up_s:
        found = find_server()
        if found is not None and found.pid in (None, server.pid):
            return True
        time.sleep(_LOOK_S)
    _end(server)
    return False


def _end(server: subprocess.Popen[bytes]) -> None:
    server.terminate()
    try:
        server.wait(_STOP_LIMIT_S)
    except subprocess.TimeoutExpired:
        server.kill()
        server.wait()
