"""The whole instrument on memory ports, in real time for a few seconds: threads, engine and phrase memory together."""

from __future__ import annotations

import gc
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager

from daw_bridge.engine.continuation import SamplingControls
from daw_bridge.engine.events import Action, Event, Fault, ParameterSet, Performed, Sent, TurnEnded, TurnStreamed
from daw_bridge.engine.parameters import Value, defaults
from daw_bridge.io.ports_memory import MemorySystem
from daw_bridge.live.bench.log import BridgeLog
from daw_bridge.live.player import Performance, Player
from daw_bridge.live.wiring import Bridge, Tier, load_tier, settled
from daw_bridge.music.messages import NoteOff, NoteOn, decode, encode
from daw_bridge.music.notes import Note

GAP_S = 0.25


class Diary:
    """Keeps what was done, and can be waited for."""

    def __init__(self) -> None:
        self.actions: list[Action | Sent] = []
        self.grown = threading.Condition()

    def heard(self, event: Event, now_s: float) -> None:
        """What comes in is the test's own."""

    def done(self, actions: object, _now_s: float) -> None:
        assert isinstance(actions, list | tuple)
        with self.grown:
            self.actions.extend(actions)
            self.grown.notify_all()

    def wait_for(self, kind: type[object], limit_s: float = 10.0) -> object:
        def found() -> object:
            return next((action for action in self.actions if isinstance(action, kind)), None)

        with self.grown:
            assert self.grown.wait_for(lambda: found() is not None, limit_s)
            return found()


def settings(**changes: Value) -> Mapping[str, Value]:
    return {**defaults(), "midi_api": "memory", "model": "memory", "gap_beats": 0.5, "seed": 5, **changes}


@contextmanager
def playing(bus: MemorySystem, *observers: BridgeLog | Diary, **changes: Value) -> Iterator[Bridge]:
    bridge = Bridge(settings(**changes), system=bus)
    for observer in observers:
        bridge.observe(observer)
    bridge.start(load_tier(None))
    try:
        yield bridge
    finally:
        bridge.stop()


def performed(player: Player, turns: int) -> Performance:
    """Let the player play in a thread of its own, as the bridge would meet it."""
    found: list[Performance] = []
    thread = threading.Thread(target=lambda: found.append(player.perform(turns)))
    thread.start()
    thread.join(30)
    return found[0]


def test_every_call_is_answered_and_every_note_ends() -> None:
    bus, log, diary = MemorySystem(), BridgeLog(), Diary()
    with playing(bus, log, diary) as bridge:
        heard = performed(Player(bus.keyboard("AI In"), bus.ear("AI Out"), GAP_S), 3)
        assert bridge.ready_line(load_tier(None), ("127.0.0.1", 9177)) == (
            'ready in="AI In" out="AI Out" api=memory model=memory osc=127.0.0.1:9177'
        )
        assert bridge.faults == 0
    assert all(turn.first_s is not None and turn.first_s > turn.over_s - 0.001 for turn in heard.turns)
    assert heard.hanging == 0
    assert heard.notes_on == heard.notes_off >= 9
    assert len(log.errors_ms()) == heard.notes_on
    assert [action.reason for action in diary.actions if isinstance(action, TurnEnded)] == [
        "yielded",
        "yielded",
        "done",
    ]
    assert not gc.get_freeze_count()
    assert gc.isenabled()


class Sluggish:
    """A model that takes a quarter of a second for every note, as one on a machine far too small for it."""

    name = "sluggish"
    NOTE_S = 0.25

    def follow(self, _context: Sequence[Note], _time_scale: float = 1.0) -> None:
        time.sleep(0.05)

    def begin(self, _context: Sequence[Note], *, start_s: float, **_beside: float | bool) -> Sluggish:
        self.start_s = start_s
        return self

    def next(self, count: int, _controls: SamplingControls) -> tuple[Note, ...]:
        time.sleep(self.NOTE_S * count)
        return tuple(Note(self.start_s + 0.1 * number, 30, 0.1, 64) for number in range(count))


def test_a_model_far_too_slow_is_stood_in_for_within_the_budget() -> None:
    bus, diary = MemorySystem(), Diary()
    bridge = Bridge(settings(budget_ms=20.0), system=bus)
    bridge.observe(diary)
    bridge.start(Tier(Sluggish(), Sluggish.NOTE_S, {}))
    try:
        heard = performed(Player(bus.keyboard("AI In"), bus.ear("AI Out"), GAP_S), 2)
    finally:
        bridge.stop()
    assert all(turn.first_s is not None and turn.first_s - turn.over_s < Sluggish.NOTE_S for turn in heard.turns)
    assert heard.hanging == 0
    assert {action.tier for action in diary.actions if isinstance(action, TurnStreamed)} == {"memory"}
    assert "miss" in {action.kind for action in diary.actions if isinstance(action, Fault)}


def test_stopping_in_the_middle_of_an_answer_releases_its_notes() -> None:
    bus, diary = MemorySystem(), Diary()
    tap = bus.listen("AI Out")
    with playing(bus, diary):
        for pitch in (60, 64, 67):
            bus.play("AI In", encode(NoteOn(0, pitch, 90)))
        for pitch in (60, 64, 67):
            bus.play("AI In", encode(NoteOff(0, pitch)))
        diary.wait_for(Sent)
    sounding = set()
    for _, data in tap.take():
        match decode(data):
            case NoteOn(channel, pitch):
                sounding.add((channel, pitch))
            case NoteOff(channel, pitch):
                sounding.remove((channel, pitch))
    assert sounding == set()


def test_events_from_other_threads_reach_the_engine_and_its_values_are_seen() -> None:
    bus, diary = MemorySystem(), Diary()
    with playing(bus, diary) as bridge:
        bridge.submit(ParameterSet("temperature", 0.25))
        bridge.submit(Performed("no such thing"))
        bridge.report(Fault("take", "the disk is full"))
        diary.wait_for(Fault)
        with diary.grown:
            assert diary.grown.wait_for(lambda: sum(isinstance(each, Fault) for each in diary.actions) >= 2, 5)
        assert bridge.values()["temperature"] == 0.25
    assert {action.kind for action in diary.actions if isinstance(action, Fault)} == {"action", "take"}


def test_a_seed_is_drawn_unless_one_is_given() -> None:
    assert settled(settings(seed=77))["seed"] == 77
    drawn = {settled(settings(seed=-1))["seed"] for _ in range(8)}
    assert len(drawn) > 1
    assert all(isinstance(seed, int) and 0 <= seed < 2**31 for seed in drawn)
