"""FluidSynth as an output port: what is sent to it is heard on this machine.

The sound is made in FluidSynth's own audio thread wherever it has a driver for the system: no Python stands between a
note and the loudspeaker. A device chosen by name, and systems it has no driver for, are served through sounddevice.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Final

from daw_bridge.engine.parameters import Value
from daw_bridge.errors import MissingPartError
from daw_bridge.io.audio_out import LiveOutput
from daw_bridge.io.fluid import FluidSynth
from daw_bridge.io.jack_server import find_server
from daw_bridge.io.soundfonts import find_soundfont

SAMPLE_RATE: Final = 48000
_PERIODS: Final = 2
_JACK_NAME: Final = "aiart-bridge-synth"
_LIVE: Final[dict[str, Callable[[FluidSynth, float], None]]] = {
    "synth_gain": FluidSynth.set_gain,
    "synth_reverb": FluidSynth.set_reverb,
}


class SynthPort:
    """An `OutPort` that sounds. Notes may be sent from any thread."""

    def __init__(self, synth: FluidSynth, system: str, latency_s: float, stream: LiveOutput | None = None) -> None:
        self._synth: FluidSynth | None = synth
        self._stream = stream
        self._system = system
        self.latency_s = latency_s

    @property
    def name(self) -> str:
        """The synth, and how it sounds."""
        return f"FluidSynth ({self._system})"

    def send(self, data: bytes) -> None:
        """Sound a message at once; after `close` nothing happens."""
        if self._synth is not None:
            self._synth.send(data)

    def change(self, name: str, value: Value) -> None:
        """Follow the live settings `synth_gain` and `synth_reverb`; others are not the synth's."""
        if self._synth is not None and name in _LIVE:
            _LIVE[name](self._synth, float(value))

    def flush(self) -> None:
        """Nothing is ever kept back."""

    def present(self) -> bool:
        """A synth does not go away."""
        return self._synth is not None

    def close(self) -> None:
        """Silence, and give the audio device back. A second call does nothing."""
        synth, self._synth = self._synth, None
        if synth is None:
            return
        for channel in range(16):
            synth.send(bytes((0xB0 | channel, 120, 0)))
        if self._stream is not None:
            self._stream.close()
        synth.close()


def open_synth(settings: Mapping[str, Value]) -> SynthPort:
    """The synth of the settings: `soundfont`, `audio_device`, `audio_buffer`, `synth_gain`, `synth_reverb`.

    Raises MissingPartError when FluidSynth, a SoundFont or an audio output is missing, UsageError when the SoundFont
    or device named is none.
    """
    soundfont = find_soundfont(str(settings["soundfont"]))
    frames, wanted = int(settings["audio_buffer"]), str(settings["audio_device"])
    gain, reverb = float(settings["synth_gain"]), float(settings["synth_reverb"])
    if not wanted:
        for driver in _native_drivers():
            port = _through_driver(driver, soundfont, frames, gain, reverb)
            if port is not None:
                return port
    return _through_sounddevice(soundfont, wanted, frames, gain, reverb)


def _through_driver(driver: str, soundfont: Path, frames: int, gain: float, reverb: float) -> SynthPort | None:
    options: dict[str, str | int | float] = {
        "audio.period-size": frames,
        "audio.periods": _PERIODS,
        "audio.realtime-prio": 60,
        "audio.jack.autoconnect": 1,
        "audio.jack.id": _JACK_NAME,
    }
    synth = FluidSynth(soundfont, sample_rate=SAMPLE_RATE, gain=gain, reverb=reverb, options=options)
    try:
        synth.start(driver)
    except MissingPartError:
        synth.close()
        return None
    return SynthPort(synth, driver, _PERIODS * frames / SAMPLE_RATE)


def _through_sounddevice(soundfont: Path, wanted: str, frames: int, gain: float, reverb: float) -> SynthPort:
    synth = FluidSynth(soundfont, sample_rate=SAMPLE_RATE, gain=gain, reverb=reverb)
    try:
        stream = LiveOutput(synth.write_s16, SAMPLE_RATE, wanted=wanted, buffer_frames=frames)
    except BaseException:
        synth.close()
        raise
    return SynthPort(synth, stream.device.name, stream.latency_s, stream)


def _native_drivers() -> Iterator[str]:
    """FluidSynth's audio drivers worth trying here: only those whose server or device is there."""
    if sys.platform == "darwin":
        yield "coreaudio"
    elif sys.platform == "win32":
        yield from ("wasapi", "dsound")
    else:
        if find_server() is not None:
            yield "jack"
        runtime = Path(os.environ.get("XDG_RUNTIME_DIR", "/nonexistent"))
        if (runtime / "pipewire-0").exists():
            yield "pipewire"
        if os.environ.get("PULSE_SERVER") or (runtime / "pulse/native").exists():
            yield "pulseaudio"
        if any(Path("/dev/snd").glob("pcm*p")):
            yield "alsa"
