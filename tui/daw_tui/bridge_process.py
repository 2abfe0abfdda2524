"""A bridge started by the screen: its ready line is waited for, its words are kept, and it ends with the screen."""

from __future__ import annotations

import asyncio
import shlex
import sys
from collections import deque
from collections.abc import Callable, Sequence
from typing import Final

from daw_bridge.errors import BridgeError

READY_S: Final = 40.0
STOP_S: Final = 5.0


class BridgeProcess:
    """Owns one child process."""

    def __init__(self, on_words: Callable[[str], None], on_end: Callable[[str], None]) -> None:
        self._on_words = on_words
        self._on_end = on_end
        self._process: asyncio.subprocess.Process | None = None
        self._words: deque[str] = deque(maxlen=40)
        self._tasks: list[asyncio.Task[None]] = []
        self._stopping = False

    async def start(self, options: Sequence[str]) -> dict[str, str]:
        """Start `aiart-bridge` with options; returns its ready line as a table. Raises BridgeError when it fails."""
        self._process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "daw_bridge",
            *options,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        listening = asyncio.create_task(self._listen())
        self._tasks.append(listening)
        try:
            line = await asyncio.wait_for(self._ready_line(), READY_S)
        except TimeoutError:
            await self.stop()
            raise BridgeError(f"the bridge was not ready after {READY_S:.0f} s") from None
        if line is None:
            await asyncio.wait([listening])
            cure = None if "doctor" in self.last_words else "`aiart-bridge doctor` says more"
            raise BridgeError(self.last_words or "it ended without a word", cure=cure)
        self._tasks.append(asyncio.create_task(self._watch()))
        return parse_ready(line)

    @property
    def last_words(self) -> str:
        """The last line it said on stderr."""
        return self._words[-1] if self._words else ""

    async def stop(self) -> None:
        """End it as Ctrl-C does, and wait: its notes are released and its take is closed."""
        self._stopping = True
        process = self._process
        if process is not None and process.returncode is None:
            process.terminate()
            try:
                await asyncio.wait_for(process.wait(), STOP_S)
            except TimeoutError:
                process.kill()
                await process.wait()
        for task in self._tasks:
            task.cancel()

    async def _ready_line(self) -> str | None:
        assert self._process is not None
        assert self._process.stdout is not None
        while data := await self._process.stdout.readline():
            line = data.decode("utf-8", "replace").strip()
            if line.startswith("ready "):
                return line
        return None

    async def _listen(self) -> None:
        assert self._process is not None
        assert self._process.stderr is not None
        while data := await self._process.stderr.readline():
            line = data.decode("utf-8", "replace").strip()
            if line:
                self._words.append(line)
                self._on_words(line)

    async def _watch(self) -> None:
        assert self._process is not None
        await self._process.wait()
        if not self._stopping:
            self._on_end(self.last_words)


def parse_ready(line: str) -> dict[str, str]:
    """`ready in="AI In" osc=127.0.0.1:9177` as a table. Raises BridgeError when it has no address."""
    table = dict(part.split("=", 1) for part in shlex.split(line)[1:] if "=" in part)
    if ":" not in table.get("osc", ""):
        raise BridgeError(f"the bridge's ready line has no osc address: {line}")
    return table


def parse_address(text: str) -> tuple[str, int]:
    """HOST:PORT, :PORT or PORT. Raises ValueError saying what is wanted."""
    host, _, port = text.rpartition(":")
    if not port.isdigit() or not 0 < int(port) < 65536:
        raise ValueError(f"an address looks like 127.0.0.1:9177, not {text!r}")
    return (host or "127.0.0.1", int(port))
