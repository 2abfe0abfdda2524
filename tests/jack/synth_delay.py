"""How long after a note the live synth is heard, measured through a private JACK server with the dummy driver.

    python -m tests.jack.synth_delay [--notes 20] [--period 128]

Exit status 1 when the median is later than two buffers. Needs a machine at rest: no test runs it.
"""

from __future__ import annotations

import argparse
import statistics
import subprocess
import sys
import time
from typing import Final

from daw_bridge.engine.parameters import defaults
from daw_bridge.io.jack_private import private_jack
from daw_bridge.io.ports_synth import SynthPort, open_synth

_RECORDER: Final = """
import sys
import jack
import numpy as np
client = jack.Client("recorder")
port = client.inports.register("in")
blocks = []
client.set_process_callback(lambda frames: blocks.append((client.last_frame_time, port.get_array().copy())))
with client:
    for source in client.get_all_connections("system:playback_1"):
        client.connect(source, port)
    print(client.samplerate, flush=True)
    sys.stdin.readline()
quiet = 0
for frame, block in blocks:
    loud = np.abs(block) > 3e-4
    if loud.any() and quiet > 20:
        print(frame + int(np.argmax(loud)))
    quiet = 0 if loud.any() else quiet + 1
"""


def measured(synth: SynthPort, notes: int) -> tuple[list[int], int]:
    """Frames from each note to its sound, and the frames of a second."""
    import jack

    recorder = subprocess.Popen(
        [sys.executable, "-c", _RECORDER], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert recorder.stdout is not None
    sent = []
    try:
        rate = int(recorder.stdout.readline())
        synth.send(b"\xc0\x00")
        with jack.Client("clock") as client:
            time.sleep(0.5)
            for _ in range(notes):
                sent.append(client.frame_time)
                synth.send(b"\x90\x45\x78")
                time.sleep(0.08)
                synth.send(b"\x80\x45\x00")
                synth.send(b"\xb0\x78\x00")
                time.sleep(0.3)
        heard = [int(word) for word in recorder.communicate("\n", timeout=20)[0].split()]
    finally:
        recorder.kill()
    return [min((at - note for at in heard if at >= note), default=rate) for note in sent], rate


def main(argv: list[str] | None = None) -> int:
    """Run it. Returns the exit status."""
    parser = argparse.ArgumentParser(description="Measure the delay of the live synth.")
    parser.add_argument("--notes", type=int, default=20)
    parser.add_argument("--period", type=int, default=128)
    options = parser.parse_args(argv)
    with private_jack(options.period, synchronous=True):
        synth = open_synth({**defaults(), "synth_reverb": 0.0, "audio_buffer": options.period})
        try:
            late, rate = measured(synth, options.notes)
        finally:
            synth.close()
    median = statistics.median(late)
    in_ms, in_buffers = 1000 / rate, 1 / options.period
    sys.stdout.write(
        f"{synth.name}: {len(late)} notes, heard after {median * in_ms:.2f} ms (median), {max(late) * in_ms:.2f} ms at"
        f" most; {median * in_buffers:.2f} and {max(late) * in_buffers:.2f} buffers of {options.period} frames;"
        f" it says {1000 * synth.latency_s:.2f} ms of itself\n"
    )
    return 0 if median <= 2 * options.period else 1


if __name__ == "__main__":
    raise SystemExit(main())
