"""A very long evening in a few seconds: nothing hangs, nothing grows, nothing is answered that was not played."""

from __future__ import annotations

import random
from collections import deque
from collections.abc import Sequence

import pytest

from daw_bridge.engine.engine import Engine, EngineSettings
from daw_bridge.engine.events import Action, Event, MidiArrived, Sent, Step, TurnCalled, TurnEnded
from daw_bridge.engine.history import MOST_NOTES
from daw_bridge.engine.memory import PhraseMemory
from daw_bridge.music.messages import NoteOff, NoteOn
from daw_bridge.offline.drive import OfflineDriver

TURNS = 10_000


class Auditor:
    """Watches without keeping more than the present: sounding keys, the call as played, what was called."""

    def __init__(self) -> None:
        self.keys: set[tuple[int, int]] = set()
        self.played: deque[int] = deque(maxlen=16)
        self.called = self.ended = self.notes = self.longest_context = 0

    def heard(self, event: Event, now_s: float) -> None:  # noqa: ARG002 - the protocol has it
        if isinstance(event, MidiArrived) and isinstance(event.message, NoteOn):
            self.played.append(event.message.pitch)

    def done(self, actions: Sequence[Action | Sent], now_s: float) -> None:  # noqa: ARG002 - as above
        for action in actions:
            message = action.message if isinstance(action, Sent) else None
            if isinstance(message, NoteOn):
                key = (message.channel, message.pitch)
                assert key not in self.keys
                self.keys.add(key)
                self.notes += 1
            elif isinstance(message, NoteOff):
                self.keys.remove((message.channel, message.pitch))
            elif isinstance(action, TurnCalled):
                self.called += 1
                self.longest_context = max(self.longest_context, len(action.context))
                call = [note.pitch for note in action.call]
                assert call == list(self.played)[-len(call) :], "an answer to a call that was not played"
            elif isinstance(action, TurnEnded):
                self.ended += 1


class Forgetful(OfflineDriver):
    """Keeps nothing of what was sent."""

    def _carry_out(self, step: Step) -> None:
        super()._carry_out(step)
        self.sent.clear()


@pytest.mark.slow
def test_ten_thousand_turns() -> None:
    chance = random.Random(1)
    engine, auditor = Engine(EngineSettings({"seed": 1, "transpose": 1})), Auditor()
    driver = Forgetful(engine, PhraseMemory(), observers=[auditor])
    moment_s, sizes = 0.0, []
    for turn in range(TURNS):
        for _ in range(chance.randint(1, 4)):
            # Even pitches: the answers are odd, and no note is taken for an echo.
            pitch = 2 * chance.randint(24, 42)
            driver.put(moment_s, MidiArrived(NoteOn(0, pitch, chance.randint(1, 127))))
            driver.put(moment_s + 0.25, MidiArrived(NoteOff(0, pitch)))
            moment_s += 0.3
        # Sometimes the answer is let finish, sometimes it is played over.
        moment_s += chance.choice((1.0, 1.5, 4.0))
        driver.run(moment_s)
        if turn in (TURNS // 5, TURNS - 1):
            sizes.append(_reachable(engine))
    driver.run(moment_s + 60.0)
    driver.close()
    assert not auditor.keys
    assert auditor.called == auditor.ended
    assert auditor.called > TURNS * 0.9
    assert auditor.longest_context <= MOST_NOTES
    assert sizes[1] < sizes[0] * 1.2 + 2000


def _reachable(engine: Engine) -> int:
    """How many objects the engine holds on to."""
    seen: set[int] = set()
    waiting: list[object] = [engine]
    while waiting:
        thing = waiting.pop()
        if id(thing) in seen or isinstance(thing, type | int | float | str | None.__class__):
            continue
        seen.add(id(thing))
        if isinstance(thing, dict):
            waiting += [*thing.keys(), *thing.values()]
        elif isinstance(thing, list | tuple | set | deque | frozenset):
            waiting += list(thing)
        elif hasattr(thing, "__dict__"):
            waiting += list(vars(thing).values())
        for name in getattr(type(thing), "__slots__", ()):
            if hasattr(thing, name):
                waiting.append(getattr(thing, name))
    return len(seen)
