"""FluidSynth behind pyfluidsynth: bytes of MIDI in, sound out, to an array or to its own audio driver."""

from __future__ import annotations

import contextlib
import ctypes
import io
from collections.abc import Mapping
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Final

from daw_bridge.errors import MissingPartError, UsageError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

REVERB: Final = 0.9
"""How much of it there is unless said otherwise, 0 to 1."""
_LOG_LEVELS: Final = 5
_CURE: Final = (
    "install it (Debian/Ubuntu: apt install libfluidsynth3; macOS: brew install fluid-synth; "
    "Windows: choco install fluidsynth); everything but sound works without it"
)


def load_library() -> ModuleType:
    """The pyfluidsynth module. Raises MissingPartError when it or the FluidSynth library is not there."""
    try:
        # Under CI=1 the module prints where it found the library; stdout belongs to our own results.
        with contextlib.redirect_stdout(io.StringIO()):
            import fluidsynth
    except (ImportError, OSError, AttributeError):
        raise MissingPartError("FluidSynth is not installed", cure=_CURE) from None
    return fluidsynth


def library_version() -> str:
    """The version of the FluidSynth library. Raises MissingPartError when it is not there."""
    text = load_library()._fl.fluid_version_str
    text.restype = ctypes.c_char_p
    version = text()
    return version.decode() if isinstance(version, bytes) else "unknown"


class FluidSynth:
    """One synthesiser with one SoundFont. Not thread-safe for `render`; `send` may be called from any thread."""

    def __init__(
        self,
        soundfont: Path,
        *,
        sample_rate: int = 44100,
        gain: float = 0.35,
        reverb: float = REVERB,
        chorus: bool = False,
        polyphony: int = 256,
        options: Mapping[str, str | int | float] | None = None,
    ) -> None:
        library = load_library()
        self._c = library._fl
        for level in range(_LOG_LEVELS):
            self._c.fluid_set_log_function(level, None, None)
        self._module = library
        self._synth = library.Synth(
            gain=gain,
            samplerate=sample_rate,
            channels=16,
            **{
                "synth.polyphony": polyphony,
                "synth.reverb.active": int(reverb > 0.0),
                "synth.reverb.level": float(reverb),
                "synth.chorus.active": int(chorus),
                "synth.midi-bank-select": "gs",
                **(options or {}),
            },
        )
        self.sample_rate = sample_rate
        if self._synth.synth is None:
            raise MissingPartError("FluidSynth does not start", cure="install it again")
        self._handle = ctypes.c_void_p(self._synth.synth)
        if self._synth.sfload(str(soundfont), 1) < 0:
            self._synth.delete()
            raise UsageError("FluidSynth cannot load this SoundFont", where=str(soundfont), cure="name another file")

    def send(self, data: bytes) -> None:
        """Play one MIDI message at once; what a synthesiser has no use for is passed over."""
        if len(data) < 2:
            if data == b"\xff":
                self._synth.system_reset()
            return
        kind, channel, first = data[0] & 0xF0, data[0] & 0x0F, data[1]
        second = data[2] if len(data) > 2 else 0
        if kind == 0x90 and second:
            self._synth.noteon(channel, first, second)
        elif kind in (0x80, 0x90):
            self._synth.noteoff(channel, first)
        elif kind == 0xB0:
            self._synth.cc(channel, first, second)
        elif kind == 0xC0:
            self._synth.program_change(channel, first)
        elif kind == 0xE0:
            self._synth.pitch_bend(channel, (first | second << 7) - 8192)
        elif kind == 0xD0:
            self._c.fluid_synth_channel_pressure(self._handle, channel, first)

    def render(self, frames: int) -> NDArray[np.float32]:
        """The next `frames` frames as [frames, 2], floats that may exceed 1."""
        import numpy as np

        out = np.empty((frames, 2), dtype=np.float32)
        pointer = ctypes.c_void_p(out.ctypes.data)
        self._c.fluid_synth_write_float(self._handle, frames, pointer, 0, 2, pointer, 1, 2)
        return out

    def write_s16(self, address: int, frames: int) -> None:
        """The next `frames` frames as interleaved 16-bit stereo into memory at `address`."""
        pointer = ctypes.c_void_p(address)
        self._c.fluid_synth_write_s16(self._handle, frames, pointer, 0, 2, pointer, 1, 2)

    def set_gain(self, gain: float) -> None:
        """Loudness from now on, as at the start."""
        self._synth.setting("synth.gain", float(gain))

    def set_reverb(self, reverb: float) -> None:
        """How much reverb there is from now on, 0 (none) to 1."""
        self._synth.setting("synth.reverb.level", float(reverb))
        self._synth.setting("synth.reverb.active", int(reverb > 0.0))

    @property
    def sounding(self) -> int:
        """Voices that sound now, releases included."""
        voices: int = self._synth.get_active_voice_count()
        return voices

    def start(self, driver: str) -> None:
        """Sound through FluidSynth's own audio driver from now on. Raises MissingPartError when it does not open."""
        self._synth.setting("audio.driver", driver)
        self._synth.audio_driver = self._module.new_fluid_audio_driver(self._synth.settings, self._synth.synth)
        if not self._synth.audio_driver:
            raise MissingPartError(
                f"the audio driver {driver} does not open", cure="connect an audio device or start its sound server"
            )

    def setting(self, name: str) -> str | int | float | None:
        """A FluidSynth setting as it is."""
        value: str | int | float | None = self._synth.get_setting(name)
        return value

    def close(self) -> None:
        """Stop sounding and free everything; a second call does nothing."""
        if self._synth.synth is not None:
            self._synth.delete()
            self._synth.synth = None
            self._synth.audio_driver = None
