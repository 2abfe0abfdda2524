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
import time
import jack
import numpy as np
client = jack.Client("recorder")
port = client.inports.register("in")
blocks = []
client.set_process_callback(lambda frames: blocks.append((time.monotonic(), port.get_array().copy())))
with client:
    for source in client.get_all_connections("system:playback_1"):
        client.connect(source, port)
    rate = client.samplerate
    print(rate, flush=True)
    sys.stdin.readline()
quiet = 0
for at_s, block in blocks:
    loud = np.abs(block) > 3e-4
    if loud.any() and quiet > 20:
        print(at_s + int(np.argmax(loud)) / rate)
    quiet = 0 if loud.any() else quiet + 1
"""


def measured(synth: SynthPort, notes: int) -> tuple[list[float], int]:
    """Seconds from each note to its sound, and the frames of a second.

    Both ends read the system's clock: JACK's own estimate of the frame takes seconds to settle.
    """
    recorder = subprocess.Popen(
        [sys.executable, "-c", _RECORDER], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert recorder.stdout is not None
    sent = []
    try:
        rate = int(recorder.stdout.readline())
        synth.send(b"\xc0\x00")
        time.sleep(0.5)
        for _ in range(notes):
            sent.append(time.monotonic())
            synth.send(b"\x90\x45\x78")
            time.sleep(0.08)
            synth.send(b"\x80\x45\x00")
            synth.send(b"\xb0\x78\x00")
            time.sleep(0.3)
        heard = [float(word) for word in recorder.communicate("\n", timeout=20)[0].split()]
    finally:
        recorder.kill()
    return [min((at_s - note_s for at_s in heard if at_s >= note_s), default=1.0) for note_s in sent], rate


def main(argv: list[str] | None = None) -> int:
    """Run it. Returns the exit status."""
    parser = argparse.ArgumentParser(description="Measure the delay of the live synth.")
    parser.add_argument("--notes", type=int, default=20)
    parser.add_argument("--period", type=int, default=128)
    options = parser.parse_args(argv)
    with private_jack(options.period, synchronous=True):
        synth = open_synth({**defaults(), "synth_reverb": 0.0, "audio_buffer": options.period})
        try:
            late_s, rate = measured(synth, options.notes)
        finally:
            synth.close()
    median_s, buffer_s = statistics.median(late_s), options.period / rate
    sys.stdout.write(
        f"{synth.name}: {len(late_s)} notes, heard after {1000 * median_s:.2f} ms (median), {1000 * max(late_s):.2f} ms"
        f" at most; {median_s / buffer_s:.2f} and {max(late_s) / buffer_s:.2f} buffers of {options.period} frames;"
        f" it says {1000 * synth.latency_s:.2f} ms of itself\n"
    )
    return 0 if median_s <= 2 * buffer_s else 1


if __name__ == "__main__":
    raise SystemExit(main())
