"""A trained model beside notes that are given: a touch for them, or a line of its own that hears them as they come."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import numpy.typing as npt
import torch

from daw_bridge.engine.continuation import SamplingControls
from daw_bridge.io.artefact import LoadedModel
from daw_bridge.io.model_controls import ModelControls
from daw_bridge.io.model_rows import CELLS_PER_S, DRUMS, PITCHED, State, deltas, row_of, rows_of, uniforms
from daw_bridge.io.pitch_wishes import FORBIDDEN
from daw_bridge.music.notes import MAX_VELOCITY, PITCHES, Note

_MOST_A_SECOND = 50
"""A bound for a model that never moves on in time."""


class AttendingModel(LoadedModel):
    """A `LoadedModel` that can also attend to given notes; `open` it in the same way."""

    def score_after(
        self, context: Sequence[Note], notes: Sequence[Note], *, drums: bool = False
    ) -> npt.NDArray[np.float32]:
        """`score` of notes that come after a context, which is heard once for as long as it is asked about."""
        note_class = DRUMS if drums else PITCHED
        if not notes:
            return np.zeros((0, 4), np.float32)
        origin_s = context[0].onset_s if context else notes[0].onset_s
        before = rows_of(context, 1.0)
        rows = sorted(row_of(note, origin_s, CELLS_PER_S) for note in notes)
        state = self._follow(before, note_class)
        with torch.inference_mode():
            nats, _ = self._program.score(state, deltas([*before, *rows], len(before)), note_class)
        found: npt.NDArray[np.float32] = nats[0].to(torch.float32).numpy()
        return found

    def velocities(
        self,
        notes: Sequence[Note],
        *,
        seed: int,
        controls: SamplingControls,
        lead_in: Sequence[Note] = (),
        drums: bool = False,
    ) -> list[int]:
        """A touch for given notes, drawn in order of onset and pitch; a velocity for each, in the order given.

        Each comes from the model's distribution given the note's onset and pitch and everything before it, the
        velocities drawn so far included. The notes' own are not heard; `lead_in`, which ends before them, is, and
        `follow_velocity` holds the touch to its.
        """
        if not notes:
            return []
        origin_s = min(note.onset_s for note in (*lead_in, *notes))
        before = sorted(row_of(note, origin_s, CELLS_PER_S) for note in lead_in)
        order = sorted(range(len(notes)), key=lambda number: row_of(notes[number], origin_s, CELLS_PER_S))
        told = deltas([*before, *(row_of(notes[number], origin_s, CELLS_PER_S) for number in order)], len(before))
        note_class = DRUMS if drums else PITCHED
        tensors = dict(ModelControls(replace(controls, key="off"), lead_in, drums=drums).tensors)
        only = torch.full((PITCHES, PITCHES), FORBIDDEN).fill_diagonal_(0.0)
        drawn = [0] * len(notes)
        with torch.inference_mode():
            state = self._program.feed(self._program.initial_state(1), deltas(before, 0), note_class)
            for index, number in enumerate(order):
                row = told[:, index : index + 1]
                tensors["pitch_bias"] = only[notes[number].pitch]
                gap_cells = int(row[0, 0, 0])
                played, _, _ = self._program.sample(state, uniforms(seed, index, 1), gap_cells, note_class, tensors)
                drawn[number] = min(max(int(played[0, 0, 3]), 1), MAX_VELOCITY)
                row[0, 0, 3] = drawn[number]
                state = self._program.feed(state, row, note_class)
        return drawn

    def along(
        self,
        context: Sequence[Note],
        given: Sequence[Note],
        *,
        start_s: float,
        end_s: float,
        seed: int,
        controls: SamplingControls,
        on_start: bool = False,
    ) -> tuple[Note, ...]:
        """Notes of its own from `start_s` to `end_s`, played along with `given`, which follow on `context`.

        The model is asked for the next note again and again; where a given one comes first, it hears that instead.
        `on_start` puts its first note there. The context holds at least a note.
        """
        heard = rows_of(context, 1.0)
        origin_s = context[0].onset_s
        coming = sorted(row_of(note, origin_s, CELLS_PER_S) for note in given)
        start, end = (round((at_s - origin_s) * CELLS_PER_S) for at_s in (start_s, end_s))
        state: State = self._follow(heard, PITCHED)
        tensors = ModelControls(controls, context, drums=False, accompanied=True).tensors
        now = heard[-1][0]
        notes: list[Note] = []
        with torch.inference_mode():
            for draw in range(len(coming) + round((end_s - start_s) * _MOST_A_SECOND)):
                forced = start - now if on_start and not notes and not (coming and coming[0][0] <= start) else -1
                played, _, after = self._program.sample(state, uniforms(seed, draw, 1), forced, PITCHED, tensors)
                gap, pitch, duration, velocity = played[0, 0].tolist()
                if coming and coming[0][0] <= now + gap:
                    onset, *rest = coming.pop(0)
                    state = self._program.feed(state, torch.tensor([[[onset - now, *rest]]]), PITCHED)
                    now = onset
                    continue
                if now + gap < start:
                    continue
                state, now = after, now + gap
                if now >= end:
                    break
                length_s = max(duration, 1) / CELLS_PER_S
                notes.append(Note(origin_s + now / CELLS_PER_S, pitch, length_s, min(max(velocity, 1), MAX_VELOCITY)))
        return tuple(notes)
