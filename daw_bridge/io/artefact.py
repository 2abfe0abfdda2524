"""A trained model as the instrument uses it: the TorchScript program behind `engine.continuation.Continuer`.

Of the bridge only this file and those beside it that make a program's arguments know torch. A loaded model belongs to
one thread; its calls release the interpreter lock. An answer is a function of the context's times relative to its first
note, the start, the seed, a note's number and the controls in force for it, so the same question gives the same notes
at any time of day.
"""

from __future__ import annotations

import json
import statistics
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import torch

from daw_bridge.engine.continuation import SamplingControls
from daw_bridge.engine.values import Values
from daw_bridge.errors import UsageError
from daw_bridge.io.drafts import DRAFT_NOTES, Draft, Opening, drafted
from daw_bridge.io.model_controls import ModelControls
from daw_bridge.io.model_rows import CELLS_PER_S, DRUMS, MAX_CELLS, PITCHED, Row, State, deltas, rows_of, uniforms
from daw_bridge.music.character import Character
from daw_bridge.music.notes import DRUM_CHANNEL, MAX_VELOCITY, Note

_FEED_CHUNK: Final = 4
"""So many notes are heard at once, as soon as there are as many, counted from the first."""
_WARM_UP_CALLS: Final = 24
_TIMED_CALLS: Final = 9
_TIMED_NOTES: Final = 16
_MOST_LEFT_OUT: Final = 4
_HEARD_NOTES: Final = 96
"""How many of the last notes of the context the beginning of an answer is compared with."""
_TIMED_DRAFTS: Final = 4
_DRAFT_CALLS: Final = 5


class LoadedModel:
    """An open model program; implements `engine.continuation.Continuer`. Keeps torch to one thread."""

    def __init__(self, program: Any, header: dict[str, Any], name: str) -> None:
        self._program = program
        self.header = header
        self._name = name
        self._note_class = PITCHED
        self._rows: list[Row] = []
        self._drafting_s = (0.0, 0.0)
        with torch.inference_mode():
            self._states: dict[int, State] = {0: program.initial_state(1)}

    @classmethod
    def open(cls, program: Path) -> LoadedModel:
        """Load the program that `daw_models.program.ensure_program` made. Raises UsageError when it is unusable."""
        torch.set_num_threads(1)
        extra: dict[str, Any] = {"header.json": ""}
        try:
            loaded = torch.jit.load(str(program), map_location="cpu", _extra_files=extra)  # type: ignore[no-untyped-call]
            header = json.loads(extra["header.json"])
            return cls(loaded, header, str(header["name"]))
        except (RuntimeError, ValueError, KeyError, OSError, AttributeError) as error:
            reason = (str(error).strip().splitlines() or ["unreadable"])[0]
            raise UsageError(
                f"not a usable model program ({reason})",
                where=str(program),
                cure="delete it, it is built again from the model's weights",
            ) from error

    @property
    def name(self) -> str:
        """The model's name from its header."""
        return self._name

    def warm_up(self) -> float:
        """Make the first real call as fast as all others; returns the median seconds per sampled note.

        They are of processor time, so that a machine that is busy for a moment is not taken for a slow one.
        """
        notes = tuple(Note(0.1 * index, 60, 0.2, 80) for index in range(2))
        controls = ModelControls(Values({}).controls(transpose=0), notes, drums=False)
        per_note_s = []
        with torch.inference_mode():
            state = self._program.initial_state(1)
            rows = torch.tensor([[[10, 60, 20, 80]] * 2])
            for _ in range(_WARM_UP_CALLS):
                state = self._program.feed(state, rows, PITCHED)
                self._program.sample(state, uniforms(0, 0, 2), 0, PITCHED, controls.tensors)
            for _ in range(_TIMED_CALLS):
                start_s = time.thread_time()
                self._program.sample(state, uniforms(1, 0, _TIMED_NOTES), -1, PITCHED, controls.tensors)
                per_note_s.append((time.thread_time() - start_s) / _TIMED_NOTES)
        note_s = statistics.median(per_note_s)
        drafting_s = self._draft_s(Opening(self._program, state, 20, PITCHED, 1.0), controls)
        alone_s = DRAFT_NOTES * note_s
        self._drafting_s = alone_s, max(drafting_s - alone_s, 0.0) / (_TIMED_DRAFTS - 1)
        return note_s

    def _draft_s(self, opening: Opening, controls: ModelControls) -> float:
        spent_s = []
        for _ in range(_DRAFT_CALLS):
            start_s = time.thread_time()
            drafted(opening, 1, _TIMED_DRAFTS, controls, None)
            spent_s.append(time.thread_time() - start_s)
        return statistics.median(spent_s)

    def follow(self, context: Sequence[Note], time_scale: float = 1.0) -> None:
        """Take the state forward to the end of `context`, feeding only what differs from the last one."""
        self._follow(rows_of(context, time_scale), self._note_class)

    def draft_s(self, drafts: int) -> float:
        """Seconds that drawing so many beginnings of an answer takes; after `warm_up`."""
        alone_s, more_s = self._drafting_s
        return alone_s + more_s * (drafts - 1)

    def begin(
        self,
        context: Sequence[Note],
        *,
        start_s: float,
        seed: int,
        time_scale: float = 1.0,
        drums: bool = False,
        drafts: int = 1,
    ) -> ModelStream:
        """Start an answer after `context`; its first note falls at `start_s` exactly.

        Of so many `drafts` of its beginning the best is played on, see `io.drafts`.
        """
        rows = rows_of(context, time_scale)
        note_class = DRUMS if drums else PITCHED
        state = self._follow(rows, note_class)
        gap_cells = 0
        if rows:
            start_cells = round((start_s - context[0].onset_s) * time_scale * CELLS_PER_S)
            gap_cells = min(max(start_cells - rows[-1][0], 0), MAX_CELLS)
        return ModelStream(
            self._program,
            state,
            tuple(context),
            start_s=start_s,
            gap_cells=gap_cells,
            seed=seed,
            time_scale=time_scale,
            note_class=note_class,
            drafts=drafts,
        )

    def score(self, notes: Sequence[Note], *, drums: bool = False) -> npt.NDArray[np.float32]:
        """Nats of every note's onset, pitch, duration and velocity on the reference grid, [n, 4]."""
        rows = rows_of(notes, 1.0)
        with torch.inference_mode():
            state = self._program.initial_state(1)
            nats, _ = self._program.score(state, deltas(rows, 0), DRUMS if drums else PITCHED)
        found: npt.NDArray[np.float32] = nats[0].to(torch.float32).numpy()
        return found

    def _follow(self, rows: list[Row], note_class: int) -> State:
        if note_class != self._note_class:
            self._note_class = note_class
            self._rows = []
            self._states = {0: self._states[0]}
        common = 0
        for old, new in zip(self._rows, rows, strict=False):
            if old != new:
                break
            common += 1
        whole = len(rows) - len(rows) % _FEED_CHUNK
        # A state is that of whole chunks and then single notes, however the context came to be: what is fed together
        # is rounded together, and an answer that is asked for again must not depend on when its call was heard.
        self._states = {
            fed: state
            for fed, state in self._states.items()
            if fed <= common and (fed >= whole or fed % _FEED_CHUNK == 0)
        }
        position = max(self._states)
        self._rows = rows
        with torch.inference_mode():
            while position < len(rows):
                end = position + (_FEED_CHUNK if position < whole else 1)
                self._states[end] = self._program.feed(self._states[position], deltas(rows[:end], position), note_class)
                position = end
        return self._states[position]


@dataclass(frozen=True, slots=True)
class _Mark:
    """Where an answer stood before a draw: enough to go on from there again."""

    emitted: int
    index: int
    state: State | None
    cells: int
    sounding: tuple[int, ...]
    struck: frozenset[int]
    left_out: int
    controls: SamplingControls


class ModelStream:
    """One answer on its way; see `engine.continuation.AnswerStream`."""

    def __init__(
        self,
        program: Any,
        state: State,
        context: tuple[Note, ...],
        *,
        start_s: float,
        gap_cells: int,
        seed: int,
        time_scale: float,
        note_class: int,
        drafts: int,
    ) -> None:
        self._program = program
        # None within the draft: what comes next is known, and the state is found when it is needed.
        self._state: State | None = state
        self._drafts = drafts
        self._draft: Draft | None = None
        self._context = context
        self._start_s = start_s
        self._gap_cells = gap_cells
        self._seed = seed
        self._cell_s = 1.0 / (CELLS_PER_S * time_scale)
        self._time_scale = time_scale
        self._note_class = note_class
        self._channel = DRUM_CHANNEL if note_class == DRUMS else 0
        self._emitted = 0
        self._index = 0
        self._cells = 0
        self._sounding: tuple[int, ...] = ()
        self._struck: frozenset[int] = frozenset()
        self._left_out = 0
        self._marks: list[_Mark] = []
        self._controls: ModelControls | None = None

    def next(self, count: int, controls: SamplingControls) -> tuple[Note, ...]:
        """The next `count` notes in order of onset.

        A note beyond the allowed polyphony is left out, and one whose key was struck at the same moment. After a few
        such in a row the music is moved on to where a voice is free: no model may stand still for ever.
        """
        drawn = self._in_force(controls)
        notes: list[Note] = []
        while len(notes) < count:
            self._mark(controls)
            notes.extend(self._draw(count - len(notes), drawn))
        return tuple(notes)

    def rewind(self, emitted: int) -> None:
        """Forget all notes from number `emitted` on, as if they had not been asked for."""
        while self._marks and self._marks[-1].emitted > emitted:
            self._marks.pop()
        if emitted >= self._emitted or not self._marks:
            return
        # Notes left out before a note are drawn with it, under its controls: go back to right after the note before.
        while len(self._marks) > 1 and self._marks[-2].emitted == self._marks[-1].emitted:
            self._marks.pop()
        mark = self._marks.pop()
        self._emitted, self._index, self._cells = mark.emitted, mark.index, mark.cells
        self._state, self._sounding = mark.state, mark.sounding
        self._struck, self._left_out = mark.struck, mark.left_out
        if mark.emitted < emitted:
            self.next(emitted - mark.emitted, mark.controls)

    def _mark(self, controls: SamplingControls) -> None:
        self._marks.append(
            _Mark(
                self._emitted,
                self._index,
                self._state,
                self._cells,
                self._sounding,
                self._struck,
                self._left_out,
                controls,
            )
        )

    def _in_force(self, controls: SamplingControls) -> ModelControls:
        if self._controls is None or self._controls.given != controls:
            self._controls = ModelControls(
                controls, self._context, drums=self._note_class == DRUMS, time_scale=self._time_scale
            )
        return self._controls

    def _draw(self, count: int, controls: ModelControls) -> list[Note]:
        before, index = self._state, self._index
        first_onset = self._first_onset()
        rows, self._state = self._sampled(before, index, count, first_onset, controls)
        notes = []
        for number, (onset_cells, pitch, duration_cells, velocity) in enumerate(rows):
            if self._index and onset_cells:
                self._cells += onset_cells
                self._struck = frozenset()
            self._index += 1
            self._sounding = tuple(end for end in self._sounding if end > self._cells)
            if len(self._sounding) >= controls.given.max_polyphony or pitch in self._struck:
                self._left_out += 1
                if self._left_out == _MOST_LEFT_OUT:
                    # What follows in this draw was drawn standing still: back to here, whatever the draw's size was.
                    if number + 1 < len(rows):
                        _, self._state = self._sampled(before, index, number + 1, first_onset, controls)
                    break
                continue
            self._left_out = 0
            self._struck |= {pitch}
            self._sounding = (*self._sounding, self._cells + duration_cells)
            self._emitted += 1
            notes.append(
                Note(
                    self._start_s + self._cells * self._cell_s,
                    pitch,
                    max(duration_cells, 1) * self._cell_s,
                    min(max(velocity, 1), MAX_VELOCITY),
                    self._channel,
                )
            )
        return notes

    def _first_onset(self) -> int:
        """Cells to the next note where that is not the model's choice, else -1."""
        if self._index == 0:
            return self._gap_cells
        if self._left_out < _MOST_LEFT_OUT:
            return -1
        return min(max(min(self._sounding, default=0) - self._cells, 1), MAX_CELLS)

    def _sampled(
        self, state: State | None, index: int, count: int, first_onset: int, controls: ModelControls
    ) -> tuple[list[list[int]], State | None]:
        draft = self._drafted(state, first_onset, controls) if index == 0 and self._drafts > 1 else self._draft
        if draft is None or (state is not None and index):
            assert state is not None
            return self._drawn(state, index, count, first_onset, controls)
        if controls.given != draft.given or (index and first_onset >= 0):
            return self._drawn(draft.state_at(index), index, count, first_onset, controls)
        rows = draft.rows[index : index + count]
        end = index + len(rows)
        if end < len(draft.rows):
            return rows, None
        if len(rows) == count:
            return rows, draft.after
        more, after = self._drawn(draft.after, end, count - len(rows), -1, controls)
        return rows + more, after

    def _drafted(self, state: State | None, first_onset: int, controls: ModelControls) -> Draft:
        assert state is not None
        if self._draft is None or self._draft.given != controls.given:
            opening = Opening(self._program, state, first_onset, self._note_class, self._time_scale)
            heard = Character.of(self._context[-_HEARD_NOTES:]) if self._context else None
            self._draft = drafted(opening, self._seed, self._drafts, controls, heard)
        return self._draft

    def _drawn(
        self, state: State, index: int, count: int, first_onset: int, controls: ModelControls
    ) -> tuple[list[list[int]], State]:
        seed = self._seed if self._draft is None else self._draft.seed
        with torch.inference_mode():
            rows, _, after = self._program.sample(
                state, uniforms(seed, index, count), first_onset, self._note_class, controls.tensors
            )
        listed: list[list[int]] = rows[0].tolist()
        return listed, after
