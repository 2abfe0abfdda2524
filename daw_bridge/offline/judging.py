"""Which of several continuations to keep: figures a listener would agree with, and one number to rank by."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from daw_bridge.engine.continuation import Continuer
from daw_bridge.music.character import Character
from daw_bridge.music.notes import Note
from daw_bridge.offline.drawing import nats_after, nats_of

_TAIL: Final = 192


@dataclass(frozen=True, slots=True)
class Reference:
    """What the piece itself is like just before the place that is written for; no character where it is empty."""

    context: tuple[Note, ...]
    character: Character | None
    nats_per_note: float | None
    drums: bool

    @classmethod
    def of(cls, continuer: Continuer, context: Sequence[Note], *, drums: bool, ranked: bool = True) -> Reference:
        """Measured on the last notes of the context; how surprising they are only if answers are to be `ranked`."""
        tail = tuple(context[-_TAIL:])
        half = len(tail) // 2
        nats = nats_of(continuer, tail[:half], tail[half:], drums=drums) if half and ranked else None
        return cls(tuple(context), Character.of(tail) if tail else None, _mean(nats), drums)


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
    found, emptiness = Character.of(notes, length_s), _emptiness(notes, length_s)
    before = reference.character
    if before is None:
        score, same = -2.0 * found.repetition, 0.0
    else:
        score, same = -before.strangeness(found, drums=reference.drums), before.likeness(found)
    score -= 2.0 * emptiness
    if nats is not None and reference.nats_per_note is not None:
        score -= 0.5 * abs(nats - reference.nats_per_note)
    return Verdict(score, nats, found.notes_per_s, found.repetition, same, emptiness)


def _mean(values: Sequence[float] | None) -> float | None:
    return sum(values) / len(values) if values else None


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
