"""The wire contract as one table: every OSC address with its arguments, ranges and help.

Rows for parameters and actions are made from `engine.parameters`, the others from the values in `commands` and
`pushes`; the server, the client, the screen and the documentation page all read this table.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import MISSING, dataclass, field, fields
from typing import Any, Final, get_type_hints

from daw_bridge.engine.mapping_targets import choices_of, next_value, position_of, value_at
from daw_bridge.engine.parameters import (
    ACTION_NAMES,
    ACTIONS,
    BY_NAME,
    MOST_ROUTES,
    PARAMETERS,
    ROUTE_FIELDS,
    ROUTES,
    ROUTING,
    SEVERAL,
    Heard,
    Kind,
    Parameter,
    Value,
)
from daw_bridge.engine.port_keys import MOST_PORTS, in_key, names_of, out_key
from daw_bridge.music.harmony import parse_key

__all__ = [
    "ACTIONS",
    "ACTION_NAMES",
    "BY_NAME",
    "MOST_PORTS",
    "MOST_ROUTES",
    "PARAMETERS",
    "ROUTES",
    "ROUTE_FIELDS",
    "ROUTING",
    "SEVERAL",
    "Heard",
    "Kind",
    "Parameter",
    "Value",
    "choices_of",
    "in_key",
    "names_of",
    "next_value",
    "out_key",
    "position_of",
    "value_at",
]

VERSION: Final = 1
"""Grows when an address changes its meaning; new addresses do not change it."""

PREFIX: Final = "/aiart/"
DO_PREFIX: Final = "/aiart/do/"
DEFAULT_PORT: Final = 9177
MAX_TEXT: Final = 256
"""Longest text argument, in characters."""

_TAGS: Final[dict[type, str]] = {float: "f", int: "i", bool: "i", str: "s"}


@dataclass(frozen=True, slots=True)
class Argument:
    """One argument of an address; `tag` is its OSC type: f, i or s. An optional one may be left out."""

    name: str
    tag: str
    help: str
    minimum: float = float("-inf")
    maximum: float = float("inf")
    optional: bool = False
    is_bool: bool = False

    def parse(self, value: object) -> Value:
        """The argument's value from an OSC one. Raises ValueError saying what is wanted."""
        if self.tag == "s":
            if not isinstance(value, str):
                raise ValueError(f"{self.name} is a text, not {_shown(value)}")
            if len(value) > MAX_TEXT:
                raise ValueError(f"{self.name} is a text of at most {MAX_TEXT} characters")
            return value
        if not isinstance(value, int | float):
            raise ValueError(f"{self.name} is a number, not {_shown(value)}")
        if not self.minimum <= value <= self.maximum:
            raise ValueError(f"{self.name} goes from {self.minimum:g} to {self.maximum:g}, not {_shown(value)}")
        if self.is_bool:
            return bool(value)
        if self.tag == "f":
            return float(value)
        if value != int(value):
            raise ValueError(f"{self.name} is a whole number, not {_shown(value)}")
        return int(value)


@dataclass(frozen=True, slots=True)
class Row:
    """One address of the table."""

    address: str
    arguments: tuple[Argument, ...]
    help: str


def argument(
    text: str,
    minimum: float = -(2.0**31),
    maximum: float = 2.0**31 - 1,
    *,
    default: Value | None = None,
) -> Any:
    """A field of a command or push: its help and range; one with a default may be left out on the wire."""
    metadata = {"help": text, "minimum": minimum, "maximum": maximum}
    if default is None:
        return field(metadata=metadata)
    return field(default=default, metadata=metadata)


def arguments_of(cls: type) -> tuple[Argument, ...]:
    """The wire arguments of a command or push, from its fields."""
    hints = get_type_hints(cls)
    return tuple(
        Argument(
            name=item.name,
            tag=_TAGS[hints[item.name]],
            help=item.metadata["help"],
            minimum=0.0 if hints[item.name] is bool else item.metadata["minimum"],
            maximum=1.0 if hints[item.name] is bool else item.metadata["maximum"],
            optional=item.default is not MISSING,
            is_bool=hints[item.name] is bool,
        )
        for item in fields(cls)
    )


def parse_arguments(arguments: tuple[Argument, ...], values: tuple[object, ...]) -> list[Value]:
    """The values of an address's arguments, in order. Raises ValueError saying which one is wrong."""
    needed = sum(not item.optional for item in arguments)
    if not needed <= len(values) <= len(arguments):
        wanted = str(needed) if needed == len(arguments) else f"{needed} to {len(arguments)}"
        raise ValueError(f"{len(values)} arguments given, {wanted} wanted")
    return [item.parse(value) for item, value in zip(arguments, values, strict=False)]


def parse_parameter(parameter: Parameter, value: object) -> Value:
    """The value a parameter gets from an OSC argument; a number chooses by position. Raises ValueError."""
    if isinstance(value, str):
        if parameter.kind not in (Kind.TEXT, Kind.CHOICE):
            raise ValueError(f"{parameter.name} is a number, not {_shown(value)}")
        if len(value) > MAX_TEXT:
            raise ValueError(f"{parameter.name} is a text of at most {MAX_TEXT} characters")
        if parameter.name == "key" and value not in ("off", "auto"):
            parse_key(value)
    elif not isinstance(value, int | float):
        raise ValueError(f"{parameter.name} does not take {_shown(value)}")
    elif parameter.kind is Kind.CHOICE:
        if value not in range(len(parameter.choices)):
            raise ValueError(f"{parameter.name} has choices 0 to {len(parameter.choices) - 1}, not {_shown(value)}")
        return parameter.choices[int(value)]
    elif isinstance(value, bool) and parameter.kind is not Kind.BOOL:
        value = int(value)
    return parameter.parse(value)


def parameter_argument(parameter: Parameter) -> Argument:
    """How a parameter's value looks on the wire."""
    match parameter.kind:
        case Kind.FLOAT:
            return Argument("value", "f", parameter.help, parameter.minimum, parameter.maximum, optional=True)
        case Kind.INT:
            return Argument("value", "i", parameter.help, parameter.minimum, parameter.maximum, optional=True)
        case Kind.BOOL:
            return Argument("value", "i", parameter.help, 0, 1, optional=True, is_bool=True)
        case Kind.CHOICE | Kind.TEXT:
            return Argument("value", "s", parameter.help, optional=True)


def on_wire(value: Value) -> float | int | str:
    """A value as it is sent: switches as 0 and 1."""
    return int(value) if isinstance(value, bool) else value


def parameter_rows() -> list[Row]:
    """A row for each parameter, in the order of the table."""
    return [Row(PREFIX + item.name, (parameter_argument(item),), item.help) for item in PARAMETERS]


def action_rows() -> list[Row]:
    """A row for each performance action; a button's release (0) is ignored."""
    button = Argument("pressed", "f", "1 pressed, 0 released", 0.0, 1.0, optional=True)
    return [Row(DO_PREFIX + item.name, (button,), item.help) for item in ACTIONS]


def rows_of(table: dict[str, type]) -> list[Row]:
    """A row for each command or push of a table of addresses."""
    return [Row(address, arguments_of(cls), (cls.__doc__ or "").strip()) for address, cls in table.items()]


def builder(cls: type) -> Callable[[tuple[object, ...]], Any]:
    """A function that makes a command or push from wire arguments; it raises ValueError on wrong ones."""
    arguments = arguments_of(cls)

    def build(values: tuple[object, ...]) -> Any:
        return cls(*parse_arguments(arguments, values))

    return build


def _shown(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 40 else text[:37] + "..."
