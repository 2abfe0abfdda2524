"""What a cover needs to know of a piece: a dozen figures, each with a plain meaning."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from daw_bridge.errors import UsageError
from daw_bridge.music.harmony import Key, key_scores, pitch_class_weights
from daw_bridge.music.midifile import Piece
from daw_bridge.music.notes import DRUM_CHANNEL, Note

FEATURES: Final = (
    "mode",
    "tempo",
    "density",
    "register",
    "compass",
    "loudness",
    "dynamics",
    "harmony",
    "legato",
    "voices",
    "rise",
    "sections",
    "likeness",
)
"""The figures a wish is made of, in the order of `Heard.values`."""

_CHORD_S: Final = 0.03
"""Onsets this close are one."""
_MOST_FRAMES: Final = 160
_FEWEST_FRAMES: Final = 8


@dataclass(frozen=True, slots=True)
class Heard:
    """A piece as heard.

    `values` follow `FEATURES`: mode (how much better the best major key fits than the best minor one, -1..1), tempo
    (bpm), density (onsets a second), register and compass (mean and spread of pitch in semitones), loudness and
    dynamics (mean and spread of velocity), harmony (entropy of the pitch classes in bits), legato (how much of the time
    to the next onset a note lasts, 0..1.5), voices (notes sounding together on average), rise (how much louder, denser
    and higher the second half is), sections and likeness (how many there are, and how much they resemble each other).
    """

    key: Key | None
    seconds: float
    notes: int
    values: tuple[float, ...]
    seed: int

    def __getitem__(self, name: str) -> float:
        return self.values[FEATURES.index(name)]


def hear(piece: Piece, where: str) -> Heard:
    """The figures of a piece; `where` is its name in errors. Raises UsageError when there is not a note in it."""
    notes = piece.phrase().notes
    if not notes:
        raise UsageError("there is no note in it, so there is nothing to paint", where=where, cure="give a piece")
    pitched = [note for note in notes if note.channel != DRUM_CHANNEL]
    fits = key_scores(pitch_class_weights(pitched)) if pitched else []
    first_s = notes[0].onset_s
    length_s = max(max(note.end_s for note in notes) - first_s, 0.05)
    mode = 0.0
    if fits:
        major, minor = (next(fit for key, fit in fits if key.mode == mode) for mode in ("major", "minor"))
        mode = major - minor
    starts_s, likeness = _form(notes, first_s, length_s)
    onsets = _onsets(notes)
    velocities = np.array([note.velocity for note in notes], dtype=np.float64)
    melodic = pitched or list(notes)
    pitches = np.array([note.pitch for note in melodic], dtype=np.float64)
    values = (
        mode,
        _tempo(piece),
        len(onsets) / length_s,
        float(pitches.mean()),
        float(pitches.std()),
        float(velocities.mean()),
        float(velocities.std()),
        _entropy(pitch_class_weights(pitched)),
        _legato(melodic, onsets),
        sum(note.duration_s for note in notes) / length_s,
        _rise(notes, first_s + length_s / 2.0),
        float(len(starts_s)),
        likeness,
    )
    return Heard(fits[0][0] if fits else None, length_s, len(notes), values, seed_of(notes))


def seed_of(notes: Sequence[Note]) -> int:
    """A number of 63 bits from the music alone: pitches, drums apart, with times in hundredths and velocities.

    File format, tracks, channels, names and silence before the first note make no difference.
    """
    first_s = min(note.onset_s for note in notes)
    rows = sorted(
        (
            round((note.onset_s - first_s) * 100.0),
            note.pitch + 128 * (note.channel == DRUM_CHANNEL),
            round(note.duration_s * 100.0),
            note.velocity,
        )
        for note in notes
    )
    digest = hashlib.sha256(np.array(rows, dtype="<i8").tobytes()).digest()
    return int.from_bytes(digest[:8], "big") >> 1


def _tempo(piece: Piece) -> float:
    """Quarter notes a minute, the mean over the time the notes take."""
    if not piece.notes:
        return 120.0
    first, last = piece.notes[0].on_tick, piece.end_tick
    seconds = piece.tempo.seconds(last) - piece.tempo.seconds(first)
    if seconds <= 0.0:
        return 60.0 / (piece.tempo.tick_lengths_s[0] * piece.meter.ticks_per_beat)
    return 60.0 * (last - first) / piece.meter.ticks_per_beat / seconds


def _onsets(notes: Sequence[Note]) -> list[float]:
    """Moments at which something begins, chords counted once."""
    moments: list[float] = []
    for note in notes:
        if not moments or note.onset_s - moments[-1] > _CHORD_S:
            moments.append(note.onset_s)
    return moments


def _entropy(weights: Sequence[float]) -> float:
    total = sum(weights)
    if total <= 0.0:
        return 0.0
    return -sum(weight / total * math.log2(weight / total) for weight in weights if weight > 0.0)


def _legato(notes: Sequence[Note], onsets: Sequence[float]) -> float:
    """The median of duration over the time until something else begins."""
    moments = np.array(onsets)
    at = np.searchsorted(moments, np.array([note.onset_s for note in notes]) + _CHORD_S)
    gaps = np.append(moments, np.inf)[at] - np.array([note.onset_s for note in notes])
    shares = [min(note.duration_s / gap, 1.5) for note, gap in zip(notes, gaps, strict=True) if np.isfinite(gap)]
    return float(np.median(shares)) if shares else 1.0


def _rise(notes: Sequence[Note], middle_s: float) -> float:
    """How much the second half grows: velocity, notes and pitch, each by its own measure, added up."""
    before = [note for note in notes if note.onset_s < middle_s]
    after = [note for note in notes if note.onset_s >= middle_s]
    if not before or not after:
        return 0.0
    louder = (np.mean([n.velocity for n in after]) - np.mean([n.velocity for n in before])) / 16.0
    denser = math.log2(len(after) / len(before))
    higher = (np.mean([n.pitch for n in after]) - np.mean([n.pitch for n in before])) / 6.0
    return float(louder + denser + higher)


def section_starts(notes: Sequence[Note]) -> tuple[float, ...]:
    """When the sections of a piece begin, in seconds after its first note; the first at 0."""
    first_s = min(note.onset_s for note in notes)
    return _form(notes, first_s, max(max(note.end_s for note in notes) - first_s, 0.05))[0]


def _form(notes: Sequence[Note], first_s: float, length_s: float) -> tuple[tuple[float, ...], float]:
    """Where sections begin, by peaks of novelty along the self-similarity (Foote 2000), and how alike they are."""
    frames = int(np.clip(length_s / 2.0, _FEWEST_FRAMES, _MOST_FRAMES))
    table = np.zeros((frames, 14))
    for note in notes:
        frame = min(int((note.onset_s - first_s) / length_s * frames), frames - 1)
        if note.channel != DRUM_CHANNEL:
            table[frame, note.pitch % 12] += min(note.duration_s, 2.0)
        table[frame, 12] += 0.5
        table[frame, 13] += note.velocity / 127.0
    table[:, :12] /= np.maximum(np.linalg.norm(table[:, :12], axis=1, keepdims=True), 1e-9)
    table[:, 12:] /= np.maximum(table[:, 12:].max(axis=0, keepdims=True), 1e-9)
    alike = table @ table.T
    scale = np.sqrt(np.maximum(np.diag(alike), 1e-9))
    alike = alike / scale[:, None] / scale[None, :]
    reach = max(2, min(8, frames // 6))
    novelty = np.array([_novelty(alike, at, reach) for at in range(frames)])
    peaks = [
        at
        for at in range(reach, frames - reach)
        if novelty[at] > novelty.mean() + 0.8 * novelty.std()
        and novelty[at] == novelty[max(0, at - reach) : at + reach + 1].max()
    ]
    return (0.0, *(at * length_s / frames for at in peaks)), float(alike.mean())


def _novelty(alike: NDArray[Any], at: int, reach: int) -> float:
    """How much what comes differs from what was: a checkerboard on the self-similarity around a frame."""
    low, high = max(0, at - reach), min(len(alike), at + reach)
    before, after = slice(low, at), slice(at, high)
    if at in (low, high):
        return 0.0
    return float(alike[before, before].mean() + alike[after, after].mean() - 2.0 * alike[before, after].mean())
