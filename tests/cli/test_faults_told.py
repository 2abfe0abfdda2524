"""Faults of a running bridge reach the terminal, and a terminal that stands still stops nothing."""

from __future__ import annotations

import threading

from daw_bridge.cli.run_faults import WAITING_LIMIT, FaultTeller
from daw_bridge.engine.events import Fault, TurnStateChanged


def test_faults_are_said_in_order_and_nothing_else_is() -> None:
    said: list[str] = []
    teller = FaultTeller(said.append)
    teller.start()
    teller.done([TurnStateChanged("idle", 1), Fault("take", "disk\nfull")], 0.0)
    teller.done([Fault("port", "the output port is gone")], 1.0)
    teller.close()
    assert said == ["aiart-bridge: take: disk full", "aiart-bridge: port: the output port is gone"]


def test_a_terminal_that_stands_still_stops_nothing() -> None:
    freed = threading.Event()
    said: list[str] = []

    def stuck(text: str) -> None:
        freed.wait(30.0)
        said.append(text)

    teller = FaultTeller(stuck)
    teller.start()
    for number in range(10 * WAITING_LIMIT):
        teller.done([Fault("miss", str(number))], 0.0)
    teller.close(timeout_s=0.01)
    freed.set()
    teller.close()
    assert 1 <= len(said) <= WAITING_LIMIT + 1
