"""The whole instrument as its users start it: a process of its own, real ports, another process that plays to it."""

from __future__ import annotations

import json
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

import pytest

from daw_bridge.io.ports_rtmidi import open_system
from daw_bridge.io.priority import raised_helpers
from daw_bridge.io.rtmidi_ends import RtMidiIn, RtMidiOut
from daw_bridge.io.take_reading import Take, read_take
from daw_bridge.music.messages import NoteOff, NoteOn, decode, encode

pytestmark = pytest.mark.usefixtures("jack_server")

READY_LIMIT_S = 60.0
GAP_S = 0.25
OPTIONS = ("--midi-api", "jack", "--port", "AI Out", "--osc-port", "0", "--gap-beats", "0.5", "--seed", "3")


@contextmanager
def running(takes: Path, *options: str) -> Iterator[subprocess.Popen[str]]:
    """A bridge that is ready; killed if the test leaves it alive."""
    command = [sys.executable, "-m", "daw_bridge", *OPTIONS, "--takes-dir", str(takes), *options]
    bridge = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    try:
        assert bridge.stdout is not None
        line = bridge.stdout.readline()
        assert re.fullmatch(r'ready in="AI In" out="AI Out" api=jack model=\w+ osc=127\.0\.0\.1:\d+\n', line), (
            line or _rest(bridge.stderr)
        )
        yield bridge
    finally:
        if bridge.poll() is None:
            bridge.kill()
        bridge.communicate()


def _rest(stream: IO[str] | None) -> str:
    return "" if stream is None else stream.read()


@contextmanager
def plugged() -> Iterator[tuple[RtMidiOut, RtMidiIn]]:
    """The other program: keys to the bridge, an ear on its answers."""
    with raised_helpers():
        system = open_system("jack", client="tester")
        keys, ear = system.open_out("AI In"), system.open_in("AI Out")
    system.close()
    time.sleep(0.05)
    try:
        yield keys, ear
    finally:
        keys.close()
        ear.close()


def play_call(keys: RtMidiOut, *pitches: int) -> None:
    for pitch in pitches or (60, 64, 67, 72):
        keys.send(encode(NoteOn(0, pitch, 90)))
        time.sleep(0.08)
        keys.send(encode(NoteOff(0, pitch)))
        time.sleep(0.02)


def listen(ear: RtMidiIn, heard: list[Any], until: Any, limit_s: float) -> bool:
    """Collect messages until `until(heard)` holds."""
    give_up_s = time.monotonic() + limit_s
    while time.monotonic() < give_up_s:
        heard.extend(decode(data) for _, data in ear.poll())
        if until(heard):
            return True
        time.sleep(0.001)
    return False


def hanging(heard: list[Any]) -> set[tuple[int, int]]:
    sounding: set[tuple[int, int]] = set()
    for message in heard:
        match message:
            case NoteOn(channel, pitch):
                assert (channel, pitch) not in sounding
                sounding.add((channel, pitch))
            case NoteOff(channel, pitch):
                assert (channel, pitch) in sounding
                sounding.remove((channel, pitch))
    return sounding


def the_take(takes: Path) -> Take:
    (file,) = takes.glob("*.take")
    return read_take(file)


def strokes(messages: Any) -> list[NoteOn]:
    return [message for message in messages if isinstance(message, NoteOn)]


@pytest.mark.slow
def test_calls_are_answered_in_time_and_the_take_holds_what_was_heard(tmp_path: Path) -> None:
    turns = 8
    with running(tmp_path, "--model", "lstm") as bridge:
        command = [sys.executable, "-m", "daw_bridge.cli.bench_player", "--turns", str(turns), "--gap-s", str(GAP_S)]
        told = json.loads(subprocess.run(command, check=True, capture_output=True, text=True, timeout=120).stdout)
        bridge.send_signal(signal.SIGTERM)
        assert bridge.wait(10) == 0
    take = the_take(tmp_path)
    assert take.complete
    assert len(take.turns) == turns
    assert told["hanging"] == 0
    assert told["notes_on"] == told["notes_off"] >= 3 * turns
    sent = [each.message for each in take.outgoing if isinstance(each.message, NoteOn | NoteOff)]
    assert [decode(bytes.fromhex(digits)) for _, digits in told["heard"]] == sent
    came_in = [message for _, _, message in take.incoming if isinstance(message, NoteOn | NoteOff)]
    assert [decode(bytes.fromhex(digits)) for _, digits in told["played"]] == came_in
    late_ms = sorted((turn["first_s"] - turn["over_s"]) * 1000 for turn in told["turns"])
    # The promise is 10 ms at the median; a machine that is busy with other tests gets more room.
    assert -1 < late_ms[turns // 2] < 30


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_in_the_middle_of_an_answer_releases_every_note(tmp_path: Path, number: signal.Signals) -> None:
    with running(tmp_path, "--model", "memory") as bridge, plugged() as (keys, ear):
        play_call(keys)
        heard: list[Any] = []
        assert listen(ear, heard, lambda messages: hanging(messages) and len(strokes(messages)) > 1, 10)
        bridge.send_signal(number)
        assert bridge.wait(10) == 0
        listen(ear, heard, lambda _messages: False, 0.2)
    assert hanging(heard) == set()
    take = the_take(tmp_path)
    assert take.complete
    assert strokes(each.message for each in take.outgoing) == strokes(heard)
    assert [turn.ended.reason for turn in take.turns if turn.ended is not None] == ["stopped"]


@pytest.mark.usefixtures("patient_server")
def test_after_kill_9_the_take_holds_every_turn_up_to_then(tmp_path: Path) -> None:
    with running(tmp_path, "--model", "memory") as bridge, plugged() as (keys, ear):
        heard: list[Any] = []
        # Another call the second time: the memory plays the first one back, and in unison with it would be an echo.
        for turn, pitches in ((1, (60, 64, 67, 72)), (2, (50, 53, 57, 62))):
            play_call(keys, *pitches)
            heard.extend(decode(data) for _, data in ear.poll())
            before = len(strokes(heard))
            assert listen(ear, heard, lambda messages, before=before: len(strokes(messages)) > before + 1, 10), turn
        time.sleep(0.3)
        bridge.send_signal(signal.SIGKILL)
        bridge.wait(10)
    take = the_take(tmp_path)
    assert not take.complete
    assert len(take.turns) == 2
    assert all(part.drawn for turn in take.turns for part in turn.parts)


SERVER_ENDS = """
import signal, subprocess, sys, time
from daw_bridge.io.jack_private import private_jack
with private_jack(128, synchronous=True) as server:
    command = [sys.executable, "-m", "daw_bridge", "--midi-api", "jack", "--model", "memory", "--osc-port", "0"]
    bridge = subprocess.Popen([*command, "--takes-dir", sys.argv[1]], stdout=subprocess.PIPE)
    assert bridge.stdout.readline().startswith(b"ready")
    server.kill()
    server.wait()
    time.sleep(3)
    assert bridge.poll() is None
    bridge.send_signal(signal.SIGTERM)
    sys.exit(bridge.wait(15))
"""


def test_the_end_of_the_server_is_told_and_hangs_nothing(tmp_path: Path) -> None:
    """With a /dev/shm of its own where that is allowed: a killed server leaves its slot."""
    command = [sys.executable, "-c", SERVER_ENDS, str(tmp_path)]
    if shutil.which("unshare") and not subprocess.run(["unshare", "-m", "true"], capture_output=True).returncode:
        command = ["unshare", "-m", "sh", "-c", 'mount -t tmpfs tmpfs /dev/shm && exec "$@"', "sh", *command]
    done = subprocess.run(command, capture_output=True, text=True, timeout=READY_LIMIT_S)
    assert done.returncode == 0, done.stderr
    take = the_take(tmp_path)
    assert take.complete
    assert [fault.kind for fault in take.faults] == ["port", "port"]


def test_an_address_in_use_costs_one_line_and_status_2(tmp_path: Path) -> None:
    with running(tmp_path, "--model", "memory"):
        import socket

        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as taken:
            taken.bind(("127.0.0.1", 0))
            port = taken.getsockname()[1]
            command = [sys.executable, "-m", "daw_bridge", *OPTIONS, "--takes-dir", str(tmp_path / "more")]
            command += ["--model", "memory", "--osc-port", str(port)]
            done = subprocess.run(command, capture_output=True, text=True, timeout=READY_LIMIT_S)
    assert done.returncode == 2
    assert done.stdout == ""
    assert len(done.stderr.strip().splitlines()) == 1
    assert str(port) in done.stderr
