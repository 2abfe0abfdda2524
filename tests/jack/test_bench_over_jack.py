"""The bench between three processes on a server of its own, short, and what is left of it when it is stopped."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from daw_bridge.cli.bench import main

COMMAND = ["--over", "jack", "--model", "memory", "--server", "waiting"]
LIMIT_S = 60.0


def test_bars_and_thru_between_processes(capsys: pytest.CaptureFixture[str]) -> None:
    status = main([*COMMAND, "--scenes", "bars,thru", "--turns", "3", "--json"])
    bars, thru = json.loads(capsys.readouterr().out)["runs"]
    assert status == 0
    assert (bars["turns"], bars["answered"], bars["tiers"]) == (3, 3, {"memory": 3})
    assert bars["counts"]["notes_sent"] == bars["counts"]["notes_heard"] == bars["counts"]["releases_heard"] > 3
    assert bars["spreads"]["delivery_ms"]["count"] == 2 * bars["counts"]["notes_sent"]
    # The way through JACK is made up for; a machine that is busy with other tests gets more room.
    assert -4 < bars["spreads"]["first_note_ms"]["p50"] < 20
    assert thru["spreads"]["thru_ms"]["count"] == 60


@pytest.mark.skipif(sys.platform == "win32", reason="no pseudo-terminal")
def test_with_the_screen_the_same_is_played_twice_and_the_difference_told(capsys: pytest.CaptureFixture[str]) -> None:
    status = main([*COMMAND, "--scenes", "thru", "--turns", "1", "--with-tui", "--json"])
    told = json.loads(capsys.readouterr().out)
    assert status == 0
    assert [run["conditions"]["screen"] for run in told["runs"]] == [False, True]
    (cost,) = told["screen"]
    assert (cost["measure"], cost["scene"]) == ("key to key heard through", "thru")
    assert [cost["alone_ms"], cost["beside_ms"]] == [run["spreads"]["thru_ms"]["p99"] for run in told["runs"]]


def descendants(pid: int) -> set[int]:
    found: set[int] = set()
    for children in Path(f"/proc/{pid}/task").glob("*/children"):
        for child in map(int, children.read_text().split()):
            found |= {child} | descendants(child)
    return found


@pytest.mark.skipif(sys.platform != "linux", reason="looks for processes in /proc")
def test_stopping_it_leaves_no_process_behind() -> None:
    command = [sys.executable, "-m", "daw_bridge", "bench", *COMMAND, "--scenes", "pause", "--turns", "50"]
    bench = subprocess.Popen([*command, "--load", "1"], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    give_up_s = time.monotonic() + LIMIT_S
    started: set[int] = set()
    # The server, the bridge, the busy one and the player.
    while len(started) < 4 and time.monotonic() < give_up_s and bench.poll() is None:
        time.sleep(0.1)
        started = descendants(bench.pid)
    assert len(started) >= 4
    bench.send_signal(signal.SIGTERM)
    _, said = bench.communicate(timeout=LIMIT_S)
    assert b"Traceback" not in said
    assert not [pid for pid in started if Path(f"/proc/{pid}").exists()]
