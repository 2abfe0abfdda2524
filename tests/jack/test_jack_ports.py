"""Ports on a real JACK server: nothing is lost while Python is busy, stamps are arrivals, a dead server is noticed."""

from __future__ import annotations

import ctypes
import itertools
import shutil
import statistics
import subprocess
import sys
import time
from collections.abc import Callable

import pytest

from daw_bridge.io.jack_private import private_jack
from daw_bridge.io.jack_server import find_server
from daw_bridge.io.ports_rtmidi import open_system
from daw_bridge.io.priority import raised_helpers
from daw_bridge.io.rtmidi_ends import RtMidiIn, RtMidiOut

NOTES = 200
SENDER = """
import rtmidi, sys, time
out = rtmidi.MidiOut(rtmidi.API_UNIX_JACK, name="sender")
out.open_port([i for i, n in enumerate(out.get_ports()) if n.endswith(":AI In")][0], "out")
time.sleep(0.3)
for i in range(int(sys.argv[1])):
    out.send_message([0x90, i % 128, 100])
    time.sleep(float(sys.argv[2]))
time.sleep(0.3)
out.close_port(); out.delete()
"""


def opened_in(name: str) -> RtMidiIn:
    with raised_helpers():
        system = open_system("jack")
        port = system.open_in(name)
    system.close()
    return port


def collected(port: RtMidiIn, count: int, meanwhile: Callable[[], None] = lambda: None) -> list[tuple[float, bytes]]:
    """The next `count` messages, or what came of them within five seconds."""
    found: list[tuple[float, bytes]] = []
    give_up_s = time.monotonic() + 5.0
    while len(found) < count and time.monotonic() < give_up_s:
        meanwhile()
        found.extend(port.poll())
        time.sleep(0.001)
    return found


def opened_out(name: str) -> RtMidiOut:
    with raised_helpers():
        system = open_system("jack")
        port = system.open_out(name)
    system.close()
    return port


@pytest.mark.usefixtures("jack_server")
@pytest.mark.parametrize("held_ms", [0, 50, 200])
def test_no_note_is_lost_while_the_interpreter_lock_is_held(held_ms: int) -> None:
    """The harness' measure of a driver callback loses up to 92 % here; stamps stay true as well."""
    hold_lock = ctypes.PyDLL(None).usleep
    port = opened_in("AI In")
    got: list[tuple[float, bytes]] = []
    with raised_helpers():
        sender = subprocess.Popen([sys.executable, "-c", SENDER, str(NOTES), "0.01"])
    try:
        while sender.poll() is None:
            if held_ms:
                hold_lock(held_ms * 1000)
            time.sleep(0.001)
            got.extend(port.poll())
    finally:
        sender.wait(10)
        port.close()
    assert [data[1] for _, data in got] == [note % 128 for note in range(NOTES)]
    gaps = [later - earlier for (earlier, _), (later, _) in itertools.pairwise(got)]
    assert statistics.median(gaps) == pytest.approx(0.0107, abs=0.0028)
    assert all(earlier <= later for (earlier, _), (later, _) in itertools.pairwise(got))


@pytest.mark.usefixtures("jack_server")
def test_virtual_ports_carry_our_name_and_a_known_name_is_connected_to() -> None:
    out = opened_out("AI Out")
    listener = open_system("jack")
    assert "aiart-bridge-out:AI Out" in listener.sources()
    heard = listener.open_in("AI Out")
    listener.close()
    assert heard.target == "aiart-bridge-out:AI Out"
    time.sleep(0.1)
    sent_s = time.monotonic()
    out.send(b"\x90\x3c\x40")
    ((stamp_s, data),) = collected(heard, 1)
    assert data == b"\x90\x3c\x40"
    assert sent_s <= stamp_s <= time.monotonic()
    assert out.present()
    assert heard.present()
    out.close()
    time.sleep(0.1)
    assert not heard.present()
    heard.close()


@pytest.mark.usefixtures("jack_server")
def test_a_burst_of_three_thousand_notes_arrives_whole_and_in_order() -> None:
    listener = opened_in("Burst")
    out = opened_out("Burst")
    time.sleep(0.1)
    burst = [bytes((0x90 | note // 1000, note % 128, 1 + note % 127)) for note in range(3000)]
    for data in burst:
        out.send(data)
    got = [data for _, data in collected(listener, len(burst), out.flush)]
    out.close()
    listener.close()
    assert got == burst


@pytest.mark.usefixtures("jack_server")
def test_the_last_message_before_closing_is_delivered() -> None:
    listener = opened_in("Last words")
    for attempt in range(5):
        out = opened_out("Last words")
        time.sleep(0.1)
        out.send(bytes((0x80, attempt, 64)))
        out.close()
    got = [data[1] for _, data in collected(listener, 5)]
    listener.close()
    assert got == [0, 1, 2, 3, 4]


DEATH = """
import os, signal, subprocess, sys, time
from daw_bridge.io.jack_private import private_jack
from daw_bridge.io.ports_rtmidi import open_system
from daw_bridge.io.rtmidi_ends import RtMidiIn, RtMidiOut
with private_jack(128) as first:
    system = open_system("jack")
    inp, out = system.open_in("AI In"), system.open_out("AI Out")
    assert inp.present() and out.present()
    first.send_signal(getattr(signal, sys.argv[1]))
    first.wait()
    assert not inp.present() and not out.present()
    out.send(b"\\x90\\x3c\\x40")
    assert inp.poll() == []
    assert system.reopen_in(inp) is None and system.reopen_out(out) is None
with private_jack(128):
    inp, out = system.reopen_in(inp), system.reopen_out(out)
    assert inp is not None and out is not None and inp.present() and out.present()
    other = open_system("jack").open_out("AI In")
    time.sleep(0.05)
    other.send(b"\\x90\\x3d\\x40")
    time.sleep(0.05)
    assert [data for _, data in inp.poll()] == [b"\\x90\\x3d\\x40"]
    other.close(); inp.close(); out.close(); system.close()
print("survived")
"""


@pytest.mark.parametrize("end", ["SIGTERM", "SIGKILL"])
def test_the_end_of_the_server_is_noticed_and_a_new_one_is_used(end: str) -> None:
    """In a process of its own, with a /dev/shm of its own where that is allowed: a killed server leaves its slot."""
    command = [sys.executable, "-c", DEATH, end]
    if shutil.which("unshare") and not subprocess.run(["unshare", "-m", "true"], capture_output=True).returncode:
        command = ["unshare", "-m", "sh", "-c", 'mount -t tmpfs tmpfs /dev/shm && exec "$@"', "sh", *command]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert done.stdout.strip() == "survived", done.stderr
    assert done.returncode == 0


def test_killed_servers_do_not_use_up_the_machines_places() -> None:
    """A machine has eight, and a killed server gives its own back only to one of its name."""
    for _ in range(9):
        with private_jack(128) as server:
            server.kill()
            server.wait()
    with private_jack(128), private_jack(256):
        assert find_server() is not None


@pytest.mark.parametrize("period", [64, 1024])
def test_the_cycle_of_the_server_is_known(period: int) -> None:
    with private_jack(period, 48000):
        system = open_system("jack", client="cycle")
        assert system.path_s == pytest.approx(period / 48000)
        system.close()


def test_what_runs_before_us_is_known_from_the_server() -> None:
    """A server of ordinary priority, and one that runs its clients before other programs."""
    if subprocess.run(["chrt", "-r", "10", "true"], capture_output=True).returncode:
        pytest.skip("no real-time priority here")
    found = []
    for real_time in (False, True):
        with private_jack(128, real_time=real_time, raised=False):
            server = find_server()
            assert server is not None
            system = open_system("jack", client="priority")
            found.append((server.clients_priority(), system.ordinary))
            system.close()
    assert found == [(0, True), (5, False)]
