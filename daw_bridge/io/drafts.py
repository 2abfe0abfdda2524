"""The best of several beginnings of an answer: drawn in one batch, ranked by likelihood and a few musical checks."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import torch

from daw_bridge.engine.continuation import SamplingControls
from daw_bridge.engine.seeds import mix
from daw_bridge.io.model_controls import ModelControls
from daw_bridge.io.model_rows import CELLS_PER_S, State, uniforms
from daw_bridge.music.character import Character
from daw_bridge.music.notes import DRUM_CHANNEL, Note

DRAFT_NOTES: Final = 12
"""Notes of a beginning: enough to tell where it goes, few enough to be drawn while the call's last gap passes."""
_NATS: Final = 0.5
"""What a nat a note weighs against the strangeness of a beginning."""


@dataclass(frozen=True, slots=True)
class Opening:
    """Where an answer begins: the program and the state before it, and what is forced of the first onset, in cells."""

    program: Any
    state: State
    first_onset: int
    note_class: int
    time_scale: float


@dataclass(frozen=True, slots=True)
class Draft:
    """The beginning that was chosen: its rows and the state after them; `seed` goes on from there.

    It holds for as long as the answer is drawn as `given`.
    """

    given: SamplingControls
    seed: int
    rows: list[list[int]]
    after: State
    _opening: Opening
    _uniforms: torch.Tensor
    _tensors: dict[str, torch.Tensor]
    _number: int

    def state_at(self, notes: int) -> State:
        """The state after the first `notes` notes."""
        if notes == len(self.rows):
            return self.after
        _, _, states = _drawn(self._opening, self._uniforms[:, :notes], self._tensors)
        return _picked(self._opening, states, self._number)


def drafted(opening: Opening, seed: int, count: int, controls: ModelControls, heard: Character | None) -> Draft:
    """The best of `count` beginnings, the first of which is what `seed` alone would draw.

    Wanted are notes that the model finds likely, and a density, pitch classes and as little repetition as in what was
    `heard`: the likeliest alone would be the dullest (Holtzman et al., ICLR 2020).
    """
    seeds = [seed, *(mix(seed, number) for number in range(1, count))]
    draws = torch.cat([uniforms(each, 0, DRAFT_NOTES) for each in seeds])
    rows, nats, states = _drawn(opening, draws, controls.tensors)
    listed: list[list[list[int]]] = rows.tolist()
    scores = [
        -_NATS * each - _strangeness(heard, found, opening)
        for each, found in zip(nats.sum(2).mean(1).tolist(), listed, strict=True)
    ]
    best = max(range(count), key=scores.__getitem__)
    after = _picked(opening, states, best)
    return Draft(controls.given, seeds[best], listed[best], after, opening, draws, controls.tensors, best)


def _drawn(
    opening: Opening, draws: torch.Tensor, tensors: dict[str, torch.Tensor]
) -> tuple[torch.Tensor, torch.Tensor, State]:
    with torch.inference_mode():
        states = opening.program.expand(opening.state, draws.size(0))
        found: tuple[torch.Tensor, torch.Tensor, State] = opening.program.sample(
            states, draws, opening.first_onset, opening.note_class, {**tensors, "nats": torch.zeros(0)}
        )
    return found


def _picked(opening: Opening, states: State, number: int) -> State:
    with torch.inference_mode():
        picked: State = opening.program.pick(states, number)
    return picked


def _strangeness(heard: Character | None, rows: list[list[int]], opening: Opening) -> float:
    drums = opening.note_class != 0
    cell_s = 1.0 / (CELLS_PER_S * opening.time_scale)
    notes, cells = [], 0
    for number, (onset, pitch, duration, velocity) in enumerate(rows):
        cells += onset if number else 0
        notes.append(Note(cells * cell_s, pitch, duration * cell_s, max(velocity, 1), DRUM_CHANNEL if drums else 0))
    found = Character.of(notes)
    return 2.0 * found.repetition if heard is None else heard.strangeness(found, drums=drums)
