"""Asking the system to let the instrument's threads go first, where that is allowed.

The playing thread comes first, then its helpers (driver, take, screens), then the model. All of them stand before other
programs: a thread that is put aside while it holds the interpreter lock keeps the playing thread waiting, so none of
those that ever hold it may be. Audio servers run at 70 and more and still come before all of this.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from typing import Final

PLAYING: Final = 20
HELPERS: Final = 15
MODEL: Final = 10


def raise_thread(priority: int) -> bool:
    """Real-time scheduling for the calling thread; whether it was allowed."""
    if not hasattr(os, "sched_setscheduler"):
        return False
    try:
        os.sched_setscheduler(0, os.SCHED_RR, os.sched_param(priority))
    except OSError:
        return False
    return True


@contextlib.contextmanager
def raised_helpers() -> Iterator[None]:
    """Threads made inside the block, by us or by a driver, are helpers; the calling thread is what it was after it."""
    if not hasattr(os, "sched_setscheduler"):
        yield
        return
    policy, param = os.sched_getscheduler(0), os.sched_getparam(0)
    allowed = raise_thread(HELPERS)
    try:
        yield
    finally:
        if allowed:
            os.sched_setscheduler(0, policy, param)
