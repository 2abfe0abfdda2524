"""The bridge's state as its subscribers see it, gathered from the engine's events and actions; opens nothing."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping
from typing import Final

from daw_bridge.control.outbox import Outbox
from daw_bridge.control.pushes import (
    CALL,
    RESPONSE,
    Connection,
    Counts,
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
from daw_bridge.control.schema import PARAMETERS, ROUTES, Parameter, Value
from daw_bridge.engine.events import (
    Action,
    Ask,
    Cancel,
    ControllerMap,
    Event,
    Fault,
    KeyStruck,
    MappingsChanged,
    MidiArrived,
    NoteHeard,
    NotePlayed,
    ParameterChanged,
    PortLost,
    PortReturned,
    PresetsChanged,
    Sent,
    TransportChanged,
    TurnCalled,
    TurnStateChanged,
    TurnStreamed,
)
from daw_bridge.music.messages import NoteOn
from daw_bridge.music.notes import MAX_VELOCITY, Note

KEPT_LATENCIES: Final = 128
MISS: Final = "miss"
"""The kind of the faults that say the chosen model was late."""


class Telemetry:
    """Owned by the server's thread. Times given to it are the engine's; those it sends count from `origin_s`."""

    def __init__(
        self,
        welcome: Welcome,
        values: Callable[[], Mapping[str, Value]],
        connections: Mapping[str, str],
        origin_s: float,
    ) -> None:
        self.outbox = Outbox()
        self.packet_errors = 0
        self.lost_events = 0
        self._welcome = welcome
        self._values = values
        self._origin_s = origin_s
        self._connections = {role: Connection(role, name, True) for role, name in connections.items()}
        self._turn = Turn("idle", 0)
        self._transport: Transport | None = None
        self._latency: Latency | None = None
        self._latencies_ms: deque[float] = deque(maxlen=KEPT_LATENCIES)
        self._expected_s: tuple[int, float] | None = None
        self._tier: tuple[str, float] = ("", 0.0)
        self._ask_id = 0
        self._asked = self._used = self._cancelled = self._misses = 0
        self._faults: dict[str, FaultSeen] = {}
        self._fault_count = 0
        self._levels: dict[str, float] = {}
        self._mappings: tuple[ControllerMap, ...] = ()
        self._learning = Learning("")
        self._presets: list[Preset] = []

    def heard(self, event: Event, now_s: float) -> None:
        """An event went into the engine."""
        del now_s
        match event:
            case MidiArrived(NoteOn(velocity=velocity), port):
                self._loudest(port, velocity)
            case PortLost(port):
                self._attached(port, False)
            case PortReturned(port):
                self._attached(port, True)

    def done(self, action: Action | Sent, now_s: float) -> None:
        """An action of the engine was carried out."""
        match action:
            case Sent(NoteOn(channel, pitch, velocity), _, actual_s, turn, port):
                self._loudest(port, velocity)
                if turn > 0:
                    self._first_note(turn, actual_s)
                    self.outbox.add(NoteBegan(RESPONSE, pitch, velocity, actual_s - self._origin_s, channel + 1, turn))
            case KeyStruck(NoteOn(channel, pitch, velocity), turn):
                self.outbox.add(NoteBegan(CALL, pitch, velocity, now_s - self._origin_s, channel + 1, turn))
            case NoteHeard(note, turn):
                self.outbox.add(self._ended(CALL, note, turn))
            case NotePlayed(note, turn):
                self.outbox.add(self._ended(RESPONSE, note, turn))
            case TurnStateChanged(state, turn):
                self._turn = Turn(state, turn)
                self.outbox.add(self._turn)
            case ParameterChanged(name, value):
                self.outbox.set(name, ParameterValue(name, value))
            case TransportChanged(rolling, beat, tempo_bpm, locked, source):
                upper, lower = int(self._values()["beats_per_bar"]), int(self._values()["beat_unit"])
                self._transport = Transport(rolling, beat, tempo_bpm, locked, source, upper, lower)
                self.outbox.set(Transport, self._transport)
            case Ask(ask_id=ask_id) if ask_id != self._ask_id:
                # Those who may have to stand in are asked under the same number.
                self._ask_id = ask_id
                self._asked += 1
                self._counted()
            case Cancel(level=None):
                self._cancelled += 1
                self._counted()
            case TurnCalled(turn=turn, over_s=over_s, start_s=start_s):
                self._used += 1
                self._expected_s = (turn, max(over_s, start_s))
                self._counted()
            case TurnStreamed(first_index=0, tier=tier, model_s=model_s):
                self._tier = (tier, model_s)
            case Fault(kind, text):
                self._fault(kind, text)
            case MappingsChanged(mappings, learning):
                self._mapped(mappings, learning)
            case PresetsChanged(presets, current):
                self._preset_list([name for name, _ in presets], current)

    def tick(self, now_s: float) -> None:
        """Say that the bridge is alive."""
        self.outbox.set(Time, self.time(now_s))

    def time(self, now_s: float) -> Time:
        """The bridge's clock, as sent."""
        return Time(now_s - self._origin_s)

    def packet_refused(self) -> None:
        """An OSC packet meant nothing."""
        self.packet_errors += 1
        self._counted()

    def due(self, now_s: float) -> list[Push]:
        """The pushes to send now."""
        for port, level in list(self._levels.items()):
            self.outbox.set((Level, port), Level(port, level))
        ready = self.outbox.due(now_s)
        for push in ready:
            # A level that was told falls back to nothing; its last message says so.
            if isinstance(push, Level):
                if push.level > 0:
                    self._levels[push.port] = 0.0
                else:
                    self._levels.pop(push.port, None)
        return ready

    def snapshot(self, now_s: float) -> list[Push]:
        """The whole state."""
        values = self._values()
        state: list[Push] = [self._welcome, self.time(now_s)]
        parameters = [item.name for item in PARAMETERS if item.name in values]
        parameters += [item.name for item in ROUTES if item.name in values and _is_told(item, values)]
        state.extend(ParameterValue(name, values[name]) for name in parameters)
        state.extend(self._connections.values())
        state.append(self._turn)
        if self._transport is not None:
            state.append(self._transport)
        if self._latency is not None:
            state.append(self._latency)
        state.append(self._counts())
        state.extend(self._faults.values())
        state.extend(_mapping_push(mapping) for mapping in self._mappings)
        state.append(self._learning)
        state.extend(self._presets)
        state.append(StateComplete(len(parameters)))
        return state

    def _ended(self, side: str, note: Note, turn: int) -> NoteEnded:
        onset_s = note.onset_s - self._origin_s
        return NoteEnded(side, note.pitch, note.velocity, onset_s, note.duration_s, note.channel + 1, turn)

    def _loudest(self, port: str, velocity: int) -> None:
        self._levels[port] = max(self._levels.get(port, 0.0), velocity / MAX_VELOCITY)

    def _first_note(self, turn: int, actual_s: float) -> None:
        if self._expected_s is None or self._expected_s[0] != turn:
            return
        late_ms = (actual_s - self._expected_s[1]) * 1000.0
        self._expected_s = None
        self._latencies_ms.append(late_ms)
        ordered = sorted(self._latencies_ms)
        tier, model_s = self._tier
        self._latency = Latency(
            turn, late_ms, _percentile(ordered, 0.50), _percentile(ordered, 0.99), tier, model_s * 1000.0
        )
        self.outbox.add(self._latency)

    def _fault(self, kind: str, text: str) -> None:
        before = self._faults.pop(kind, None)
        fault = FaultSeen(kind, text[:200], 1 if before is None else before.count + 1)
        self._faults[kind] = fault
        self._fault_count += 1
        self._misses += kind == MISS
        self.outbox.set((FaultSeen, kind), fault)
        self._counted()

    def _attached(self, port: str, attached: bool) -> None:
        name = self._connections[port].name if port in self._connections else port
        self._connections[port] = Connection(port, name, attached)
        self.outbox.set((Connection, port), self._connections[port])

    def _counts(self) -> Counts:
        return Counts(
            self._asked,
            self._used,
            self._cancelled,
            self._misses,
            self._fault_count,
            self.packet_errors,
            self.outbox.dropped + self.lost_events,
        )

    def _counted(self) -> None:
        self.outbox.set(Counts, self._counts())

    def _mapped(self, mappings: tuple[ControllerMap, ...], learning: str) -> None:
        now = {mapping.target: mapping for mapping in mappings}
        for before in self._mappings:
            if before.target not in now:
                self.outbox.set((MappingSet, before.target), MappingSet(before.target, "", 0, 0, 0.0, 1.0, "", False))
        for mapping in mappings:
            if mapping not in self._mappings:
                self.outbox.set((MappingSet, mapping.target), _mapping_push(mapping))
        self._mappings = mappings
        self._learning = Learning(learning)
        self.outbox.set(Learning, self._learning)

    def _preset_list(self, names: list[str], current: str) -> None:
        for before in self._presets:
            if before.name not in names:
                self.outbox.set((Preset, before.name), Preset(before.name, -1, False))
        presets = [Preset(name, position, name == current) for position, name in enumerate(names)]
        for preset in presets:
            if preset not in self._presets:
                self.outbox.set((Preset, preset.name), preset)
        self._presets = presets


def _is_told(item: Parameter, values: Mapping[str, Value]) -> bool:
    """Whether a new subscriber hears of this field of a route: of one out of use only what is not as at first."""
    route = item.name.rpartition("/")[0]
    return bool(values[f"{route}/use"]) or values[item.name] != item.default


def _mapping_push(mapping: ControllerMap) -> MappingSet:
    return MappingSet(
        mapping.target,
        mapping.source,
        mapping.channel,
        mapping.number,
        mapping.low,
        mapping.high,
        mapping.curve,
        mapping.pickup,
    )


def _percentile(ordered: list[float], share: float) -> float:
    """The nearest-rank percentile of an ordered list that is not empty."""
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]
