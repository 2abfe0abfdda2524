"""A wish to stop is never lost and never locks the program up, whenever it comes."""

from __future__ import annotations

import signal
import subprocess
import sys
import time

import pytest

from daw_bridge.cli.run import _Signals, _StoppedError

pytestmark = pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="needs POSIX timers")

STORM = """
import random, signal
from daw_bridge.cli.run import _Signals
random.seed(1)
for _ in range(3000):
    flag = _Signals()
    signal.signal(signal.SIGALRM, flag.raise_flag)
    signal.setitimer(signal.ITIMER_REAL, random.uniform(1e-5, 5e-4))
    while not flag.wait(0.00002):
        pass
"""


def test_a_signal_in_the_middle_of_the_wait_for_it_locks_nothing() -> None:
    subprocess.run([sys.executable, "-c", STORM], check=True, timeout=60)


def test_the_wish_stays_and_wakes_at_once() -> None:
    flag = _Signals()
    assert not flag.wait(0.0)
    flag.raise_flag(signal.SIGTERM, None)
    flag.raise_flag(signal.SIGTERM, None)
    begin_s = time.monotonic()
    assert flag.wait(30.0)
    assert flag.wait(30.0)
    assert time.monotonic() - begin_s < 10.0
    with pytest.raises(_StoppedError):
        flag.check()


def test_what_takes_long_at_the_start_is_broken_off() -> None:
    flag = _Signals()
    with pytest.raises(_StoppedError), flag.at_once():
        flag.raise_flag(signal.SIGINT, None)
    flag.raise_flag(signal.SIGINT, None)
    with pytest.raises(_StoppedError), flag.at_once():
        raise AssertionError("it must not begin")
