"""Opening the model a composing command asks for, on first use."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from daw_bridge.engine.continuation import Continuer
from daw_bridge.engine.values import Values
from daw_bridge.music.notes import Note

_PRIMER = (Note(0.0, 60, 0.5, 80), Note(0.5, 64, 0.5, 80), Note(1.0, 67, 0.5, 80))


def opener(name: str) -> Callable[[], Continuer]:
    """A function that opens the model the first time it is called, and gives the same one again."""
    opened: list[Continuer] = []

    def model() -> Continuer:
        if not opened:
            opened.append(_open(name))
        return opened[0]

    return model


def _open(name: str) -> Continuer:
    if name == "memory":
        from daw_bridge.engine.memory import PhraseMemory

        return PhraseMemory()
    from daw_models.program import ensure_program, find_model

    program = ensure_program(find_model(name))
    from daw_bridge.io.given_notes import AttendingModel

    model = AttendingModel.open(program)
    # TorchScript specialises on its first calls; drawing into the void, as usual, keeps that out of the figures.
    as_usual = replace(Values({}).controls(transpose=0), pitch_low=21, pitch_high=108)
    for seed in range(2):
        model.begin(_PRIMER, start_s=1.5, seed=seed).next(16, as_usual)
    return model
