"""Asking the system to let the instrument's threads go first; every call tells whether it was allowed.

The playing thread comes before the model's, the model's before other programs. The helpers are raised a little, too: a
thread that is put aside while it holds the interpreter lock would keep the playing thread waiting.
"""

from __future__ import annotations

import os
from typing import Final

PLAYING: Final = 20
MODEL: Final = 10
"""Real-time priorities, below the 70 or more that audio servers use."""

HELPERS_NICE: Final = -10


def raise_thread(priority: int) -> bool:
    """Real-time scheduling for the calling thread."""
    if not hasattr(os, "sched_setscheduler"):
        return False
    try:
        os.sched_setscheduler(0, os.SCHED_RR, os.sched_param(priority))
    except OSError:
        return False
    return True


def raise_helpers() -> int | None:
    """Raise the calling thread, and with it the threads it makes from now on; its niceness before, None if refused."""
    if not hasattr(os, "setpriority"):
        return None
    before = os.getpriority(os.PRIO_PROCESS, 0)
    try:
        os.setpriority(os.PRIO_PROCESS, 0, min(before, HELPERS_NICE))
    except OSError:
        return None
    return before


def lower_again(niceness: int | None) -> None:
    """Take `raise_helpers` back for the calling thread."""
    if niceness is not None:
        os.setpriority(os.PRIO_PROCESS, 0, niceness)
