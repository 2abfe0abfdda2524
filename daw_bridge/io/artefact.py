"""A trained model as the instrument uses it: the TorchScript program behind `engine.continuation.Continuer`.

The one file of the bridge that knows torch. A loaded model belongs to one thread; its calls release the interpreter
lock. An answer is a function of the context's times relative to its first note, the start, the seed, a note's number
and the controls in force for it, so the same question gives the same notes at any time of day.
"""

from __future__ import annotations

import json
import os
import statistics
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt

# Loading an int8 program makes torch's C++ side announce on stderr that its kind will be retired; errors still show.
os.environ.setdefault("TORCH_CPP_LOG_LEVEL", "ERROR")

import torch

from daw_bridge.engine.continuation import SamplingControls
from daw_bridge.engine.values import Values
from daw_bridge.errors import UsageError
from daw_bridge.io.pitch_wishes import pitch_bias, tone_wishes
from daw_bridge.music.notes import DRUM_CHANNEL, MAX_VELOCITY, Note

State = list[torch.Tensor]
Row = tuple[int, int, int, int]
"""Onset (cells from the first note), pitch, duration (cells), velocity."""

CELLS_PER_S: Final = 100
MAX_CELLS: Final = 1000
PITCHED: Final = 0
DRUMS: Final = 1

_FEED_CHUNK: Final = 32
_WARM_UP_CALLS: Final = 24
_TIMED_CALLS: Final = 9
_TIMED_NOTES: Final = 16
_DENSITY_NATS_PER_S: Final = 4.0
_IMITATION_NATS: Final = 3.0
_FIGURE_NATS: Final = 1.3
"""Against the pitch that would close a figure of the answer's once more, for each log of the times it was played."""
_FREE_REPEATS: Final = 4.0
_REPEAT_NATS: Final = 0.75
"""When more than so many notes running have repeated figures, so much more for each note beyond them."""
_BELOW_ONE: Final = np.float32(1.0 - 2.0**-24)
_MOST_LEFT_OUT: Final = 4
_TOUCH_NOTES: Final = 24
"""How many of the last notes of the context say how hard the player plays."""
_TOUCH_WIDTH: Final = 16.0
"""A velocity so far from theirs costs a nat at a `follow_velocity` of 1."""


class LoadedModel:
    """An open model program; implements `engine.continuation.Continuer`. Keeps torch to one thread."""

    def __init__(self, program: Any, header: dict[str, Any], name: str) -> None:
        self._program = program
        self.header = header
        self._name = name
        self._note_class = PITCHED
        self._rows: list[Row] = []
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
        controls = _Controls(Values({}).controls(transpose=0), notes, drums=False)
        per_note_s = []
        with torch.inference_mode():
            state = self._program.initial_state(1)
            rows = torch.tensor([[[10, 60, 20, 80]] * 2])
            for _ in range(_WARM_UP_CALLS):
                state = self._program.feed(state, rows, PITCHED)
                self._program.sample(state, _uniforms(0, 0, 2), 0, PITCHED, controls.tensors)
            for _ in range(_TIMED_CALLS):
                start_s = time.thread_time()
                self._program.sample(state, _uniforms(1, 0, _TIMED_NOTES), -1, PITCHED, controls.tensors)
                per_note_s.append((time.thread_time() - start_s) / _TIMED_NOTES)
        return statistics.median(per_note_s)

    def follow(self, context: Sequence[Note], time_scale: float = 1.0) -> None:
        """Take the state forward to the end of `context`, feeding only what differs from the last one."""
        self._follow(_rows(context, time_scale), self._note_class)

    def begin(
        self, context: Sequence[Note], *, start_s: float, seed: int, time_scale: float = 1.0, drums: bool = False
    ) -> ModelStream:
        """Start an answer after `context`; its first note falls at `start_s` exactly."""
        rows = _rows(context, time_scale)
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
        )

    def score(self, notes: Sequence[Note], *, drums: bool = False) -> npt.NDArray[np.float32]:
        """Nats of every note's onset, pitch, duration and velocity on the reference grid, [n, 4]."""
        rows = _rows(notes, 1.0)
        with torch.inference_mode():
            state = self._program.initial_state(1)
            nats, _ = self._program.score(state, _deltas(rows, 0), DRUMS if drums else PITCHED)
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
        position = max(fed for fed in self._states if fed <= common)
        self._states = {fed: state for fed, state in self._states.items() if fed <= position}
        state = self._states[position]
        self._rows = rows
        with torch.inference_mode():
            while position < len(rows):
                end = min(position + _FEED_CHUNK, len(rows))
                state = self._program.feed(state, _deltas(rows[:end], position), note_class)
                self._states[end] = state
                position = end
        return state


@dataclass(frozen=True, slots=True)
class _Mark:
    """Where an answer stood before a draw: enough to go on from there again."""

    emitted: int
    index: int
    state: State
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
    ) -> None:
        self._program = program
        self._state = state
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
        self._controls: _Controls | None = None

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

    def _in_force(self, controls: SamplingControls) -> _Controls:
        if self._controls is None or self._controls.given != controls:
            self._controls = _Controls(
                controls, self._context, drums=self._note_class == DRUMS, time_scale=self._time_scale
            )
        return self._controls

    def _draw(self, count: int, controls: _Controls) -> list[Note]:
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
        self, state: State, index: int, count: int, first_onset: int, controls: _Controls
    ) -> tuple[list[list[int]], State]:
        with torch.inference_mode():
            rows, _, after = self._program.sample(
                state, _uniforms(self._seed, index, count), first_onset, self._note_class, controls.tensors
            )
        listed: list[list[int]] = rows[0].tolist()
        return listed, after


class _Controls:
    """Sampling controls as `tensors`, the program's argument; what depends on the context is found once."""

    def __init__(
        self, given: SamplingControls, context: Sequence[Note], *, drums: bool, time_scale: float = 1.0
    ) -> None:
        self.given = given
        self.tensors: dict[str, torch.Tensor] = {
            "temperature": torch.full((4,), given.temperature),
            "top_p": torch.full((4,), given.top_p),
        }
        # What would change nothing is left out: it costs time with every note.
        allowed = pitch_bias(given, context, drums)
        if any(allowed):
            self.tensors["pitch_bias"] = torch.tensor(allowed)
        if given.density:
            self.tensors["onset_bias"] = torch.tensor([-_DENSITY_NATS_PER_S * given.density / time_scale, 0.0])
        longest_cells = max(round(given.max_duration_s * time_scale * CELLS_PER_S), 1)
        if longest_cells < MAX_CELLS:
            self.tensors["max_duration_cells"] = torch.tensor([float(longest_cells)])
        if given.imitation > 0:
            self.tensors["imitation"] = torch.tensor([_IMITATION_NATS * given.imitation])
        tones = [] if drums else tone_wishes(given, context)
        if tones:
            self.tensors["tones"] = torch.tensor(tones)
        against = 0.0 if drums else _FIGURE_NATS * given.variety * (1.0 - given.imitation)
        if against > 0.0:
            growth = _REPEAT_NATS * against / _FIGURE_NATS
            self.tensors["variety"] = torch.tensor([against, float(len(context)), _FREE_REPEATS, growth])
        touch = [note.velocity for note in context[-_TOUCH_NOTES:]]
        if touch and given.follow_velocity > 0:
            distance = (torch.arange(MAX_VELOCITY + 1) - statistics.fmean(touch)) / _TOUCH_WIDTH
            self.tensors["velocity_bias"] = -given.follow_velocity * distance.square()


def _rows(notes: Sequence[Note], time_scale: float) -> list[Row]:
    """Notes on the grid, sorted by (onset, pitch); onsets in cells from the first note."""
    if not notes:
        return []
    cells_per_s = time_scale * CELLS_PER_S
    origin_s = notes[0].onset_s
    return sorted(_row(note, origin_s, cells_per_s) for note in notes)


def _row(note: Note, origin_s: float, cells_per_s: float) -> Row:
    return (
        round((note.onset_s - origin_s) * cells_per_s),
        note.pitch,
        min(round(note.duration_s * cells_per_s), MAX_CELLS),
        note.velocity,
    )


def _deltas(rows: Sequence[Row], start: int) -> torch.Tensor:
    """Rows from number `start` on as the program wants them: onset differences, [1, n, 4]."""
    onsets = [rows[start - 1][0] if start else rows[0][0] if rows else 0, *(row[0] for row in rows[start:])]
    listed = [
        [min(onset - before, MAX_CELLS), *row[1:]]
        for before, onset, row in zip(onsets, onsets[1:], rows[start:], strict=False)
    ]
    return torch.tensor(listed, dtype=torch.int64).reshape(1, -1, 4)


def _uniforms(seed: int, index: int, count: int) -> torch.Tensor:
    """Four uniform draws for each of `count` notes from number `index` on, [1, count, 4]: a pure function."""
    source = np.random.Generator(np.random.Philox(key=seed, counter=index))
    draws = np.minimum(source.random((1, count, 4)).astype(np.float32), _BELOW_ONE)
    return torch.from_numpy(draws)
