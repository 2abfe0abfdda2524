"""The one table of parameters and actions.

OSC addresses, settings keys, command-line options, the screen's controls and MIDI-learn targets are all read from it.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import Enum
from typing import Final

from daw_bridge.engine.port_keys import MOST_PORTS

Value = float | int | str | bool


class Kind(Enum):
    """What values a parameter takes."""

    FLOAT = "float"
    INT = "int"
    BOOL = "bool"
    CHOICE = "choice"
    TEXT = "text"


class Heard(Enum):
    """When a change is heard."""

    AT_ONCE = "at once"
    NEXT_NOTE = "at the next note still unsent"
    NEXT_TURN = "at the next turn"
    START = "only at start"


@dataclass(frozen=True, slots=True)
class Parameter:
    """One row: `name` is the settings key, `/aiart/<name>` the OSC address, `--na-me` the option."""

    name: str
    kind: Kind
    default: Value
    help: str
    heard: Heard
    minimum: float = 0.0
    maximum: float = 0.0
    choices: tuple[str, ...] = ()
    unit: str = ""

    @property
    def live(self) -> bool:
        """Whether it may change while the bridge runs."""
        return self.heard is not Heard.START

    @property
    def option(self) -> str:
        """The command-line option."""
        return "--" + self.name.replace("_", "-")

    def parse(self, value: object) -> Value:
        """The value as this parameter holds it. Raises ValueError saying what is allowed."""
        match self.kind:
            case Kind.BOOL:
                return _parse_bool(self.name, value)
            case Kind.TEXT:
                if not isinstance(value, str):
                    raise ValueError(f"{self.name} is a text, not {value!r}")
                return value
            case Kind.CHOICE:
                if value not in self.choices:
                    raise ValueError(f"{self.name} is one of {', '.join(self.choices)}, not {value!r}")
                return str(value)
            case Kind.FLOAT | Kind.INT:
                return self._parse_number(value)

    def _parse_number(self, value: object) -> float | int:
        if isinstance(value, bool) or not isinstance(value, int | float | str):
            raise ValueError(f"{self.name} is a number, not {value!r}")
        try:
            number = float(value)
        except ValueError:
            raise ValueError(f"{self.name} is a number, not {value!r}") from None
        if not self.minimum <= number <= self.maximum:
            raise ValueError(f"{self.name} goes from {self.minimum:g} to {self.maximum:g}, not {value}")
        if self.kind is Kind.FLOAT:
            return number
        if number != int(number):
            raise ValueError(f"{self.name} is a whole number, not {value}")
        return int(number)


def _parse_bool(name: str, value: object) -> bool:
    if isinstance(value, str):
        word = value.lower()
        if word in {"on", "yes", "true", "1"}:
            return True
        if word in {"off", "no", "false", "0"}:
            return False
    elif isinstance(value, int | float) and value in (0, 1):
        return bool(value)
    raise ValueError(f"{name} is on or off, not {value!r}")


@dataclass(frozen=True, slots=True)
class PerformanceAction:
    """One thing a player can do: `/aiart/do/<name>`."""

    name: str
    help: str


def _float(name: str, default: float, low: float, high: float, heard: Heard, text: str, unit: str = "") -> Parameter:
    return Parameter(name, Kind.FLOAT, default, text, heard, low, high, (), unit)


def _int(name: str, default: int, low: int, high: int, heard: Heard, text: str, unit: str = "") -> Parameter:
    return Parameter(name, Kind.INT, default, text, heard, low, high, (), unit)


def _choice(name: str, choices: tuple[str, ...], heard: Heard, text: str) -> Parameter:
    return Parameter(name, Kind.CHOICE, choices[0], text, heard, choices=choices)


def _text(name: str, default: str, heard: Heard, text: str) -> Parameter:
    return Parameter(name, Kind.TEXT, default, text, heard)


def _bool(name: str, default: bool, heard: Heard, text: str) -> Parameter:
    return Parameter(name, Kind.BOOL, default, text, heard)


PARAMETERS: Final[tuple[Parameter, ...]] = (
    _float("temperature", 1.0, 0.0, 2.0, Heard.NEXT_NOTE, "how daring the answer is: 0 the likeliest, 1 as trained"),
    _float("top_p", 0.95, 0.05, 1.0, Heard.NEXT_NOTE, "leaves out the unlikeliest choices: 1 keeps all of them"),
    _float("density", 0.0, -1.0, 1.0, Heard.NEXT_NOTE, "fewer (-1) or more (+1) notes in the answer"),
    _float("imitation", 0.0, 0.0, 1.0, Heard.NEXT_NOTE, "how closely the answer takes up the call's own figures"),
    _float("follow_velocity", 0.5, 0.0, 1.0, Heard.NEXT_NOTE, "how closely the touch follows the call's"),
    _float("tonality", 1.0, 0.0, 2.0, Heard.NEXT_NOTE, "how firmly the answer keeps to the call's tones: 0 is free"),
    _float("variety", 1.0, 0.0, 2.0, Heard.NEXT_NOTE, "how much the answer avoids repeating its own figures"),
    _int(
        "best_of",
        1,
        1,
        8,
        Heard.NEXT_TURN,
        "beginnings drawn at once, as far as time allows: the one that suits the call best is played on",
    ),
    _text("key", "off", Heard.NEXT_NOTE, 'scale of the answer: off, auto (found from the call) or a name: "D minor"'),
    _int("pitch_low", 0, 0, 127, Heard.NEXT_NOTE, "lowest pitch of the answer"),
    _int("pitch_high", 127, 0, 127, Heard.NEXT_NOTE, "highest pitch of the answer"),
    _int("max_polyphony", 10, 1, 32, Heard.NEXT_NOTE, "most notes that sound together in the answer"),
    _float("length", 1.0, 0.1, 8.0, Heard.NEXT_TURN, "length of the answer in lengths of the call (pause, manual)"),
    _choice("mode", ("pause", "bars", "manual"), Heard.AT_ONCE, "who decides that the call is over"),
    _int("bars", 2, 1, 32, Heard.NEXT_TURN, "bars of call and bars of answer in bars mode", "bars"),
    _float("gap_beats", 0.0, 0.0, 16.0, Heard.AT_ONCE, "silence that ends a call in pause mode; 0 adapts", "beats"),
    _choice("start_on", ("now", "beat", "bar"), Heard.NEXT_TURN, "where an answer starts when a clock runs"),
    _choice(
        "quantise",
        ("off", "1/4", "1/4t", "1/8", "1/8t", "1/16", "1/16t", "1/32", "1/32t"),
        Heard.NEXT_NOTE,
        "draws the answer's onsets to this grid while a clock runs; t is for triplets",
    ),
    _float("quantise_strength", 1.0, 0.0, 1.0, Heard.NEXT_NOTE, "how far to the grid: 1 all the way, 0.5 half of it"),
    _float("swing", 0.5, 0.5, 0.75, Heard.NEXT_NOTE, "place of every second line of the grid: 0.5 is straight"),
    _choice("overlap", ("yield", "layer"), Heard.AT_ONCE, "what the answer does when you play over it"),
    _choice("clock", ("auto", "internal", "midi", "link"), Heard.AT_ONCE, "where the beat comes from"),
    _choice(
        "song_position",
        ("auto", "sixteenths", "clocks"),
        Heard.AT_ONCE,
        "what the DAW's song position counts: sixteenths by the standard, clocks from Ardour 7",
    ),
    _float("tempo", 120.0, 20.0, 400.0, Heard.AT_ONCE, "tempo of the internal clock", "bpm"),
    _float(
        "latency_ms",
        -1.0,
        -1.0,
        500.0,
        Heard.AT_ONCE,
        "how long the way from the DAW and back is: on its beat, all goes out so much earlier; -1 knows JACK's",
        "ms",
    ),
    _int("beats_per_bar", 4, 1, 16, Heard.AT_ONCE, "upper figure of the time signature", "beats"),
    _choice("beat_unit", ("4", "2", "8", "16"), Heard.AT_ONCE, "lower figure of the time signature"),
    _int("count_in", 0, 0, 4, Heard.AT_ONCE, "bars counted before the internal transport starts", "bars"),
    _choice(
        "metronome",
        ("auto", "off", "count_in", "on"),
        Heard.AT_ONCE,
        "clicks to the metronome port and the synth; auto: if a metronome port is named",
    ),
    _int("metronome_channel", 10, 1, 16, Heard.AT_ONCE, "channel of the metronome"),
    _int("in_channel", 0, 0, 16, Heard.AT_ONCE, "channel listened to; 0 is all"),
    _int("out_port", 1, 1, MOST_PORTS, Heard.AT_ONCE, "output port of the answer, as counted by --port"),
    _int("out_channel", 1, 0, 16, Heard.AT_ONCE, "channel of the answer; 0 is the call's"),
    _int("program", -1, -1, 127, Heard.AT_ONCE, "sound chosen for the answer; -1 leaves it alone"),
    _int("transpose", 0, -48, 48, Heard.NEXT_NOTE, "moves the answer", "semitones"),
    _float("velocity_curve", 0.0, -1.0, 1.0, Heard.NEXT_NOTE, "bends the answer's touch: -1 softer, 1 harder"),
    _int("velocity_low", 1, 1, 127, Heard.NEXT_NOTE, "softest velocity of the answer; that of velocity_high fixes it"),
    _int("velocity_high", 127, 1, 127, Heard.NEXT_NOTE, "hardest velocity of the answer"),
    _bool("thru", False, Heard.AT_ONCE, "also pass what you play to the output"),
    _int("thru_port", 1, 1, MOST_PORTS, Heard.AT_ONCE, "output port of what is passed through"),
    _int("thru_channel", 0, 0, 16, Heard.AT_ONCE, "channel of what is passed through; 0 is the one you play on"),
    _choice("split", ("off", "right", "left"), Heard.AT_ONCE, "the hand that calls; the other plays through"),
    _int("split_note", 60, 1, 127, Heard.AT_ONCE, "lowest key of the right hand; 60 is middle C"),
    _int("split_port", 1, 1, MOST_PORTS, Heard.AT_ONCE, "output port of the hand that plays through"),
    _int("split_channel", 0, 0, 16, Heard.AT_ONCE, "channel of the hand that plays through; 0 is the one it plays on"),
    _choice(
        "drums",
        ("with", "own", "ignore"),
        Heard.AT_ONCE,
        "what channel 10 plays: with the call, a call of its own that drums answer, or no call",
    ),
    _float("budget_ms", 20.0, 1.0, 2000.0, Heard.NEXT_TURN, "time from the end of the call to the first note", "ms"),
    _text("port", "AI Out", Heard.START, "output port the DAW listens to"),
    _text("in_port", "AI In", Heard.START, "input port the DAW or keyboard plays to"),
    _text("feedback_port", "", Heard.START, "output port to your controller's faders and lights; empty is none"),
    _text("clock_port", "", Heard.START, "output port of our clock, for who follows us; empty sends none"),
    _text("metronome_port", "", Heard.START, "output port of the metronome; empty is none"),
    _choice(
        "midi_api",
        ("auto", "alsa", "jack", "coreaudio", "winmm", "memory"),
        Heard.START,
        "MIDI system to use; memory needs none",
    ),
    _text("model", "auto", Heard.START, "model that answers: a name of `models list`, a file, or the best in time"),
    _int("seed", -1, -1, 2**31 - 1, Heard.START, "seed of every choice; -1 draws one and says it"),
    _text("osc_host", "127.0.0.1", Heard.START, "address the OSC server listens on"),
    _text("osc_peers", "", Heard.START, "addresses answered beside this machine, separated by commas"),
    _int("osc_port", 9177, 0, 65535, Heard.START, "UDP port of the OSC server; 0 takes a free one"),
    _text("takes_dir", "", Heard.START, "folder of the recorded takes; empty is the user's data folder"),
    _bool("synth", False, Heard.START, "hear the answer through FluidSynth"),
    _text("soundfont", "", Heard.START, "SoundFont file for the synth; empty finds one"),
    _float("synth_gain", 0.6, 0.0, 2.0, Heard.AT_ONCE, "loudness of the synth"),
    _float("synth_reverb", 0.9, 0.0, 1.0, Heard.AT_ONCE, "reverb of the synth; 0 is dry"),
    _text("audio_device", "", Heard.START, "audio output of the synth: name, part of it or number; empty finds one"),
    _int("audio_buffer", 128, 16, 4096, Heard.START, "audio buffer of the synth: larger is safer but later", "frames"),
)

ACTIONS: Final[tuple[PerformanceAction, ...]] = (
    PerformanceAction("take_turn", "the call is over: answer now"),
    PerformanceAction("stop", "stop answering, release its notes"),
    PerformanceAction("panic", "silence everything on every channel"),
    PerformanceAction("loop", "repeat the answer until told otherwise"),
    PerformanceAction("vary", "answer the same call differently"),
    PerformanceAction("keep", "mark this turn as worth keeping"),
    PerformanceAction("undo", "forget the last turn: the model no longer hears it"),
    PerformanceAction("start", "start the internal transport from the top, after its count-in"),
    PerformanceAction("halt", "stop the internal transport"),
    PerformanceAction("continue", "let the internal transport go on where it was stopped"),
    PerformanceAction("tap", "tap the tempo of the internal clock"),
)

SEVERAL: Final = ("port", "in_port")
"""Texts that may name several ports, one a line."""

MOST_ROUTES: Final = 16
_ROUTED: Final = (
    "out_port",
    "out_channel",
    "program",
    "transpose",
    "velocity_curve",
    "velocity_low",
    "velocity_high",
    "thru",
    "thru_port",
    "thru_channel",
)
ROUTE_FIELDS: Final[tuple[Parameter, ...]] = (
    _bool("use", False, Heard.AT_ONCE, "whether this route counts"),
    _int("in_port", 0, 0, MOST_PORTS, Heard.AT_ONCE, "input port it is for; 0 is any"),
    _int("in_channel", 0, 0, 16, Heard.AT_ONCE, "channel it is for; 0 is any"),
    _int("key_low", 0, 0, 127, Heard.AT_ONCE, "lowest key it is for"),
    _int("key_high", 127, 0, 127, Heard.AT_ONCE, "highest key it is for"),
    _bool("listen", True, Heard.AT_ONCE, "whether what is played there is part of a call"),
    *(item for item in PARAMETERS if item.name in _ROUTED),
)
"""What each route says: where it is for, and in place of which of the parameters above it stands there."""

ROUTES: Final[tuple[Parameter, ...]] = tuple(
    replace(field, name=f"route/{number}/{field.name}")
    for number in range(1, MOST_ROUTES + 1)
    for field in ROUTE_FIELDS
)
"""Every field of every route as a parameter of its own: `route/3/transpose`."""

ROUTING: Final = frozenset(
    (
        *_ROUTED,
        "in_channel",
        "drums",
        "split",
        "split_note",
        "split_port",
        "split_channel",
        *(field.name for field in ROUTES),
    )
)
"""The parameters that say where something leads."""

BY_NAME: Final[dict[str, Parameter]] = {parameter.name: parameter for parameter in (*PARAMETERS, *ROUTES)}
ACTION_NAMES: Final[frozenset[str]] = frozenset(action.name for action in ACTIONS)


def defaults() -> dict[str, Value]:
    """A fresh set of values, by name."""
    return {parameter.name: parameter.default for parameter in PARAMETERS}
