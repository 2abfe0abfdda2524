"""Sound is judged by measurement: its pitch, its loudness, its peaks, and that it is there."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest
import soundfile

from daw_bridge.errors import MissingPartError, UsageError
from daw_bridge.io import fluid
from daw_bridge.music.midifile import piece_of, smf_of_phrases
from daw_bridge.music.notes import Note
from daw_bridge.music.phrase import Phrase
from daw_bridge.offline.loudness import Samples, limited, measure, normalised, true_peaks
from daw_bridge.offline.render import Part, RenderSettings, part_messages, render_audio, render_piece

RATE = 48000


def sine(hertz: float, decibels: float, seconds: float = 3.0, rate: int = RATE, phase: float = 0.0) -> Samples:
    """The same sine on both channels, its peak at `decibels` below full scale."""
    at = np.arange(round(seconds * rate)) / rate
    wave = 10 ** (decibels / 20) * np.sin(2 * np.pi * hertz * at + phase)
    return np.stack([wave, wave], axis=1).astype(np.float32)


@pytest.mark.parametrize("rate", [44100, 48000, 96000])
def test_the_meter_reads_a_1_khz_sine_as_the_standard_says(rate: int) -> None:
    # BS.1770: a 997 Hz sine at 0 dBFS in one channel reads -3.01 LKFS, so in two it reads 0.
    assert measure(sine(997.0, -20.0, rate=rate), rate).integrated_lufs == pytest.approx(-20.0, abs=0.1)


def test_silence_around_the_music_does_not_count() -> None:
    loud = sine(997.0, -23.0, 12.0)
    quiet = np.concatenate([np.zeros_like(loud), loud, np.zeros_like(loud)])
    # The blocks that lie across an edge count in part.
    assert measure(quiet, RATE).integrated_lufs == pytest.approx(-23.0, abs=0.15)
    assert math.isinf(measure(np.zeros((RATE, 2), dtype=np.float32), RATE).integrated_lufs)


def test_peaks_between_samples_are_seen() -> None:
    wave = sine(RATE / 4, 0.0, phase=math.pi / 4)
    assert float(np.abs(wave).max()) == pytest.approx(math.sqrt(0.5), abs=0.001)
    assert measure(wave, RATE).true_peak_dbtp == pytest.approx(0.0, abs=0.5)


def test_the_limiter_holds_its_ceiling_and_leaves_the_rest_alone() -> None:
    wave = sine(220.0, -12.0)
    wave[70000:70200] *= 8.0
    held = limited(wave, -3.0)
    assert float(true_peaks(held).max()) <= 10 ** (-3.0 / 20) + 1e-4
    assert np.array_equal(held[:60000], wave[:60000])
    assert limited(wave[:60000], -3.0) is not None


@pytest.mark.parametrize("target", [-30.0, -23.0, -14.0])
def test_music_is_brought_to_its_target_under_the_ceiling(target: float) -> None:
    beats = sine(330.0, -6.0, 8.0) * (np.arange(8 * RATE) % RATE < RATE // 8)[:, None]
    out, loudness = normalised(beats.astype(np.float32), RATE, target_lufs=target, ceiling_dbtp=-1.2)
    assert loudness.integrated_lufs == pytest.approx(target, abs=1.0)
    assert loudness.true_peak_dbtp < -1.0
    assert len(out) == len(beats)


def heard_pitch(samples: Samples, rate: int, start_s: float, length_s: float) -> float:
    """The strongest frequency of a stretch of sound."""
    part = samples[round(start_s * rate) : round((start_s + length_s) * rate)].mean(axis=1)
    spectrum = np.abs(np.fft.rfft(part * np.hanning(len(part)), 1 << 18))
    return float(spectrum.argmax() * rate / (1 << 18))


@pytest.fixture
def needs_fluidsynth() -> None:
    try:
        fluid.load_library()
    except MissingPartError as missing:
        pytest.skip(str(missing))


@pytest.mark.usefixtures("needs_fluidsynth")
@pytest.mark.parametrize("suffix", [".wav", ".flac", ".ogg"])
def test_a_rendered_scale_has_its_pitches_its_loudness_and_no_hole(tmp_path: Path, suffix: str) -> None:
    pitches = (69, 71, 72, 74)
    path = tmp_path / f"scale{suffix}"
    flute = Phrase.of(Note(at * 1.0, pitch, 0.9, 100) for at, pitch in enumerate(pitches))
    rendered = render_audio(path, [Part(flute, program=73)])
    samples, rate = soundfile.read(str(path), dtype="float32", always_2d=True)
    for at, pitch in enumerate(pitches):
        wanted = 440.0 * 2 ** ((pitch - 69) / 12)
        assert heard_pitch(samples, rate, at + 0.2, 0.6) == pytest.approx(wanted, rel=0.01)
        assert float(np.abs(samples[round((at + 0.2) * rate) : round((at + 0.8) * rate)]).max()) > 0.005
    found = measure(samples, rate)
    assert found.integrated_lufs == pytest.approx(-23.0, abs=1.0)
    assert found.true_peak_dbtp < -1.0
    assert rendered.seconds == pytest.approx(len(samples) / rate, abs=0.01)
    assert [file.name for file in tmp_path.iterdir()] == [path.name]


@pytest.mark.usefixtures("needs_fluidsynth")
def test_a_loud_crowd_is_not_clipped(tmp_path: Path) -> None:
    crowd = Phrase.of(Note(0.25 * at, 30 + (7 * at) % 60, 1.5, 127) for at in range(32) for _ in range(3))
    path = tmp_path / "crowd.wav"
    render_audio(path, [Part(crowd, program) for program in (0, 48, 61)], RenderSettings(target_lufs=-12.0))
    samples, rate = soundfile.read(str(path), dtype="float32", always_2d=True)
    assert measure(samples, rate).true_peak_dbtp < -1.0
    assert measure(samples, rate).integrated_lufs == pytest.approx(-12.0, abs=1.0)


@pytest.mark.usefixtures("needs_fluidsynth")
def test_an_empty_piece_is_a_silent_file(tmp_path: Path) -> None:
    rendered = render_piece(tmp_path / "silence.wav", piece_of(smf_of_phrases({"a": Phrase()})))
    assert math.isinf(rendered.loudness.integrated_lufs)


def test_other_endings_are_refused_before_any_work(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"\.wav, \.flac or \.ogg"):
        render_audio(tmp_path / "a.mp3", [])


def test_a_missing_soundfont_is_named(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no such SoundFont"):
        render_audio(tmp_path / "a.wav", [], RenderSettings(soundfont=str(tmp_path / "nothing.sf2")))


def test_parts_get_channels_of_their_own_and_drums_the_tenth() -> None:
    one = Phrase.of([Note(0.0, 60, 1.0, 80)])
    sent = part_messages([Part(one, 5), Part(one, drums=True), Part(one, 7)])
    assert [data[0] for _, data in sent if data[0] & 0xF0 == 0x90] == [0x90, 0x99, 0x91]
    assert sent[:3] == [(0.0, b"\xc0\x05"), (0.0, b"\xc9\x00"), (0.0, b"\xc1\x07")]
