"""MIDI ports of the machine through RtMidi: ALSA, JACK, CoreMIDI and Windows.

Input is polled from RtMidi's own queue: a callback into Python would lose messages while the interpreter lock is held.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import sys
import time
from collections import deque
from collections.abc import Iterator
from pathlib import Path
from typing import Final, Protocol

import rtmidi

from daw_bridge.errors import MissingPartError
from daw_bridge.io.arrival import ArrivalClock
from daw_bridge.io.jack_server import JackServer, find_server
from daw_bridge.io.pacing import WINDOW_S, BurstPacer
from daw_bridge.io.ports import CLIENT_NAME, InPort, OutPort, PortLostError, base_name, match_port

QUEUE_LIMIT: Final = 65536
SYSEX_LIMIT_BYTES: Final = 65536
_JACK_DRAIN_S: Final = 0.06
"""Two cycles of 1024 frames: RtMidi forgets what JACK has not fetched when a port closes."""

_API_NUMBERS: Final = {
    "alsa": rtmidi.API_LINUX_ALSA,
    "jack": rtmidi.API_UNIX_JACK,
    "coreaudio": rtmidi.API_MACOSX_CORE,
    "winmm": rtmidi.API_WINDOWS_MM,
}
_LOOPBACK_CURE: Final = (
    "this system has no virtual ports: make one with loopMIDI or Windows MIDI Services, then name it with --port"
)


class Backend(Protocol):
    """Makes RtMidi's objects; the seam at which another system's behaviour is tested."""

    def new_in(self, client: str) -> rtmidi.MidiIn:
        """A closed input. Raises rtmidi.RtMidiError."""
        ...

    def new_out(self, client: str) -> rtmidi.MidiOut:
        """A closed output. Raises rtmidi.RtMidiError."""
        ...


class RtMidiBackend:
    """The real RtMidi under one of its APIs."""

    def __init__(self, api_number: int) -> None:
        self._api_number = api_number

    def new_in(self, client: str) -> rtmidi.MidiIn:
        """A closed input that keeps clock and system exclusive messages."""
        with quiet_stderr():
            port = rtmidi.MidiIn(self._api_number, name=client, queue_size_limit=QUEUE_LIMIT)
        port.ignore_types(sysex=False, timing=False, active_sense=True)
        return port

    def new_out(self, client: str) -> rtmidi.MidiOut:
        """A closed output."""
        with quiet_stderr():
            return rtmidi.MidiOut(self._api_number, name=client)


def open_system(api: str, client: str = CLIENT_NAME) -> RtMidiSystem:
    """The machine's MIDI system `api`, where our ports belong to `client`.

    Raises MissingPartError when it is not there or does not answer.
    """
    number = _API_NUMBERS[api]
    if number not in rtmidi.get_compiled_api():
        raise MissingPartError(
            f"this system's MIDI library has no {api}", where="--midi-api", cure="use auto, or memory"
        )
    if api == "jack" and sys.platform != "win32":
        os.environ["JACK_NO_START_SERVER"] = "1"
        if find_server() is None and sys.platform == "linux":
            raise MissingPartError("no JACK server answers", where="--midi-api jack", cure="start jackd, or use auto")
    if api == "alsa" and not Path("/dev/snd/seq").exists():
        raise MissingPartError(
            "no ALSA sequencer (/dev/snd/seq)", where="--midi-api alsa", cure="run `modprobe snd-seq`, or use auto"
        )
    system = RtMidiSystem(api, RtMidiBackend(number), client=client)
    system.check()
    return system


class RtMidiSystem:
    """Ports of one RtMidi API. Opened and reopened from one thread at a time."""

    def __init__(
        self, api: str, backend: Backend, *, client: str = CLIENT_NAME, virtual_ports: bool | None = None
    ) -> None:
        self._api = api
        self._backend = backend
        self._name = client
        self._virtual_ports = api != "winmm" if virtual_ports is None else virtual_ports
        self._spare_in: rtmidi.MidiIn | None = None
        self._spare_out: rtmidi.MidiOut | None = None
        self._spare_server: JackServer | None = None

    @property
    def api(self) -> str:
        """The API's name in `--midi-api`."""
        return self._api

    def check(self) -> None:
        """Raise MissingPartError unless the system answers."""
        self._closed_out()
        self._closed_in()

    def close(self) -> None:
        """Let go of what listing ports has opened. Ports stay open."""
        _dispose(self._spare_in, self._spare_server)
        _dispose(self._spare_out, self._spare_server)
        self._spare_in = self._spare_out = None

    def sources(self) -> list[str]:
        """Ports that can be listened to."""
        return self._closed_in().get_ports()

    def destinations(self) -> list[str]:
        """Ports that can be played to."""
        return self._closed_out().get_ports()

    def open_in(self, name: str) -> RtMidiIn:
        """Connect to the source that `name` matches, else open a virtual port. Raises MissingPartError."""
        target = match_port(name, self.sources())
        port = self._closed_in()
        self._spare_in = None
        self._open(port, name, target)
        return RtMidiIn(port, name, target, self._server())

    def open_out(self, name: str) -> RtMidiOut:
        """Connect to the destination that `name` matches, else open a virtual port. Raises MissingPartError."""
        target = match_port(name, self.destinations())
        port = self._closed_out()
        self._spare_out = None
        self._open(port, name, target)
        return RtMidiOut(port, name, target, self._server())

    def reopen_in(self, lost: InPort) -> RtMidiIn | None:
        """A fresh port in place of a lost one, or None while it is still away. Disposes of the lost one."""
        assert isinstance(lost, RtMidiIn)
        if not self._can_reopen(lost):
            return None
        try:
            if lost.target is not None and match_port(base_name(lost.target), self.sources()) is None:
                return None
            return self.open_in(lost.name if lost.target is None else base_name(lost.target))
        except MissingPartError:
            return None

    def reopen_out(self, lost: OutPort) -> RtMidiOut | None:
        """A fresh port in place of a lost one, or None while it is still away. Disposes of the lost one."""
        assert isinstance(lost, RtMidiOut)
        if not self._can_reopen(lost):
            return None
        try:
            if lost.target is not None and match_port(base_name(lost.target), self.destinations()) is None:
                return None
            return self.open_out(lost.name if lost.target is None else base_name(lost.target))
        except MissingPartError:
            return None

    def _server(self) -> JackServer | None:
        return find_server() if self._api == "jack" else None

    def _can_reopen(self, lost: RtMidiIn | RtMidiOut) -> bool:
        if lost.server is not None:
            server = find_server()
            if server is None:
                return False
            if server != self._spare_server:
                _abandon(self._spare_in, self._spare_out)
                self._spare_in = self._spare_out = None
                self._spare_server = server
        lost.close()
        return True

    def _client(self, direction: str) -> str:
        # On JACK input and output are two clients, and the second of the same name would become "aiart-bridge-01".
        return f"{self._name}-{direction}" if self._api == "jack" else self._name

    def _closed_in(self) -> rtmidi.MidiIn:
        if self._spare_in is None:
            self._spare_server = self._server()
            try:
                self._spare_in = self._backend.new_in(self._client("in"))
            except rtmidi.RtMidiError as error:
                raise self._no_answer(error) from error
        return self._spare_in

    def _closed_out(self) -> rtmidi.MidiOut:
        if self._spare_out is None:
            self._spare_server = self._server()
            try:
                self._spare_out = self._backend.new_out(self._client("out"))
            except rtmidi.RtMidiError as error:
                raise self._no_answer(error) from error
        return self._spare_out

    def _no_answer(self, error: Exception) -> MissingPartError:
        return MissingPartError(
            f"the MIDI system does not answer ({error})", where=f"--midi-api {self._api}", cure="use auto, or memory"
        )

    def _open(self, port: rtmidi.MidiIn | rtmidi.MidiOut, name: str, target: str | None) -> None:
        if target is None and not self._virtual_ports:
            listed = port.get_ports()
            existing = ", ".join(f'"{each}"' for each in listed) if listed else "there are none"
            raise MissingPartError(
                f"no such MIDI port (existing: {existing})", where=f'port "{name}"', cure=_LOOPBACK_CURE
            )
        try:
            if target is None:
                port.open_virtual_port(name)
            else:
                port.open_port(port.get_ports().index(target), name)
        except (rtmidi.RtMidiError, ValueError, NotImplementedError, OSError) as error:
            _dispose(port, self._spare_server)
            raise MissingPartError(
                f"the port cannot be opened ({error})",
                where=f'port "{target or name}"',
                cure="close the program that uses it, or choose another with --port / --in-port",
            ) from error


class RtMidiIn:
    """An input port; `target` is the port it is connected to, None for a virtual one."""

    def __init__(self, port: rtmidi.MidiIn, name: str, target: str | None, server: JackServer | None) -> None:
        self.name = name
        self.target = target
        self.server = server
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
        return _present(self._port, self.target, self.server)

    def close(self) -> None:
        """Give the port back."""
        port, self._port = self._port, None
        _dispose(port, self.server)


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
        return _present(self._port, self.target, self.server)

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
        _dispose(port, self.server)

    def _hand_over(self, data: bytes) -> None:
        if self._port is None:
            raise PortLostError("the port is closed", where=self.name)
        try:
            self._port.send_message(data)
        except (rtmidi.RtMidiError, OSError) as error:
            raise PortLostError(f"the driver refuses messages ({error})", where=self.name) from error
        self._sent_s = time.monotonic()


def _present(port: rtmidi.MidiIn | rtmidi.MidiOut | None, target: str | None, server: JackServer | None) -> bool:
    if port is None or (server is not None and not server.running()):
        return False
    return target is None or match_port(base_name(target), port.get_ports()) is not None


def _dispose(port: rtmidi.MidiIn | rtmidi.MidiOut | None, server: JackServer | None) -> None:
    if port is None:
        return
    if server is not None and not server.running():
        _abandon(port)
        return
    with contextlib.suppress(rtmidi.RtMidiError):
        port.close_port()
        port.delete()


def _abandon(*ports: rtmidi.MidiIn | rtmidi.MidiOut | None) -> None:
    # Destroying a client of a JACK server that ended crashes the process inside libjack: such an object lives for ever.
    for port in ports:
        if port is not None:
            ctypes.pythonapi.Py_IncRef(ctypes.py_object(port))


@contextlib.contextmanager
def quiet_stderr() -> Iterator[None]:
    """Keep what C libraries say on stderr from the user's terminal: we say it ourselves, in one line."""
    try:
        kept = os.dup(2)
    except OSError:
        yield
        return
    try:
        sink = os.open(os.devnull, os.O_WRONLY)
        os.dup2(sink, 2)
        os.close(sink)
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)
