"""What a client may ask of the bridge, as values; parameters and actions aside, each class is one OSC address."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from daw_bridge.control.schema import Value, argument


@dataclass(frozen=True, slots=True)
class Hello:
    """Subscribe; the whole state comes back and changes are pushed. Answers go to the sender, or to `reply_port`."""

    reply_port: int = argument("port at the sender's address to answer to; 0 is the sender's own", 0, 65535, default=0)


@dataclass(frozen=True, slots=True)
class Bye:
    """End the subscription."""

    reply_port: int = argument("the port given with hello", 0, 65535, default=0)


@dataclass(frozen=True, slots=True)
class Ping:
    """Stay subscribed; answered with the bridge's time, after the whole state if the subscription had ended."""

    reply_port: int = argument("the port given with hello", 0, 65535, default=0)


@dataclass(frozen=True, slots=True)
class Play:
    """Play a note into the bridge, as if it came from the keyboard."""

    note: int = argument("pitch", 0, 127)
    velocity: int = argument("how hard", 1, 127)
    duration: float = argument("seconds until its release", 0.01, 60.0)
    channel: int = argument("MIDI channel", 1, 16, default=1)


@dataclass(frozen=True, slots=True)
class Sound:
    """Sound a note at the output, past the model: for playing something back."""

    note: int = argument("pitch", 0, 127)
    velocity: int = argument("how hard", 1, 127)
    duration: float = argument("seconds until its release", 0.01, 60.0)
    channel: int = argument("MIDI channel", 1, 16, default=1)


@dataclass(frozen=True, slots=True)
class Learn:
    """The next controller, note or program change that is moved will steer `target`: a parameter or an action."""

    target: str = argument("a parameter, an action, `preset:NAME`, `preset_next` or `preset_previous`")


@dataclass(frozen=True, slots=True)
class LearnStop:
    """Stop waiting for a controller."""


@dataclass(frozen=True, slots=True)
class SetMapping:
    """Tie a controller to a target by hand, in place of what steered the target before."""

    target: str = argument("a parameter, an action, `preset:NAME`, `preset_next` or `preset_previous`")
    source: str = argument("cc, cc14, note or program")
    channel: int = argument("MIDI channel; 0 is any", 0, 16)
    number: int = argument("controller, note or program", 0, 127)
    low: float = argument("share of the range at the controller's lowest position", 0.0, 1.0, default=0.0)
    high: float = argument("share of the range at the controller's highest position", 0.0, 1.0, default=1.0)
    curve: str = argument("linear, slow (fine at the low end) or fast (fine at the high end)", default="linear")
    pickup: bool = argument("wait until the controller passes the present value", default=True)


@dataclass(frozen=True, slots=True)
class Unlearn:
    """Untie whatever steers `target`."""

    target: str = argument("as in learn")


@dataclass(frozen=True, slots=True)
class PresetSave:
    """Keep the present values of all live parameters under a name."""

    name: str = argument("name of the preset")


@dataclass(frozen=True, slots=True)
class PresetRecall:
    """Set all parameters of a preset."""

    name: str = argument("name of the preset")


@dataclass(frozen=True, slots=True)
class PresetRemove:
    """Forget a preset."""

    name: str = argument("name of the preset")


@dataclass(frozen=True, slots=True)
class PresetStep:
    """Recall the preset `by` places further on in the list."""

    by: int = argument("1 is the next, -1 the previous", -64, 64, default=1)


@dataclass(frozen=True, slots=True)
class SetParameter:
    """A live parameter gets a value."""

    name: str
    value: Value


@dataclass(frozen=True, slots=True)
class ReadParameter:
    """Ask for the present value of a parameter."""

    name: str


@dataclass(frozen=True, slots=True)
class Do:
    """Carry out a performance action."""

    action: str


@dataclass(frozen=True, slots=True)
class Released:
    """A button of an action came up: nothing to do."""


Command = (
    Hello
    | Bye
    | Ping
    | Play
    | Sound
    | Learn
    | LearnStop
    | SetMapping
    | Unlearn
    | PresetSave
    | PresetRecall
    | PresetRemove
    | PresetStep
    | SetParameter
    | ReadParameter
    | Do
    | Released
)

COMMANDS: Final[dict[str, type]] = {
    "/aiart/hello": Hello,
    "/aiart/bye": Bye,
    "/aiart/ping": Ping,
    "/aiart/play": Play,
    "/aiart/sound": Sound,
    "/aiart/learn": Learn,
    "/aiart/learn/stop": LearnStop,
    "/aiart/learn/set": SetMapping,
    "/aiart/learn/remove": Unlearn,
    "/aiart/preset/save": PresetSave,
    "/aiart/preset/recall": PresetRecall,
    "/aiart/preset/remove": PresetRemove,
    "/aiart/preset/step": PresetStep,
}
