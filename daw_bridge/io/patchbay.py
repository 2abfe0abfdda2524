"""Who plays into a port of ours: JACK and ALSA know it, RtMidi does not say it.

JACK is asked through the very library that python-rtmidi has brought into this process, so that it fits the server; by
a client of our own that takes part in no cycle. ALSA's sequencer lists its subscriptions in a file.
"""

from __future__ import annotations

import ctypes
import re
import sys
import threading
from pathlib import Path
from typing import Final, Protocol

from daw_bridge.io.stderr import quiet_stderr

ALSA_CLIENTS: Final = Path("/proc/asound/seq/clients")

_NO_START_SERVER: Final = 0x01
_IS_INPUT: Final = 0x1
_MIDI: Final = b"8 bit raw midi"
_NAME: Final = b"aiart-bridge-look"
_LEAVING_S: Final = 1.0
_NEEDED: Final = (
    "jack_client_open",
    "jack_client_close",
    "jack_get_buffer_size",
    "jack_get_sample_rate",
    "jack_get_ports",
    "jack_port_by_name",
    "jack_port_get_all_connections",
    "jack_free",
)
_ALSA_CLIENT: Final = re.compile(r'Client +(\d+) : "')
_ALSA_PORT: Final = re.compile(r' +Port +(\d+) : "')
_ALSA_FROM: Final = re.compile(r" +Connected From: (.*)")
_ALSA_ADDRESS: Final = re.compile(r"(?:^|, )(\d+:\d+)")


class Patchbay(Protocol):
    """The system's list of ports and cables. Asked from one thread at a time, never from the playing one."""

    def inputs(self) -> frozenset[str]:
        """The addresses of the ports that can be played into."""
        ...

    def feeders(self, address: str) -> frozenset[str]:
        """The addresses of the ports that are connected to this one."""
        ...

    def close(self) -> None:
        """Let go of the system."""
        ...


class JackPatchbay:
    """JACK's, while the server lives: whoever asks must know that it does."""

    def __init__(self, library: ctypes.CDLL, client: int) -> None:
        self._library = library
        self._client = ctypes.c_void_p(client)

    @classmethod
    def open(cls) -> JackPatchbay | None:
        """Look at the default server; None where it cannot be asked."""
        library = _jack_library()
        if library is None:
            return None
        status = ctypes.c_int()
        with quiet_stderr():
            client = library.jack_client_open(_NAME, _NO_START_SERVER, ctypes.byref(status))
        return cls(library, client) if client else None

    @property
    def cycle_s(self) -> float:
        """How long a cycle lasts: a message waits half of one on the average, on its way in and out. 0 if unknown."""
        frames = self._library.jack_get_buffer_size(self._client)
        rate = self._library.jack_get_sample_rate(self._client)
        return float(frames / rate) if frames and rate else 0.0

    def inputs(self) -> frozenset[str]:
        """The full names of the MIDI ports that can be played into."""
        return self._names(self._library.jack_get_ports(self._client, None, _MIDI, _IS_INPUT))

    def feeders(self, address: str) -> frozenset[str]:
        """The full names of the ports that are connected to this one."""
        port = self._library.jack_port_by_name(self._client, address.encode())
        if not port:
            return frozenset()
        return self._names(self._library.jack_port_get_all_connections(self._client, ctypes.c_void_p(port)))

    def close(self) -> None:
        """Leave the server, or leave it to find out: closing waits for locks of the library's that others may hold."""
        leaving = threading.Thread(target=self._library.jack_client_close, args=(self._client,), daemon=True)
        leaving.start()
        leaving.join(_LEAVING_S)

    def _names(self, listed: ctypes._Pointer[ctypes.c_char_p]) -> frozenset[str]:
        if not listed:
            return frozenset()
        names: list[str] = []
        while (name := listed[len(names)]) is not None:
            names.append(name.decode("utf-8", "replace"))
        self._library.jack_free(listed)
        return frozenset(names)


class AlsaPatchbay:
    """The ALSA sequencer's, as its file tells it; addresses are `client:port` in numbers."""

    def __init__(self, file: Path = ALSA_CLIENTS) -> None:
        self._file = file

    def inputs(self) -> frozenset[str]:
        """All ports: the file is asked for what is new in it."""
        return frozenset(self._read())

    def feeders(self, address: str) -> frozenset[str]:
        """The ports that are connected to this one."""
        return self._read().get(address, frozenset())

    def close(self) -> None:
        """Nothing to let go of."""

    def _read(self) -> dict[str, frozenset[str]]:
        """Every port with those that are connected to it."""
        try:
            lines = self._file.read_text("utf-8", "replace").splitlines()
        except OSError:
            return {}
        ports: dict[str, frozenset[str]] = {}
        client = address = ""
        for line in lines:
            if found := _ALSA_CLIENT.match(line):
                client = found[1]
            elif found := _ALSA_PORT.match(line):
                address = f"{client}:{found[1]}"
                ports[address] = frozenset()
            elif found := _ALSA_FROM.match(line):
                ports[address] = frozenset(_ALSA_ADDRESS.findall(found[1]))
        return ports


def jack_library(maps: str) -> str | None:
    """The file of the JACK library that python-rtmidi uses, of those in `/proc/self/maps`; None if there is none.

    Its wheel brings one of its own. PortAudio may have loaded the system's beside it, and closing a client of that one
    hung once.
    """
    files = [line.split(None, 5)[5] for line in maps.splitlines() if "/libjack" in line]
    return next((file for file in files if "rtmidi" in file), files[0] if files else None)


def _jack_library() -> ctypes.CDLL | None:
    if sys.platform != "linux":
        return None
    try:
        file = jack_library(Path("/proc/self/maps").read_text("utf-8", "replace"))
        if file is None:
            return None
        library = ctypes.CDLL(file)
        # Another program's library of that name has not what we ask for.
        for name in _NEEDED:
            getattr(library, name)
    except (OSError, AttributeError):
        return None
    pointer, text, names = ctypes.c_void_p, ctypes.c_char_p, ctypes.POINTER(ctypes.c_char_p)
    library.jack_client_open.restype = pointer
    library.jack_client_open.argtypes = [text, ctypes.c_int, ctypes.POINTER(ctypes.c_int)]
    library.jack_client_close.argtypes = [pointer]
    library.jack_get_buffer_size.restype = library.jack_get_sample_rate.restype = ctypes.c_uint32
    library.jack_get_ports.restype = library.jack_port_get_all_connections.restype = names
    library.jack_get_ports.argtypes = [pointer, text, text, ctypes.c_ulong]
    library.jack_port_by_name.restype = pointer
    library.jack_port_by_name.argtypes = [pointer, text]
    library.jack_port_get_all_connections.argtypes = [pointer, pointer]
    library.jack_free.argtypes = [pointer]
    return library
