"""Whatever happens in a session, its take replays to the same notes, and holds exactly what was sent."""

from __future__ import annotations

import random
import tempfile
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from daw_bridge.engine.continuation import AnswerStream, Continuer
from daw_bridge.engine.engine import Engine, EngineSettings
from daw_bridge.engine.events import Event, Fault, MidiArrived, ParameterSet, Performed, Sent
from daw_bridge.engine.memory import PhraseMemory
from daw_bridge.engine.parameters import defaults
from daw_bridge.io.artefact import LoadedModel
from daw_bridge.io.take_format import ModelIdentity
from daw_bridge.io.take_reading import Take, read_take
from daw_bridge.io.takes import TakeRecorder
from daw_bridge.music.calls import CALLS
from daw_bridge.music.messages import NoteOff, NoteOn
from daw_bridge.music.notes import Note
from daw_bridge.offline.drive import OfflineDriver
from daw_bridge.offline.replay import replay_turn
from tests.support.tiny_program import write_tiny_program


class Player:
    """A model with a name of its own that cannot answer some of its questions."""

    name = "player"

    def __init__(self, fails: frozenset[int] = frozenset()) -> None:
        self._memory = PhraseMemory()
        self._fails = fails
        self._asked = 0

    def follow(self, context: Sequence[Note], time_scale: float = 1.0) -> None:
        self._memory.follow(context, time_scale)

    def begin(
        self, context: Sequence[Note], *, start_s: float, seed: int, time_scale: float = 1.0, drums: bool = False
    ) -> AnswerStream:
        self._asked += 1
        if self._asked in self._fails:
            raise RuntimeError("lost the thread")
        return self._memory.begin(context, start_s=start_s, seed=seed, time_scale=time_scale, drums=drums)


def call(name: str, at_s: float, notes: int = 8) -> list[tuple[float, Event]]:
    events: list[tuple[float, Event]] = []
    for note in CALLS[name].notes[:notes]:
        events.append((at_s + note.onset_s, MidiArrived(NoteOn(0, note.pitch, note.velocity))))
        events.append((at_s + note.end_s, MidiArrived(NoteOff(0, note.pitch))))
    return events


def session(events: Sequence[tuple[float, Event]], continuer: Continuer, until_s: float) -> tuple[list[Sent], Take]:
    faults: list[Fault] = []
    values = {**defaults(), "seed": 5}
    with tempfile.TemporaryDirectory() as folder:
        recorder = TakeRecorder.open(Path(folder), values, ModelIdentity("player"), faults.append)
        driver = OfflineDriver(Engine(EngineSettings(values)), continuer, latency_s=0.003, observers=(recorder,))
        for at_s, event in events:
            driver.put(at_s, event)
        driver.run(until_s)
        sent = driver.close()
        recorder.close()
        take = read_take(recorder.file)
    assert faults == []
    assert take.notes in ((), ("the take has no end mark (the bridge was killed, or is still running)",))
    return sent, take


def fresh_model(tier: str) -> Continuer:
    return PhraseMemory() if tier == "memory" else Player()


def check(take: Take) -> int:
    """Replay every turn; returns how many notes were compared."""
    replays = [replay_turn(turn, fresh_model) for turn in take.turns]
    assert [replay.difference for replay in replays] == [None] * len(replays)
    return sum(replay.notes for replay in replays)


def test_a_session_replays_note_for_note() -> None:
    events = [*call("ode", 10.0), *call("evening", 30.0), (50.0, Performed("vary")), (50.2, Performed("keep"))]
    sent, take = session(events, Player(), 70.0)
    assert len(take.turns) == 3
    assert take.turns[2].kept
    assert check(take) > 20
    assert [(item.message, item.actual_s) for item in take.outgoing if item.turn] == [
        (item.message, item.actual_s) for item in sent if item.turn
    ]


def test_an_answer_chosen_among_drafts_is_replayed(tmp_path: Path) -> None:
    model = LoadedModel.open(write_tiny_program(tmp_path / "tiny.pt"))
    said: list[tuple[float, Event]] = [(1.0, ParameterSet("best_of", 4)), *call("ode", 10.0), (25.0, Performed("vary"))]
    more = [(16.0 + 0.2 * step, ParameterSet("temperature", 0.3 + 0.1 * step)) for step in range(6)]
    _, take = session([*said, *more], model, 45.0)
    assert [turn.called.drafts for turn in take.turns] == [4, 4]
    assert {part.called.drafts for turn in take.turns for part in turn.parts[1:]} <= {1}
    again = LoadedModel.open(tmp_path / "tiny.pt")
    replays = [replay_turn(turn, lambda _: again) for turn in take.turns]
    assert all(replay.same for replay in replays)
    assert sum(replay.notes for replay in replays) > 15
    (part, *_) = take.turns[0].parts
    alone = replace(take.turns[0], parts=(replace(part, called=replace(part.called, drafts=1)),))
    assert part.called.drafts == 4
    assert not replay_turn(alone, lambda _: again).same


def test_parameters_changed_in_the_middle_of_an_answer_are_replayed_where_they_were_heard() -> None:
    events: list[tuple[float, Event]] = call("ode", 10.0, notes=15)
    for step in range(12):
        events.append((18.0 + 0.3 * step, ParameterSet("pitch_low", 40 + 2 * step)))
        events.append((18.0 + 0.3 * step, ParameterSet("temperature", 0.2 + 0.1 * step)))
    _, take = session(events, Player(), 40.0)
    (turn,) = take.turns
    assert len({drawn.controls for part in turn.parts for drawn in part.drawn}) > 1
    assert check(take) > 10


def test_an_answer_of_the_phrase_memory_in_place_of_the_model_is_replayed() -> None:
    _, take = session([*call("ode", 10.0), *call("blues", 30.0)], Player(frozenset(range(1, 9))), 60.0)
    assert [turn.tiers for turn in take.turns] == [("memory",), ("player",)]
    assert take.faults
    check(take)


actions = st.sampled_from(["take_turn", "vary", "loop", "keep", "undo", "stop", "panic"])
moves = st.one_of(
    st.tuples(st.just("call"), st.sampled_from(sorted(CALLS)), st.integers(1, 10)),
    st.tuples(st.just("do"), actions, st.just(0)),
    st.tuples(st.just("set"), st.sampled_from(["temperature", "density", "pitch_high"]), st.integers(1, 2)),
)


@settings(max_examples=25, deadline=None)
@given(st.lists(st.tuples(st.floats(0.05, 8.0), moves), min_size=1, max_size=8), st.integers(0, 2**32))
def test_any_session_replays(script: list[tuple[float, tuple[str, str, int]]], seed: int) -> None:
    chance = random.Random(seed)
    events: list[tuple[float, Event]] = []
    at_s = 1.0
    for wait_s, (kind, what, size) in script:
        at_s += wait_s
        if kind == "call":
            events.extend(call(what, at_s, size))
        elif kind == "do":
            events.append((at_s, Performed(what)))
        else:
            events.append((at_s, ParameterSet(what, {"pitch_high": 60 * size}.get(what, 0.45 * size))))
    fails = frozenset(number for number in range(1, 40) if chance.random() < 0.2)
    sent, take = session(sorted(events, key=lambda row: row[0]), Player(fails), at_s + 30.0)
    check(take)
    assert [item.message for item in take.outgoing] == [item.message for item in sent]
