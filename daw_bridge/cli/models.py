"""`aiart-bridge models`: the models wing's command, with answers drawn as the bridge draws them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt

from daw_bridge.engine.values import Values
from daw_bridge.errors import UsageError
from daw_bridge.music.notes import DRUM_CHANNEL, Note

CELLS_PER_S: Final = 100
MOST_NOTES: Final = 400
"""A bound for a model that never moves on in time."""
_CHUNK: Final = 16
_DRUMS: Final = 1

Rows = npt.NDArray[np.int64]
"""Onset difference, pitch, duration, velocity of each note; times in cells of 10 ms."""


def main(argv: Sequence[str]) -> int:
    """Run one `models` command; returns the exit status."""
    from daw_models.cli import main as run

    return run(argv, Instrument)


class Instrument:
    """Answers calls as the bridge does: through its streams, under its default parameters and those given."""

    def __init__(self, program: Path, given: Sequence[str]) -> None:
        """`given` are settings as NAME=VALUE. Raises UsageError for an unknown one."""
        from daw_bridge.io.artefact import LoadedModel

        values = Values({})
        for setting in given:
            name, _, value = setting.partition("=")
            try:
                values.set(name.strip().replace("-", "_"), value.strip())
            except ValueError as error:
                raise UsageError(str(error), where=f"--set {setting}", cure="docs/osc.md lists them") from None
        self._controls = values.controls(transpose=0)
        self._drafts = values.whole("best_of")
        self._model = LoadedModel.open(program)

    @property
    def settings(self) -> dict[str, object]:
        """The sampling controls in force, and how many drafts there are of each answer."""
        return asdict(self._controls) | {"best_of": self._drafts}

    def note_s(self) -> float:
        """Median seconds per note of the warm model under the bridge's defaults."""
        return self._model.warm_up()

    def answer(self, call: Rows, gap: int, length: int, note_class: int, seed: int) -> Rows:
        """The answer that begins `gap` cells after the call's last onset, as far as `length` cells after that onset."""
        channel = DRUM_CHANNEL if note_class == _DRUMS else 0
        onsets = np.cumsum(call[:, 0])
        context = [
            Note(int(onset) / CELLS_PER_S, int(row[1]), int(row[2]) / CELLS_PER_S, int(row[3]), channel)
            for onset, row in zip(onsets, call, strict=True)
        ]
        last, drums = int(onsets[-1]), note_class == _DRUMS
        start_s = (last + gap) / CELLS_PER_S
        stream = self._model.begin(context, start_s=start_s, seed=seed, drums=drums, drafts=self._drafts)
        notes: list[Note] = []
        while len(notes) < MOST_NOTES and (not notes or notes[-1].onset_s * CELLS_PER_S < last + length):
            notes.extend(stream.next(_CHUNK, self._controls))
        cells = np.rint([[n.onset_s * CELLS_PER_S, n.pitch, n.duration_s * CELLS_PER_S, n.velocity] for n in notes])
        rows: Rows = cells.astype(np.int64)
        rows = rows[rows[:, 0] < last + length]
        rows[:, 0] = np.diff(rows[:, 0], prepend=last)
        return rows
