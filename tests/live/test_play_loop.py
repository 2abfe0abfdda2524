"""The playing thread's body under a fake clock: stamps decide, every fault is survived, what sounds is released."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import pytest

from daw_bridge.engine.events import (
    Action,
    AnswerArrived,
    Event,
    Fault,
    MidiArrived,
    ParameterSet,
    Performed,
    PortLost,
    PortReturned,
    Send,
    Sent,
    Step,
)
from daw_bridge.engine.parameters import Value
from daw_bridge.engine.values import EngineSettings
from daw_bridge.io.ports_memory import MemorySystem, MemoryTap
from daw_bridge.live.loop import SUBMIT_LIMIT, PlayLoop
from daw_bridge.live.rack import InSlot, OutSlot, PortRack
from daw_bridge.music.messages import NoteOff, NoteOn, decode, encode


@dataclass
class Script:
    """A mind that notes what it is fed and does what the test says."""

    on_feed: Callable[[Event, float], Step] = lambda _event, _now_s: Step()
    on_advance: Callable[[float], Step] = lambda _now_s: Step()
    at_close: Step = field(default_factory=Step)
    parameters: Mapping[str, Value] = field(default_factory=lambda: {"temperature": 0.5})
    settings: EngineSettings = field(default_factory=lambda: EngineSettings({"temperature": 0.5}))
    fed: list[tuple[Event, float]] = field(default_factory=list)
    advanced: list[float] = field(default_factory=list)

    def feed(self, event: Event, now_s: float) -> Step:
        self.fed.append((event, now_s))
        return self.on_feed(event, now_s)

    def advance(self, now_s: float) -> Step:
        self.advanced.append(now_s)
        return self.on_advance(now_s)

    def close(self, now_s: float) -> Step:
        assert now_s >= 0
        return self.at_close


class Notebook:
    """An observer that keeps all it is told."""

    def __init__(self) -> None:
        self.events: list[tuple[Event, float]] = []
        self.actions: list[Action | Sent] = []

    def heard(self, event: Event, now_s: float) -> None:
        self.events.append((event, now_s))

    def done(self, actions: Sequence[Action | Sent], now_s: float) -> None:
        assert now_s >= 0
        self.actions.extend(actions)


class Stage:
    """A loop on memory ports; `now_s` stands still unless the loop sleeps or the test moves it."""

    def __init__(self, *minds: Script) -> None:
        self.now_s = 10.0
        self.minds = list(minds)
        self.made: list[EngineSettings | None] = []
        self.bus = MemorySystem(clock=lambda: self.now_s)
        self.out: MemoryTap = self.bus.listen("AI Out")
        rack_in, rack_out = InSlot("in", self.bus.open_in("AI In")), OutSlot("out", self.bus.open_out("AI Out"))
        self.rack = PortRack(self.bus, (rack_in,), (rack_out,), steady_s=0.0)
        self.notebook = Notebook()
        self.until_s = 10.0
        self.loop = PlayLoop(self.make, self.rack, [self.notebook], clock=lambda: self.now_s, sleep=self.sleep)
        self.rack.tell(self.loop.submit)

    def make(self, before: EngineSettings | None) -> Script:
        self.made.append(before)
        return self.minds[min(len(self.made), len(self.minds)) - 1]

    def sleep(self, seconds: float) -> None:
        self.now_s += seconds
        if self.now_s >= self.until_s:
            self.loop.stop()

    def play_until(self, until_s: float) -> None:
        self.until_s = until_s
        self.loop.play()

    def heard(self) -> list[tuple[float, object]]:
        return [(round(moment_s, 6), decode(data)) for moment_s, data in self.out.take()]


def send(pitch: int, wanted_s: float, turn: int = 1) -> Send:
    return Send(NoteOn(0, pitch, 80), wanted_s, turn)


def test_messages_are_fed_with_their_arrival_however_late_they_are_read() -> None:
    mind = Script()
    stage = Stage(mind)
    for at_s, pitch in ((9.25, 60), (9.5, 62), (9.75, 64)):
        stage.bus.play("AI In", encode(NoteOn(0, pitch, 80)), at_s=at_s)
    stage.loop.round()
    assert mind.fed == [
        (MidiArrived(NoteOn(0, 60, 80), "in"), 9.25),
        (MidiArrived(NoteOn(0, 62, 80), "in"), 9.5),
        (MidiArrived(NoteOn(0, 64, 80), "in"), 9.75),
    ]
    assert stage.notebook.events == mind.fed


def test_the_engine_is_woken_at_its_deadlines_to_the_microsecond() -> None:
    due = iter([10.0123, 10.0456, 10.0457])
    mind = Script(on_advance=lambda now_s: Step((send(60, now_s),), next(due, None)))
    stage = Stage(mind)
    stage.play_until(10.1)
    assert mind.advanced == pytest.approx([10.0, 10.0123, 10.0456, 10.0457])
    assert [moment_s for moment_s, _ in stage.heard()][:4] == pytest.approx([10.0, 10.0123, 10.0456, 10.0457])


def test_observers_see_when_a_message_was_wanted_and_when_it_left() -> None:
    stage = Stage(Script(on_feed=lambda _event, _now_s: Step((send(60, 9.9, turn=3),))))
    stage.loop.submit(Performed("take_turn"))
    stage.loop.round()
    assert stage.notebook.actions == [Sent(NoteOn(0, 60, 80), 9.9, 10.0, 3, "out")]


def test_a_fault_of_our_own_silences_its_notes_and_a_new_engine_goes_on() -> None:
    def fail(event: Event, _now_s: float) -> Step:
        if event == Performed("vary"):
            raise ZeroDivisionError("oh")
        return Step((send(60, 10.0), send(64, 10.0)))

    first, second = Script(on_feed=fail), Script()
    stage = Stage(first, second)
    stage.loop.submit(Performed("take_turn"))
    stage.loop.submit(Performed("vary"))
    stage.loop.submit(AnswerArrived(1, 0, (), "lstm"))
    stage.loop.submit(ParameterSet("tempo", 90.0))
    stage.loop.round()
    stage.loop.round()
    struck = [message for _, message in stage.heard() if isinstance(message, NoteOn | NoteOff)]
    assert struck == [NoteOn(0, 60, 80), NoteOn(0, 64, 80), NoteOff(0, 60), NoteOff(0, 64)]
    assert stage.made == [None, EngineSettings({"temperature": 0.5})]
    assert [event for event, _ in second.fed] == [ParameterSet("tempo", 90.0)]
    assert stage.loop.faults == 1
    faults = [action for action in stage.notebook.actions if isinstance(action, Fault)]
    assert [fault.kind for fault in faults] == ["internal"]
    assert "ZeroDivisionError" in faults[0].text


def test_a_fault_that_comes_back_each_time_is_counted_and_not_shouted() -> None:
    def fail(_now_s: float) -> Step:
        raise RuntimeError("again")

    stage = Stage(Script(on_advance=fail, on_feed=lambda _event, now_s: Step((), now_s)))
    stage.loop.submit(Performed("take_turn"))
    stage.play_until(12.5)
    assert stage.loop.faults > 200
    shown = sum(isinstance(action, Fault) for action in stage.notebook.actions)
    assert 2 <= shown <= 4


def test_an_observer_that_fails_does_not_stop_the_music() -> None:
    class Broken:
        def heard(self, event: Event, now_s: float) -> None:
            raise OSError(f"no room for {event} at {now_s}")

        def done(self, actions: Sequence[Action | Sent], now_s: float) -> None:
            raise OSError(f"no room for {actions} at {now_s}")

    mind = Script(on_feed=lambda _event, now_s: Step((send(60, now_s),)))
    stage = Stage(mind)
    loop = PlayLoop(stage.make, stage.rack, [Broken(), stage.notebook], clock=lambda: stage.now_s, sleep=stage.sleep)
    loop.submit(Performed("take_turn"))
    loop.round()
    assert [message for _, message in stage.heard()] == [NoteOn(0, 60, 80)]
    assert loop.faults == 3
    assert stage.notebook.actions


def test_stopping_releases_what_sounds_even_when_the_engine_fails_at_the_end() -> None:
    class Falling(Script):
        def close(self, now_s: float) -> Step:
            raise RuntimeError(f"not at {now_s}")

    stage = Stage(Falling(on_feed=lambda _event, now_s: Step((send(60, now_s), send(67, now_s)))))
    stage.loop.submit(Performed("take_turn"))
    stage.play_until(10.01)
    struck = [message for _, message in stage.heard() if isinstance(message, NoteOn | NoteOff)]
    assert struck == [NoteOn(0, 60, 80), NoteOn(0, 67, 80), NoteOff(0, 60), NoteOff(0, 67)]


def test_a_lost_port_is_told_once_and_its_return_once() -> None:
    mind = Script(on_feed=lambda _event, now_s: Step((send(60, now_s),)))
    stage = Stage(mind)
    stage.bus.lose("AI Out")
    stage.loop.submit(Performed("take_turn"))
    stage.loop.round()
    assert stage.heard() == []
    assert isinstance(stage.notebook.actions[0], Send)
    stage.rack.look()
    stage.rack.look()
    stage.bus.restore("AI Out")
    stage.rack.look()
    stage.rack.look()
    stage.loop.round()
    assert [event for event, _ in mind.fed] == [Performed("take_turn"), PortLost("out"), PortReturned("out")]
    assert [message for _, message in stage.heard()] == [NoteOn(0, 60, 80)] * 2


def test_a_lost_input_is_not_read_and_comes_back() -> None:
    mind = Script()
    stage = Stage(mind)
    stage.bus.lose("AI In")
    stage.rack.look()
    stage.loop.round()
    stage.bus.restore("AI In")
    stage.rack.look()
    stage.bus.play("AI In", encode(NoteOn(0, 60, 80)))
    stage.loop.round()
    assert [event for event, _ in mind.fed] == [
        PortLost("in"),
        MidiArrived(NoteOn(0, 60, 80), "in"),
        PortReturned("in"),
    ] or [event for event, _ in mind.fed] == [
        PortLost("in"),
        PortReturned("in"),
        MidiArrived(NoteOn(0, 60, 80), "in"),
    ]


def test_too_many_changes_at_once_are_refused_and_actions_are_not() -> None:
    mind = Script()
    stage = Stage(mind)
    for number in range(SUBMIT_LIMIT + 50):
        stage.loop.submit(ParameterSet("tempo", 60.0 + number % 100))
    stage.loop.submit(Performed("panic"))
    stage.loop.round()
    assert len(mind.fed) == SUBMIT_LIMIT + 1
    assert mind.fed[-1][0] == Performed("panic")
    assert sum(isinstance(action, Fault) for action in stage.notebook.actions) == 50
