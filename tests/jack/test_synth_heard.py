"""The live synth over a real JACK server: what is sent is heard, at its pitch."""

from __future__ import annotations

import subprocess
import sys
import time

import pytest

from daw_bridge.engine.parameters import defaults
from daw_bridge.errors import MissingPartError
from daw_bridge.io.fluid import load_library
from daw_bridge.io.ports_synth import SynthPort, open_synth

NOTES = 6
RECORDER = """
import sys, time
import jack
import numpy as np
client = jack.Client("recorder")
port = client.inports.register("in")
blocks = []
client.set_process_callback(lambda frames: blocks.append((client.last_frame_time, port.get_array().copy())))
with client:
    for source in client.get_all_connections("system:playback_1"):
        client.connect(source, port)
    rate = client.samplerate
    print(client.blocksize, rate, flush=True)
    sys.stdin.readline()
sound = np.concatenate([block for _, block in blocks])
spectrum = np.abs(np.fft.rfft(sound * np.hanning(len(sound)), 1 << 19))
print(spectrum.argmax() * rate / (1 << 19))
"""


@pytest.fixture
def synth(jack_server: int) -> SynthPort:
    assert jack_server > 0
    pytest.importorskip("jack")
    try:
        load_library()
    except MissingPartError as missing:
        pytest.skip(str(missing))
    return open_synth({**defaults(), "synth_reverb": 0.0})


def test_a_note_is_heard_at_its_pitch(synth: SynthPort) -> None:
    assert synth.name == "FluidSynth (jack)"
    recorder = subprocess.Popen(
        [sys.executable, "-c", RECORDER], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert recorder.stdout is not None
    try:
        recorder.stdout.readline()
        synth.send(b"\xc0\x00")
        for _ in range(NOTES):
            synth.send(b"\x90\x45\x78")
            time.sleep(0.3)
            synth.send(b"\x80\x45\x00")
        (pitch,) = recorder.communicate("\n", timeout=20)[0].split()
    finally:
        recorder.kill()
        synth.close()
    assert float(pitch) == pytest.approx(440.0, rel=0.01)


def test_closing_twice_and_sending_after_it_does_nothing(synth: SynthPort) -> None:
    assert synth.present()
    synth.close()
    synth.close()
    synth.send(b"\x90\x40\x40")
    assert not synth.present()
