"""The bench command: its figures, its JSON for scripts, its exit status."""

from __future__ import annotations

import json

import pytest

from daw_bridge.cli.bench import Spread, main
from daw_bridge.errors import UsageError

RUN_KEYS = {
    "over",
    "period",
    "turns",
    "answered",
    "first_note_ms",
    "output_error_ms",
    "model_ms_per_note",
    "notes_per_s",
    "notes_on",
    "notes_off",
    "hanging",
    "misses",
    "faults",
}


def test_percentiles_are_of_the_nearest_rank() -> None:
    spread = Spread.of([float(value) for value in range(1000, 0, -1)])
    assert (spread.count, spread.p50, spread.p99, spread.p99_9, spread.worst) == (1000, 500.0, 990.0, 999.0, 1000.0)
    assert Spread.of([3.0]) == Spread(1, 3.0, 3.0, 3.0, 3.0)
    assert Spread.of([]) == Spread(0, None, None, None, None)


def test_a_script_gets_the_documented_keys(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--over", "memory", "--turns", "2", "--model", "memory", "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert set(document) == {"machine", "model", "model_ms_per_note_warm", "gap_ms", "runs"}
    (run,) = document["runs"]
    assert set(run) == RUN_KEYS
    assert set(run["first_note_ms"]) == {"count", "p50", "p99", "p99_9", "worst"}
    assert (run["over"], run["turns"], run["answered"], run["hanging"], run["faults"]) == ("memory", 2, 2, 0, 0)
    assert run["output_error_ms"]["count"] == run["notes_on"] == run["notes_off"] > 0


def test_a_person_gets_a_table(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--over", "memory", "--turns", "1", "--model", "memory"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].split() == ["over", "measure", "p50", "p99", "p99.9", "n"]
    assert lines[1].startswith("memory  call over to first note, ms")
    assert "1 of 1 calls answered" in lines[-1]


def test_no_turns_are_refused() -> None:
    with pytest.raises(UsageError, match="--turns"):
        main(["--turns", "-3"])
