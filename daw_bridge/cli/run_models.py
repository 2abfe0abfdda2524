"""Which models answer on stage: found before anything is opened, loaded and measured on this machine."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from daw_bridge.live.wiring import Tier

NOTES_TO_FIRST: Final = 4
"""The first note of an answer takes as long as so many: the end of the call is heard first."""


@dataclass(frozen=True, slots=True)
class ModelFiles:
    """A model by the name it was asked for; the phrase memory has no files."""

    name: str
    weights: Path | None
    program: Path | None


@dataclass(frozen=True, slots=True)
class Chosen:
    """A warm model and where it came from."""

    tier: Tier
    files: ModelFiles


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


def load_tiers(
    name: str,
    files: Sequence[ModelFiles],
    budget_ms: float,
    load: Callable[[Path | None], Tier],
    tell: Callable[[str], None],
) -> tuple[Chosen, ...]:
    """Load and measure them, the one that answers first. Where `name` is `auto`, those too slow here are left out.

    The last one stays in any case. `load` raises UsageError for a file that cannot be used.
    """
    from daw_models.weights_file import AUTO

    chosen: list[Chosen] = []
    for position, file in enumerate(files):
        tier = load(file.program)
        needed_ms = NOTES_TO_FIRST * tier.note_s * 1000
        if chosen or name != AUTO or needed_ms <= budget_ms or position == len(files) - 1:
            chosen.append(Chosen(tier, file))
        else:
            tell(f"{file.name} is too slow here: its first note takes {needed_ms:.0f} of the {budget_ms:g} ms allowed")
    return tuple(chosen)
