"""The synth's live settings, judged by the sound it makes; and what is said where it cannot sound."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest

from daw_bridge.cli.run_synth import SynthFollower, open_synths
from daw_bridge.engine.events import ParameterChanged
from daw_bridge.engine.parameters import Value, defaults
from daw_bridge.errors import MissingPartError, UsageError
from daw_bridge.io import audio_out, ports_synth
from daw_bridge.io.fluid import FluidSynth
from daw_bridge.io.ports_synth import SynthPort
from daw_bridge.io.soundfonts import find_soundfont

RATE = 44100


@pytest.fixture
def synth() -> Iterator[FluidSynth]:
    try:
        synth = FluidSynth(find_soundfont(), sample_rate=RATE, gain=0.3, reverb=0.0)
    except MissingPartError as missing:
        pytest.skip(str(missing))
    yield synth
    synth.close()


def strike(synth: FluidSynth) -> tuple[float, float]:
    """Root mean square of half a second of an organ's A, and of the half second after its end has died away."""
    synth.send(b"\xc0\x10")
    synth.send(b"\x90\x45\x64")
    synth.render(RATE // 2)
    held = synth.render(RATE // 2)
    synth.send(b"\x80\x45\x00")
    synth.render(RATE // 2)
    return rms(held), rms(synth.render(RATE // 2))


def rms(samples: np.ndarray) -> float:
    return float(np.sqrt(np.mean(samples.astype(np.float64) ** 2)))


def test_gain_and_reverb_are_heard_when_they_are_moved(synth: FluidSynth) -> None:
    follower = SynthFollower(SynthPort(synth, "none", 0.0))
    quiet, dry = strike(synth)
    follower.done([ParameterChanged("synth_gain", 0.6), ParameterChanged("temperature", 0.1)], 0.0)
    loud, still_dry = strike(synth)
    follower.done([ParameterChanged("synth_reverb", 0.9)], 0.0)
    _, wet = strike(synth)
    follower.done([ParameterChanged("synth_reverb", 0.0)], 0.0)
    strike(synth)
    _, dry_again = strike(synth)
    assert loud / quiet == pytest.approx(2.0, rel=0.05)
    assert max(dry, still_dry, dry_again) < 0.01 * wet


def test_a_closed_synth_follows_nothing() -> None:
    try:
        port = SynthPort(FluidSynth(find_soundfont()), "none", 0.0)
    except MissingPartError as missing:
        pytest.skip(str(missing))
    port.close()
    SynthFollower(port).done([ParameterChanged("synth_gain", 1.0)], 0.0)
    assert not port.present()


def asked(**changed: Value) -> dict[str, Value]:
    return {**defaults(), "synth": True, **changed}


def test_without_an_audio_output_it_is_said_once_and_nothing_sounds(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ports_synth, "_native_drivers", lambda: iter(()))
    monkeypatch.setattr(audio_out, "output_devices", list)
    said: list[str] = []
    assert open_synths(asked(), said.append) == ()
    assert open_synths(asked(synth=False), said.append) == ()
    assert len(said) == 1
    assert said[0].count("\n") == 0
    assert "not heard here" in said[0]


def test_a_device_that_is_not_there_is_refused_with_those_that_are(monkeypatch: pytest.MonkeyPatch) -> None:
    known = audio_out.AudioDevice(3, "Studio 24", "ALSA", 2, 48000, 0.01, True)
    monkeypatch.setattr(audio_out, "output_devices", lambda: [known])
    with pytest.raises(UsageError, match="Studio 24"):
        open_synths(asked(audio_device="Scarlett"), [].append)
