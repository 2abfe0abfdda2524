"""Who is connected to our virtual input, by the file of the ALSA sequencer. (JACK itself is asked in tests/jack.)"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from daw_bridge.io.patchbay import AlsaPatchbay, jack_library
from daw_bridge.io.ports_rtmidi import RtMidiSystem
from tests.io.test_ports_seams import Device, ScriptedBackend

BEFORE = """Client info
  cur  clients : 4
  peak clients : 5
  max  clients : 192

Client   0 : "System" [Kernel]
  Port   0 : "Timer" (Rwe-)
  Port   1 : "Announce" (R-e-)
    Connecting To: 15:0
Client  24 : "Keystation" [Kernel]
  Port   0 : "Keystation MIDI 1" (RWeX)
    Connecting To: 129:0[real:0]
Client 128 : "a Client 7 : \\"bridge" [User]
"""
OURS = """Client 129 : "aiart-bridge" [User]
  Port   0 : "AI In" (-We-)
    Connected From: {fed}
  Input pool :
    Pool size          : 200
"""


def listed(file: Path, fed: str) -> None:
    file.write_text(BEFORE + OURS.format(fed=fed), "utf-8")


def test_the_sequencers_file_tells_who_plays_into_a_port(tmp_path: Path) -> None:
    file = tmp_path / "clients"
    patchbay = AlsaPatchbay(file)
    assert patchbay.inputs() == frozenset()
    listed(file, "24:0[real:0], 131:2[ex], 130:1")
    assert patchbay.inputs() == {"0:0", "0:1", "24:0", "129:0"}
    assert patchbay.feeders("129:0") == {"24:0", "131:2", "130:1"}
    assert patchbay.feeders("24:0") == patchbay.feeders("140:0") == frozenset()


class Sequencer(Device):
    """A device whose virtual port appears in the file when it is opened."""

    def __init__(self, file: Path) -> None:
        super().__init__(["Keystation:Keystation MIDI 1 24:0"])
        self._file = file

    def open_virtual_port(self, name: str) -> None:
        super().open_virtual_port(name)
        listed(self._file, "24:0")


def test_a_virtual_port_is_watched_and_a_connected_one_is_not(tmp_path: Path, monkeypatch: Any) -> None:
    file = tmp_path / "clients"
    file.write_text(BEFORE, "utf-8")
    monkeypatch.setattr("daw_bridge.io.ports_rtmidi.AlsaPatchbay", lambda: AlsaPatchbay(file))
    system = RtMidiSystem("alsa", ScriptedBackend(Sequencer(file)))
    system.check()
    port, connected = system.open_in("AI In"), system.open_in("Keystation")
    assert port.feeders() == frozenset({"24:0"})
    listed(file, "131:0")
    assert port.feeders() == frozenset({"131:0"})
    assert connected.feeders() is None
    system.close()
    assert port.feeders() is None


def test_the_library_of_our_ports_is_asked_and_not_another_of_that_name() -> None:
    line = "7f0000000000-7f0000001000 r-xp 00000000 fe:00 42    {}\n"
    system, ours = "/usr/lib/libjack.so.0", "/opt/site packages/python_rtmidi.libs/libjack-1f.so.0"
    assert jack_library(line.format(system) + line.format(ours)) == ours
    assert jack_library(line.format("/usr/lib/libc.so.6") + line.format(system)) == system
    assert jack_library(line.format("/usr/lib/libc.so.6")) is None
