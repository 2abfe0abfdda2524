"""A file of lines that only grows, on a disk that may be full: nothing half-written stays, nothing is given up early.

Belongs to one thread. A refusal is reported once; what could not be written waits, bounded, and is tried again.
"""

from __future__ import annotations

import errno
import os
import time
from collections import deque
from collections.abc import Callable
from pathlib import Path
from typing import Final

BACKLOG_LIMIT_BYTES: Final = 32_000_000
"""Lines that may wait for a disk that does not take them; beyond it only lines that must not be lost are accepted."""

SYNC_S: Final = 1.0
"""At most this long do written lines wait for fsync; urgent ones do not wait."""

RETRY_S: Final = 2.0
"""Between attempts on a disk that refused."""

_BATCH_BYTES: Final = 65_536
_OPEN_FLAGS: Final = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND | getattr(os, "O_BINARY", 0)
_FULL: Final = frozenset({errno.ENOSPC, errno.EDQUOT})


class AppendLog:
    """Whole lines into a new file. Raises OSError when the file cannot be made; after that it reports instead."""

    def __init__(
        self,
        file: Path,
        on_trouble: Callable[[str], None],
        *,
        write: Callable[[int, bytes], int] = os.write,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.file = file
        self._on_trouble = on_trouble
        self._write = write
        self._clock = clock
        self._waiting: deque[bytes] = deque()
        self._waiting_bytes = 0
        self._descriptor = os.open(file, _OPEN_FLAGS, 0o644)
        self._good_bytes = 0
        self._refused = False
        self._retry_s = 0.0
        self._synced_s = clock()
        self._unsynced = False
        self._urgent = False

    def add(self, line: bytes, *, needed: bool = False) -> bool:
        """Queue a line; a needed one is always taken, and synced with the next flush. Returns whether it was taken."""
        if not needed and self._waiting_bytes + len(line) > BACKLOG_LIMIT_BYTES:
            return False
        self._waiting.append(line)
        self._waiting_bytes += len(line)
        self._urgent = self._urgent or needed
        return True

    def flush(self, *, final: bool = False) -> None:
        """Write what waits and, when it is urgent or time, make the disk keep it. Never raises for a failing disk."""
        now_s = self._clock()
        if now_s < self._retry_s and not final:
            return
        try:
            if self._refused:
                os.ftruncate(self._descriptor, self._good_bytes)
            while self._waiting:
                self._write_batch()
            if self._unsynced and (final or self._urgent or now_s - self._synced_s >= SYNC_S):
                os.fsync(self._descriptor)
                self._unsynced = self._urgent = False
                self._synced_s = now_s
        except OSError as error:
            self._retry_s = now_s + RETRY_S
            if not self._refused:
                self._refused = True
                why = "the disk is full" if error.errno in _FULL else f"writing failed ({error.strerror})"
                self._on_trouble(f"{why}; the music goes on, free some space and the recording goes on too")
            return
        if self._refused:
            self._refused = False
            self._on_trouble("it is being written again")

    def _write_batch(self) -> None:
        """Hand over whole lines; they count as written only when all of them are."""
        batch: list[bytes] = []
        size = 0
        for line in self._waiting:
            if batch and size + len(line) > _BATCH_BYTES:
                break
            batch.append(line)
            size += len(line)
        data = b"".join(batch)
        while data:
            data = data[self._write(self._descriptor, data) :]
        self._unsynced = True
        self._good_bytes += size
        self._waiting_bytes -= size
        for _ in batch:
            self._waiting.popleft()

    def close(self) -> None:
        """A last attempt to write what waits; says what is lost."""
        self.flush(final=True)
        if self._waiting:
            self._on_trouble(f"it is cut short, {len(self._waiting)} records are lost")
        os.close(self._descriptor)
