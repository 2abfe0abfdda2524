"""`aiart-bridge doctor`: whatever is missing, it says so with a cure, and never fails itself."""

from __future__ import annotations

import json
import socket
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from daw_bridge.cli import doctor, doctor_probes
from daw_bridge.cli.doctor import NOTE, OK, PROBLEM, Check, examine
from daw_bridge.cli.doctor_probes import ask
from daw_bridge.cli.main import main
from daw_bridge.errors import MissingPartError

Captured = pytest.CaptureFixture[str]
Machine = Callable[..., None]

JACK: dict[str, Any] = {"api": "jack", "works": True, "sources": ["Keys:out"], "destinations": [], "virtual": True}
WELL: dict[str, dict[str, Any]] = {
    "midi": {"rtmidi": "6", "systems": [JACK]},
    "models": {"torch": "2", "models": [{"name": "lstm", "file": "x", "seconds_per_note": 0.0004}]},
    "audio": {"outputs": ["Speakers"]},
    "synth": {"version": "2.3.1"},
    "priority": {"needed": True, "allowed": True},
    "link": {"version": "1.3.0"},
}


@pytest.fixture
def machine(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Machine:
    """A machine that is well but for the probes given."""
    settings = tmp_path / "settings.toml"
    settings.write_text(f"takes_dir = '{tmp_path}'\nosc_port = 0\n")
    monkeypatch.setattr("daw_bridge.cli.settings.user_settings_file", lambda: settings)

    def be(**ill: dict[str, Any]) -> None:
        findings = {**WELL, **ill}
        monkeypatch.setattr(doctor, "ask", lambda name, **_limits: findings[name])

    be()
    return be


def found(name: str) -> list[Check]:
    return [check for check in examine(None) if check.name.startswith(name)]


def test_link_is_an_extra(machine: Machine) -> None:
    assert [check.state for check in found("Link")] == [OK]
    machine(link={"error": "the extra is not installed"})
    (check,) = found("Link")
    assert check.state == NOTE
    assert "aiart-bridge[link]" in check.cure


@pytest.mark.usefixtures("machine")
def test_a_machine_that_is_well_can_run(capsys: Captured) -> None:
    assert main(["doctor"]) == 0
    report = capsys.readouterr().out
    assert "0.40 ms a note, 50 notes fit the budget of 20 ms" in report
    assert report.endswith("the bridge can run here\n")
    assert main(["doctor", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["ok"]
    assert {check["state"] for check in told["checks"]} <= {OK, NOTE}


@pytest.mark.parametrize(
    ("probe", "finding", "name", "state", "said"),
    [
        ("midi", {"error": "crashed with signal 11"}, "MIDI", PROBLEM, "crashed with signal 11"),
        ("midi", {"rtmidi": "6", "systems": []}, "MIDI", PROBLEM, "no MIDI system answers"),
        ("midi", {"rtmidi": "6", "systems": [{**JACK, "virtual": False}]}, "MIDI jack", NOTE, "no virtual ports"),
        (
            "midi",
            {"rtmidi": "6", "systems": [{**JACK, "virtual": False, "sources": []}]},
            "MIDI jack",
            PROBLEM,
            "no virtual ports",
        ),
        ("midi", {"rtmidi": "6", "systems": [{**JACK, "ordinary": True}]}, "MIDI jack", NOTE, "no real-time priority"),
        ("models", {"error": "torch cannot be loaded"}, "models", PROBLEM, "torch cannot be loaded"),
        ("models", {"torch": "2", "models": []}, "models", PROBLEM, "phrase memory"),
        (
            "models",
            {"torch": "2", "models": [{"name": "lstm", "file": "x", "seconds_per_note": 0.05}]},
            "model lstm",
            NOTE,
            "more than the budget",
        ),
        ("audio", {"error": "PortAudio cannot be loaded", "missing": True}, "audio", NOTE, "PortAudio"),
        ("audio", {"outputs": []}, "audio", NOTE, "no audio output"),
        ("synth", {"error": "FluidSynth is not installed"}, "FluidSynth", NOTE, "not installed"),
        ("priority", {"needed": True, "allowed": False, "why": "not permitted"}, "real time", NOTE, "not permitted"),
        ("priority", {}, "real time", NOTE, "could not be looked at"),
        ("link", {"error": "the extra is not installed"}, "Link", NOTE, "not installed"),
    ],
)
def test_what_is_missing_is_said_with_its_cure(
    machine: Machine, probe: str, finding: dict[str, Any], name: str, state: str, said: str
) -> None:
    machine(**{probe: finding})
    (check,) = [check for check in found(name) if check.state != OK]
    assert check.state == state
    assert said in check.text
    assert check.cure or probe == "priority" or "could not" in check.text
    assert main(["doctor", "--json"]) == (1 if state == PROBLEM else 0)


@pytest.mark.parametrize("platform", ["linux", "darwin", "win32"])
def test_cures_are_those_of_the_system(machine: Machine, monkeypatch: pytest.MonkeyPatch, platform: str) -> None:
    machine(synth={"error": "FluidSynth is not installed"})
    monkeypatch.setattr(sys, "platform", platform)
    assert {"linux": "apt", "darwin": "brew", "win32": "choco"}[platform] in doctor._synth({"error": "x"})[0].cure


@pytest.mark.usefixtures("machine")
def test_a_broken_settings_file_is_a_problem_that_names_the_key(tmp_path: Path, capsys: Captured) -> None:
    broken = tmp_path / "broken.toml"
    broken.write_text("temprature = 1\n")
    assert main(["doctor", "--config", str(broken)]) == 1
    assert "did you mean 'temperature'" in capsys.readouterr().out


@pytest.mark.usefixtures("machine")
def test_a_takes_folder_that_cannot_be_written_is_a_problem(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    config = tmp_path / "c.toml"
    config.write_text(f"takes_dir = '{tmp_path / 'file' / 'takes'}'\n")
    (check,) = [check for check in examine(config) if check.name == "takes"]
    assert check.state == PROBLEM
    assert "--takes-dir" in check.cure


@pytest.mark.usefixtures("machine")
def test_a_busy_osc_port_is_noted(tmp_path: Path) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as busy:
        busy.bind(("127.0.0.1", 0))
        config = tmp_path / "c.toml"
        config.write_text(f"osc_port = {busy.getsockname()[1]}\n")
        (check,) = [check for check in examine(config) if check.name == "OSC"]
    assert check.state == NOTE
    assert "--osc-port 0" in check.cure


def test_probes_answer_from_a_process_of_their_own() -> None:
    assert "needed" in ask("priority", timeout_s=30)
    assert ask("no such probe", timeout_s=30) == {"error": "KeyError: 'no such probe'"}


@pytest.mark.skipif(sys.platform == "win32", reason="the stand-in is a shell script")
def test_a_probe_that_crashes_or_hangs_is_a_finding(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    fake = tmp_path / "python"
    monkeypatch.setattr(sys, "executable", str(fake))
    assert "cannot be asked" in ask("midi", timeout_s=5)["error"]
    fake.write_text("#!/bin/sh\nkill -SEGV $$\n")
    fake.chmod(0o755)
    assert ask("midi", timeout_s=5) == {"error": "crashed with signal 11"}
    fake.write_text("#!/bin/sh\necho noise; echo broken >&2; exit 3\n")
    assert ask("midi", timeout_s=5) == {"error": "failed (broken)"}
    fake.write_text("#!/bin/sh\nexec sleep 20\n")
    begin_s = time.monotonic()
    assert ask("midi", timeout_s=0.2) == {"error": "no answer within 0.2 s"}
    assert time.monotonic() - begin_s < 10


def test_a_probe_hands_on_the_cure(monkeypatch: pytest.MonkeyPatch, capsys: Captured) -> None:
    def missing(_argument: str) -> dict[str, Any]:
        raise MissingPartError("no synth", cure="install it")

    monkeypatch.setitem(doctor_probes.PROBES, "synth", missing)
    assert doctor_probes.main(["synth"]) == 0
    assert json.loads(capsys.readouterr().out) == {"error": "no synth", "cure": "install it"}


def test_the_real_machine_is_examined_without_a_fault() -> None:
    checks = examine(None)
    assert {"Python", "packages", "settings", "takes"} <= {check.name for check in checks}
    assert all("could not be looked at" not in check.text for check in checks)
