"""Presets: names for whole sets of live parameters, in the order they were saved."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

from daw_bridge.engine.parameters import BY_NAME, PARAMETERS, Value

MAX_PRESETS: Final = 128
MAX_NAME: Final = 40

Values = tuple[tuple[str, Value], ...]


class PresetBook:
    """The presets of a session; `current` is the one recalled or saved last, empty when there is none."""

    def __init__(self, presets: Iterable[tuple[str, Values]] = ()) -> None:
        self._presets: dict[str, Values] = dict(presets)
        self.current = ""

    @property
    def presets(self) -> tuple[tuple[str, Values], ...]:
        """Names and values, in order."""
        return tuple(self._presets.items())

    def save(self, name: str, values: Mapping[str, Value]) -> None:
        """Keep the live ones of `values`. Raises ValueError for a name that is empty or long, or too many presets."""
        if not name.strip() or len(name) > MAX_NAME or not name.isprintable():
            raise ValueError(f"a preset has a name of 1 to {MAX_NAME} characters")
        if name not in self._presets and len(self._presets) >= MAX_PRESETS:
            raise ValueError(f"there are {MAX_PRESETS} presets already")
        self._presets[name] = tuple((item.name, values[item.name]) for item in PARAMETERS if item.live)
        self.current = name

    def recall(self, name: str) -> Values:
        """The values to set; it is the current one now. Raises ValueError when there is no such preset."""
        if name not in self._presets:
            raise ValueError(f"no preset {name!r}")
        self.current = name
        return self._presets[name]

    def remove(self, name: str) -> None:
        """Forget a preset. Raises ValueError when there is no such preset."""
        if self._presets.pop(name, None) is None:
            raise ValueError(f"no preset {name!r}")
        if self.current == name:
            self.current = ""

    def values_of(self, name: str) -> Values:
        """The values of a preset, none when there is no such preset."""
        return self._presets.get(name, ())

    def beside(self, by: int) -> str:
        """The name `by` places after the current one, round and round; empty without presets."""
        names = list(self._presets)
        if not names:
            return ""
        if self.current not in names:
            return names[0 if by >= 0 else -1]
        return names[(names.index(self.current) + by) % len(names)]


def presets_of(table: Mapping[str, Any]) -> tuple[tuple[str, Values], ...]:
    """The presets of a settings file's section. Raises ValueError naming the preset and key that are wrong."""
    presets = []
    for name, entry in table.items():
        if not isinstance(entry, Mapping):
            raise ValueError(f"presets.{name} is a section, not a value")
        presets.append((name, tuple((key, _checked(name, key, value)) for key, value in entry.items())))
    return tuple(presets)


def _checked(name: str, key: str, value: object) -> Value:
    parameter = BY_NAME.get(key)
    if parameter is None or not parameter.live:
        raise ValueError(f"presets.{name}: {key!r} is no live parameter")
    try:
        return parameter.parse(value)
    except ValueError as error:
        raise ValueError(f"presets.{name}: {error}") from None
