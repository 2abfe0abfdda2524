"""A JACK server for the tests of this folder, so that real messages cross real ports between processes."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from daw_bridge.io.jack_private import private_jack

HERE = Path(__file__).parent


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Everything in this folder needs a JACK server; where none is installed it is skipped by name."""
    for item in items:
        if HERE in item.path.parents:
            item.add_marker(pytest.mark.jack)
            if shutil.which("jackd") is None:
                item.add_marker(pytest.mark.skip(reason="jackd is not installed: apt-get install jackd2"))


@pytest.fixture(scope="module")
def jack_server() -> Iterator[int]:
    """The process id of a private server at 128 frames; it waits for clients, so that a busy machine fails no test."""
    with private_jack(128, synchronous=True) as server:
        yield server.pid


@pytest.fixture
def patient_server() -> Iterator[None]:
    """A server that goes on without its clients: one that waits for them stands still once one of them is killed."""
    with private_jack(128, patience_ms=500):
        yield
