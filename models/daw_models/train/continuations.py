"""Answers to held-out calls beside what really followed: counts a musician can read."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean, median
from typing import Protocol

import numpy as np
import numpy.typing as npt
import torch

from daw_bridge.music.figures import onset_step, repeats
from daw_bridge.music.harmony import estimate_key
from daw_bridge.music.notes import DRUM_CHANNEL, Note
from daw_models.data.corpus import DRUMS, Corpus, Rows

ANSWER_S = 10.0
_SHORTEST_CALL_S, _LONGEST_CALL_S = 8.0, 30.0
_FEWEST_NOTES = 8
MOST_NOTES = 400
_CHUNK = 16
_TIMED_CALLS = 25
_CELLS_PER_S = 100

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Exchange:
    """A call, what the model answered and what really followed; rows in cells, all from one piece."""

    call: Rows
    answer: Rows
    truth: Rows
    note_class: int


class Player(Protocol):
    """Whoever answers the calls that are judged."""

    @property
    def settings(self) -> dict[str, object]:
        """What it plays under, for the report."""

    def answer(self, call: Rows, gap: int, length: int, note_class: int, seed: int) -> Rows:
        """The answer to a call: its first onset `gap` cells after the call's last one, all within `length` of that."""

    def note_s(self) -> float:
        """Seconds a note of its own answers takes, once warm."""


class ProgramPlayer:
    """The bare program: no control but a top-p, the same for all parts."""

    def __init__(self, program: torch.jit.ScriptModule, top_p: float) -> None:
        self._program = program
        self._controls = {"top_p": torch.full((4,), top_p)}
        self.settings: dict[str, object] = {"temperature": 1.0, "top_p": top_p}

    @torch.inference_mode()
    def answer(self, call: Rows, gap: int, length: int, note_class: int, seed: int) -> Rows:
        """The program's own notes; see `Player`."""
        generator = torch.Generator().manual_seed(seed)
        found: list[Rows] = []
        elapsed = notes = 0
        state = self._program.feed(self._program.initial_state(1), torch.from_numpy(call[None]), note_class)
        while elapsed <= length and notes < MOST_NOTES:
            uniforms = torch.rand(1, _CHUNK, 4, generator=generator)
            first = gap if notes == 0 else -1
            rows, _, state = self._program.sample(state, uniforms, first, note_class, self._controls)
            found.append(rows[0].numpy())
            elapsed += int(rows[..., 0].sum())
            notes += _CHUNK
        rows = np.concatenate(found)
        return rows[np.cumsum(rows[:, 0]) < length]

    @torch.inference_mode()
    def note_s(self) -> float:
        """The median of some calls of 16 notes."""
        state = self._program.initial_state(1)
        uniforms = torch.full((1, _CHUNK, 4), 0.5)
        spent_s = []
        for _ in range(_TIMED_CALLS):
            start_s = time.perf_counter()
            self._program.sample(state, uniforms, -1, 0, self._controls)
            spent_s.append((time.perf_counter() - start_s) / _CHUNK)
        return median(spent_s)


def exchanges(player: Player, corpus: Corpus, pieces: Sequence[int], *, count: int, seed: int) -> list[Exchange]:
    """Up to `count` calls of 8 to 30 s from `pieces`, each answered for ten seconds from where it really went on."""
    rng = np.random.default_rng(seed)
    found: list[Exchange] = []
    length = round(ANSWER_S * _CELLS_PER_S)
    for attempt in range(20 * count):
        if len(found) == count or not pieces:
            break
        piece = pieces[int(rng.integers(len(pieces)))]
        begin, end = corpus.span(piece)
        rows = corpus.rows[begin:end].astype(np.int64)
        onset = np.cumsum(rows[:, 0])
        call_length = rng.uniform(_SHORTEST_CALL_S, _LONGEST_CALL_S) * _CELLS_PER_S
        latest = onset[-1] - call_length - length
        if latest < 0:
            continue
        first = int(np.searchsorted(onset, rng.uniform(0, latest)))
        last = int(np.searchsorted(onset, onset[first] + call_length))
        after = int(np.searchsorted(onset, onset[last - 1] + length))
        if last - first < _FEWEST_NOTES or after - last < _FEWEST_NOTES:
            continue
        call, truth = rows[first:last].copy(), rows[last:after]
        call[0, 0] = 0
        note_class = corpus.note_classes[piece]
        answer = player.answer(call, int(truth[0, 0]), length, note_class, seed + attempt)
        found.append(Exchange(call, answer, truth, note_class))
    return found


def summary(found: Sequence[Exchange]) -> dict[str, object]:
    """The figures of the answers and of the true continuations, and how well a small classifier tells them apart."""
    if not found:
        return {"calls": 0}
    names = (
        "pitch_class_overlap",
        "key_agreement",
        "notes_per_s",
        "pitch_range",
        "velocity_overlap",
        "duration_overlap",
        "rhythm_overlap",
        "self_repetition",
        "longest_note_s",
    )
    answers = np.array([_figures(pair.call, pair.answer, pair.note_class) for pair in found])
    truths = np.array([_figures(pair.call, pair.truth, pair.note_class) for pair in found])
    table: dict[str, object] = {
        name: {"answers": round(float(answers[:, index].mean()), 4), "real": round(float(truths[:, index].mean()), 4)}
        for index, name in enumerate(names)
    }
    return {
        "calls": len(found),
        "empty": sum(len(pair.answer) == 0 for pair in found),
        "stuck": sum(_stuck(pair.answer) for pair in found),
        "stuck_real": sum(_stuck(pair.truth) for pair in found),
        **table,
        "told_apart": round(_told_apart(answers, truths), 4) if len(found) >= 10 else None,
    }


def _figures(call: Rows, other: Rows, note_class: int) -> list[float]:
    if len(other) == 0:
        return [0.0] * 9
    seconds = ANSWER_S
    return [
        _overlap(call[:, 1] % 12, other[:, 1] % 12, 12),
        float(estimate_key(_notes(call, note_class)) == estimate_key(_notes(other, note_class))),
        len(other) / seconds,
        float(np.ptp(other[:, 1])),
        _overlap(call[:, 3] // 8, other[:, 3] // 8, 16),
        _overlap(_steps(call[:, 2]), _steps(other[:, 2]), 41),
        _overlap(_steps(call[:, 0]), _steps(other[:, 0]), 41),
        _repetition(other),
        float(other[:, 2].max()) / _CELLS_PER_S,
    ]


def _notes(rows: Rows, note_class: int) -> list[Note]:
    channel = DRUM_CHANNEL if note_class == DRUMS else 0
    onset = np.cumsum(rows[:, 0]) / _CELLS_PER_S
    return [
        Note(float(start), int(row[1]), float(row[2]) / _CELLS_PER_S, int(max(row[3], 1)), channel)
        for start, row in zip(onset, rows, strict=True)
    ]


def _steps(cells: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    return np.array([onset_step(each) for each in cells.tolist()], np.int64)


def _overlap(one: npt.NDArray[np.int64], other: npt.NDArray[np.int64], bins: int) -> float:
    first, second = np.bincount(one, minlength=bins) / len(one), np.bincount(other, minlength=bins) / len(other)
    return float(np.minimum(first, second).sum())


def _repetition(rows: Rows, size: int = 4) -> float:
    """The share of figures of four notes (intervals and rhythm) that stood earlier in the same music."""
    steps = [(int(way), onset_step(int(cells))) for way, cells in zip(np.diff(rows[:, 1]), rows[1:, 0], strict=True)]
    repeated, figures = repeats(steps, size - 1)
    return repeated / max(figures, 1)


def _stuck(rows: Rows, size: int = 12) -> bool:
    """Whether one pitch is struck twelve times running, or ever more notes fall on one moment."""
    pitches, onsets = rows[:, 1], rows[:, 0]
    same = run = gathered = longest = 0
    for index in range(1, len(rows)):
        run = run + 1 if pitches[index] == pitches[index - 1] else 0
        gathered = gathered + 1 if onsets[index] == 0 else 0
        same, longest = max(same, run), max(longest, gathered)
    return same + 1 >= size or longest + 1 >= 2 * size


def _told_apart(answers: Floats, truths: Floats) -> float:
    """Share of answers and truths that a logistic regression, trained on the others, sorts rightly; 0.5 is chance."""
    features = np.concatenate([answers, truths])
    features = (features - features.mean(0)) / (features.std(0) + 1e-9)
    features = np.concatenate([features, features**2, np.ones((len(features), 1))], 1)
    labels = np.concatenate([np.ones(len(answers)), np.zeros(len(truths))])
    fold = np.tile(np.arange(5), len(features))[: len(features)]
    right = []
    for held in range(5):
        train, test = fold != held, fold == held
        weights = np.zeros(features.shape[1])
        for _ in range(300):
            chance = 1 / (1 + np.exp(-features[train] @ weights))
            weights -= 0.1 * (features[train].T @ (chance - labels[train]) / train.sum() + 0.02 * weights)
        right += list((features[test] @ weights > 0) == (labels[test] > 0.5))
    return fmean(map(float, right))
