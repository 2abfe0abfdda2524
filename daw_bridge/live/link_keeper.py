"""Keeps the engine abreast of the Link session, from a thread of its own, while Link is the chosen clock."""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Final

from daw_bridge.engine.events import Action, Event, Fault, LinkAsked, LinkReported, ParameterChanged, Sent
from daw_bridge.engine.parameters import Value
from daw_bridge.engine.values import bar_beats
from daw_bridge.errors import BridgeError
from daw_bridge.io.link import LinkSession
from daw_bridge.music.meter import s_to_beats

LINK: Final = "link"
LOOK_S: Final = 0.01
"""How often the session is looked at."""
AT_LEAST_S: Final = 1.0
"""A report is made so often although nothing has changed: two clocks of one machine may drift apart."""
MOVED_BEATS: Final = 0.0005
RETRY_S: Final = 5.0


class LinkKeeper:
    """An observer that joins the session when the clock is `link`, and leaves it when it is another."""

    def __init__(
        self,
        values: Callable[[], Mapping[str, Value]],
        submit: Callable[[Event], None],
        report: Callable[[Fault], None],
        enter: Callable[[float], LinkSession] = LinkSession,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._values = values
        self._submit = submit
        self._report = report
        self._enter = enter
        self._clock = clock
        self._asked: queue.SimpleQueue[LinkAsked | None] = queue.SimpleQueue()
        self._session: LinkSession | None = None
        self._refused_s = float("-inf")
        self._said: LinkReported | None = None
        self._stopping = False
        self._thread = threading.Thread(target=self._run, name="link", daemon=True)

    def join(self) -> None:
        """Join at once if Link is the clock. Raises MissingPartError when it cannot be had."""
        if self._wanted:
            self._session = self._enter(float(self._values()["tempo"]))

    def start(self) -> None:
        """Start the thread."""
        self._thread.start()

    def stop(self) -> None:
        """Leave the session and end the thread."""
        self._stopping = True
        self._asked.put(None)
        if self._thread.is_alive():
            self._thread.join(2.0)
        else:
            self._leave()

    def heard(self, event: Event, now_s: float) -> None:
        """Observer: events are of no interest."""

    def done(self, actions: Sequence[Action | Sent], now_s: float) -> None:  # noqa: ARG002 - told when it is done
        """Observer: what the player asks of the session, and whether Link is the clock."""
        for action in actions:
            if isinstance(action, LinkAsked):
                self._asked.put(action)
            elif isinstance(action, ParameterChanged) and action.name == "clock":
                self._asked.put(None)

    def look(self, asked: LinkAsked | None) -> None:
        """Look at the session once, after doing what was asked."""
        if not self._wanted:
            self._leave()
            return
        session = self._session or self._rejoin()
        if session is None:
            return
        quantum_beats = bar_beats(self._values())
        if asked is not None and asked.playing is not None:
            session.play(asked.playing, quantum_beats)
        if asked is not None and asked.tempo_bpm is not None:
            session.set_tempo(asked.tempo_bpm)
        report = session.report(quantum_beats)
        if self._said is None or _moved(self._said, report):
            self._said = report
            self._submit(report)

    @property
    def _wanted(self) -> bool:
        return self._values()["clock"] == LINK

    def _rejoin(self) -> LinkSession | None:
        now_s = self._clock()
        if now_s - self._refused_s < RETRY_S:
            return None
        try:
            self._session = self._enter(float(self._values()["tempo"]))
        except BridgeError as error:
            self._refused_s = now_s
            self._report(Fault("clock", str(error)))
        return self._session

    def _leave(self) -> None:
        if self._session is not None:
            self._session.close()
            self._session = self._said = None

    def _run(self) -> None:
        asked: LinkAsked | None = None
        while not self._stopping:
            try:
                self.look(asked)
            except Exception as error:  # a fault of the session costs the beat, not the music
                self._report(Fault("clock", f"Link: {type(error).__name__}: {error}"))
                self._leave()
            try:
                asked = self._asked.get(timeout=LOOK_S if self._wanted else None)
            except queue.Empty:
                asked = None
        self._leave()


def _moved(before: LinkReported, now: LinkReported) -> bool:
    """Whether the engine, which goes on from the report before, would be wrong."""
    if (now.playing, now.tempo_bpm) != (before.playing, before.tempo_bpm):
        return True
    passed_s = now.at_s - before.at_s
    expected = before.beat + s_to_beats(passed_s, before.tempo_bpm) if before.playing else now.beat
    return passed_s >= AT_LEAST_S or abs(expected - now.beat) > MOVED_BEATS
