"""The line to the bridge: datagrams on the app's own event loop, handed on as messages in batches.

Keeps the subscription alive, notices when the bridge falls silent, and calls until it is back.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from typing import Final, cast

from daw_bridge.control.client import read_pushes
from daw_bridge.control.codec import encode_command
from daw_bridge.control.commands import Bye, Command, Hello, Ping
from daw_bridge.control.pushes import Push
from daw_tui.messages import LinkFound, LinkLost, Pushed

PING_S: Final = 1.0
LOST_S: Final = 3.5
BATCH_S: Final = 1.0 / 30.0

Post = Callable[[Pushed | LinkFound | LinkLost], object]


class DaemonLink(asyncio.DatagramProtocol):
    """Speaks with one bridge. Everything happens on the event loop that `open` is called on."""

    def __init__(self, post: Post, clock: Callable[[], float] = time.monotonic) -> None:
        self._post = post
        self._clock = clock
        self._transport: asyncio.DatagramTransport | None = None
        self._waiting: list[Push] = []
        self._batch: asyncio.TimerHandle | None = None
        self._keeper: asyncio.Task[None] | None = None
        self._heard_s = 0.0
        self.connected = False

    async def open(self, host: str, port: int) -> None:
        """Call the bridge; that it answers is told by a message. Raises OSError for an address that is none."""
        loop = asyncio.get_running_loop()
        await loop.create_datagram_endpoint(lambda: self, remote_addr=(host, port))
        self._keeper = asyncio.create_task(self._keep())

    def send(self, command: Command) -> None:
        """Send a command, as long as there is a line."""
        if self._transport is not None and not self._transport.is_closing():
            self._transport.sendto(encode_command(command))

    def close(self) -> None:
        """Say bye and end."""
        self.send(Bye())
        if self._keeper is not None:
            self._keeper.cancel()
        if self._batch is not None:
            self._batch.cancel()
        if self._transport is not None:
            self._transport.close()
        self.connected = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """The socket is there."""
        # What asyncio hands over has the methods of a DatagramTransport without being one by type.
        self._transport = cast(asyncio.DatagramTransport, transport)

    def datagram_received(self, data: bytes, addr: tuple[str | object, int]) -> None:
        """The bridge said something: gather what comes within a thirtieth of a second."""
        del addr
        self._heard_s = self._clock()
        if not self.connected:
            self.connected = True
            self._post(LinkFound())
        self._waiting.extend(read_pushes(data))
        if self._batch is None:
            self._batch = asyncio.get_running_loop().call_later(BATCH_S, self._hand_on)

    def error_received(self, exc: Exception) -> None:
        """Nobody listens at the bridge's port just now; the keeper goes on calling."""

    def _hand_on(self) -> None:
        self._batch = None
        pushes, self._waiting = self._waiting, []
        self._post(Pushed(pushes))

    async def _keep(self) -> None:
        while True:
            if self.connected and self._clock() - self._heard_s > LOST_S:
                self.connected = False
                self._post(LinkLost())
            self.send(Ping() if self.connected else Hello())
            await asyncio.sleep(PING_S)
