"""The open ends of RtMidi: one input or output, connected or virtual, and how it is let go of."""

from __future__ import annotations

import contextlib
import ctypes
import time
from collections import deque
from collections.abc import Callable
from typing import Final

import rtmidi

from daw_bridge.io.arrival import ArrivalClock
from daw_bridge.io.jack_server import JackServer
from daw_bridge.io.pacing import WINDOW_S, BurstPacer
from daw_bridge.io.ports import PortLostError, base_name, match_port

QUEUE_LIMIT: Final = 65536
SYSEX_LIMIT_BYTES: Final = 65536
_JACK_DRAIN_S: Final = 0.06
"""Two cycles of 1024 frames: RtMidi forgets what JACK has not fetched when a port closes."""


class RtMidiIn:
    """An input port; `target` is the port it is connected to, None for a virtual one.

    `fed_by` says who is connected to a virtual one, where that is known.
    """

    def __init__(
        self,
        port: rtmidi.MidiIn,
        name: str,
        target: str | None,
        server: JackServer | None,
        fed_by: Callable[[], frozenset[str] | None] | None = None,
    ) -> None:
        self.name = name
        self.target = target
        self.server = server
        self._fed_by = fed_by
        self._port: rtmidi.MidiIn | None = port
        self._arrival = ArrivalClock()
        self._drained_s = time.monotonic()

    def poll(self) -> list[tuple[float, bytes]]:
        """All messages since the last call, stamped with their arrival. System exclusive beyond 64 kB is dropped."""
        port = self._port
        if port is None:
            return []
        start_s = time.monotonic()
        read: list[tuple[list[int], float]] = []
        while len(read) < QUEUE_LIMIT and (event := port.get_message()) is not None:
            read.append(event)
        drained_s, self._drained_s = self._drained_s, start_s
        if not read:
            return []
        deltas_s = [delta_s for _, delta_s in read]
        stamps_s = self._arrival.stamps(deltas_s, drained_s=drained_s, polled_s=time.monotonic())
        return [
            (stamp_s, bytes(data))
            for stamp_s, (data, _) in zip(stamps_s, read, strict=True)
            if len(data) <= SYSEX_LIMIT_BYTES
        ]

    def present(self) -> bool:
        """Whether the other end still exists; lists ports, so it is asked from a side thread."""
        return still_there(self._port, self.target, self.server)

    def feeders(self) -> frozenset[str] | None:
        """Who is connected to a virtual port, if that is known; asked from a side thread."""
        if self._fed_by is None or (self.server is not None and not self.server.running()):
            return None
        return self._fed_by()

    def close(self) -> None:
        """Give the port back."""
        port, self._port = self._port, None
        dispose(port, self.server)


class RtMidiOut:
    """An output port; `target` is the port it is connected to, None for a virtual one."""

    def __init__(self, port: rtmidi.MidiOut, name: str, target: str | None, server: JackServer | None) -> None:
        self.name = name
        self.target = target
        self.server = server
        self._port: rtmidi.MidiOut | None = port
        self._pacer = BurstPacer()
        self._kept: deque[bytes] = deque()
        self._sent_s = float("-inf")

    def send(self, data: bytes) -> None:
        """Hand a message to the driver; in a burst it waits for `flush`. Raises PortLostError."""
        if self._kept or not self._pacer.admit(len(data), time.monotonic()):
            self._kept.append(data)
        else:
            self._hand_over(data)

    def flush(self) -> None:
        """Hand over what a burst kept back, as far as the driver's buffer is safe. Raises PortLostError."""
        while self._kept and self._pacer.admit(len(self._kept[0]), time.monotonic()):
            self._hand_over(self._kept.popleft())

    def present(self) -> bool:
        """Whether the other end still exists; lists ports, so it is asked from a side thread."""
        return still_there(self._port, self.target, self.server)

    def close(self) -> None:
        """Deliver what was sent and give the port back."""
        port = self._port
        if port is None:
            return
        if self.server is None or self.server.running():
            with contextlib.suppress(PortLostError):
                while self._kept:
                    self.flush()
                    time.sleep(WINDOW_S)
            if self.server is not None:
                time.sleep(max(0.0, self._sent_s + _JACK_DRAIN_S - time.monotonic()))
        self._port = None
        dispose(port, self.server)

    def _hand_over(self, data: bytes) -> None:
        if self._port is None:
            raise PortLostError("the port is closed", where=self.name)
        try:
            self._port.send_message(data)
        except (rtmidi.RtMidiError, OSError) as error:
            raise PortLostError(f"the driver refuses messages ({error})", where=self.name) from error
        self._sent_s = time.monotonic()


def still_there(port: rtmidi.MidiIn | rtmidi.MidiOut | None, target: str | None, server: JackServer | None) -> bool:
    """Whether the other end of a port exists."""
    if port is None or (server is not None and not server.running()):
        return False
    return target is None or match_port(base_name(target), port.get_ports()) is not None


def dispose(port: rtmidi.MidiIn | rtmidi.MidiOut | None, server: JackServer | None) -> None:
    """Give a port back."""
    if port is None:
        return
    if server is not None and not server.running():
        abandon(port)
        return
    with contextlib.suppress(rtmidi.RtMidiError):
        port.close_port()
        port.delete()


def abandon(*ports: rtmidi.MidiIn | rtmidi.MidiOut | None) -> None:
    """Let go of ports whose server has ended."""
    # Destroying a client of a JACK server that ended crashes the process inside libjack: such an object lives for ever.
    for port in ports:
        if port is not None:
            ctypes.pythonapi.Py_IncRef(ctypes.py_object(port))
