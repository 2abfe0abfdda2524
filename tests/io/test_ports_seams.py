"""Systems that this machine is not: no virtual ports, a busy port, an unplugged device; RtMidi is scripted."""

from __future__ import annotations

from collections import deque
from typing import Any

import pytest
import rtmidi

from daw_bridge.errors import MissingPartError
from daw_bridge.io.ports_memory import MemorySystem
from daw_bridge.io.ports_rtmidi import RtMidiSystem, open_system
from daw_bridge.io.systems import choose_system


class Device:
    """One side of RtMidi as a scripted device."""

    def __init__(self, listed: list[str], *, busy: bool = False) -> None:
        self.listed = listed
        self.busy = busy
        self.opened: str | None = None
        self.virtual: str | None = None
        self.sent: list[bytes] = []
        self.waiting: deque[tuple[list[int], float]] = deque()

    def get_ports(self) -> list[str]:
        return list(self.listed)

    def open_port(self, port: int, name: str) -> None:  # noqa: ARG002 - as RtMidi calls it
        if self.busy:
            raise rtmidi.SystemError("MidiOutWinMM::openPort: error creating Windows MM MIDI output port.")
        self.opened = self.listed[port]

    def open_virtual_port(self, name: str) -> None:
        self.virtual = name

    def send_message(self, data: bytes) -> None:
        self.sent.append(bytes(data))

    def get_message(self) -> tuple[list[int], float] | None:
        return self.waiting.popleft() if self.waiting else None

    def close_port(self) -> None:
        self.opened = None

    def delete(self) -> None:
        pass


class ScriptedBackend:
    """Hands out the same device each time, as a machine would."""

    def __init__(self, device: Device) -> None:
        self.device: Any = device

    def new_in(self, client: str) -> Any:  # noqa: ARG002 - any client
        return self.device

    def new_out(self, client: str) -> Any:  # noqa: ARG002 - any client
        return self.device


def system(device: Device, **options: bool) -> RtMidiSystem:
    return RtMidiSystem("winmm", ScriptedBackend(device), **options)


def test_without_virtual_ports_the_cure_is_named_and_the_ports_are_listed() -> None:
    with pytest.raises(MissingPartError) as raised:
        system(Device(["Microsoft GS Wavetable Synth 0", "loopMIDI Port 1"])).open_out("AI Out")
    line = str(raised.value)
    assert "loopMIDI" in line
    assert "Windows MIDI Services" in line
    assert '"AI Out"' in line
    assert '"Microsoft GS Wavetable Synth 0"' in line
    assert "\n" not in line
    assert raised.value.exit_status == 2


def test_a_busy_port_costs_one_clear_line() -> None:
    with pytest.raises(MissingPartError, match=r'port "loopMIDI Port 1": the port cannot be opened .*; close the'):
        system(Device(["loopMIDI Port 1"], busy=True)).open_out("loopMIDI Port")


def test_an_unplugged_device_comes_back_under_another_number() -> None:
    device = Device(["USB Piano:USB Piano MIDI 1 20:0"])
    machine = system(device)
    port = machine.open_in("USB Piano")
    assert port.present()
    device.listed = []
    assert not port.present()
    assert machine.reopen_in(port) is None
    device.listed = ["Midi Through:Midi Through Port-0 14:0", "USB Piano:USB Piano MIDI 1 28:0"]
    fresh = machine.reopen_in(port)
    assert fresh is not None
    assert device.opened == "USB Piano:USB Piano MIDI 1 28:0"


def test_a_virtual_port_is_opened_for_a_new_name() -> None:
    device = Device(["USB Piano:USB Piano MIDI 1 20:0"])
    system(device, virtual_ports=True).open_out("AI Out")
    assert device.virtual == "AI Out"


def test_a_burst_waits_for_flush_and_keeps_its_order(monkeypatch: pytest.MonkeyPatch) -> None:
    now_s = [0.0]
    monkeypatch.setattr("daw_bridge.io.rtmidi_ends.time.monotonic", lambda: now_s[0])
    device = Device([])
    port = system(device, virtual_ports=True).open_out("AI Out")
    burst = [bytes((0x90, pitch % 128, 1 + pitch // 128)) for pitch in range(3000)]
    for data in burst:
        port.send(data)
    assert 500 < len(device.sent) < 1000
    while len(device.sent) < len(burst):
        now_s[0] += 0.005
        port.flush()
    assert device.sent == burst
    assert 0.05 < now_s[0] < 0.2


def test_oversized_system_exclusive_is_dropped_and_the_rest_kept() -> None:
    device = Device([])
    port = system(device, virtual_ports=True).open_in("AI In")
    device.waiting.extend([([0xF0] + [0] * 70_000 + [0xF7], 0.0), ([0x90, 60, 1], 0.001)])
    assert [data for _, data in port.poll()] == [b"\x90\x3c\x01"]


def test_a_system_that_is_not_there_costs_one_clear_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("JACK_DEFAULT_SERVER", "nobody-runs-this")
    monkeypatch.setattr(rtmidi, "get_compiled_api", lambda: [rtmidi.API_UNIX_JACK])
    with pytest.raises(MissingPartError, match="no JACK server answers"):
        open_system("jack")
    with pytest.raises(MissingPartError, match="has no winmm"):
        open_system("winmm")


def test_auto_without_any_system_says_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rtmidi, "get_compiled_api", list)
    with pytest.raises(MissingPartError, match=r"no MIDI system works here .*--midi-api memory"):
        choose_system("auto")


def test_the_memory_bus_carries_messages_and_loses_them_when_unplugged() -> None:
    now_s = [1.0]
    bus = MemorySystem(clock=lambda: now_s[0])
    heard, port_in, port_out = bus.listen("AI Out"), bus.open_in("AI In"), bus.open_out("AI Out")
    bus.play("AI In", b"\x90\x3c\x40")
    bus.play("AI In", b"\x80\x3c\x40", at_s=1.5)
    assert port_in.poll() == [(1.0, b"\x90\x3c\x40"), (1.5, b"\x80\x3c\x40")]
    port_out.send(b"\x90\x3c\x40")
    assert heard.take() == [(1.0, b"\x90\x3c\x40")]
    bus.lose("AI In")
    bus.play("AI In", b"\x90\x3c\x40")
    assert not port_in.present()
    assert port_in.poll() == []
