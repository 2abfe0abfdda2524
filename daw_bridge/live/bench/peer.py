"""Time per note beside another program's model: Notochord with random weights of its default size, one thread.

Its players draw an event, feed it, and draw the next; a note is two of its events, the key going down and coming up.
Ours are drawn as the bridge draws them when an answer is under way: free, as that program's are, which is what is
compared, and with the steering that the bridge has on by default. Counted is processor time, which on a machine at
rest is the time that passes, and elsewhere leaves out what other programs take.
Source: Notochord 0.8.0, `Notochord.query_feed`. It is asked in a process of its own, maybe of another interpreter.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from dataclasses import dataclass
from typing import Final

from daw_bridge.engine.continuation import SamplingControls
from daw_bridge.engine.values import Values
from daw_bridge.errors import BridgeError, MissingPartError
from daw_bridge.live.bench.spread import Spread
from daw_bridge.live.thinker import LARGEST_CHUNK
from daw_bridge.live.wiring import Tier
from daw_bridge.music.notes import Note

EVENTS_PER_NOTE: Final = 2
NOTES: Final = 100
CHUNKS: Final = 40
WARM_UP: Final = 20
_LIMIT_S: Final = 240.0
_MISSING: Final = 3
_EVENT_LOOP: Final = """
import contextlib, importlib.util, json, sys, time
if importlib.util.find_spec("notochord") is None:
    sys.exit(3)
import torch
from notochord import Notochord
torch.set_num_threads(1)
torch.manual_seed(0)
model = Notochord().eval()
model.reset()
took_ms = []
with contextlib.redirect_stdout(sys.stderr):
    for _ in range(int(sys.argv[1])):
        start_s = time.process_time()
        model.query_feed()
        took_ms.append((time.process_time() - start_s) * 1000)
print(json.dumps(took_ms))
"""


@dataclass(frozen=True, slots=True)
class Compared:
    """Milliseconds per note of a model of ours (`tier`) and of Notochord; `ratio` is of the medians.

    `steered_ms` is ours with the controls of the bridge's defaults.
    """

    tier: str
    ours_ms: Spread
    steered_ms: Spread
    theirs_ms: Spread
    ratio: float


def compare(tiers: list[Tier], python: str) -> list[Compared]:
    """Ours and theirs, one after the other on one thread. Raises MissingPartError without Notochord."""
    theirs_ms = Spread.of(_notochord_ms(python))
    found = []
    for tier in tiers:
        ours_ms = Spread.of(_ours_ms(tier, SamplingControls()))
        steered_ms = Spread.of(_ours_ms(tier, Values({}).controls(transpose=0)))
        assert ours_ms.p50
        assert theirs_ms.p50
        ratio = round(theirs_ms.p50 / ours_ms.p50, 1)
        found.append(Compared(tier.continuer.name, ours_ms, steered_ms, theirs_ms, ratio))
    return found


def _ours_ms(tier: Tier, controls: SamplingControls) -> list[float]:
    """Milliseconds per note of one chunk after the other, after a short call."""
    call = tuple(Note(0.25 * index, 60 + 2 * index, 0.2, 80) for index in range(5))
    stream = tier.continuer.begin(call, start_s=1.5, seed=1)
    took_ms = []
    for _ in range(WARM_UP + CHUNKS):
        start_s = time.thread_time()
        if not stream.next(LARGEST_CHUNK, controls):
            raise BridgeError(f"{tier.continuer.name} stopped answering", where="bench --compare")
        took_ms.append((time.thread_time() - start_s) * 1000 / LARGEST_CHUNK)
    return took_ms[WARM_UP:]


def _notochord_ms(python: str) -> list[float]:
    """Milliseconds of each note: of `EVENTS_PER_NOTE` events in turn."""
    command = [python or sys.executable, "-c", _EVENT_LOOP, str(EVENTS_PER_NOTE * (WARM_UP + NOTES))]
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=_LIMIT_S, check=False, env=environment)
    except OSError as error:
        raise MissingPartError(f"cannot be started ({error.strerror})", where=f"--compare-python {python}") from None
    except subprocess.TimeoutExpired:
        raise BridgeError(f"Notochord took longer than {_LIMIT_S:.0f} s", where="bench --compare") from None
    if done.returncode == _MISSING:
        raise MissingPartError(
            "Notochord is not installed",
            where="bench --compare notochord",
            cure="`pip install notochord==0.8.0` in an environment of its own, and name its Python: --compare-python",
        )
    if done.returncode:
        last = (done.stderr.strip().splitlines() or ["no reason given"])[-1]
        raise BridgeError(f"Notochord failed ({last})", where="bench --compare")
    events_ms: list[float] = json.loads(done.stdout)[EVENTS_PER_NOTE * WARM_UP :]
    return [sum(events_ms[at : at + EVENTS_PER_NOTE]) for at in range(0, len(events_ms), EVENTS_PER_NOTE)]
