"""The drill: a model far slower than its budget, over memory ports, in real time. The music goes on, on time."""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence

import pytest

from daw_bridge.cli.run_models import Latecomers, files_of_tiers, opening_level, too_slow_ms
from daw_bridge.engine.continuation import AnswerStream
from daw_bridge.engine.events import Action, Event, Fault, Sent, TurnCalled, TurnStreamed
from daw_bridge.engine.memory import PhraseMemory
from daw_bridge.engine.parameters import defaults
from daw_bridge.io.ports_memory import MemorySystem
from daw_bridge.live.player import Player
from daw_bridge.live.wiring import Bridge, ColdModel, Tier
from daw_bridge.music.messages import NoteOn
from daw_bridge.music.notes import Note

GAP_S = 0.25


class Named(PhraseMemory):
    """A model that takes `late_s` to begin."""

    def __init__(self, name: str, late_s: float) -> None:
        super().__init__()
        self._name = name
        self._late_s = late_s

    @property
    def name(self) -> str:
        return self._name

    def begin(
        self, context: Sequence[Note], *, start_s: float, seed: int, time_scale: float = 1.0, drums: bool = False
    ) -> AnswerStream:
        time.sleep(self._late_s)
        return super().begin(context, start_s=start_s, seed=seed, time_scale=time_scale, drums=drums)


class Witness:
    def __init__(self) -> None:
        self.actions: list[Action | Sent] = []

    def heard(self, event: Event, now_s: float) -> None:
        """What comes in is the test's own."""

    def done(self, actions: Sequence[Action | Sent], now_s: float) -> None:  # noqa: ARG002 - the protocol has it
        self.actions.extend(actions)


def test_a_model_ten_times_too_slow_costs_no_turn_and_no_time() -> None:
    bus, witness = MemorySystem(), Witness()
    settings = {**defaults(), "midi_api": "memory", "gap_beats": 0.5, "seed": 5, "budget_ms": 60.0}
    bridge = Bridge(settings, system=bus)
    bridge.observe(witness)
    bridge.start(Tier(Named("slow", 0.6), 0.0, {}), Tier(Named("quick", 0.0), 0.0, {}))
    player = Player(bus.keyboard("AI In"), bus.ear("AI Out"), GAP_S)
    thread = threading.Thread(target=player.perform, args=(3,))
    try:
        thread.start()
        thread.join(40)
    finally:
        bridge.stop()
    called = [action for action in witness.actions if isinstance(action, TurnCalled)]
    assert len({turn.turn for turn in called}) == 3
    assert {action.tier for action in witness.actions if isinstance(action, TurnStreamed)} == {"quick"}
    assert {action.kind for action in witness.actions if isinstance(action, Fault)} == {"miss"}
    for turn in called:
        first = next(
            action
            for action in witness.actions
            if isinstance(action, Sent) and isinstance(action.message, NoteOn) and action.turn == turn.turn
        )
        assert first.wanted_s <= turn.over_s + 0.060


def tier(note_s: float, name: str = "model") -> Tier:
    return Tier(Named(name, 0.0), note_s, {})


def cold(name: str, note_s: float) -> ColdModel:
    return ColdModel(name, lambda: tier(note_s, name))


def broken() -> Tier:
    raise RuntimeError("no weights in it")


def test_the_quickest_begins_unless_another_was_named() -> None:
    assert [opening_level(name, 2) for name in ("auto", "transformer")] == [1, 0]
    assert opening_level("lstm", 1) == 0


def test_only_what_does_not_fit_the_budget_is_too_slow() -> None:
    assert too_slow_ms(tier(0.004), 20.0) is None
    assert too_slow_ms(tier(0.006), 20.0) == pytest.approx(24.0)


def test_latecomers_are_admitted_as_they_get_warm_and_a_broken_one_costs_nothing() -> None:
    admitted: list[tuple[int, str]] = []
    every = threading.Event()

    def admit(level: int, found: Tier | Exception) -> None:
        admitted.append((level, str(found) if isinstance(found, Exception) else found.continuer.name))
        if len(admitted) == 2:
            every.set()

    late = Latecomers([(0, ColdModel("best", broken)), (2, cold("next", 0.001))], admit)
    late.start()
    assert every.wait(10)
    late.close()
    assert admitted == [(0, "no weights in it"), (2, "next")]


def test_a_better_model_that_joins_answers_the_next_call() -> None:
    bus, witness = MemorySystem(), Witness()
    settings = {**defaults(), "midi_api": "memory", "gap_beats": 0.5, "seed": 5}
    bridge = Bridge(settings, system=bus)
    bridge.observe(witness)
    bridge.start(tier(0.0, "quick"), level=1)
    player = Player(bus.keyboard("AI In"), bus.ear("AI Out"), GAP_S)
    try:
        player.perform(1)
        bridge.join(tier(0.0, "best"), 0)
        player.perform(1)
    finally:
        bridge.stop()
    turns = {action.turn: action.tier for action in witness.actions if isinstance(action, TurnStreamed)}
    assert list(turns.values()) == ["quick", "best"]


def test_every_tier_is_found_by_its_name() -> None:
    names = [[files.name for files in files_of_tiers(name)] for name in ("auto", "transformer", "lstm", "memory")]
    assert names == [["transformer", "lstm"], ["transformer", "lstm"], ["lstm"], ["memory"]]
