"""All that may come into the engine, and all that it may ask of the world.

Every `*_s` is in seconds of one monotonic clock unless its docstring says otherwise.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol

from daw_bridge.engine.continuation import SamplingControls
from daw_bridge.music.messages import Message, NoteOn
from daw_bridge.music.notes import Note

# What comes in


@dataclass(frozen=True, slots=True)
class MidiArrived:
    """A message from the musician's side; the moment of arrival is the `now_s` it is fed with."""

    message: Message
    port: str = "in"


@dataclass(frozen=True, slots=True)
class AnswerArrived:
    """Notes for an ask, in order of onset; onsets on the engine's clock.

    `first_index` is the position of the first of them in the answer; `model_s` the time the model took for them;
    `level` is that of the ask. The first notes say how many `drafts` of the beginning there were.
    """

    ask_id: int
    first_index: int
    notes: tuple[Note, ...]
    tier: str
    model_s: float = 0.0
    level: int = 0
    drafts: int = 1


@dataclass(frozen=True, slots=True)
class AnswerFailed:
    """The model could not answer; `reason` is shown to the player."""

    ask_id: int
    reason: str
    level: int = 0


@dataclass(frozen=True, slots=True)
class TierReady:
    """The model of a level is at hand from now on; 0 is the best, each answers when those before it are late.

    `resting` says that it was found too slow on this machine as it is: it is asked only after a while.
    """

    level: int
    resting: bool = False


@dataclass(frozen=True, slots=True)
class ParameterSet:
    """A live parameter of `engine.parameters.PARAMETERS` gets a value."""

    name: str
    value: float | int | str | bool


@dataclass(frozen=True, slots=True)
class Performed:
    """A performance action of `engine.parameters.ACTIONS`."""

    action: str


@dataclass(frozen=True, slots=True)
class PortLost:
    """A port went away; what sounded on it is forgotten by its receiver, not by us."""

    port: str


@dataclass(frozen=True, slots=True)
class PortReturned:
    """A lost port is attached again."""

    port: str


@dataclass(frozen=True, slots=True)
class PlayerLeft:
    """A program or device that was connected to our virtual input is so no more: keys it held will not come up."""

    port: str


@dataclass(frozen=True, slots=True)
class Auditioned:
    """A note to be sounded at the output at once, for playing something back; it belongs to no turn."""

    channel: int
    pitch: int
    velocity: int
    duration_s: float


@dataclass(frozen=True, slots=True)
class LinkReported:
    """At `at_s` the Ableton Link session is `beat` beats after the bar line on which it began to play."""

    at_s: float
    beat: float
    tempo_bpm: float
    playing: bool


@dataclass(frozen=True, slots=True)
class ControllerMap:
    """A controller of the player and what it steers.

    `target` is a parameter, an action, `preset:NAME`, `preset_next` or `preset_previous`; `source` is cc, cc14, note
    or program; `channel` 1-16, 0 is any; `low` and `high` are the shares of the target's range at the controller's
    ends; `curve` is linear, slow or fast; with `pickup` the controller first has to pass the present value.
    """

    target: str
    source: str
    channel: int
    number: int
    low: float = 0.0
    high: float = 1.0
    curve: str = "linear"
    pickup: bool = True


@dataclass(frozen=True, slots=True)
class LearnStarted:
    """The next controller that is moved will steer `target`."""

    target: str


@dataclass(frozen=True, slots=True)
class LearnStopped:
    """Nothing is learned any more."""


@dataclass(frozen=True, slots=True)
class MappingSet:
    """A controller is tied to its target, in place of what steered the target before."""

    mapping: ControllerMap


@dataclass(frozen=True, slots=True)
class MappingRemoved:
    """Nothing steers `target` any more."""

    target: str


@dataclass(frozen=True, slots=True)
class PresetSaved:
    """The present values of all live parameters are kept under a name."""

    name: str


@dataclass(frozen=True, slots=True)
class PresetRecalled:
    """All parameters of a preset are set."""

    name: str


@dataclass(frozen=True, slots=True)
class PresetRemoved:
    """A preset is forgotten."""

    name: str


@dataclass(frozen=True, slots=True)
class PresetStepped:
    """The preset `by` places further on in the list is recalled."""

    by: int


ControlEvent = (
    LearnStarted
    | LearnStopped
    | MappingSet
    | MappingRemoved
    | PresetSaved
    | PresetRecalled
    | PresetRemoved
    | PresetStepped
)

Event = (
    MidiArrived
    | AnswerArrived
    | AnswerFailed
    | TierReady
    | ParameterSet
    | Performed
    | PortLost
    | PortReturned
    | PlayerLeft
    | Auditioned
    | LinkReported
    | ControlEvent
)

# What goes out


@dataclass(frozen=True, slots=True)
class Send:
    """Hand a message to the driver now; it was wanted at `wanted_s`. `turn` owns it (0: thru and housekeeping)."""

    message: Message
    wanted_s: float
    turn: int = 0
    port: str = "out"


@dataclass(frozen=True, slots=True)
class Sent:
    """A message was handed to the driver at `actual_s`, wanted at `wanted_s`. Made by the loop, for observers."""

    message: Message
    wanted_s: float
    actual_s: float
    turn: int = 0
    port: str = "out"


@dataclass(frozen=True, slots=True)
class Listen:
    """The call as heard so far, after the history: the model may follow it while the musician plays."""

    context: tuple[Note, ...]
    time_scale: float = 1.0


@dataclass(frozen=True, slots=True)
class Ask:
    """Answer `context` from `start_s` on; send notes until one has an onset at or after `until_s`.

    Only the newest ask counts: an ask replaces the one before it. `speculative` asks may never be heard. `level` is the
    model that is asked: 0 the best, the next ones in case it is late; an ask of several levels has one `ask_id`. Up to
    so many `drafts` of the beginning may be drawn, if that leaves the first note in time for `start_s`.
    """

    ask_id: int
    turn: int
    context: tuple[Note, ...]
    start_s: float
    until_s: float
    seed: int
    controls: SamplingControls
    time_scale: float = 1.0
    drums: bool = False
    speculative: bool = False
    level: int = 0
    drafts: int = 1


@dataclass(frozen=True, slots=True)
class AskMore:
    """Go on with an ask: note number `first_index` and after, until an onset reaches `until_s`, with new controls."""

    ask_id: int
    first_index: int
    until_s: float
    controls: SamplingControls
    level: int = 0


@dataclass(frozen=True, slots=True)
class Cancel:
    """Nobody waits for this ask any more; for a `level` alone, if one is named."""

    ask_id: int
    level: int | None = None


@dataclass(frozen=True, slots=True)
class TurnStateChanged:
    """The turn is now `idle`, `listening`, `thinking` or `answering`."""

    state: str
    turn: int


@dataclass(frozen=True, slots=True)
class KeyStruck:
    """A key went down in the call; see NoteHeard for its end."""

    message: NoteOn
    turn: int


@dataclass(frozen=True, slots=True)
class NoteHeard:
    """A note of the call is complete (its key came up)."""

    note: Note
    turn: int


@dataclass(frozen=True, slots=True)
class NotePlayed:
    """A note of the response was released; its times are those handed to the driver."""

    note: Note
    turn: int


@dataclass(frozen=True, slots=True)
class TurnCalled:
    """A call is over and is being answered: all that is needed to answer it again, note for note."""

    turn: int
    ask_id: int
    call: tuple[Note, ...]
    context: tuple[Note, ...]
    over_s: float
    start_s: float
    seed: int
    controls: SamplingControls
    time_scale: float
    drums: bool
    drafts: int = 1


@dataclass(frozen=True, slots=True)
class TurnStreamed:
    """Part of an answer was taken on: which notes, drawn under which controls, by which tier."""

    turn: int
    ask_id: int
    first_index: int
    notes: tuple[Note, ...]
    controls: SamplingControls
    tier: str
    model_s: float


@dataclass(frozen=True, slots=True)
class TurnEnded:
    """A turn is complete: the notes of its response as they were played. `reason`: done, yielded, stopped, failed."""

    turn: int
    played: tuple[Note, ...]
    reason: str
    first_note_late_s: float = 0.0


@dataclass(frozen=True, slots=True)
class TurnKept:
    """The player marked a turn as worth keeping."""

    turn: int


@dataclass(frozen=True, slots=True)
class TurnForgotten:
    """The player took a turn back: the model hears it no more."""

    turn: int


@dataclass(frozen=True, slots=True)
class ParameterChanged:
    """A live parameter has a new value, wherever it came from."""

    name: str
    value: float | int | str | bool


@dataclass(frozen=True, slots=True)
class Fault:
    """Something went wrong and was survived: shown, counted, logged. `kind` groups them for counting."""

    kind: str
    text: str


@dataclass(frozen=True, slots=True)
class TransportChanged:
    """Where the beat is: for screens and logs."""

    rolling: bool
    beat: float
    tempo_bpm: float
    locked: bool
    source: str


@dataclass(frozen=True, slots=True)
class LinkAsked:
    """The player wants the Link session to play, to stop, or to have another tempo; None leaves it as it is."""

    playing: bool | None = None
    tempo_bpm: float | None = None


@dataclass(frozen=True, slots=True)
class MappingsChanged:
    """What the player's controllers steer now; `learning` is the target that waits for one, or empty."""

    mappings: tuple[ControllerMap, ...]
    learning: str = ""


@dataclass(frozen=True, slots=True)
class PresetsChanged:
    """The presets now, by name in order, each with its values; `current` is the one recalled last, or empty."""

    presets: tuple[tuple[str, tuple[tuple[str, float | int | str | bool], ...]], ...]
    current: str = ""


Action = (
    Send
    | Listen
    | Ask
    | AskMore
    | Cancel
    | TurnStateChanged
    | KeyStruck
    | NoteHeard
    | NotePlayed
    | TurnCalled
    | TurnStreamed
    | TurnEnded
    | TurnKept
    | TurnForgotten
    | ParameterChanged
    | Fault
    | TransportChanged
    | LinkAsked
    | MappingsChanged
    | PresetsChanged
)


@dataclass(frozen=True, slots=True)
class Step:
    """The engine's answer to one event: what to do now, in order, and when to come back at the latest."""

    actions: tuple[Action, ...] = ()
    deadline_s: float | None = field(default=None)


class Observer(Protocol):
    """Someone who watches the playing (take recorder, screens, measurements).

    Called from the real-time thread: it must only note what it is given and return, never block, log or raise.
    """

    def heard(self, event: Event, now_s: float) -> None:
        """An event went into the engine at `now_s`."""
        ...

    def done(self, actions: Sequence[Action | Sent], now_s: float) -> None:
        """The engine's actions were carried out."""
        ...
