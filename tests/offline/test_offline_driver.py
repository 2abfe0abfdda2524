"""The engine without a clock: what is due is done in order, at its moment, however fast."""

from __future__ import annotations

import pytest

from daw_bridge.engine.engine import Engine, EngineSettings
from daw_bridge.engine.events import Event, MidiArrived
from daw_bridge.engine.memory import PhraseMemory
from daw_bridge.music.messages import NoteOff, NoteOn
from daw_bridge.offline.drive import OfflineDriver, run_offline
from tests.support.world import Broken, Diary

CALL: list[tuple[float, Event]] = [
    (1.0, MidiArrived(NoteOn(0, 60, 80))),
    (1.2, MidiArrived(NoteOff(0, 60))),
    (1.25, MidiArrived(NoteOn(0, 64, 80))),
    (1.45, MidiArrived(NoteOff(0, 64))),
]


def test_a_call_is_answered_in_virtual_time_and_nothing_is_left_sounding() -> None:
    sent = run_offline(Engine(EngineSettings()), CALL, PhraseMemory(), 3.0)
    assert isinstance(sent[0].message, NoteOn)
    assert sent[0].actual_s == sent[0].wanted_s == pytest.approx(1.95)
    assert sum(isinstance(item.message, NoteOn) for item in sent) == sum(
        isinstance(item.message, NoteOff) for item in sent
    )
    assert [item.actual_s for item in sent] == sorted(item.actual_s for item in sent)


def test_events_may_be_put_in_any_order_and_later_ones_while_it_runs() -> None:
    driver = OfflineDriver(Engine(EngineSettings()), PhraseMemory())
    for at_s, event in reversed(CALL):
        driver.put(at_s, event)
    assert not driver.run(1.9)
    assert driver.run(2.0)


def test_a_model_that_fails_is_reported_to_the_engine_and_to_whoever_watches() -> None:
    diary = Diary()
    sent = run_offline(Engine(EngineSettings()), CALL, Broken(), 10.0, observers=[diary])
    assert sent
    assert any("no tensors today" in str(event) for _, event in diary.heard_events)


def test_answers_take_as_long_as_they_are_told_to() -> None:
    diary = Diary()
    run_offline(
        Engine(EngineSettings({"budget_ms": 500.0})), CALL, PhraseMemory(), 10.0, latency_s=0.7, observers=[diary]
    )
    first_s = min(at_s for at_s, action in diary.actions if type(action).__name__ == "Sent")
    assert first_s == pytest.approx(2.15)
