"""Which of several continuations to keep: figures a listener would agree with, and one number to rank by."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from daw_bridge.engine.continuation import Continuer
from daw_bridge.music.harmony import pitch_class_weights
from daw_bridge.music.notes import Note
from daw_bridge.offline.drawing import nats_after, nats_of

_TAIL: Final = 192
_FIGURE: Final = 6
"""Pitches in a row that make a figure one notices when it comes again."""


@dataclass(frozen=True, slots=True)
class Reference:
    """What the piece itself is like just before the place that is written for."""

    context: tuple[Note, ...]
    tail: tuple[Note, ...]
    nats_per_note: float | None
    notes_per_s: float
    repetition: float
    weights: tuple[float, ...]
    drums: bool

    @classmethod
    def of(cls, continuer: Continuer, context: Sequence[Note], *, drums: bool, ranked: bool = True) -> Reference:
        """Measured on the last notes of the context; how surprising they are only if answers are to be `ranked`."""
        tail = tuple(context[-_TAIL:])
        half = len(tail) // 2
        nats = nats_of(continuer, tail[:half], tail[half:], drums=drums) if half and ranked else None
        return cls(
            tuple(context),
            tail,
            _mean(nats),
            _density(tail),
            _repetition(tail),
            pitch_class_weights(tail),
            drums,
        )


@dataclass(frozen=True, slots=True)
class Verdict:
    """The figures of one candidate; `score` ranks (higher is better, 0 would be just like the piece)."""

    score: float
    nats_per_note: float | None
    notes_per_s: float
    repetition: float
    same_pitches: float
    emptiness: float


def judge(continuer: Continuer, reference: Reference, notes: Sequence[Note], length_s: float) -> Verdict:
    """Compare a candidate with the piece before it.

    The best text of a language model is neither its likeliest nor its least likely one (Holtzman et al., ICLR 2020):
    surprise, density and repetition are wanted as in the piece, the same pitch classes, and no holes.
    """
    nats = _mean(nats_after(continuer, reference.context, notes, drums=reference.drums))
    density, repetition = len(notes) / max(length_s, 0.1), _repetition(notes)
    same = _cosine(reference.weights, pitch_class_weights(notes))
    emptiness = _emptiness(notes, length_s)
    score = -2.0 * max(0.0, repetition - reference.repetition) - 2.0 * emptiness
    if reference.tail:
        score -= 0.7 * abs(math.log(max(density, 0.05) / max(reference.notes_per_s, 0.05)))
        score -= 0.0 if reference.drums else 1.5 * (1.0 - same)
    if nats is not None and reference.nats_per_note is not None:
        score -= 0.5 * abs(nats - reference.nats_per_note)
    return Verdict(score, nats, density, repetition, same, emptiness)


def _mean(values: Sequence[float] | None) -> float | None:
    return sum(values) / len(values) if values else None


def _density(notes: Sequence[Note]) -> float:
    if len(notes) < 2:
        return 0.0
    return len(notes) / max(notes[-1].onset_s - notes[0].onset_s, 0.1)


def _repetition(notes: Sequence[Note]) -> float:
    """The share of figures that have been heard before in the same notes."""
    pitches = [note.pitch for note in notes]
    figures = [tuple(pitches[at : at + _FIGURE]) for at in range(len(pitches) - _FIGURE + 1)]
    return 1.0 - len(set(figures)) / len(figures) if figures else 0.0


def _emptiness(notes: Sequence[Note], length_s: float) -> float:
    """The share of the time in which nothing begins or sounds, rests under a second not counted."""
    if not notes or length_s <= 0.0:
        return 1.0
    start_s = notes[0].onset_s
    silent, heard_s = 0.0, start_s
    for note in notes:
        silent += max(0.0, note.onset_s - heard_s - 1.0)
        heard_s = max(heard_s, note.end_s)
    return min((silent + max(0.0, start_s + length_s - heard_s - 1.0)) / length_s, 1.0)


def _cosine(a: Sequence[float], b: Sequence[float]) -> float:
    norm = math.sqrt(sum(x * x for x in a) * sum(x * x for x in b))
    return sum(x * y for x, y in zip(a, b, strict=True)) / norm if norm else 0.0
