"""The best of several beginnings: chosen as said, and part of an answer that stays a function of its question."""

from __future__ import annotations

import random
import warnings
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest
import torch

from daw_bridge.engine.continuation import SamplingControls
from daw_bridge.io.artefact import LoadedModel
from daw_bridge.io.drafts import DRAFT_NOTES, Opening, drafted
from daw_bridge.io.model_controls import ModelControls
from daw_bridge.music.character import Character
from daw_bridge.music.notes import Note
from daw_models.nets.build import compile_net
from tests.models.model_builders import tiny_net
from tests.support.tiny_program import write_tiny_program

FREE = SamplingControls(max_polyphony=32)
CALL = tuple(Note(0.25 * number, 60 + (0, 4, 7, 12)[number % 4], 0.2, 80) for number in range(16))


class Beginnings:
    """A program whose beginnings are known: pitches, cells between onsets and nats of each."""

    def __init__(self, *known: tuple[Sequence[int], int, float]) -> None:
        self._known = known

    def expand(self, state: list[torch.Tensor], batch: int) -> list[torch.Tensor]:
        return [state[0].expand(batch, 1)]

    def sample(self, _state: Any, draws: torch.Tensor, *_rest: Any) -> tuple[Any, Any, Any]:
        rows = torch.tensor([[[gap, pitch, 20, 80] for pitch in pitches] for pitches, gap, _ in self._known])
        nats = torch.tensor([[[nats / 4] * 4] * DRAFT_NOTES for _, _, nats in self._known])
        assert draws.shape == (len(self._known), DRAFT_NOTES, 4)
        return rows, nats, [torch.arange(len(self._known)).unsqueeze(1)]

    def pick(self, states: list[torch.Tensor], index: int) -> list[torch.Tensor]:
        return [states[0][index : index + 1]]


LIKE_THE_CALL = (60, 64, 67, 72, 67, 64, 60, 67, 64, 72, 60, 67)


def chosen(*known: tuple[Sequence[int], int, float]) -> int:
    """Which of the beginnings is played on."""
    program = Beginnings(*known)
    opening = Opening(program, [torch.zeros(1, 1)], 25, 0, 1.0)
    draft = drafted(opening, 5, len(known), ModelControls(FREE, CALL, drums=False), Character.of(CALL))
    number = int(draft.after[0])
    assert draft.rows == [[known[number][1], pitch, 20, 80] for pitch in known[number][0]]
    return number


@pytest.mark.parametrize(
    "worse",
    [
        pytest.param((LIKE_THE_CALL, 25, 12.0), id="less likely"),
        pytest.param((LIKE_THE_CALL, 100, 8.0), id="too thin"),
        pytest.param((LIKE_THE_CALL, 4, 8.0), id="too dense"),
        pytest.param(([pitch + 1 for pitch in LIKE_THE_CALL], 25, 8.0), id="other tones"),
        pytest.param(((60, 64, 67) * 4, 25, 8.0), id="one figure again and again"),
    ],
)
def test_likely_notes_in_the_calls_character_are_chosen(worse: tuple[Sequence[int], int, float]) -> None:
    good = (LIKE_THE_CALL, 25, 8.0)
    assert chosen(good, worse) == 0
    assert chosen(worse, worse, good) == 2


def phrase(count: int) -> tuple[Note, ...]:
    chance = random.Random(count)
    return tuple(
        Note(0.2 * number, chance.randrange(40, 90), chance.uniform(0.05, 0.5), chance.randrange(1, 128))
        for number in range(count)
    )


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> LoadedModel:
    return LoadedModel.open(write_tiny_program(tmp_path_factory.mktemp("program") / "tiny.pt"))


def test_one_draft_is_the_answer_of_the_seed_alone(model: LoadedModel) -> None:
    context = phrase(20)
    plain = model.begin(context, start_s=5.0, seed=3).next(30, FREE)
    assert model.begin(context, start_s=5.0, seed=3, drafts=1).next(30, FREE) == plain


def test_drafts_lead_to_other_answers(model: LoadedModel) -> None:
    context = phrase(20)
    answers = {
        tuple(model.begin(context, start_s=5.0, seed=seed, drafts=drafts).next(30, FREE))
        for seed in range(6)
        for drafts in (1, 4)
    }
    assert len(answers) > 8


def test_a_drafted_answer_is_the_same_in_portions_of_any_size(model: LoadedModel) -> None:
    context, chance = phrase(20), random.Random(2)
    for seed in range(20):
        whole = model.begin(context, start_s=5.0, seed=seed, drafts=4).next(40, FREE)
        stream = model.begin(context, start_s=5.0, seed=seed, drafts=4)
        notes: list[Note] = []
        while len(notes) < 40:
            notes += stream.next(min(chance.randint(1, 9), 40 - len(notes)), FREE)
        assert tuple(notes) == whole


def test_a_drafted_answer_can_be_taken_back_to_any_note(model: LoadedModel) -> None:
    context, chance = phrase(20), random.Random(3)
    other = replace(FREE, temperature=0.5, max_polyphony=3)
    for seed in range(30):
        first, then = chance.randint(0, 24), chance.randint(1, 20)
        straight = model.begin(context, start_s=5.0, seed=seed, drafts=4)
        wanted = (*straight.next(first, FREE), *straight.next(then, other), *straight.next(5, FREE))
        stream = model.begin(context, start_s=5.0, seed=seed, drafts=4)
        stream.next(first + chance.randint(0, 20), FREE)
        stream.rewind(first)
        kept = model.begin(context, start_s=5.0, seed=seed, drafts=4).next(first, FREE)
        assert (*kept, *stream.next(then, other), *stream.next(5, FREE)) == wanted


def test_the_chosen_draft_goes_on_as_the_answer_of_its_seed(model: LoadedModel) -> None:
    """The tiny program draws in a batch what it draws alone."""
    context, other = phrase(20), replace(FREE, temperature=0.5, pitch_high=70)
    seeds = set()
    for seed in range(12):
        stream = model.begin(context, start_s=5.0, seed=seed, drafts=4)
        notes = (*stream.next(seed, FREE), *stream.next(12, other), *stream.next(9, FREE))
        assert stream._draft is not None
        seeds.add(stream._draft.seed == seed)
        plain = model.begin(context, start_s=5.0, seed=stream._draft.seed)
        assert notes == (*plain.next(seed, FREE), *plain.next(12, other), *plain.next(9, FREE))
    assert seeds == {False, True}


def test_the_notes_that_were_ranked_are_those_that_are_played() -> None:
    """Batches and single draws of an int8 program differ by a hair."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model = LoadedModel(compile_net(tiny_net(), quantised=True), {}, "tiny")
    context = phrase(30)
    stream = model.begin(context, start_s=8.0, seed=1, drafts=5)
    notes = stream.next(DRAFT_NOTES, FREE)
    draft = stream._draft
    assert draft is not None
    played = [(note.pitch, note.velocity) for note in notes]
    assert played[:4] == [(row[1], row[3]) for row in draft.rows[:4]]
    stream.rewind(5)
    assert stream.next(40, FREE)[: len(notes) - 5] == notes[5:]
