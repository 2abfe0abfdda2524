"""What is logged of a turn is enough to answer it again, note for note."""

from __future__ import annotations

import random

import pytest

from daw_bridge.engine.events import TurnCalled, TurnEnded, TurnStreamed
from daw_bridge.engine.memory import PhraseMemory
from daw_bridge.music.messages import NoteOn
from daw_bridge.music.notes import Note
from tests.support.world import World


def session(seed: int, **settings: object) -> World:
    """Ten calls of random notes, with knobs turned, answers played over, varied and taken back."""
    chance = random.Random(seed)
    world = World(PhraseMemory(), seed=seed, **settings)  # type: ignore[arg-type]
    moment_s = 1.0
    for _ in range(10):
        names = [f"{chance.choice('CDEFGAB')}{chance.choice('345')}" for _ in range(chance.randint(1, 9))]
        world.play(moment_s, " ".join(names), step_s=chance.choice((0.1, 0.2, 0.31)), length_s=0.15)
        moment_s += len(names) * 0.31 + chance.choice((1.5, 2.5, 6.0))
        match chance.randint(0, 4):
            case 0:
                world.set(moment_s - 0.7, "temperature", chance.uniform(0.0, 2.0))
            case 1:
                world.set(moment_s - 0.5, "density", chance.uniform(-1.0, 1.0))
            case 2:
                world.do(moment_s, chance.choice(("vary", "undo", "loop", "stop")))
    return world.until(moment_s + 60.0)


@pytest.mark.parametrize("seed", range(8))
@pytest.mark.parametrize("latency_s", [0.0, 0.3])
def test_every_part_of_every_answer_comes_out_the_same(seed: int, latency_s: float) -> None:
    world = session(seed, latency_s=latency_s)
    called = {called.ask_id: called for called in world.of(TurnCalled)}
    assert len(called) >= 3
    drawn: dict[int, list[Note]] = {ask_id: [] for ask_id in called}
    streams = {
        ask_id: PhraseMemory().begin(turn.context, start_s=turn.start_s, seed=turn.seed, drums=turn.drums)
        for ask_id, turn in called.items()
    }
    for part in world.of(TurnStreamed):
        assert part.first_index == len(drawn[part.ask_id])
        again = streams[part.ask_id].next(len(part.notes), part.controls)
        assert again == part.notes
        drawn[part.ask_id].extend(again)
    assert all(drawn.values())


@pytest.mark.parametrize("seed", range(4))
def test_what_was_played_is_what_went_out(seed: int) -> None:
    world = session(seed, overlap="layer", transpose=2, out_channel=4)
    ons = [(round(sent.actual_s, 6), sent.message.pitch) for sent in world.sent if isinstance(sent.message, NoteOn)]
    played = [(round(note.onset_s, 6), note.pitch) for ended in world.of(TurnEnded) for note in ended.played]
    assert sorted(ons) == sorted(played)
    assert ons


def test_the_same_evening_sounds_the_same() -> None:
    assert [sent.message for sent in session(3).sent] == [sent.message for sent in session(3).sent]
    assert [sent.message for sent in session(3).sent] != [sent.message for sent in session(4).sent]
