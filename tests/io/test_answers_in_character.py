"""Tonality and variety, from the player's controls down to the notes of a compiled net."""

from __future__ import annotations

import itertools
import json
import random
from collections.abc import Sequence
from dataclasses import asdict, replace

import pytest
import torch

from daw_bridge.engine.continuation import SamplingControls
from daw_bridge.io.artefact import LoadedModel
from daw_bridge.io.model_controls import ModelControls
from daw_bridge.music.harmony import parse_key
from daw_bridge.music.notes import DRUM_CHANNEL, Note
from daw_models.nets.build import compile_net
from tests.models.model_builders import tiny_net

PLAIN = SamplingControls(max_polyphony=32)
D_MAJOR = parse_key("D major").pitch_classes
CALL = tuple(Note(0.25 * step, (62, 66, 69, 67, 64, 61, 62, 71)[step % 8], 0.25, 80) for step in range(48))


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> LoadedModel:
    """A small random net, which knows nothing of keys."""
    file = tmp_path_factory.mktemp("program") / "net.pt"
    with torch.inference_mode():
        program = compile_net(tiny_net(), quantised=False)
        torch.jit.save(program, str(file), _extra_files={"header.json": json.dumps({"name": "net"})})
    return LoadedModel.open(file)


def _answer(
    model: LoadedModel,
    controls: SamplingControls,
    *,
    call: Sequence[Note] = CALL,
    helpings: Sequence[int] = (160,),
    drums: bool = False,
) -> list[Note]:
    stream = model.begin(call, start_s=12.5, seed=3, drums=drums)
    return [note for helping in helpings for note in stream.next(helping, controls)]


def _inside(notes: Sequence[Note]) -> float:
    return sum(note.pitch % 12 in D_MAJOR for note in notes) / len(notes)


def test_the_firmer_the_tonality_the_more_tones_are_the_calls(model: LoadedModel) -> None:
    shares = [_inside(_answer(model, replace(PLAIN, tonality=tonality))) for tonality in (0.0, 0.7, 2.0)]
    assert shares[0] + 0.1 < shares[1] < shares[2] - 0.02


def test_a_named_key_and_a_call_in_another_agree(model: LoadedModel) -> None:
    controls = replace(PLAIN, tonality=2.0, key="Eb major")
    assert {note.pitch % 12 for note in _answer(model, controls)} <= parse_key("Eb major").pitch_classes


def test_helpings_change_nothing(model: LoadedModel) -> None:
    controls = replace(PLAIN, tonality=1.0, variety=1.0, max_polyphony=4)
    wanted = _answer(model, controls, helpings=(60,))
    assert _answer(model, controls, helpings=[1] * 60) == wanted
    assert _answer(model, controls, helpings=(1, 2, 4, 8, 8, 37)) == wanted


def test_going_back_gives_the_same_notes(model: LoadedModel) -> None:
    controls = replace(PLAIN, tonality=1.0, variety=1.0, max_polyphony=4)
    stream = model.begin(CALL, start_s=12.5, seed=3)
    notes = stream.next(40, controls)
    for back in (33, 12, 0):
        stream.rewind(back)
        assert stream.next(40 - back, controls) == notes[back:]


def _longest_run(notes: Sequence[Note]) -> int:
    return max(len(list(run)) for _, run in itertools.groupby(notes, key=lambda note: note.pitch))


def test_variety_lets_no_pitch_stick(model: LoadedModel) -> None:
    cold = replace(PLAIN, temperature=0.0, max_polyphony=1)
    stuck, freed = (_longest_run(_answer(model, replace(cold, variety=variety))) for variety in (0.0, 2.0))
    assert freed < 12 < stuck


def test_a_call_without_a_key_holds_its_answer_less(model: LoadedModel) -> None:
    every_tone = tuple(replace(note, pitch=60 + 5 * step % 12) for step, note in enumerate(CALL))
    one_more = (*every_tone, *(replace(note, onset_s=note.onset_s + 12.0, pitch=62) for note in CALL[:4]))
    gains = []
    for call in (CALL, one_more):
        free, held = (_answer(model, replace(PLAIN, tonality=tonality), call=call) for tonality in (0.0, 1.0))
        gains.append(_inside(held) - _inside(free))
    assert gains[0] > gains[1] + 0.1


def test_full_imitation_takes_up_figures_as_before(model: LoadedModel) -> None:
    imitating = replace(PLAIN, imitation=1.0)
    assert _answer(model, replace(imitating, variety=2.0)) == _answer(model, imitating)


def test_drums_and_silence_have_no_tones(model: LoadedModel) -> None:
    drums = [replace(note, channel=DRUM_CHANNEL) for note in CALL]
    steered = replace(PLAIN, tonality=2.0, variety=2.0)
    assert _answer(model, steered, call=drums, drums=True) == _answer(model, PLAIN, call=drums, drums=True)
    assert len(_answer(model, steered, call=())) == 160


def test_controls_of_a_take_from_before_ask_for_nothing_new(model: LoadedModel) -> None:
    recorded = {name: value for name, value in asdict(PLAIN).items() if name not in ("tonality", "variety")}
    assert _answer(model, SamplingControls(**recorded)) == _answer(model, replace(PLAIN, tonality=0.0, variety=0.0))


def test_a_call_that_repeats_figures_may_be_answered_with_repeats() -> None:
    chance = random.Random(4)
    riff = [Note(0.25 * number, 60 + (0, 3, 7, 10)[number % 4], 0.2, 80) for number in range(80)]
    fresh = [Note(0.25 * number, chance.randrange(40, 90), 0.2, 80) for number in range(80)]
    weights, growths = {}, set()
    for name, call in {"riff": riff, "fresh": fresh, "short": fresh[:3], "none": []}.items():
        tensors = ModelControls(replace(PLAIN, variety=1.0), call, drums=False).tensors
        weights[name], _, _, growth = tensors["variety"].tolist()
        growths.add(growth)
    assert weights["riff"] < 0.65 * weights["short"]
    assert weights["fresh"] > 1.6 * weights["short"]
    assert weights["short"] == weights["none"]
    assert len(growths) == 1
    beside = ModelControls(replace(PLAIN, variety=1.0), riff, drums=False, accompanied=True).tensors["variety"][0]
    assert weights["riff"] < 0.65 * beside
    doubled = ModelControls(replace(PLAIN, variety=2.0), riff, drums=False).tensors["variety"][0]
    assert doubled == pytest.approx(2 * weights["riff"])


@pytest.mark.parametrize(("top_p", "durations", "velocities"), [(1.0, 1.0, 1.0), (0.95, 0.98, 1.0), (0.475, 0.79, 0.5)])
def test_durations_and_velocities_keep_their_tails(top_p: float, durations: float, velocities: float) -> None:
    tensors = ModelControls(replace(PLAIN, top_p=top_p), CALL, drums=False).tensors
    assert tensors["top_p"].tolist() == pytest.approx([top_p, top_p, durations, velocities])
