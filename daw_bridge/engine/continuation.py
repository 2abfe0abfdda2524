"""What the instrument asks of anything that can continue music: a neural model or the phrase memory."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Protocol, runtime_checkable

from daw_bridge.music.notes import Note

DRAWING: Final = "3"
"""How notes are drawn from models, beside their weights: a take made under another number may be answered otherwise."""


@dataclass(frozen=True, slots=True)
class SamplingControls:
    """How the next notes are drawn. Neutral values reproduce the model as it was trained.

    `top_p` is that of pitches and onsets; durations and velocities keep more of their tails.
    `key` is "off", "auto" (found from the context) or a name such as "D minor"; `density` -1..1 thins or thickens;
    `imitation` 0..1 mixes in the figures of this session; `follow_velocity` 0..1 pulls the touch to the call's;
    `tonality` 0..2 holds the answer to the tones of the call, `variety` 0..2 away from its own figures.
    """

    temperature: float = 1.0
    top_p: float = 0.95
    key: str = "off"
    pitch_low: int = 0
    pitch_high: int = 127
    density: float = 0.0
    max_polyphony: int = 16
    max_duration_s: float = 10.0
    imitation: float = 0.0
    follow_velocity: float = 0.0
    tonality: float = 0.0
    variety: float = 0.0


class AnswerStream(Protocol):
    """One answer on its way: note i depends only on the context, the seed, i and the controls in force for it."""

    def next(self, count: int, controls: SamplingControls) -> tuple[Note, ...]:
        """The next `count` notes in order of onset; onsets in seconds on the context's axis."""
        ...


class Continuer(Protocol):
    """A model of music that can be led along a context and asked for what comes next."""

    @property
    def name(self) -> str:
        """The name shown to the player: `lstm`, `transformer`, `memory`, or a file's."""
        ...

    def follow(self, context: Sequence[Note], time_scale: float = 1.0) -> None:
        """Take the state forward to the end of `context` (sorted by onset, pitch), re-using every note already fed.

        A context that differs from the last one is rewound to the first difference and fed again from there.
        `time_scale` is model seconds per second of the context.
        """
        ...

    def begin(
        self, context: Sequence[Note], *, start_s: float, seed: int, time_scale: float = 1.0, drums: bool = False
    ) -> AnswerStream:
        """Start an answer after `context`: its first note falls at `start_s` exactly, on the context's axis."""
        ...


@runtime_checkable
class Drafting(Protocol):
    """A `Continuer` that can draw several beginnings of an answer and play on the best of them."""

    def begin(
        self,
        context: Sequence[Note],
        *,
        start_s: float,
        seed: int,
        time_scale: float = 1.0,
        drums: bool = False,
        drafts: int = 1,
    ) -> AnswerStream:
        """Start an answer as any `Continuer` does, with the best of so many `drafts` of its beginning."""
        ...

    def draft_s(self, drafts: int) -> float:
        """Seconds that drawing so many beginnings of an answer takes."""
        ...


class Question(Protocol):
    """What is asked of a continuer, now or when a take is replayed."""

    @property
    def context(self) -> tuple[Note, ...]:
        """All that is heard before the answer."""

    @property
    def start_s(self) -> float:
        """Where the answer begins, on the context's axis."""

    @property
    def seed(self) -> int:
        """What decides all chance."""

    @property
    def time_scale(self) -> float:
        """Model seconds per second of the context."""

    @property
    def drums(self) -> bool:
        """Whether drums answer."""

    @property
    def drafts(self) -> int:
        """How many beginnings are drawn; more than one of a `Drafting` model only."""


def begun(continuer: Continuer, asked: Question) -> AnswerStream:
    """The answer to a question, begun."""
    if asked.drafts > 1 and isinstance(continuer, Drafting):
        return continuer.begin(
            asked.context,
            start_s=asked.start_s,
            seed=asked.seed,
            time_scale=asked.time_scale,
            drums=asked.drums,
            drafts=asked.drafts,
        )
    return continuer.begin(
        asked.context, start_s=asked.start_s, seed=asked.seed, time_scale=asked.time_scale, drums=asked.drums
    )
