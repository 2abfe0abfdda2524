"""How loud sound is, and how to bring it to a target: ITU-R BS.1770-4 loudness as EBU R128 uses it, and true peak."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

Samples = NDArray[np.float32]
"""Sound as [frames, channels]."""

_BLOCK_S: Final = 0.4
_STEP_S: Final = 0.1
_ABSOLUTE_GATE_LUFS: Final = -70.0
_RELATIVE_GATE_LU: Final = -10.0
_PHASES: Final = 4
_TAPS: Final = 32
_FILTER_FRAMES: Final = 1 << 15
_LIMITER_BLOCK: Final = 64
_LIMITER_REACH: Final = 6
"""Blocks of look-ahead and of release on either side: about 9 ms at 44.1 kHz."""


@dataclass(frozen=True, slots=True)
class Loudness:
    """Integrated loudness (LUFS, -inf for silence) and true peak (dBTP)."""

    integrated_lufs: float
    true_peak_dbtp: float

    def as_json(self) -> dict[str, float | None]:
        """Rounded, with None for the -inf of silence."""
        return {
            "lufs": None if math.isinf(self.integrated_lufs) else round(self.integrated_lufs, 2),
            "true_peak_dbtp": None if math.isinf(self.true_peak_dbtp) else round(self.true_peak_dbtp, 2),
        }


def measure(samples: Samples, sample_rate: int) -> Loudness:
    """Loudness and true peak of a whole piece of sound."""
    return Loudness(integrated_lufs(samples, sample_rate), _decibels(float(true_peaks(samples).max(initial=0.0))))


def integrated_lufs(samples: Samples, sample_rate: int) -> float:
    """Gated loudness over the whole; sound shorter than 400 ms is measured as if silence followed."""
    block, step = round(_BLOCK_S * sample_rate), round(_STEP_S * sample_rate)
    power = np.zeros(max(len(samples), block), dtype=np.float64)
    for channel in range(samples.shape[1]):
        weighted = _k_weighted(samples[:, channel], sample_rate)
        power[: len(weighted)] += weighted * weighted
    total = np.concatenate(([0.0], np.cumsum(power)))
    starts = np.arange(0, len(power) - block + 1, step)
    means = np.maximum((total[starts + block] - total[starts]) / block, 1e-20)
    loudness = -0.691 + 10.0 * np.log10(means)
    heard = means[loudness > _ABSOLUTE_GATE_LUFS]
    if not len(heard):
        return -math.inf
    gate = -0.691 + 10.0 * math.log10(float(heard.mean())) + _RELATIVE_GATE_LU
    heard = means[loudness > max(gate, _ABSOLUTE_GATE_LUFS)]
    return -0.691 + 10.0 * math.log10(float(heard.mean()))


def true_peaks(samples: Samples) -> NDArray[np.float32]:
    """The largest magnitude near each frame, over all channels, of the signal oversampled four times."""
    peaks: NDArray[np.float32] = np.abs(samples).max(axis=1, initial=0.0).astype(np.float32)
    if not len(samples):
        return peaks
    at = np.arange(_TAPS) - _TAPS // 2 + 1
    for phase in range(1, _PHASES):
        offset = at - phase / _PHASES
        taps = (np.sinc(offset) * np.cos(math.pi * offset / (_TAPS + 1)) ** 2).astype(np.float32)
        for channel in range(samples.shape[1]):
            between = np.abs(np.convolve(samples[:, channel], taps[::-1], mode="full"))[_TAPS // 2 - 1 :]
            np.maximum(peaks, between[: len(peaks)], out=peaks)
    return peaks


def normalised(
    samples: Samples, sample_rate: int, *, target_lufs: float, ceiling_dbtp: float
) -> tuple[Samples, Loudness]:
    """The sound at the target loudness with every true peak below the ceiling, and what was reached.

    Peaks that stand in the way are turned down by a look-ahead limiter, never clipped. Silence stays silence.
    """
    loudness = integrated_lufs(samples, sample_rate)
    if math.isinf(loudness):
        return samples, Loudness(loudness, -math.inf)
    gain_db = target_lufs - loudness
    out = samples
    for _ in range(4):
        out = limited((samples * np.float32(10.0 ** (gain_db / 20.0))).astype(np.float32), ceiling_dbtp)
        missing = target_lufs - integrated_lufs(out, sample_rate)
        if abs(missing) < 0.1:
            break
        gain_db += missing
    return out, measure(out, sample_rate)


def limited(samples: Samples, ceiling_dbtp: float) -> Samples:
    """The sound with its true peaks turned down to the ceiling, smoothly; unchanged when none reaches it."""
    ceiling = 10.0 ** (ceiling_dbtp / 20.0)
    peaks = true_peaks(samples)
    if float(peaks.max(initial=0.0)) <= ceiling:
        return samples
    blocks = -(-len(peaks) // _LIMITER_BLOCK)
    padded = np.zeros(blocks * _LIMITER_BLOCK, dtype=np.float32)
    padded[: len(peaks)] = peaks
    needed = np.minimum(1.0, ceiling / np.maximum(padded.reshape(blocks, -1).max(axis=1), 1e-9))
    reach = 2 * _LIMITER_REACH + 1
    # The lowest gain in reach, then a mean over a shorter reach: smooth, and nowhere above what is needed.
    held = np.lib.stride_tricks.sliding_window_view(np.pad(needed, reach // 2 + 1, mode="edge"), reach + 2).min(axis=1)
    smooth = np.convolve(np.pad(held, _LIMITER_REACH, mode="edge"), np.full(reach, 1.0 / reach), mode="valid")
    centres = (np.arange(blocks) + 0.5) * _LIMITER_BLOCK
    gain = np.interp(np.arange(len(samples)), centres, smooth)
    return (samples * gain[:, None]).astype(np.float32)


def _decibels(magnitude: float) -> float:
    return 20.0 * math.log10(magnitude) if magnitude > 0.0 else -math.inf


def _k_weighted(channel: NDArray[np.float32], sample_rate: int) -> NDArray[np.float64]:
    """The channel through BS.1770's two filters, by overlap-save (their response has died away long before 0.3 s)."""
    size = 2 * _FILTER_FRAMES
    impulse = np.fft.irfft(_k_response(size, sample_rate), size)
    impulse[_FILTER_FRAMES:] = 0.0
    response = np.fft.rfft(impulse)
    padded = np.concatenate((np.zeros(_FILTER_FRAMES), channel, np.zeros(_FILTER_FRAMES)))
    out = np.empty(len(channel) + _FILTER_FRAMES)
    for start in range(0, len(channel), _FILTER_FRAMES):
        piece = np.zeros(size)
        taken = padded[start : start + size]
        piece[: len(taken)] = taken
        filtered = np.fft.irfft(np.fft.rfft(piece) * response, size)
        out[start : start + _FILTER_FRAMES] = filtered[_FILTER_FRAMES:][: len(out) - start]
    return out[: len(channel)]


def _k_response(size: int, sample_rate: int) -> NDArray[np.complex128]:
    """Frequency response of the shelf and the high-pass, their coefficients re-derived for any sample rate."""
    z = np.exp(-2j * np.pi * np.arange(size // 2 + 1) / size)
    k, q, high = math.tan(math.pi * 1681.974450955533 / sample_rate), 0.7071752369554196, 10 ** (3.999843853973347 / 20)
    band = high**0.4996667741545416
    a0 = 1 + k / q + k * k
    shelf = (high + band * k / q + k * k + 2 * (k * k - high) * z + (high - band * k / q + k * k) * z**2) / (
        a0 + 2 * (k * k - 1) * z + (1 - k / q + k * k) * z**2
    )
    k, q = math.tan(math.pi * 38.13547087602444 / sample_rate), 0.5003270373238773
    a0 = 1 + k / q + k * k
    high_pass = a0 * (1 - 2 * z + z**2) / (a0 + 2 * (k * k - 1) * z + (1 - k / q + k * k) * z**2)
    response: NDArray[np.complex128] = shelf * high_pass
    return response
