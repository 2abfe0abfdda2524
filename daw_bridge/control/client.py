"""The client's side of the wire: a socket that speaks commands and reads pushes; used by scripts, tests, the screen."""

from __future__ import annotations

import select
import socket
import time
from types import TracebackType

from daw_bridge.control.codec import MAX_PACKET, PacketError, decode_push, encode_command, messages_of
from daw_bridge.control.commands import Bye, Command, Do, Hello, Ping, Play, SetParameter
from daw_bridge.control.pushes import ParameterValue, Push, StateComplete
from daw_bridge.control.schema import DEFAULT_PORT, Value
from daw_bridge.errors import BridgeError


class ControlClient:
    """Talks to one bridge. Use as a context manager: leaving it says bye and closes the socket."""

    def __init__(self, host: str = "127.0.0.1", port: int = DEFAULT_PORT) -> None:
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.connect((host, port))
        self._socket.setblocking(False)

    def __enter__(self) -> ControlClient:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def send(self, command: Command) -> None:
        """Send a command; that nobody listens is found out by the answers that stay away."""
        self.send_packet(encode_command(command))

    def send_packet(self, packet: bytes) -> None:
        """Send bytes as they are."""
        try:
            self._socket.send(packet)
        except OSError:
            # The report that an earlier packet found no listener: this one was not sent, so send it again.
            try:
                self._socket.send(packet)
            except OSError:
                return

    def hello(self, timeout_s: float = 1.0) -> list[Push]:
        """Subscribe and return the whole state. Raises BridgeError when no bridge answers in time."""
        self.send(Hello())
        state: list[Push] = []
        deadline_s = time.monotonic() + timeout_s
        while not any(isinstance(push, StateComplete) for push in state):
            left_s = deadline_s - time.monotonic()
            if left_s <= 0:
                host, port = self._socket.getpeername()[:2]
                raise BridgeError(f"no bridge answers at {host}:{port}", cure="start one with `aiart-bridge`")
            state.extend(self.poll(left_s))
        return state

    def values(self, timeout_s: float = 1.0) -> dict[str, Value]:
        """All parameters as they are now. Raises BridgeError when no bridge answers in time."""
        return {push.name: push.value for push in self.hello(timeout_s) if isinstance(push, ParameterValue)}

    def set(self, name: str, value: Value) -> None:
        """Give a live parameter a value."""
        self.send(SetParameter(name, value))

    def do(self, action: str) -> None:
        """Carry out a performance action."""
        self.send(Do(action))

    def play(self, note: int, velocity: int = 100, duration_s: float = 0.3, channel: int = 1) -> None:
        """Play a note into the bridge."""
        self.send(Play(note, velocity, duration_s, channel))

    def ping(self) -> None:
        """Stay subscribed."""
        self.send(Ping())

    def poll(self, timeout_s: float = 0.0) -> list[Push]:
        """What has come in; waits up to `timeout_s` for the first. What cannot be read is left out."""
        readable, _, _ = select.select([self._socket], [], [], timeout_s)
        pushes: list[Push] = []
        while readable:
            try:
                packet = self._socket.recv(MAX_PACKET)
            except BlockingIOError:
                break
            except OSError:
                # Nobody listens at the bridge's port just now.
                break
            pushes.extend(read_pushes(packet))
        return pushes

    def close(self) -> None:
        """Say bye and close the socket."""
        if self._socket.fileno() >= 0:
            self.send(Bye())
            self._socket.close()


def read_pushes(packet: bytes) -> list[Push]:
    """The pushes in a packet; a newer bridge may say things this client does not know, which are left out."""
    pushes: list[Push] = []
    try:
        messages = messages_of(packet)
    except PacketError:
        return pushes
    for message in messages:
        try:
            pushes.append(decode_push(message))
        except PacketError:
            continue
    return pushes
