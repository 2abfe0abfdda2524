"""Where a value lies in its parameter's range, as a share of a controller's travel, and back."""

from __future__ import annotations

from typing import Final

from daw_bridge.engine.parameters import Kind, Parameter, Value
from daw_bridge.music.harmony import Key

PRESET_PREFIX: Final = "preset:"
NEXT_PRESET: Final = "preset_next"
PREVIOUS_PRESET: Final = "preset_previous"

KEYS: Final = ("off", "auto", *(Key(tonic, mode).name for mode in ("major", "minor") for tonic in range(12)))
"""What a knob or a slider offers for the scale of the answer."""


def choices_of(parameter: Parameter) -> tuple[Value, ...]:
    """The values a parameter steps through; empty when it is a range."""
    match parameter.kind:
        case Kind.BOOL:
            return (False, True)
        case Kind.CHOICE:
            return parameter.choices
        case Kind.TEXT:
            return KEYS if parameter.name == "key" else ()
        case _:
            return ()


def position_of(parameter: Parameter, value: Value) -> float:
    """The place of a value in its parameter's range, 0 to 1."""
    choices = choices_of(parameter)
    if choices:
        return choices.index(value) / (len(choices) - 1) if value in choices else 0.0
    if isinstance(value, str):
        return 0.0
    return (float(value) - parameter.minimum) / (parameter.maximum - parameter.minimum)


def value_at(parameter: Parameter, place: float) -> Value:
    """The value at a place of the range."""
    choices = choices_of(parameter)
    if choices:
        return choices[min(len(choices) - 1, int(place * len(choices)))]
    number = parameter.minimum + place * (parameter.maximum - parameter.minimum)
    return round(number) if parameter.kind is Kind.INT else round(number, 6)


def next_value(parameter: Parameter, value: Value) -> Value:
    """The choice after `value`, the first one after the last."""
    choices = choices_of(parameter)
    if not choices:
        return value
    return choices[(choices.index(value) + 1) % len(choices)] if value in choices else choices[0]
