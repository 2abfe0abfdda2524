"""The playing thread: takes messages in, lets the engine decide, carries out what it decided, sleeps until it is due.

Nothing here waits for a disk, a screen, the network or the model. All times come from arrival stamps, so a moment in
which the thread could not run changes no decision.
"""

from __future__ import annotations

import gc
import sys
import threading
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from typing import Final, Protocol

from daw_bridge.engine.events import (
    Action,
    AnswerArrived,
    AnswerFailed,
    Ask,
    AskMore,
    Cancel,
    Event,
    Fault,
    Listen,
    MidiArrived,
    Observer,
    ParameterSet,
    PortLost,
    Send,
    Sent,
    Step,
    TurnStateChanged,
)
from daw_bridge.engine.parameters import Value
from daw_bridge.engine.values import EngineSettings
from daw_bridge.io.priority import PLAYING, raise_thread
from daw_bridge.live.rack import PortRack
from daw_bridge.live.thinker import Request
from daw_bridge.music.messages import SUSTAIN, ControlChange, NoteOff, NoteOn, encode

POLL_S: Final = 0.0005
"""The longest a waiting message or answer stays unread."""

SUBMIT_LIMIT: Final = 4096
"""Events that may wait from other threads; beyond it parameter changes are refused, never answers or actions."""

_QUIET_S: Final = 1.0
"""The least time between two collections of garbage, made only while nobody plays."""

_COLLECT_NEEDS_S: Final = 0.005
"""The least time to the next thing due in which garbage is collected; twice what it took the last time, if more."""

_FAULT_REST_S: Final = 1.0
_BREATH_S: Final = 0.01
"""After a fault the new engine is first asked so much later: one that fails at once must not take the whole core."""

_SWITCH_S: Final = 0.0005
"""A helper that computes gives the interpreter lock back so soon when the playing thread wants it."""

_START_LIMIT_S: Final = 5.0


class Mind(Protocol):
    """What the loop needs of `engine.engine.Engine`."""

    @property
    def parameters(self) -> Mapping[str, Value]:
        """The values in force."""
        ...

    @property
    def settings(self) -> EngineSettings:
        """What another mind needs to go on in this one's place."""
        ...

    def feed(self, event: Event, now_s: float) -> Step:
        """An event came in."""
        ...

    def advance(self, now_s: float) -> Step:
        """Time went on."""
        ...

    def close(self, now_s: float) -> Step:
        """The end: everything that sounds is released."""
        ...


class Answerer(Protocol):
    """Who is asked for answers: `live.thinker.Thinker`, or `live.cascade.Cascade`."""

    def take(self, request: Request) -> None:
        """Queue a request and return."""
        ...

    def forget(self) -> None:
        """Drop whatever is asked for: the asker is gone."""
        ...


class PlayLoop:
    """Owns the engine and the playing thread. `submit` and `report` may be called from any thread.

    `observers` may grow until `start`.
    """

    def __init__(
        self,
        make_mind: Callable[[EngineSettings | None], Mind],
        rack: PortRack,
        observers: Sequence[Observer],
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._make_mind = make_mind
        self._mind = make_mind(None)
        self._rack = rack
        # The very list: the owner may add to it until the start.
        self._observers = observers
        self._clock = clock
        self._sleep = sleep
        self._thinker: Answerer | None = None
        self._submitted: deque[Event] = deque()
        self._reports: deque[Fault] = deque(maxlen=SUBMIT_LIMIT)
        self._deadline_s: float | None = float("-inf")
        self._state = "idle"
        self._sounding: dict[tuple[str, int, int], int] = {}
        self._collected_s = self._faulted_s = float("-inf")
        self._collect_needs_s = _COLLECT_NEEDS_S
        self._stopping = False
        self._playing = threading.Event()
        self._thread = threading.Thread(target=self.run, name="play", daemon=True)
        self.faults = 0
        self.raised_priority = False

    @property
    def parameters(self) -> Mapping[str, Value]:
        """The values in force."""
        return self._mind.parameters

    @property
    def running(self) -> bool:
        """Whether the playing thread lives."""
        return self._thread.is_alive()

    @property
    def state(self) -> str:
        """The turn's state."""
        return self._state

    def attach(self, thinker: Answerer) -> None:
        """The models' threads, to which asks go."""
        self._thinker = thinker

    def start(self) -> None:
        """Start the playing thread; it plays when this returns."""
        self._thread.start()
        self._playing.wait(_START_LIMIT_S)

    def stop(self, timeout_s: float = 5.0) -> None:
        """Release everything that sounds and end the thread."""
        self._stopping = True
        if self._thread.is_alive():
            self._thread.join(timeout_s)

    def submit(self, event: Event) -> None:
        """Let the engine know of something; read within `POLL_S`."""
        if isinstance(event, ParameterSet) and len(self._submitted) >= SUBMIT_LIMIT:
            self.report(Fault("flood", f"too many changes at once, {event.name} is left as it is"))
            return
        self._submitted.append(event)

    def report(self, fault: Fault) -> None:
        """Let the observers know of a fault outside the engine."""
        self._reports.append(fault)

    def run(self) -> None:
        """The thread's body: `play` with garbage collection kept out of it, at a raised priority where allowed."""
        self.raised_priority = raise_thread(PLAYING)
        gc.collect()
        gc.freeze()
        gc.disable()
        switch_s = sys.getswitchinterval()
        sys.setswitchinterval(_SWITCH_S)
        self._playing.set()
        try:
            self.play()
        finally:
            sys.setswitchinterval(switch_s)
            gc.enable()
            gc.unfreeze()

    def play(self) -> None:
        """Play until `stop`, then release every note."""
        try:
            while not self._stopping:
                self.round()
                self._rest()
        finally:
            self._finish()

    def round(self) -> None:
        """Everything that is due now, once."""
        now_s = self._clock()
        for slot in self._rack.inputs:
            for stamp_s, message in slot.poll():
                self._feed(MidiArrived(message, slot.key), stamp_s)
        while self._submitted:
            self._feed(self._submitted.popleft(), now_s)
        if self._deadline_s is not None and self._deadline_s <= now_s:
            self._guarded(lambda: self._mind.advance(now_s), now_s)
        for out in self._rack.outputs.values():
            out.flush()
        if self._reports:
            self._tell([self._reports.popleft() for _ in range(len(self._reports))], now_s)

    def _rest(self) -> None:
        now_s = self._clock()
        if (
            self._state == "idle"
            and now_s - self._collected_s > _QUIET_S
            and (self._deadline_s is None or self._deadline_s - now_s > self._collect_needs_s)
        ):
            gc.collect()
            self._collected_s = self._clock()
            self._collect_needs_s = max(_COLLECT_NEEDS_S, 2 * (self._collected_s - now_s))
            now_s = self._collected_s
        wake_s = now_s + POLL_S if self._deadline_s is None else min(self._deadline_s, now_s + POLL_S)
        if wake_s > now_s:
            self._sleep(wake_s - now_s)

    def _feed(self, event: Event, now_s: float) -> None:
        for observer in self._observers:
            try:
                observer.heard(event, now_s)
            except Exception as error:  # a watcher's fault must not reach the music
                self._count(error, now_s)
        self._guarded(lambda: self._mind.feed(event, now_s), now_s)

    def _guarded(self, work: Callable[[], Step], now_s: float) -> None:
        try:
            step = work()
            self._deadline_s = step.deadline_s
            self._carry_out(step.actions, now_s)
        except Exception as error:  # a fault of our own ends its notes, is counted, and the instrument goes on
            self._start_afresh(error, now_s)

    def _carry_out(self, actions: Sequence[Action], now_s: float) -> None:
        if not actions:
            return
        done: list[Action | Sent] = []
        for action in actions:
            match action:
                case Send():
                    done.append(self._send(action))
                    continue
                case Listen() | Ask() | AskMore() | Cancel():
                    if self._thinker is not None:
                        self._thinker.take(action)
                case TurnStateChanged(state):
                    self._state = state
            done.append(action)
        self._tell(done, now_s)

    def _send(self, action: Send) -> Send | Sent:
        slot = self._rack.outputs.get(action.port)
        message = action.message
        if slot is None or not slot.send(encode(message)):
            return action
        actual_s = self._clock()
        match message:
            case NoteOn(channel, pitch):
                key = (action.port, channel, pitch)
                self._sounding[key] = self._sounding.get(key, 0) + 1
            case NoteOff(channel, pitch):
                key = (action.port, channel, pitch)
                if self._sounding.get(key, 0) > 1:
                    self._sounding[key] -= 1
                else:
                    self._sounding.pop(key, None)
        return Sent(message, action.wanted_s, actual_s, action.turn, action.port)

    def _tell(self, done: Sequence[Action | Sent], now_s: float) -> None:
        for observer in self._observers:
            try:
                observer.done(done, now_s)
            except Exception as error:  # a watcher's fault must not reach the music
                self._count(error, now_s)

    def _count(self, error: Exception, now_s: float) -> None:
        self.faults += 1
        if now_s - self._faulted_s >= _FAULT_REST_S:
            self._faulted_s = now_s
            self._reports.append(Fault("internal", f"a fault of our own was survived: {type(error).__name__}: {error}"))

    def _start_afresh(self, error: Exception, now_s: float) -> None:
        """Silence what sounds and go on with a new engine that has the old one's settings, mappings and presets."""
        self._count(error, now_s)
        self._silence(now_s)
        if self._thinker is not None:
            self._thinker.forget()
        # The new engine numbers its asks from the start: answers to the old one's must not be taken for its own.
        kept = [event for event in self._submitted if not isinstance(event, AnswerArrived | AnswerFailed)]
        self._submitted.clear()
        self._submitted.extend(kept)
        self._mind = self._make_mind(self._mind.settings)
        self._deadline_s = now_s + _BREATH_S
        self._state = "idle"
        self._tell([TurnStateChanged("idle", 0)], now_s)
        self._submitted.extend(PortLost(slot.key) for slot in self._rack.outputs.values() if slot.lost)

    def _silence(self, now_s: float) -> None:
        released: list[Action | Sent] = []
        for (port, channel, pitch), count in list(self._sounding.items()):
            released.extend(self._send(Send(NoteOff(channel, pitch), now_s, 0, port)) for _ in range(count))
        for port, channel in {(port, channel) for port, channel, _ in self._sounding} | {
            (sent.port, sent.message.channel)
            for sent in released
            if isinstance(sent, Sent) and isinstance(sent.message, NoteOff)
        }:
            released.append(self._send(Send(ControlChange(channel, SUSTAIN, 0), now_s, 0, port)))
        self._tell(released, now_s)

    def _finish(self) -> None:
        now_s = self._clock()
        try:
            self._carry_out(self._mind.close(now_s).actions, now_s)
        except Exception as error:  # the engine failed at the very end: the tally knows what still sounds
            self._count(error, now_s)
        self._silence(now_s)
        for out in self._rack.outputs.values():
            out.flush()
        if self._reports:
            self._tell(list(self._reports), now_s)
