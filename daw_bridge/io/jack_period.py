"""How long a cycle of the JACK server lasts: a message waits half of one on the average, on its way in and out.

Asked through the very JACK library that python-rtmidi has brought into this process, so that it fits the server.
"""

from __future__ import annotations

import ctypes
import sys
from pathlib import Path
from typing import Final

from daw_bridge.io.stderr import quiet_stderr

_NO_START_SERVER: Final = 0x01
_NAME: Final = b"aiart-bridge-look"


def cycle_s() -> float | None:
    """Seconds of a cycle of the default server; None where it cannot be asked. Opens a client for a moment."""
    library = _library()
    if library is None:
        return None
    library.jack_client_open.restype = ctypes.c_void_p
    library.jack_client_open.argtypes = [ctypes.c_char_p, ctypes.c_int, ctypes.POINTER(ctypes.c_int)]
    status = ctypes.c_int()
    with quiet_stderr():
        client = library.jack_client_open(_NAME, _NO_START_SERVER, ctypes.byref(status))
    if not client:
        return None
    handle = ctypes.c_void_p(client)
    try:
        library.jack_get_buffer_size.restype = library.jack_get_sample_rate.restype = ctypes.c_uint32
        frames, rate = library.jack_get_buffer_size(handle), library.jack_get_sample_rate(handle)
    finally:
        library.jack_client_close(handle)
    return frames / rate if frames and rate else None


def _library() -> ctypes.CDLL | None:
    """The JACK library that is loaded already."""
    if sys.platform != "linux":
        return None
    try:
        maps = Path("/proc/self/maps").read_text("utf-8", "replace")
        path = next(line.split(None, 5)[5] for line in maps.splitlines() if "/libjack" in line)
        library = ctypes.CDLL(path)
        # Another program's library of that name has not what we ask for.
        for name in ("jack_client_open", "jack_get_buffer_size", "jack_get_sample_rate", "jack_client_close"):
            getattr(library, name)
    except (OSError, StopIteration, AttributeError):
        return None
    return library
