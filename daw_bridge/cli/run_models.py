"""Which models answer on stage: all opened before the music, one warm at once, the others while it plays already."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from daw_bridge.live.wiring import ColdModel, Tier

NOTES_TO_FIRST: Final = 4
"""The first note of an answer takes as long as so many: the end of the call is heard first."""
_END_LIMIT_S: Final = 10.0


@dataclass(frozen=True, slots=True)
class ModelFiles:
    """A model by the name it was asked for; the phrase memory has no files."""

    name: str
    weights: Path | None
    program: Path | None


def model_files(name: str) -> tuple[Path | None, Path | None]:
    """The weights and the program of a model by name or file; neither for the phrase memory. Raises UsageError."""
    from daw_bridge.live.wiring import MEMORY

    if name == MEMORY:
        return None, None
    from daw_models.program import ensure_program, find_model

    weights = find_model(name)
    return weights, ensure_program(weights)


def files_of_tiers(name: str) -> tuple[ModelFiles, ...]:
    """All models that may answer for `name`, the best first. Raises UsageError."""
    from daw_models.weights_file import ladder

    return tuple(ModelFiles(tier, *model_files(tier)) for tier in ladder(name))


def opening_level(name: str, count: int) -> int:
    """Which of so many models begins: the one that was named; for `auto` the last, which is the quickest."""
    from daw_models.weights_file import AUTO

    return count - 1 if name == AUTO else 0


def too_slow_ms(tier: Tier, budget_ms: float) -> float | None:
    """How long a model's first note takes here, if that is more than it may."""
    needed_ms = NOTES_TO_FIRST * tier.note_s * 1000
    return needed_ms if needed_ms > budget_ms else None


class Latecomers:
    """Warms models in a thread of its own, one after the other, and hands each to `admit`, or why it cannot be had.

    The thread is an ordinary one: one that stood behind other programs could be put aside while it holds the
    interpreter lock, and the playing thread would wait for it.
    """

    def __init__(self, models: Sequence[tuple[int, ColdModel]], admit: Callable[[int, Tier | Exception], None]) -> None:
        self._models = tuple(models)
        self._admit = admit
        self._stopping = False
        self._thread = threading.Thread(target=self._run, name="warming", daemon=True)

    def start(self) -> None:
        """Begin to warm them."""
        self._thread.start()

    def close(self) -> None:
        """Wait for the one that is being warmed; the others stay cold."""
        self._stopping = True
        if self._thread.is_alive():
            self._thread.join(_END_LIMIT_S)

    def _run(self) -> None:
        for level, model in self._models:
            if self._stopping:
                return
            try:
                found: Tier | Exception = model.warm()
            except Exception as error:  # a model that breaks is told of, and the others play on
                found = error
            self._admit(level, found)
