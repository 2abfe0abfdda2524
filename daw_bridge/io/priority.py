"""Asking the system to let the instrument's threads go first, where that is allowed, and audio before them.

The playing thread comes first, then its helpers (driver, take, screens), then the model. They stand before other
programs: a helper that is put aside while it holds the interpreter lock keeps the playing thread waiting.

An audio server's clients come before all of this. A thread of ours that went before them would make them miss a cycle,
and the MIDI of a missed cycle is lost. So where the server's priority is known we stay below it; beside a server of
ordinary priority the model, which computes for many milliseconds, is ordinary, too. The others are short.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from typing import Final

from daw_bridge.io.priority_elsewhere import lower_by_class, raise_by_class

STEPPED_BACK: Final = 5
"""Niceness of a screen and its jobs: a third of the share of what makes the music, and there at once when it rests."""

PLAYING: Final = 20
HELPERS: Final = 15
MODEL: Final = 10

_BELOW_CLIENTS: Final = {PLAYING: 1, HELPERS: 2, MODEL: 3}
_STEPS: Final = {PLAYING: 3, HELPERS: 2, MODEL: 1}
"""Where the system knows no figures."""
_clients_priority: int | None = None
_forgone = False


def forgo_priority() -> None:
    """Let this process be like any other from now on."""
    global _forgone
    _forgone = True


def step_back() -> None:
    """Let this process and the programs that it starts go after the others from now on; there is no way back."""
    if not hasattr(os, "setpriority"):
        lower_by_class()
    else:
        with contextlib.suppress(OSError):
            os.setpriority(os.PRIO_PROCESS, 0, max(STEPPED_BACK, os.getpriority(os.PRIO_PROCESS, 0)))


def make_way(clients_priority: int | None) -> None:
    """Stay below an audio server whose clients run at this real-time priority from now on.

    0 is a server without any, None one of which nothing is known.
    """
    global _clients_priority
    _clients_priority = clients_priority


def allowed_priority(rank: int) -> int:
    """The real-time priority for threads of a rank (`PLAYING`, `HELPERS`, `MODEL`); 0 is none."""
    if _forgone:
        return 0
    if _clients_priority is None:
        return rank
    if _clients_priority == 0:
        return 0 if rank == MODEL else rank
    return max(0, min(rank, _clients_priority - _BELOW_CLIENTS[rank]))


def raise_thread(rank: int) -> bool:
    """Real-time scheduling for the calling thread as far as its rank may have it; whether it has it now."""
    priority = allowed_priority(rank)
    if not hasattr(os, "sched_setscheduler"):
        return raise_by_class(_STEPS[rank] if priority else 0)
    try:
        os.sched_setscheduler(0, os.SCHED_RR if priority else os.SCHED_OTHER, os.sched_param(priority))
    except OSError:
        return False
    return priority > 0


@contextlib.contextmanager
def raised_helpers() -> Iterator[None]:
    """Threads made inside the block, by us or by a driver, are helpers; the calling thread is what it was after it."""
    if not hasattr(os, "sched_setscheduler"):
        yield
        return
    policy, param = os.sched_getscheduler(0), os.sched_getparam(0)
    raise_thread(HELPERS)
    try:
        yield
    finally:
        with contextlib.suppress(OSError):
            os.sched_setscheduler(0, policy, param)
