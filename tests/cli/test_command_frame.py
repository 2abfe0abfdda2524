"""The frame of the commands: help, dispatch, exit statuses and one-line errors."""

from __future__ import annotations

import os
import subprocess
import sys
import types
from collections.abc import Callable
from pathlib import Path

import pytest

from daw_bridge.cli import main as main_module
from daw_bridge.cli.main import COMMANDS, compose, main, run_parser
from daw_bridge.cli.options import GROUPS, given_values
from daw_bridge.engine.parameters import PARAMETERS
from daw_bridge.errors import BridgeError, MissingPartError, UsageError
from daw_bridge.io.takes import takes_folder

Captured = pytest.CaptureFixture[str]


@pytest.fixture
def stand_in(monkeypatch: pytest.MonkeyPatch) -> Callable[[Callable[[list[str]], int]], None]:
    """Put a function in the place of `aiart-bridge demo`."""

    def install(work: Callable[[list[str]], int]) -> None:
        module = types.ModuleType("stand_in_command")
        module.main = work  # type: ignore[attr-defined]
        monkeypatch.setitem(sys.modules, "stand_in_command", module)
        monkeypatch.setitem(COMMANDS, "demo", ("stand_in_command", "a stand-in"))
        monkeypatch.setitem(COMMANDS, "compose", ("stand_in_command", "a stand-in"))

    return install


def test_every_parameter_stands_in_one_group_of_the_help() -> None:
    grouped = [name for _, names in GROUPS for name in names]
    assert sorted(grouped) == sorted(item.name for item in PARAMETERS)
    text = run_parser().format_help()
    for parameter in PARAMETERS:
        assert parameter.option in text
    for command in COMMANDS:
        assert f"\n  {command} " in text


def test_only_given_options_are_handed_on() -> None:
    options = run_parser().parse_args(["--temperature", "0.5", "--no-thru", "--key", "off", "--port", "X"])
    assert given_values(options) == {"temperature": 0.5, "thru": False, "key": "off", "port": "X"}


def test_ports_may_be_named_several_times() -> None:
    options = run_parser().parse_args(["--port", "DAW", "--port", "Synth", "--in-port=Keys"])
    assert given_values(options) == {"port": "DAW\nSynth", "in_port": "Keys"}
    with pytest.raises(UsageError, match=r'--in-port: in_port names "Keys" twice'):
        given_values(run_parser().parse_args(["--in-port", "Keys", "--in-port", "Keys"]))


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--temperature", "5"], "--temperature: temperature goes from 0 to 2, not 5"),
        (["--temperature"], "--temperature: expected one argument"),
        (["--tempature", "1"], "unknown option --tempature; did you mean --temperature?"),
        (["--mode", "jazz"], "mode is one of pause, bars, manual"),
        (["--key", "H moll"], "--key"),
        (["--config", "/no/such/file.toml"], "/no/such/file.toml: no such settings file"),
        (["demmo"], "unknown command 'demmo'; did you mean 'demo'?"),
        (["cover", "a.mid"], "a.mid: cannot be read"),
    ],
)
def test_wrong_use_is_one_line_and_status_2(capsys: Captured, arguments: list[str], said: str) -> None:
    assert main(arguments) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.startswith("aiart-bridge: error: ")
    assert said in captured.err
    assert captured.err.count("\n") == 1


@pytest.mark.parametrize(
    ("failure", "status", "said"),
    [
        (BridgeError("the port is gone", where="AI Out", cure="plug it in"), 1, "AI Out: the port is gone; plug it in"),
        (UsageError("two\nlines"), 2, "two lines"),
        (MissingPartError("no SoundFont"), 2, "no SoundFont"),
        (ZeroDivisionError("by zero"), 1, "ZeroDivisionError: by zero"),
    ],
)
def test_a_failure_is_one_line_with_its_status(
    capsys: Captured, stand_in: Callable[..., None], failure: Exception, status: int, said: str
) -> None:
    def work(_arguments: list[str]) -> int:
        raise failure

    stand_in(work)
    assert main(["demo"]) == status
    plain = capsys.readouterr().err
    assert said in plain
    assert plain.count("\n") == 1
    assert main(["demo", "--debug"]) == status
    assert "Traceback" in capsys.readouterr().err


def test_interrupts_and_exits_become_statuses(stand_in: Callable[..., None]) -> None:
    def interrupted(_arguments: list[str]) -> int:
        raise KeyboardInterrupt

    stand_in(interrupted)
    assert main(["demo"]) == 130
    stand_in(lambda _arguments: sys.exit(3))
    assert main(["demo"]) == 3


def test_compose_is_the_command_of_that_name(stand_in: Callable[..., None]) -> None:
    heard: list[list[str]] = []

    def work(arguments: list[str]) -> int:
        heard.append(arguments)
        return 0

    stand_in(work)
    assert compose(["a.mid", "-o", "b.mid"]) == 0
    assert main(["compose", "a.mid", "-o", "b.mid"]) == 0
    assert heard == [["a.mid", "-o", "b.mid"]] * 2


def test_version_is_one_line(capsys: Captured) -> None:
    assert main(["--version"]) == 0
    assert capsys.readouterr().out.startswith("aiart-bridge ")


def test_help_loads_nothing_heavy() -> None:
    code = (
        "import sys; from daw_bridge.cli.main import main\n"
        "try: main(['--help'])\n"
        "finally: print(sorted(sys.modules.keys() & "
        "{'torch', 'numpy', 'textual', 'music21', 'pretty_midi', 'rtmidi', 'sounddevice', 'mido'}), file=sys.stderr)"
    )
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ended.stderr == "[]\n"
    assert ended.stdout.startswith("usage: aiart-bridge")


def test_a_reader_who_leaves_costs_no_complaint(tmp_path: Path) -> None:
    script = tmp_path / "talk.py"
    script.write_text(
        "import sys, types\nfrom daw_bridge.cli import main as frame\n"
        "module = types.ModuleType('talker')\n"
        "module.main = lambda argv: [print('x' * 1000) for _ in range(10000)] and 0\n"
        "sys.modules['talker'] = module\nframe.COMMANDS['demo'] = ('talker', '')\nsys.exit(frame.main(['demo']))\n"
    )
    reading, writing = os.pipe()
    talker = subprocess.Popen([sys.executable, str(script)], stdout=writing, stderr=subprocess.PIPE)
    os.close(writing)
    os.read(reading, 10)
    os.close(reading)
    _, complaint = talker.communicate(timeout=30)
    assert complaint == b""
    assert talker.returncode == 0


def test_python_m_is_the_same_program() -> None:
    ended = subprocess.run(
        [sys.executable, "-m", "daw_bridge", "--version"], capture_output=True, text=True, check=True
    )
    assert ended.stdout == f"aiart-bridge {main_module.version()}\n"


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs a device that is always full")
def test_an_output_without_room_or_closed_is_one_line_at_most() -> None:
    command = [sys.executable, "-m", "daw_bridge", "--version"]
    with Path("/dev/full").open("wb") as full:
        ended = subprocess.run(command, stdout=full, stderr=subprocess.PIPE, text=True, check=False)
    assert ended.returncode == 1
    assert ended.stderr.startswith("aiart-bridge: error: the output cannot be written (No space left on device)")
    assert ended.stderr.count("\n") == 1
    shell = subprocess.run(
        ["sh", "-c", 'exec "$@" >&-', "sh", *command], stderr=subprocess.PIPE, text=True, check=False
    )
    assert (shell.returncode, shell.stderr) == (0, "")


def test_a_text_that_is_no_text_is_refused(capsys: Captured) -> None:
    assert main(["--port", "AI \udcff Out"]) == 2
    said = capsys.readouterr().err
    assert "port holds bytes that are no text in this locale" in said
    assert said.count("\n") == 1


def test_a_user_without_a_home_is_told(capsys: Captured, monkeypatch: pytest.MonkeyPatch) -> None:
    import platformdirs

    def homeless(*_names: object, **_options: object) -> str:
        raise RuntimeError("could not determine the home directory")

    monkeypatch.setattr(platformdirs, "user_config_dir", homeless)
    monkeypatch.setattr(platformdirs, "user_data_dir", homeless)
    assert main([]) == 2
    assert "HOME: this user has no home folder to keep settings in" in capsys.readouterr().err
    with pytest.raises(UsageError, match="HOME: this user has no home folder to keep takes in"):
        takes_folder({"takes_dir": ""})
