"""What the bridge tells its subscribers, as values; parameters aside, each class is one OSC address.

Moments (`onset_s`, `now_s`) are seconds since the bridge started.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from daw_bridge.control.schema import Value, argument

CALL: Final = "call"
RESPONSE: Final = "response"

_NEVER = -1e9
_EVER = 1e9


@dataclass(frozen=True, slots=True)
class Welcome:
    """First answer to hello: who is there."""

    version: int = argument("version of this table")
    program: str = argument("version of the bridge")
    api: str = argument("MIDI system in use")
    model: str = argument("model that answers")


@dataclass(frozen=True, slots=True)
class StateComplete:
    """The whole state has been sent."""

    parameters: int = argument("how many parameters it held")


@dataclass(frozen=True, slots=True)
class Time:
    """The bridge is alive; once a second, and as the answer to ping."""

    now_s: float = argument("seconds since the bridge started", _NEVER, _EVER)


@dataclass(frozen=True, slots=True)
class Turn:
    """The turn changed its state."""

    state: str = argument("idle, listening, thinking or answering")
    turn: int = argument("number of the turn")


@dataclass(frozen=True, slots=True)
class Transport:
    """Where the beat is; at each beat and each change."""

    rolling: bool = argument("1 while the beat runs")
    beat: float = argument("quarter notes since the transport's start", _NEVER, _EVER)
    tempo: float = argument("beats per minute", 0.0, _EVER)
    locked: bool = argument("1 while the clock is followed safely")
    source: str = argument("where the beat comes from")
    beats_per_bar: int = argument("upper figure of the time signature", 1, 64)
    beat_unit: int = argument("lower figure of the time signature", 1, 64)


@dataclass(frozen=True, slots=True)
class NoteBegan:
    """A key went down in the call, or a note of the response was handed to the driver."""

    side: str = argument("call or response")
    pitch: int = argument("pitch", 0, 127)
    velocity: int = argument("how hard", 1, 127)
    onset_s: float = argument("its moment", _NEVER, _EVER)
    channel: int = argument("MIDI channel", 1, 16)
    turn: int = argument("turn it belongs to")


@dataclass(frozen=True, slots=True)
class NoteEnded:
    """A note of the call or the response is complete."""

    side: str = argument("call or response")
    pitch: int = argument("pitch", 0, 127)
    velocity: int = argument("how hard", 1, 127)
    onset_s: float = argument("its moment", _NEVER, _EVER)
    duration_s: float = argument("how long it sounded", 0.0, _EVER)
    channel: int = argument("MIDI channel", 1, 16)
    turn: int = argument("turn it belongs to")


@dataclass(frozen=True, slots=True)
class Level:
    """How loud a port was since the last message: the hardest note."""

    port: str = argument("in or out")
    level: float = argument("velocity as a share of 127", 0.0, 1.0)


@dataclass(frozen=True, slots=True)
class Latency:
    """How long after the end of the call the first note of the answer was handed to the driver."""

    turn: int = argument("turn answered")
    last_ms: float = argument("milliseconds, this turn", _NEVER, _EVER)
    p50_ms: float = argument("median of the last 128 turns", _NEVER, _EVER)
    p99_ms: float = argument("99th percentile of the last 128 turns", _NEVER, _EVER)
    tier: str = argument("model that answered")
    model_ms: float = argument("time the model took for the first notes", 0.0, _EVER)


@dataclass(frozen=True, slots=True)
class Counts:
    """How the session goes, in numbers since the start."""

    asked: int = argument("answers asked of the model, speculation included")
    used: int = argument("answers that were played")
    cancelled: int = argument("speculative answers nobody heard")
    misses: int = argument("turns the chosen model was late for")
    faults: int = argument("faults survived")
    packet_errors: int = argument("OSC packets refused")
    dropped: int = argument("telemetry messages left out because there were too many")


@dataclass(frozen=True, slots=True)
class Connection:
    """A port of the bridge."""

    role: str = argument("in, out, or the name of a further port")
    name: str = argument("name of the port")
    attached: bool = argument("0 while it is lost")


@dataclass(frozen=True, slots=True)
class FaultSeen:
    """Something went wrong and was survived."""

    kind: str = argument("kind, for counting")
    text: str = argument("what happened")
    count: int = argument("how often this kind has happened")


@dataclass(frozen=True, slots=True)
class MappingSet:
    """A controller steers a target (see learn)."""

    target: str = argument("a parameter, an action or a preset")
    source: str = argument("cc, cc14, note or program; empty when the target is free again")
    channel: int = argument("MIDI channel; 0 is any", 0, 16)
    number: int = argument("controller, note or program", 0, 127)
    low: float = argument("share of the range at the lowest position", 0.0, 1.0)
    high: float = argument("share of the range at the highest position", 0.0, 1.0)
    curve: str = argument("linear, slow or fast")
    pickup: bool = argument("whether it waits for the present value")


@dataclass(frozen=True, slots=True)
class Learning:
    """What the next moved controller will steer; empty when nothing is being learned."""

    target: str = argument("a parameter, an action or a preset")


@dataclass(frozen=True, slots=True)
class Preset:
    """A preset exists; `position` is its place in the list, -1 when it was removed."""

    name: str = argument("name of the preset")
    position: int = argument("place in the list, from 0")
    current: bool = argument("1 for the one recalled last")


@dataclass(frozen=True, slots=True)
class Error:
    """A packet was refused and changed nothing."""

    reason: str = argument("what is wrong with it")
    address: str = argument("its address, as far as it could be read")


@dataclass(frozen=True, slots=True)
class ParameterValue:
    """A parameter has this value."""

    name: str
    value: Value


Push = (
    Welcome
    | StateComplete
    | Time
    | Turn
    | Transport
    | NoteBegan
    | NoteEnded
    | Level
    | Latency
    | Counts
    | Connection
    | FaultSeen
    | MappingSet
    | Learning
    | Preset
    | Error
    | ParameterValue
)

PUSHES: Final[dict[str, type]] = {
    "/aiart/welcome": Welcome,
    "/aiart/complete": StateComplete,
    "/aiart/time": Time,
    "/aiart/turn": Turn,
    "/aiart/transport": Transport,
    "/aiart/note/on": NoteBegan,
    "/aiart/note": NoteEnded,
    "/aiart/level": Level,
    "/aiart/latency": Latency,
    "/aiart/counts": Counts,
    "/aiart/connection": Connection,
    "/aiart/fault": FaultSeen,
    "/aiart/mapping": MappingSet,
    "/aiart/learning": Learning,
    "/aiart/preset": Preset,
    "/aiart/error": Error,
}

ADDRESSES: Final[dict[type, str]] = {cls: address for address, cls in PUSHES.items()}
