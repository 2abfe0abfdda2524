"""The transformer that plays is the one that was trained; its states are cheap to keep and exact to go back to."""

from collections.abc import Iterator, Sequence

import pytest
import torch

from daw_bridge.errors import UsageError
from daw_bridge.music.vocabulary import Vocabulary
from daw_models.data.augment import Augmentation
from daw_models.data.corpus import DRUMS, PITCHED
from daw_models.data.windows import Run, cut, stack, start_run
from daw_models.nets.build import compile_net, int8_engine, load_net, make_continuer
from daw_models.nets.families import config_of, make_net
from daw_models.nets.transformer import TransformerConfig, TransformerNet, rotary, rotary_periods, turned
from daw_models.train.likelihood import measure
from daw_models.weights_file import builtin_models
from tests.models.model_builders import corpus_of, music

TINY = TransformerConfig(
    hidden=32, head=16, wide=8, narrow=4, blocks=2, heads=4, groups=2, inner=48, context=24, carried=12
)
NO_CONTROLS: dict[str, torch.Tensor] = {}
WITH_NATS = {"nats": torch.zeros(0)}
STORE, FRONTIER, PLACE = 1, 11, 12
State = list[torch.Tensor]


@pytest.fixture(autouse=True)
def _no_gradients() -> Iterator[None]:
    with torch.inference_mode():
        yield


def _net(config: TransformerConfig = TINY) -> TransformerNet:
    """A random net whose blocks do something: as trained ones do, other than fresh ones."""
    torch.manual_seed(3)
    net = make_net(config, Vocabulary())
    assert isinstance(net, TransformerNet)
    with torch.no_grad():
        for weight in net.parameters():
            weight.add_(0.1 * torch.randn_like(weight))
    return net.eval()


@pytest.fixture(scope="module")
def program() -> torch.jit.ScriptModule:
    """A tiny random net, compiled in fp32."""
    return compile_net(_net(), quantised=False)


def _rows(notes: int, seed: int = 0) -> torch.Tensor:
    return torch.from_numpy(music(notes, seed)).unsqueeze(0)


def _heard(program: torch.jit.ScriptModule, notes: int = 60, seed: int = 0) -> State:
    state: State = program.feed(program.initial_state(1), _rows(notes, seed), PITCHED)
    return state


def _uniforms(batch: int, notes: int, seed: int = 0) -> torch.Tensor:
    return torch.rand(batch, notes, 4, generator=torch.Generator().manual_seed(seed))


def _nats(program: torch.jit.ScriptModule, state: State, seed: int = 50) -> torch.Tensor:
    """What a state makes of eight notes: two states that agree on them are taken to be one."""
    nats: torch.Tensor = program.score(state, _rows(8, seed), PITCHED)[0]
    return nats


def _run(notes: int, seed: int) -> Run:
    corpus = corpus_of([music(notes, seed)])
    return start_run(corpus, 0, 0, notes, Augmentation())


def _in_windows(net: TransformerNet, run: Run, size: int) -> torch.Tensor:
    state = net.opening_state(1)
    found = []
    for start in range(0, len(run.rows), size):
        nats, state = net(stack([cut(run, start, size)], [run]), state)
        found.append(nats)
    return torch.cat(found, 1)


@pytest.mark.parametrize("size", [1, 7, 60])
def test_windows_with_carried_memory_are_the_piece_at_once(size: int) -> None:
    net, run = _net(), _run(120, 4)
    whole, _ = net(stack([cut(run, 0, 120)], [run]), net.opening_state(1))
    torch.testing.assert_close(_in_windows(net, run, size)[:, :120], whole, atol=2e-4, rtol=1e-4)


@pytest.mark.parametrize("note_class", [PITCHED, DRUMS])
def test_scores_equal_the_vectorised_net_far_beyond_the_window(
    program: torch.jit.ScriptModule, note_class: int
) -> None:
    corpus = corpus_of([music(300, 5)], note_class=note_class)
    wanted = measure(_net(), corpus, [0])
    nats, _ = program.score(program.initial_state(1), _rows(300, 5), note_class)
    assert nats[0].double().mean(0).tolist() == pytest.approx(wanted.parts, abs=2e-4)


def test_the_net_looks_at_its_window_and_no_further() -> None:
    net = _net()
    flow = torch.randn(1, 200, TINY.hidden, generator=torch.Generator().manual_seed(1))
    run = _run(200, 1)
    batch = stack([cut(run, 0, 200)], [run])
    before, _ = net.core(flow, batch, net.opening_state(1))
    reach = TINY.blocks * (TINY.context - 1 + 2)
    flow[:, 100] += 1.0
    after, _ = net.core(flow, batch, net.opening_state(1))
    changed = (before - after).abs().amax((0, 2)) > 1e-6
    assert not changed[:100].any()
    assert changed[100 : 100 + TINY.context].all()
    assert not changed[100 + reach + 1 :].any()


def test_a_fresh_row_does_not_hear_the_row_before_it() -> None:
    net, run = _net(), _run(40, 2)
    first = stack([cut(run, 0, 40)], [run])
    _, state = net(first, net.opening_state(1))
    again, _ = net(first, [tensor * 0 for tensor in state])
    wanted, _ = net(first, net.opening_state(1))
    torch.testing.assert_close(again, wanted)


def test_turning_depends_on_differences_alone() -> None:
    periods = rotary_periods(16)
    query, key = torch.randn(2, 16, generator=torch.Generator().manual_seed(4))
    products = []
    for shift in (0, 1000, 123_456_789):
        index, now = torch.tensor([7 + shift, 3 + shift]), torch.tensor([500 + shift, 120 + shift])
        cos, sin = rotary(index, now, periods)
        products.append(float(turned(query, cos[0], sin[0]) @ turned(key, cos[1], sin[1])))
    assert products == pytest.approx([products[0]] * 3, abs=1e-4)


def test_feeding_in_pieces_is_feeding_at_once(program: torch.jit.ScriptModule) -> None:
    rows = _rows(150, 2)
    at_once = program.feed(program.initial_state(1), rows, PITCHED)
    state = program.initial_state(1)
    for piece in (rows[:, :1], rows[:, 1:1], rows[:, 1:35], rows[:, 35:36], rows[:, 36:]):
        state = program.feed(state, piece, PITCHED)
    torch.testing.assert_close(_nats(program, state), _nats(program, at_once), atol=1e-4, rtol=1e-4)


def test_the_eager_net_and_the_program_play_the_same_notes(program: torch.jit.ScriptModule) -> None:
    eager = make_continuer(_net(), quantised=False)
    uniforms = _uniforms(1, 60)
    wanted, _, _ = eager.sample(eager.feed(eager.initial_state(1), _rows(60), 0), uniforms, -1, 0, NO_CONTROLS)
    played, _, _ = program.sample(_heard(program), uniforms, -1, 0, NO_CONTROLS)
    assert played.tolist() == wanted.tolist()


def test_sampled_notes_score_what_sampling_said(program: torch.jit.ScriptModule) -> None:
    state = _heard(program)
    controls = {"temperature": torch.tensor([0.7, 1.2, 1.0, 0.5]), "top_p": torch.full((4,), 0.8), **WITH_NATS}
    rows, said, after = program.sample(state, _uniforms(1, 40), -1, 0, controls)
    nats, fed = program.score(state, rows, 0)
    torch.testing.assert_close(nats, said, atol=1e-4, rtol=1e-4)
    torch.testing.assert_close(_nats(program, after), _nats(program, fed), atol=1e-4, rtol=1e-4)


def test_any_kept_state_can_be_gone_back_to(program: torch.jit.ScriptModule) -> None:
    rows = _rows(90, 6)
    kept = [program.initial_state(1)]
    for index in range(90):
        kept.append(program.feed(kept[-1], rows[:, index : index + 1], PITCHED))
    said = [_nats(program, state) for state in kept]
    # Somebody plays something else from every one of them, in no order at all.
    for index in torch.randperm(91, generator=torch.Generator().manual_seed(2)).tolist():
        program.sample(kept[index], _uniforms(1, 30, index), -1, PITCHED, NO_CONTROLS)
    for index, state in enumerate(kept):
        assert torch.equal(_nats(program, state), said[index])
        fresh = program.feed(program.initial_state(1), rows[:, :index], PITCHED)
        torch.testing.assert_close(said[index], _nats(program, fresh), atol=1e-4, rtol=1e-4)


def test_candidates_do_not_hear_each_other(program: torch.jit.ScriptModule) -> None:
    state, uniforms = _heard(program), _uniforms(4, 40)
    rows, nats, after = program.sample(program.expand(state, 4), uniforms, -1, 0, WITH_NATS)
    for index in range(4):
        alone, its_nats, its_state = program.sample(state, uniforms[index : index + 1], -1, 0, WITH_NATS)
        assert alone[0].tolist() == rows[index].tolist()
        torch.testing.assert_close(its_nats[0], nats[index], atol=1e-4, rtol=1e-4)
        picked = program.pick(after, index)
        torch.testing.assert_close(_nats(program, picked), _nats(program, its_state), atol=1e-4, rtol=1e-4)


def test_a_long_set_costs_no_more_than_a_short_one(program: torch.jit.ScriptModule) -> None:
    state = program.initial_state(1)
    for seed in range(20):
        state = program.feed(state, _rows(60, seed), PITCHED)
        begin, end, heard = state[PLACE][0].tolist()
        assert heard == 60 * (seed + 1) + 1
        assert end - begin <= TINY.context + 64
        assert state[STORE].size(4) <= 2 * TINY.context + 64


def _bytes_kept(states: Sequence[State]) -> int:
    """Memory behind states, what they share counted once."""
    storages = {
        tensor.untyped_storage().data_ptr(): tensor.untyped_storage().nbytes() for state in states for tensor in state
    }
    return sum(storages.values())


def test_five_hundred_kept_states_fit_in_200_megabytes() -> None:
    program = compile_net(_net(TransformerConfig()), quantised=int8_engine())
    rows = _rows(500, 3)
    kept = [program.initial_state(1)]
    for index in range(500):
        kept.append(program.feed(kept[-1], rows[:, index : index + 1], PITCHED))
    assert _bytes_kept(kept) < 200e6


@pytest.mark.parametrize(
    "sizes", [{"hidden": 30}, {"heads": 4, "groups": 3}, {"carried": 512}, {"colour": 3}, {"family": "cnn"}]
)
def test_sizes_that_do_not_fit_are_refused(sizes: dict[str, object]) -> None:
    with pytest.raises(UsageError, match="here: "):
        config_of({**TransformerConfig().as_spec(), **sizes}, where="here")


@pytest.mark.skipif(not int8_engine(), reason="this torch has no int8 products for this processor")
def test_int8_costs_less_than_a_fiftieth_of_a_nat() -> None:
    net = load_net(builtin_models()["transformer"])
    rows = _rows(240, 8)
    exact, small = compile_net(net, quantised=False), compile_net(net, quantised=True)
    wanted, _ = exact.score(exact.initial_state(1), rows, 0)
    found, _ = small.score(small.initial_state(1), rows, 0)
    assert abs(float(found.sum(-1).mean() - wanted.sum(-1).mean())) < 0.02
