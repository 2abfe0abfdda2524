"""What a mapping may say, and its form in the settings file."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from daw_bridge.engine.events import ControllerMap
from daw_bridge.engine.mapping_targets import NEXT_PRESET, PRESET_PREFIX, PREVIOUS_PRESET
from daw_bridge.engine.parameters import ACTION_NAMES, BY_NAME, Value

SOURCES: Final = ("cc", "cc14", "note", "program")
CURVES: Final = ("linear", "slow", "fast")


def mappings_of(table: Mapping[str, Any]) -> tuple[ControllerMap, ...]:
    """The mappings of a settings file's section. Raises ValueError naming the one that is wrong."""
    return tuple(_checked(target, entry) for target, entry in table.items())


def _checked(target: str, entry: Any) -> ControllerMap:
    try:
        mapping = _mapping(target, entry)
        check(mapping)
    except (TypeError, ValueError, KeyError, AttributeError) as error:
        raise ValueError(f"midi_map.{target}: {_reason(error)}") from None
    return mapping


def check(mapping: ControllerMap) -> None:
    """Refuse a mapping that means nothing. Raises ValueError."""
    check_target(mapping.target)
    if mapping.source not in SOURCES:
        raise ValueError(f"source is one of {', '.join(SOURCES)}, not {mapping.source!r}")
    if mapping.curve not in CURVES:
        raise ValueError(f"curve is one of {', '.join(CURVES)}, not {mapping.curve!r}")
    if not 0 <= mapping.channel <= 16:
        raise ValueError(f"channel goes from 0 (any) to 16, not {mapping.channel}")
    if not 0 <= mapping.number <= (31 if mapping.source == "cc14" else 127):
        raise ValueError(f"number {mapping.number} is outside {mapping.source}'s range")
    if not (0.0 <= mapping.low <= 1.0 and 0.0 <= mapping.high <= 1.0):
        raise ValueError("low and high are shares of the range, 0 to 1")


def check_target(target: str) -> None:
    """Refuse what cannot be steered. Raises ValueError."""
    parameter = BY_NAME.get(target)
    if parameter is not None and not parameter.live:
        raise ValueError(f"{target} can be chosen only when the bridge starts")
    known = parameter is not None or target in ACTION_NAMES or target in (NEXT_PRESET, PREVIOUS_PRESET)
    if not known and not (target.startswith(PRESET_PREFIX) and len(target) > len(PRESET_PREFIX)):
        raise ValueError(f"{target!r} is neither a parameter, an action nor a preset")


def table_of(mapping: ControllerMap) -> dict[str, Value]:
    """A mapping as the settings file keeps it under its target."""
    return {
        "source": mapping.source,
        "channel": mapping.channel,
        "number": mapping.number,
        "low": mapping.low,
        "high": mapping.high,
        "curve": mapping.curve,
        "pickup": mapping.pickup,
    }


def _mapping(target: str, entry: Mapping[str, Any]) -> ControllerMap:
    strange = set(entry) - {"source", "channel", "number", "low", "high", "curve", "pickup"}
    if strange:
        raise ValueError(f"unknown key {min(strange)!r}")
    return ControllerMap(
        target,
        str(entry["source"]),
        int(entry.get("channel", 0)),
        int(entry["number"]),
        float(entry.get("low", 0.0)),
        float(entry.get("high", 1.0)),
        str(entry.get("curve", "linear")),
        bool(entry.get("pickup", True)),
    )


def _reason(error: Exception) -> str:
    return f"{error} is missing" if isinstance(error, KeyError) else str(error)
