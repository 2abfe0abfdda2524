"""The sound card through sounddevice (PortAudio): its devices by name, sound played to its end, a stream fed live."""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from types import ModuleType
from typing import TYPE_CHECKING, Any, Final

from daw_bridge.errors import MissingPartError, UsageError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_CURE: Final = "connect or enable one, or write the sound to a file instead (compose --render out.wav)"
_LIBRARY_CURE: Final = (
    "install it (Debian/Ubuntu: apt install libportaudio2; elsewhere: pip install --force-reinstall sounddevice)"
)


@dataclass(frozen=True, slots=True)
class AudioDevice:
    """One output: `index` is PortAudio's, `latency_s` what it says of itself."""

    index: int
    name: str
    system: str
    channels: int
    sample_rate: int
    latency_s: float
    default: bool


def load_library() -> ModuleType:
    """The sounddevice module. Raises MissingPartError when it or PortAudio is not there."""
    try:
        with _native_chatter_off():
            import sounddevice
    except (ImportError, OSError) as problem:
        raise MissingPartError(f"PortAudio is not installed ({problem})", cure=_LIBRARY_CURE) from None
    return sounddevice


def output_devices() -> list[AudioDevice]:
    """Every device that can sound, the default one marked. Raises MissingPartError without PortAudio."""
    library = load_library()
    try:
        listed: Any = library.query_devices()
        systems: Any = library.query_hostapis()
        chosen = library.default.device[1]
    except library.PortAudioError as problem:
        raise MissingPartError(f"the audio system does not answer ({problem})", cure=_CURE) from None
    return [
        AudioDevice(
            index,
            str(device["name"]),
            str(systems[device["hostapi"]]["name"]),
            int(device["max_output_channels"]),
            int(device["default_samplerate"]),
            float(device["default_low_output_latency"]),
            index == chosen,
        )
        for index, device in enumerate(listed)
        if device["max_output_channels"] > 0
    ]


def choose_device(wanted: str = "") -> AudioDevice:
    """The default device, or the one of that number, name or part of a name.

    Raises MissingPartError when nothing can sound, UsageError listing the devices when none is meant.
    """
    devices = output_devices()
    if not devices:
        raise MissingPartError("there is no audio device on this machine", cure=_CURE)
    if not wanted:
        return next((device for device in devices if device.default), devices[0])
    word = wanted.casefold()
    found = [device for device in devices if str(device.index) == wanted or device.name.casefold() == word]
    found = found or [device for device in devices if word in f"{device.system}: {device.name}".casefold()]
    if not found:
        names = ", ".join(f"{device.index} {device.name!r}" for device in devices)
        raise UsageError(f"there is no audio device {wanted!r}", cure=f"choose one of {names}")
    return found[0]


def play(samples: NDArray[np.float32], sample_rate: int, device: AudioDevice) -> None:
    """Play sound [frames, channels] to its end. Raises MissingPartError when the device does not take it."""
    library = load_library()
    try:
        library.play(samples, samplerate=sample_rate, device=device.index)
        try:
            library.wait()
        except KeyboardInterrupt:
            library.stop()
    except library.PortAudioError as problem:
        raise MissingPartError(f"the audio device {device.name!r} does not open ({problem})", cure=_CURE) from None


class LiveOutput:
    """A stereo 16-bit stream that asks `fill(address, frames)` for every buffer; counts the buffers it got too late."""

    def __init__(
        self, fill: Callable[[int, int], None], sample_rate: int, *, wanted: str = "", buffer_frames: int = 128
    ) -> None:
        self._library = load_library()
        self.device = choose_device(wanted)
        self.underruns = 0
        self._fill = fill
        try:
            with _native_chatter_off():
                self._stream = self._library.RawOutputStream(
                    samplerate=sample_rate,
                    blocksize=buffer_frames,
                    device=self.device.index,
                    channels=2,
                    dtype="int16",
                    latency="low",
                    callback=self._called,
                )
                self._stream.start()
        except (self._library.PortAudioError, ValueError) as problem:
            raise MissingPartError(
                f"the audio device {self.device.name!r} does not open ({problem})", cure=_CURE
            ) from None
        self.latency_s = float(self._stream.latency)

    def _called(self, buffer: Any, frames: int, _times: Any, status: Any) -> None:
        if status:
            self.underruns += 1
        library = self._library
        self._fill(int(library._ffi.cast("uintptr_t", buffer)), frames)

    def close(self) -> None:
        """Stop sounding."""
        self._stream.stop()
        self._stream.close()


@contextlib.contextmanager
def _native_chatter_off() -> Iterator[None]:
    """ALSA and JACK libraries write pages to file descriptor 2 while they look for devices."""
    try:
        descriptor = sys.__stderr__.fileno() if sys.__stderr__ else 2
        kept = os.dup(descriptor)
    except (OSError, ValueError):
        yield
        return
    try:
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, descriptor)
        os.close(nowhere)
        yield
    finally:
        os.dup2(kept, descriptor)
        os.close(kept)
