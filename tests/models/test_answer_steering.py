"""What holds an answer to its call's tones and away from its own figures."""

from collections.abc import Iterator

import numpy as np
import pytest
import torch

from daw_models.nets.build import compile_net, make_continuer
from daw_models.nets.steering import (
    FADE,
    figure_of,
    onset_steps,
    passage,
    past_figures,
    past_passages,
    repeated_figures,
    sounding_weight,
    tone_pull,
)
from tests.models.model_builders import music, tiny_net

State = list[torch.Tensor]
C_MAJOR = [0, 2, 4, 5, 7, 9, 11]


@pytest.fixture(autouse=True)
def _one_thread() -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    with torch.inference_mode():
        yield
    torch.set_num_threads(before)


@pytest.fixture(scope="module")
def program() -> torch.jit.ScriptModule:
    return compile_net(tiny_net(), quantised=False)


def _heard(program: torch.jit.ScriptModule, notes: int = 40) -> State:
    rows = torch.from_numpy(music(notes, 3)).unsqueeze(0)
    state: State = program.feed(program.initial_state(1), rows, 0)
    return state


def _uniforms(batch: int, notes: int) -> torch.Tensor:
    return torch.rand(batch, notes, 4, generator=torch.Generator().manual_seed(5))


def _tones(wanted: list[int], following: float) -> torch.Tensor:
    shares = torch.zeros(12)
    shares[wanted] = 1.0 / len(wanted)
    return torch.cat([torch.log(shares + 0.02), torch.tensor([following])])


CLASSES = torch.arange(128) % 12


def test_a_tone_heard_too_much_is_held_back_and_one_missing_is_raised() -> None:
    heard = torch.zeros(1, 12)
    heard[0, 0], heard[0, 7] = 30.0, 10.0
    pull = tone_pull(_tones([0, 4, 7], 1.0)[:12], 1.0, heard, CLASSES)
    assert pull.shape == (1, 128)
    assert pull[0, 64] > pull[0, 67] > pull[0, 60]
    assert pull[0, 64] > pull[0, 61]
    assert torch.equal(pull[0, :116], pull[0, 12:])


def test_before_any_note_only_the_standing_wish_counts() -> None:
    tones = _tones(C_MAJOR, 0.0)[:12]
    pull = tone_pull(tones, 1.0, torch.zeros(1, 12), CLASSES)
    assert (pull[0, 60:72] - pull[0, 60]).tolist() == pytest.approx((tones - tones[0]).tolist(), abs=1e-5)


def test_short_and_long_notes_count_within_bounds_and_fade(program: torch.jit.ScriptModule) -> None:
    assert sounding_weight(torch.tensor([0, 50, 1000])).tolist() == [2.0, 50.0, 200.0]
    rows = torch.tensor([[[0, 60, 50, 80], [10, 67, 1000, 80], [10, 60, 0, 80]]])
    counts = program.feed(program.initial_state(1), rows, 0)[8][0, 3]
    assert counts.nonzero().flatten().tolist() == [0, 7]
    assert counts[[0, 7]].tolist() == pytest.approx([50 * FADE**2 + 2, 200 * FADE])


def _repeats(pitches: list[int], steps: list[int], first: int, next_step: int) -> torch.Tensor:
    """How often each pitch would close a figure again, after notes of which those from `first` on are the answer's."""
    played, gaps = torch.tensor([pitches]), torch.tensor([steps])
    figures = past_figures(played, gaps, first)
    ways = torch.zeros_like(played)
    ways[:, 1:] = torch.diff(played)
    come = passage(figures[:, -2:-1], figures[:, -1:]) + next_step
    last = played[:, -1:]
    return repeated_figures(past_passages(figures, gaps), ways, come, last, last, torch.zeros(1, 1))


def test_a_figure_is_known_again_on_other_degrees_and_only_from_the_answer() -> None:
    pitches, steps = [60, 62, 64, 67, 50, 72, 74, 76], [19] * 8
    assert _repeats(pitches, steps, 1, 19).nonzero().tolist() == [[0, 79]]
    assert float(_repeats(pitches, steps, 4, 19).sum()) == 0.0
    assert float(_repeats(pitches, steps, 1, 27).sum()) == 0.0


@pytest.mark.parametrize("period", [1, 2, 4])
def test_notes_that_come_back_again_and_again_are_left_in_the_end(period: int) -> None:
    program = compile_net(tiny_net(), quantised=False)
    looping = torch.arange(160) % period * 2 + 60
    controls = {"variety": torch.tensor([1.5, 4.0, 200.0, 0.0])}
    state = program.feed(program.initial_state(1), torch.from_numpy(music(4, 3)).unsqueeze(0), 0)
    left = 0
    for index, pitch in enumerate(looping.tolist()):
        # A net as sure as can be of the pitch that continues the loop.
        sure = torch.full((128,), -12.0).index_fill(0, torch.tensor([pitch]), 0.0)
        rows, _, state = program.sample(state, _uniforms(1, 1), 12, 0, {**controls, "pitch_bias": sure})
        if int(rows[0, 0, 1]) != pitch:
            left = index
            break
    assert 2 * period + 2 < left < 2 * period + 20


def test_silence_before_an_answer_is_no_trouble() -> None:
    program = make_continuer(tiny_net(), quantised=False)
    controls = {"tones": _tones(C_MAJOR, 0.7), "variety": torch.tensor([1.5, 0.0, 8.0, 0.5])}
    rows, _, _ = program.sample(program.initial_state(1), _uniforms(1, 20), 0, 0, controls)
    assert rows.shape == (1, 20, 4)


def test_figures_hold_their_interval_and_step_apart() -> None:
    intervals = torch.arange(-127, 128).repeat_interleave(41)
    steps = torch.arange(41).repeat(255)
    figures = figure_of(intervals, steps)
    assert len(set(figures.tolist())) == len(figures)
    assert 0 < int(figures.min()) <= int(figures.max()) < 16384
    assert int(onset_steps(1000).max()) <= 40


def test_tones_pull_the_answer_into_their_scale(program: torch.jit.ScriptModule) -> None:
    state, uniforms = _heard(program), _uniforms(1, 200)
    free, _, _ = program.sample(state, uniforms, -1, 0, {})
    held, _, _ = program.sample(state, uniforms, -1, 0, {"tones": 2.0 * _tones(C_MAJOR, 1.0)})
    inside = [float(np.isin(rows[0, :, 1].numpy() % 12, C_MAJOR).mean()) for rows in (free, held)]
    assert inside[1] > inside[0] + 0.15


def _repeated(rows: torch.Tensor) -> int:
    """Figures of four notes that stood before, by the definition that the evaluation uses."""
    steps = onset_steps(1000)[rows[0, 1:, 0]]
    figure = list(zip(torch.diff(rows[0, :, 1]).tolist(), steps.tolist(), strict=True))
    threes = [tuple(figure[index : index + 3]) for index in range(len(figure) - 2)]
    return len(threes) - len(set(threes))


def test_variety_keeps_an_answer_off_its_own_figures() -> None:
    program = compile_net(tiny_net(), quantised=False)
    state = _heard(program)
    narrow = torch.full((128,), -float("inf"))
    narrow[60:63] = 0.0
    limits = {"pitch_bias": narrow, "onset_bias": torch.tensor([-60.0, 0.0]), "top_p": torch.full((4,), 0.6)}
    uniforms = _uniforms(1, 100)
    plain, _, _ = program.sample(state, uniforms, -1, 0, limits)
    varied, _, _ = program.sample(state, uniforms, -1, 0, {**limits, "variety": torch.tensor([4.0, 40.0, 8.0, 0.5])})
    assert _repeated(varied) < 0.8 * _repeated(plain)


def _longest_repeat(rows: torch.Tensor) -> int:
    """The longest run of notes each of which closes a figure that stood before."""
    steps = onset_steps(1000)[rows[0, 1:, 0]]
    figure = list(zip(torch.diff(rows[0, :, 1]).tolist(), steps.tolist(), strict=True))
    seen, run, longest = set(), 0, 0
    for index in range(2, len(figure)):
        three = tuple(figure[index - 2 : index + 1])
        run = run + 1 if three in seen else 0
        longest = max(longest, run)
        seen.add(three)
    return longest


def test_the_longer_figures_are_repeated_the_harder_it_becomes() -> None:
    program = compile_net(tiny_net(), quantised=False)
    looping = {"imitation": torch.tensor([9.0]), "temperature": torch.tensor([0.0, 1.0, 1.0, 1.0])}
    longest = []
    for growth in (0.0, 1.0):
        variety = torch.tensor([0.1, 40.0, 4.0, growth])
        rows, _, _ = program.sample(_heard(program), _uniforms(1, 200), -1, 0, {**looping, "variety": variety})
        longest.append(_longest_repeat(rows))
    assert longest[0] > 7
    assert longest[1] < 0.7 * longest[0]


@pytest.mark.parametrize("helpings", [[60], [1] * 60, [1, 2, 4, 8, 8, 37]])
def test_helpings_change_nothing_and_candidates_stay_apart(
    program: torch.jit.ScriptModule, helpings: list[int]
) -> None:
    uniforms = _uniforms(3, 60)
    controls = {
        "tones": _tones(C_MAJOR, 0.7),
        "variety": torch.tensor([1.5, 40.0, 8.0, 0.5]),
        "top_p": torch.full((4,), 0.95),
    }
    wanted, _, _ = program.sample(program.expand(_heard(program), 3), uniforms, -1, 0, controls)
    for row in range(3):
        state, found, done = _heard(program), [], 0
        for helping in helpings:
            rows, _, state = program.sample(state, uniforms[row : row + 1, done : done + helping], -1, 0, controls)
            found.append(rows)
            done += helping
        assert torch.cat(found, 1)[0].tolist() == wanted[row].tolist()


def test_the_eager_net_and_the_program_are_steered_alike(program: torch.jit.ScriptModule) -> None:
    eager = make_continuer(tiny_net(), quantised=False)
    controls = {"tones": _tones(C_MAJOR, 0.7), "variety": torch.tensor([1.5, 40.0, 8.0, 0.5])}
    rows = torch.from_numpy(music(40, 3)).unsqueeze(0)
    wanted, _, _ = eager.sample(eager.feed(eager.initial_state(1), rows, 0), _uniforms(1, 60), -1, 0, controls)
    played, _, _ = program.sample(_heard(program), _uniforms(1, 60), -1, 0, controls)
    assert played.tolist() == wanted.tolist()


def test_nats_are_those_of_the_unsteered_model(program: torch.jit.ScriptModule) -> None:
    state = _heard(program)
    controls = {"tones": _tones(C_MAJOR, 0.7), "variety": torch.tensor([1.5, 40.0, 8.0, 0.5]), "nats": torch.zeros(0)}
    rows, said, _ = program.sample(state, _uniforms(1, 30), -1, 0, controls)
    nats, _ = program.score(state, rows, 0)
    torch.testing.assert_close(nats, said, atol=1e-4, rtol=1e-4)
