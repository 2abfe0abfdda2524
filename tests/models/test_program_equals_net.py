"""The program that plays is the net that was trained, note for note; and it obeys."""

from collections.abc import Iterator

import pytest
import torch

from daw_bridge.music.vocabulary import Vocabulary
from daw_models.data.corpus import DRUMS, PITCHED
from daw_models.nets.build import compile_net, int8_engine, load_net, make_continuer
from daw_models.train.likelihood import measure
from daw_models.weights_file import builtin_models
from tests.models.model_builders import corpus_of, music, tiny_net

NO_CONTROLS: dict[str, torch.Tensor] = {}
WITH_NATS = {"nats": torch.zeros(0)}
State = list[torch.Tensor]


@pytest.fixture(autouse=True)
def _one_thread() -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    with torch.inference_mode():
        yield
    torch.set_num_threads(before)


@pytest.fixture(scope="module")
def program() -> torch.jit.ScriptModule:
    """A tiny random net, compiled in fp32."""
    return compile_net(tiny_net(), quantised=False)


def _rows(notes: int, seed: int = 0) -> torch.Tensor:
    return torch.from_numpy(music(notes, seed)).unsqueeze(0)


def _heard(program: torch.jit.ScriptModule, notes: int = 20, seed: int = 0) -> State:
    state: State = program.feed(program.initial_state(1), _rows(notes, seed), PITCHED)
    return state


def _uniforms(batch: int, notes: int, seed: int = 0) -> torch.Tensor:
    return torch.rand(batch, notes, 4, generator=torch.Generator().manual_seed(seed))


@pytest.mark.parametrize("note_class", [PITCHED, DRUMS])
def test_scores_equal_the_vectorised_net(program: torch.jit.ScriptModule, note_class: int) -> None:
    corpus = corpus_of([music(400, 5)], note_class=note_class)
    wanted = measure(tiny_net(), corpus, [0])
    nats, _ = program.score(program.initial_state(1), _rows(400, 5), note_class)
    assert nats[0].double().mean(0).tolist() == pytest.approx(wanted.parts, abs=2e-4)


def test_a_net_that_hears_the_harmony_is_its_program_too() -> None:
    net = tiny_net(harmony=True)
    deaf, hearing = (compile_net(one, quantised=False) for one in (tiny_net(), net))
    wanted = measure(net, corpus_of([music(200, 6)]), [0])
    nats, _ = hearing.score(hearing.initial_state(1), _rows(200, 6), PITCHED)
    assert nats[0].double().mean(0).tolist() == pytest.approx(wanted.parts, abs=2e-4)
    others, _ = deaf.score(deaf.initial_state(1), _rows(200, 6), PITCHED)
    assert float((nats - others)[..., 1].abs().mean()) > 0.01


def test_scores_are_chances_that_sum_to_one(program: torch.jit.ScriptModule) -> None:
    state = program.expand(_heard(program), 128)
    rows = torch.tensor([[[25, pitch, 20, 64]] for pitch in range(128)])
    nats, _ = program.score(state, rows, PITCHED)
    assert float(torch.exp(-nats[:, 0, 1]).sum()) == pytest.approx(1.0, abs=1e-4)
    onsets = torch.tensor([[[cells, 60, 20, 64]] for cells in range(1001)])
    nats, _ = program.score(program.expand(_heard(program), 1001), onsets, PITCHED)
    assert float(torch.exp(-nats[:, 0, 0]).sum()) == pytest.approx(1.0, abs=1e-4)


def test_feeding_in_pieces_is_feeding_at_once(program: torch.jit.ScriptModule) -> None:
    rows = _rows(60, 2)
    at_once = program.feed(program.initial_state(1), rows, PITCHED)
    state = program.initial_state(1)
    for piece in (rows[:, :1], rows[:, 1:1], rows[:, 1:35], rows[:, 35:]):
        state = program.feed(state, piece, PITCHED)
    for one, other in zip(at_once, state, strict=True):
        torch.testing.assert_close(one, other)


def test_no_method_changes_the_state_it_is_given(program: torch.jit.ScriptModule) -> None:
    state = _heard(program)
    kept = [tensor.clone() for tensor in state]
    program.feed(state, _rows(5, 9), PITCHED)
    program.score(state, _rows(5, 9), PITCHED)
    program.sample(state, _uniforms(1, 5), -1, PITCHED, NO_CONTROLS)
    program.sample(program.expand(state, 3), _uniforms(3, 5), -1, PITCHED, NO_CONTROLS)
    program.pick(state, 0)
    assert all(torch.equal(before, after) for before, after in zip(kept, state, strict=True))


def test_the_eager_net_and_the_program_play_the_same_notes(program: torch.jit.ScriptModule) -> None:
    eager = make_continuer(tiny_net(), quantised=False)
    uniforms = _uniforms(1, 40)
    wanted, _, _ = eager.sample(eager.feed(eager.initial_state(1), _rows(20), 0), uniforms, -1, 0, NO_CONTROLS)
    played, _, _ = program.sample(_heard(program), uniforms, -1, 0, NO_CONTROLS)
    assert played.tolist() == wanted.tolist()


def test_sampled_notes_score_what_sampling_said(program: torch.jit.ScriptModule) -> None:
    state = _heard(program)
    controls = {"temperature": torch.tensor([0.7, 1.2, 1.0, 0.5]), "top_p": torch.full((4,), 0.8), **WITH_NATS}
    rows, said, after = program.sample(state, _uniforms(1, 30), -1, 0, controls)
    nats, fed = program.score(state, rows, 0)
    torch.testing.assert_close(nats, said, atol=1e-4, rtol=1e-4)
    for one, other in zip(after, fed, strict=True):
        torch.testing.assert_close(one, other)


def test_candidates_do_not_hear_each_other(program: torch.jit.ScriptModule) -> None:
    state, uniforms = _heard(program), _uniforms(4, 12)
    rows, nats, after = program.sample(program.expand(state, 4), uniforms, -1, 0, WITH_NATS)
    for index in range(4):
        alone, its_nats, its_state = program.sample(state, uniforms[index : index + 1], -1, 0, WITH_NATS)
        assert alone[0].tolist() == rows[index].tolist()
        torch.testing.assert_close(its_nats[0], nats[index], atol=1e-4, rtol=1e-4)
        for one, other in zip(program.pick(after, index), its_state, strict=True):
            torch.testing.assert_close(one, other, atol=1e-5, rtol=1e-4)


def test_the_first_onset_can_be_forced(program: torch.jit.ScriptModule) -> None:
    for cells in (0, 37, 455, 1000):
        rows, _, _ = program.sample(_heard(program), _uniforms(1, 3), cells, 0, NO_CONTROLS)
        assert int(rows[0, 0, 0]) == cells


def test_forbidden_pitches_are_never_played(program: torch.jit.ScriptModule) -> None:
    bias = torch.full((128,), -float("inf"))
    bias[[50, 57, 62]] = 0.0
    for top_p in (1.0, 0.5):
        controls = {"pitch_bias": bias, "top_p": torch.full((4,), top_p)}
        rows, _, _ = program.sample(_heard(program), _uniforms(1, 120), -1, 0, controls)
        assert set(rows[0, :, 1].tolist()) <= {50, 57, 62}


def test_times_and_velocities_stay_in_their_bounds(program: torch.jit.ScriptModule) -> None:
    controls = {"onset_bias": torch.tensor([0.0, 5.0]), "max_duration_cells": torch.tensor([30.0])}
    rows, _, _ = program.sample(_heard(program), _uniforms(1, 200), -1, 0, controls)
    assert int(rows[..., 0].min()) >= 5
    assert int(rows[..., 2].max()) <= 30
    assert int(rows[..., 3].min()) >= 1
    assert int(rows[..., 3].max()) <= 127


def test_biases_pull_where_they_say(program: torch.jit.ScriptModule) -> None:
    plain, _, _ = program.sample(_heard(program), _uniforms(1, 150), -1, 0, NO_CONTROLS)
    dense, _, _ = program.sample(_heard(program), _uniforms(1, 150), -1, 0, {"onset_bias": torch.tensor([-4.0, 0.0])})
    assert dense[..., 0].double().mean() < plain[..., 0].double().mean()
    soft, _, _ = program.sample(
        _heard(program), _uniforms(1, 150), -1, 0, {"velocity_bias": -((torch.arange(128) - 20) / 8).square()}
    )
    assert abs(soft[..., 3].double().mean() - 20) < abs(plain[..., 3].double().mean() - 20)


def test_temperature_zero_takes_the_likeliest_note(program: torch.jit.ScriptModule) -> None:
    cold = {"temperature": torch.zeros(4)}
    one, _, _ = program.sample(_heard(program), _uniforms(1, 20, 1), -1, 0, cold)
    other, _, _ = program.sample(_heard(program), _uniforms(1, 20, 2), -1, 0, cold)
    assert one.tolist() == other.tolist()


def test_imitation_takes_up_what_followed_last_time(program: torch.jit.ScriptModule) -> None:
    phrase = _rows(12, 4)
    state = program.feed(program.initial_state(1), torch.cat([phrase, phrase[:, :6]], 1), 0)
    rows, _, _ = program.sample(state, _uniforms(1, 6), -1, 0, {"imitation": torch.tensor([30.0])})
    assert rows[0, :, 1].tolist() == phrase[0, 6:, 1].tolist()


def test_rows_outside_the_grid_are_brought_back(program: torch.jit.ScriptModule) -> None:
    wild = torch.tensor([[[-5, 200, 90000, 0], [4000, -3, -1, 500]]])
    tame = torch.tensor([[[0, 127, 1000, 1], [1000, 0, 0, 127]]])
    for one, other in zip(
        program.feed(program.initial_state(1), wild, 0), program.feed(program.initial_state(1), tame, 0), strict=True
    ):
        torch.testing.assert_close(one, other)


def test_the_memory_wraps_without_losing_the_recent_past(program: torch.jit.ScriptModule) -> None:
    phrase = _rows(40, 2)
    rows = torch.cat([_rows(300, 1).repeat(1, 7, 1), phrase], 1)
    state = program.feed(program.initial_state(1), rows, 0)
    told = program.feed(state, phrase[:, :20], 0)[7]
    assert told[0, 6:8].tolist() == [int(phrase[0, 20, 1])] * 2


def test_no_notes_are_no_trouble(program: torch.jit.ScriptModule) -> None:
    state = _heard(program)
    rows, nats, after = program.sample(state, _uniforms(1, 0), -1, 0, NO_CONTROLS)
    assert rows.shape == nats.shape == (1, 0, 4)
    assert all(torch.equal(one, other) for one, other in zip(state, after, strict=True))


@pytest.mark.skipif(not int8_engine(), reason="this torch has no int8 products for this processor")
def test_int8_costs_less_than_a_fiftieth_of_a_nat() -> None:
    weights = builtin_models()["lstm"]
    net = load_net(weights)
    rows = _rows(240, 8)
    exact = compile_net(net, quantised=False)
    small = compile_net(net, quantised=True)
    wanted, _ = exact.score(exact.initial_state(1), rows, 0)
    found, _ = small.score(small.initial_state(1), rows, 0)
    assert abs(float(found.sum(-1).mean() - wanted.sum(-1).mean())) < 0.02
    assert net.vocabulary == Vocabulary()
