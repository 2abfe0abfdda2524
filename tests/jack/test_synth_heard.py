"""The live synth over a real JACK server: what is sent is heard, at its pitch, within two buffers."""

from __future__ import annotations

import statistics
import subprocess
import sys
import time

import pytest

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
quiet = 0
for frame, block in blocks:
    loud = np.abs(block) > 3e-4
    if loud.any() and quiet > 20:
        print(frame + int(np.argmax(loud)))
    quiet = 0 if loud.any() else quiet + 1
"""


@pytest.fixture
def synth(jack_server: int) -> SynthPort:
    assert jack_server > 0
    pytest.importorskip("jack")
    try:
        load_library()
    except MissingPartError as missing:
        pytest.skip(str(missing))
    return open_synth({"audio_buffer": 128, "synth_reverb": False})


def test_a_note_is_heard_at_its_pitch_within_two_buffers(synth: SynthPort) -> None:
    import jack

    assert synth.name == "FluidSynth (jack)"
    recorder = subprocess.Popen(
        [sys.executable, "-c", RECORDER], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert recorder.stdout is not None
    client = jack.Client("clock")
    sent = []
    try:
        frames, rate = map(int, recorder.stdout.readline().split())
        synth.send(b"\xc0\x00")
        with client:
            time.sleep(0.3)
            for _ in range(NOTES):
                sent.append(client.frame_time)
                synth.send(b"\x90\x45\x78")
                time.sleep(0.08)
                synth.send(b"\x80\x45\x00")
                synth.send(b"\xb0\x78\x00")
                time.sleep(0.3)
        pitch, *heard = recorder.communicate("\n", timeout=20)[0].split()
    finally:
        recorder.kill()
        synth.close()
    assert float(pitch) == pytest.approx(440.0, rel=0.01)
    late = [min((int(onset) - at for onset in heard if int(onset) >= at - frames), default=10**9) for at in sent]
    assert rate > 0
    assert statistics.median(late) <= 2 * frames


def test_closing_twice_and_sending_after_it_does_nothing(synth: SynthPort) -> None:
    assert synth.present()
    synth.close()
    synth.close()
    synth.send(b"\x90\x40\x40")
    assert not synth.present()
