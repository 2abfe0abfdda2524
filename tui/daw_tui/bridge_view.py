"""The bridge as this screen knows it: the sum of all it has said. Plain state, changed by `take` alone."""

from __future__ import annotations

from collections import deque
from typing import Final

from daw_bridge.control.pushes import (
    CALL,
    RESPONSE,
    Connection,
    Counts,
    Error,
    FaultSeen,
    Latency,
    Learning,
    Level,
    MappingSet,
    NoteBegan,
    NoteEnded,
    ParameterValue,
    Preset,
    Push,
    StateComplete,
    Time,
    Transport,
    Turn,
    Welcome,
)
from daw_bridge.control.schema import BY_NAME, Value
from daw_tui.roll import Roll

KEPT_LATENCIES: Final = 64
KEPT_S: Final = 60.0


class BridgeView:
    """State of the bridge. Moments of `roll` and `now_s` are seconds since the bridge started."""

    def __init__(self) -> None:
        self.values: dict[str, Value] = _at_first()
        self.welcome = Welcome(0, "", "", "")
        self.turn = Turn("idle", 0)
        self.transport: Transport | None = None
        self.transport_s = 0.0
        self.latency: Latency | None = None
        self.latencies_ms: deque[float] = deque(maxlen=KEPT_LATENCIES)
        self.counts = Counts(0, 0, 0, 0, 0, 0, 0)
        self.connections: dict[str, Connection] = {}
        self.faults: dict[str, FaultSeen] = {}
        self.mappings: dict[str, MappingSet] = {}
        self.learning = ""
        self.presets: list[Preset] = []
        self.roll = Roll()
        self._ahead_s: float | None = None

    def now_s(self, clock_s: float) -> float:
        """The bridge's time at a moment of our own clock."""
        return clock_s - self._ahead_s if self._ahead_s is not None else 0.0

    def beat(self, clock_s: float) -> float | None:
        """Beats since the transport's start, carried on from the last one told; None without a transport."""
        transport = self.transport
        if transport is None:
            return None
        if not transport.rolling:
            return transport.beat
        # A beat that is not told in time is not run ahead of by more than one.
        return transport.beat + min(1.5, max(0.0, clock_s - self.transport_s) * transport.tempo / 60.0)

    def bar_lines_s(self, clock_s: float, window_s: float) -> tuple[float, ...]:
        """The moments of the bar lines in the last `window_s` seconds."""
        transport = self.transport
        beat = self.beat(clock_s)
        if transport is None or beat is None or not transport.rolling or transport.tempo <= 0:
            return ()
        beat_s = 60.0 / transport.tempo
        bar_beats = transport.beats_per_bar * 4 / transport.beat_unit
        bar_s = beat_s * bar_beats
        line_s = self.now_s(clock_s) - (beat % bar_beats) * beat_s
        earliest_s = line_s - window_s
        return tuple(line_s - index * bar_s for index in range(int((line_s - earliest_s) / bar_s) + 1))

    def take(self, push: Push, clock_s: float) -> None:
        """The bridge said something, at a moment of our own clock."""
        match push:
            case ParameterValue(name, value):
                self.values[name] = value
            case NoteBegan():
                self.roll.began(push)
            case NoteEnded():
                self.roll.ended(push)
            case Time(now_s):
                ahead_s = clock_s - now_s
                self._ahead_s = ahead_s if self._ahead_s is None else min(self._ahead_s, ahead_s)
                self.roll.forget_before(now_s - KEPT_S)
            case Turn(state):
                if state in ("idle", "listening"):
                    self.roll.silence(RESPONSE, self.now_s(clock_s))
                self.turn = push
            case Transport():
                self.transport = push
                self.transport_s = clock_s
            case Latency(last_ms=last_ms):
                self.latency = push
                self.latencies_ms.append(last_ms)
            case Counts():
                self.counts = push
            case Connection(role):
                self.connections[role] = push
            case FaultSeen(kind):
                self.faults.pop(kind, None)
                self.faults[kind] = push
            case MappingSet(target, source):
                self.mappings.pop(target, None)
                if source:
                    self.mappings[target] = push
            case Learning(target):
                self.learning = target
            case Preset():
                self._preset(push)
            case Welcome():
                self._welcomed(push)
            case Level() | Error() | StateComplete():
                pass

    def lost(self, clock_s: float) -> None:
        """The bridge is silent: what sounded is over as far as we know, nobody has the turn, the beat is unknown."""
        self.roll.silence(CALL, self.now_s(clock_s))
        self.roll.silence(RESPONSE, self.now_s(clock_s))
        self.turn = Turn("idle", self.turn.turn)
        self.transport = None

    def _preset(self, preset: Preset) -> None:
        others = [item for item in self.presets if item.name != preset.name]
        self.presets = sorted([*others, preset] if preset.position >= 0 else others, key=lambda item: item.position)

    def _welcomed(self, welcome: Welcome) -> None:
        """The whole state follows; what it does not mention is gone."""
        self.welcome = welcome
        self.values.update(_at_first())
        self.connections.clear()
        self.faults.clear()
        self.mappings.clear()
        self.presets.clear()
        self.transport = None
        self._ahead_s = None


def _at_first() -> dict[str, Value]:
    """All parameters, the fields of routes too, as they are where nothing has been said of them."""
    return {name: item.default for name, item in BY_NAME.items()}
