"""MIDI ports of the machine through RtMidi: ALSA, JACK, CoreMIDI and Windows.

Input is polled from RtMidi's own queue: a callback into Python would lose messages while the interpreter lock is held.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Final, Protocol

import rtmidi

from daw_bridge.errors import MissingPartError
from daw_bridge.io.jack_server import JackServer, find_server
from daw_bridge.io.patchbay import AlsaPatchbay, JackPatchbay, Patchbay
from daw_bridge.io.ports import CLIENT_NAME, InPort, OutPort, base_name, match_port, the_port
from daw_bridge.io.priority import make_way, raised_helpers
from daw_bridge.io.rtmidi_ends import QUEUE_LIMIT, RtMidiIn, RtMidiOut, abandon, dispose
from daw_bridge.io.stderr import quiet_stderr

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
        """A closed input that keeps clock, active sensing and system exclusive messages."""
        with quiet_stderr():
            port = rtmidi.MidiIn(self._api_number, name=client, queue_size_limit=QUEUE_LIMIT)
        port.ignore_types(sysex=False, timing=False, active_sense=False)
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
        server = find_server()
        if server is None and sys.platform == "linux":
            raise MissingPartError("no JACK server answers", where="--midi-api jack", cure="start jackd, or use auto")
        make_way(server.clients_priority() if server else None)
    if api == "alsa" and not Path("/dev/snd/seq").exists():
        raise MissingPartError(
            "no ALSA sequencer (/dev/snd/seq)", where="--midi-api alsa", cure="run `modprobe snd-seq`, or use auto"
        )
    system = RtMidiSystem(api, RtMidiBackend(number), client=client)
    # The driver's threads are made here, for the first ports.
    with raised_helpers():
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
        self._patchbay: Patchbay | None = None
        self._path_s = 0.0

    @property
    def api(self) -> str:
        """The API's name in `--midi-api`."""
        return self._api

    @property
    def ordinary(self) -> bool:
        """Whether a server delivers the messages that is known to have no real-time priority."""
        server = self._server()
        return server is not None and server.clients_priority() == 0

    @property
    def path_s(self) -> float:
        """How long messages wait for the driver on their way in and out together: a cycle of JACK, 0 elsewhere."""
        return self._path_s

    def check(self) -> None:
        """Raise MissingPartError unless the system answers."""
        self._closed_out()
        self._closed_in()
        if self._api == "alsa":
            self._patchbay = AlsaPatchbay()
        elif self._api == "jack":
            self._look_at_jack()

    def close(self) -> None:
        """Let go of what listing ports has opened. Ports stay open."""
        dispose(self._spare_in, self._spare_server)
        dispose(self._spare_out, self._spare_server)
        self._spare_in = self._spare_out = None
        patchbay, self._patchbay = self._patchbay, None
        if patchbay is not None and (self._spare_server is None or self._spare_server.running()):
            patchbay.close()

    def sources(self) -> list[str]:
        """Ports that can be listened to."""
        return self._closed_in().get_ports()

    def destinations(self) -> list[str]:
        """Ports that can be played to."""
        return self._closed_out().get_ports()

    def open_in(self, name: str) -> RtMidiIn:
        """Connect to the source that `name` matches, else open a virtual port. Raises MissingPartError."""
        target = the_port(name, self.sources(), "--in-port")
        port = self._closed_in()
        self._spare_in = None
        before = self._patchbay.inputs() if self._patchbay is not None else frozenset()
        self._open(port, name, target)
        return RtMidiIn(port, name, target, self._server(), self._watch(before) if target is None else None)

    def open_out(self, name: str) -> RtMidiOut:
        """Connect to the destination that `name` matches, else open a virtual port. Raises MissingPartError."""
        target = the_port(name, self.destinations(), "--port")
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
                abandon(self._spare_in, self._spare_out)
                self._spare_in = self._spare_out = None
                self._spare_server = server
                self._look_at_jack()
        lost.close()
        return True

    def _look_at_jack(self) -> None:
        """Look at the server's cables; what looked at one that has ended is let be."""
        jack = JackPatchbay.open()
        self._patchbay = jack
        self._path_s = jack.cycle_s if jack is not None else 0.0

    def _watch(self, before: frozenset[str]) -> Callable[[], frozenset[str] | None] | None:
        """Who is connected to the virtual port that was opened just now; None if it cannot be told from others."""
        patchbay = self._patchbay
        new = patchbay.inputs() - before if patchbay is not None else frozenset()
        if patchbay is None or len(new) != 1:
            return None
        (address,) = new
        return lambda: patchbay.feeders(address) if patchbay is self._patchbay else None

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
            dispose(port, self._spare_server)
            raise MissingPartError(
                f"the port cannot be opened ({error})",
                where=f'port "{target or name}"',
                cure="close the program that uses it, or choose another with --port / --in-port",
            ) from error
