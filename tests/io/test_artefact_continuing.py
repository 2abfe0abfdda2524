"""A loaded model as the instrument sees it: answers are pure functions of the question, whatever was asked before."""

from __future__ import annotations

import itertools
import random
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from daw_bridge.engine.continuation import SamplingControls
from daw_bridge.errors import UsageError
from daw_bridge.io.artefact import LoadedModel
from daw_bridge.music.notes import Note
from daw_bridge.music.vocabulary import Vocabulary
from daw_models.nets.build import compile_net
from daw_models.nets.transformer import TransformerConfig, TransformerNet
from tests.support.tiny_program import write_tiny_program

FREE = SamplingControls(max_polyphony=32)


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_tiny_program(tmp_path_factory.mktemp("program") / "tiny.pt")


@pytest.fixture
def model(program: Path) -> LoadedModel:
    return LoadedModel.open(program)


def phrase(count: int, seed: int = 1, start_s: float = 100.0) -> tuple[Note, ...]:
    chance = random.Random(seed)
    onset_s, notes = start_s, []
    for _ in range(count):
        notes.append(Note(onset_s, chance.randrange(40, 90), chance.uniform(0.05, 1.0), chance.randrange(1, 128)))
        onset_s += chance.choice((0.0, 0.125, 0.25, 0.5))
    return tuple(sorted(notes))


def answer(model: LoadedModel, context: Sequence[Note], count: int = 24, **question: float | int) -> tuple[Note, ...]:
    start_s = context[-1].onset_s + 0.8 if context else 50.0
    stream = model.begin(context, start_s=question.get("start_s", start_s), seed=int(question.get("seed", 7)))
    return stream.next(count, FREE)


def test_the_first_note_falls_exactly_at_the_start(model: LoadedModel) -> None:
    context = phrase(12)
    for start_s in (context[-1].onset_s, context[-1].onset_s + 0.6183, context[-1].onset_s + 25.0):
        notes = answer(model, context, start_s=start_s)
        assert notes[0].onset_s == start_s
        assert all(earlier.onset_s <= later.onset_s for earlier, later in itertools.pairwise(notes))


def test_an_answer_to_silence_starts_where_it_is_told(model: LoadedModel) -> None:
    assert answer(model, (), start_s=3.25)[0].onset_s == 3.25


def test_the_same_question_gives_the_same_answer_whatever_was_followed_before(program: Path) -> None:
    context = phrase(90)
    fresh = answer(LoadedModel.open(program), context)
    led = LoadedModel.open(program)
    for end in range(1, 91):
        led.follow(context[:end])
    assert answer(led, context) == fresh
    led.follow((*context[:40], *phrase(20, seed=9, start_s=context[40].onset_s)))
    led.begin(context[:7], start_s=context[7].onset_s, seed=3).next(5, FREE)
    assert answer(led, context) == fresh


def test_an_answer_depends_on_every_note_of_the_call_and_on_the_seed(model: LoadedModel) -> None:
    context = phrase(30)
    given = answer(model, context)
    assert answer(model, context, seed=8) != given
    for changed in (0, 14, 29):
        other = list(context)
        other[changed] = Note(other[changed].onset_s, 33, 0.33, 33)
        assert answer(model, sorted(other)) != given


def test_the_time_of_day_changes_nothing(model: LoadedModel) -> None:
    """A shift by whole powers of two keeps the differences of floats exact."""
    context = phrase(20, start_s=1024.0)
    later = tuple(note.shifted(4096.0) for note in context)
    moved = [note.shifted(-4096.0) for note in answer(model, later)]
    for note, other in zip(answer(model, context), moved, strict=True):
        assert (note.pitch, note.velocity) == (other.pitch, other.velocity)
        assert note.onset_s == pytest.approx(other.onset_s, abs=1e-9)


@pytest.mark.parametrize("chunks", [[24], [1] * 24, [1, 2, 4, 8, 8, 1], [5, 19]])
def test_the_size_of_the_helpings_changes_nothing(model: LoadedModel, chunks: list[int]) -> None:
    context = phrase(16)
    stream = model.begin(context, start_s=context[-1].onset_s + 1, seed=5)
    tight = SamplingControls(max_polyphony=2)
    notes = [note for count in chunks for note in stream.next(count, tight)]
    whole = model.begin(context, start_s=context[-1].onset_s + 1, seed=5).next(24, tight)
    assert tuple(notes) == whole


def test_going_back_and_on_again_with_the_same_controls_gives_the_same_notes(model: LoadedModel) -> None:
    context = phrase(16)
    cold, warm = SamplingControls(max_polyphony=2), SamplingControls(max_polyphony=2, pitch_low=60, pitch_high=72)
    stream = model.begin(context, start_s=context[-1].onset_s + 1, seed=5)
    first = stream.next(6, cold)
    kept = (*first, *stream.next(14, warm))
    for back_to in (20, 13, 7, 6, 3, 0):
        stream.rewind(back_to)
        controls = [(max(6 - back_to, 0), cold), (20 - max(6, back_to), warm)]
        again = [note for count, each in controls for note in stream.next(count, each)]
        assert tuple(again) == kept[back_to:]


def test_no_more_notes_sound_together_than_allowed(model: LoadedModel) -> None:
    for most in (1, 2, 4):
        stream = model.begin((), start_s=0.0, seed=11)
        notes = stream.next(60, SamplingControls(max_polyphony=most))
        assert len(notes) == 60
        for note in notes:
            sounding = sum(other.onset_s <= note.onset_s < other.end_s - 1e-9 for other in notes)
            assert sounding <= most


@pytest.mark.parametrize(
    ("controls", "allowed"),
    [
        (SamplingControls(pitch_low=60, pitch_high=71), set(range(60, 72))),
        (SamplingControls(pitch_low=71, pitch_high=60), set(range(60, 72))),
        (SamplingControls(key="C major"), {pitch for pitch in range(128) if pitch % 12 in {0, 2, 4, 5, 7, 9, 11}}),
        (SamplingControls(key="C major", pitch_low=61, pitch_high=61), {61}),
    ],
)
def test_range_and_key_hold_for_every_note(model: LoadedModel, controls: SamplingControls, allowed: set[int]) -> None:
    notes = model.begin(phrase(8), start_s=200.0, seed=2).next(80, controls)
    assert {note.pitch for note in notes} <= allowed


def test_auto_key_is_found_in_the_call(model: LoadedModel) -> None:
    scale = [Note(0.25 * step, pitch, 0.25, 80) for step, pitch in enumerate([62, 64, 66, 67, 69, 71, 73, 74, 69, 62])]
    notes = model.begin(scale, start_s=3.0, seed=2).next(60, SamplingControls(key="auto"))
    assert {note.pitch % 12 for note in notes} <= {2, 4, 6, 7, 9, 11, 1}


def test_drums_are_answered_on_the_drum_channel(model: LoadedModel) -> None:
    notes = model.begin(phrase(8), start_s=200.0, seed=2, drums=True).next(8, FREE)
    assert {note.channel for note in notes} == {9}
    assert notes != model.begin(phrase(8), start_s=200.0, seed=2).next(8, FREE)


def test_a_time_scale_stretches_the_answer(model: LoadedModel) -> None:
    """Twice the model time to a second: the same figures in half the time."""
    plain = model.begin((), start_s=0.0, seed=4).next(10, FREE)
    quick = model.begin((), start_s=0.0, seed=4, time_scale=2.0).next(10, FREE)
    assert [note.onset_s for note in quick] == pytest.approx([note.onset_s / 2 for note in plain])


def test_scores_have_four_parts_for_every_note(model: LoadedModel) -> None:
    nats = model.score(phrase(13))
    assert nats.shape == (13, 4)
    assert (nats >= 1.0).all()


def test_a_warm_model_says_its_speed_and_name(model: LoadedModel) -> None:
    assert 0 < model.warm_up() < 0.1
    assert model.name == "tiny"
    assert model.header["format_version"] == "1"


@pytest.mark.parametrize("content", [b"", b"not a program at all", b"PK\x03\x04" + bytes(2000)])
def test_a_damaged_program_costs_one_clear_line(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "broken.pt"
    file.write_bytes(content)
    with pytest.raises(UsageError) as raised:
        LoadedModel.open(file)
    assert str(file) in str(raised.value)
    assert "\n" not in str(raised.value)


def test_a_program_cut_short_or_without_a_header_is_refused(program: Path, tmp_path: Path) -> None:
    cut = tmp_path / "cut.pt"
    cut.write_bytes(program.read_bytes()[:-200])
    with pytest.raises(UsageError):
        LoadedModel.open(cut)
    with pytest.raises(UsageError):
        LoadedModel.open(write_tiny_program(tmp_path / "nameless.pt", header={}))
    with pytest.raises(UsageError):
        LoadedModel.open(tmp_path / "missing.pt")


def test_an_int8_transformer_answers_alike_however_the_call_grew() -> None:
    """Notes that are fed together share the scale of their int8 activations, so how they are fed must not depend."""
    config = TransformerConfig(
        hidden=32, head=16, wide=8, narrow=4, blocks=2, heads=2, groups=1, inner=64, context=48, carried=8
    )
    torch.manual_seed(3)
    net = TransformerNet(config, Vocabulary())
    with torch.no_grad():
        for weight in net.parameters():
            weight.add_(0.3 * torch.randn_like(weight))
        program = compile_net(net, quantised=True)
    at_once, chance = LoadedModel(program, {}, "net"), random.Random(5)
    for seed in range(12):
        context = phrase(chance.randint(5, 60), seed)
        grown = LoadedModel(program, {}, "net")
        end = 0
        while end < len(context):
            end = min(end + chance.choice((1, 1, 1, 2, 5, 40)), len(context))
            grown.follow(context[:end])
            if chance.random() < 0.3:
                grown.follow((*context[: end - 1], replace(context[end - 1], duration_s=3.0)))
        assert answer(grown, context, seed=seed) == answer(at_once, context, seed=seed)
