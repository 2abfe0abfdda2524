"""The parameters in force, by name, with the type each name has in the table."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from daw_bridge.engine.continuation import SamplingControls
from daw_bridge.engine.events import ControllerMap
from daw_bridge.engine.parameters import BY_NAME, ROUTES, Value, defaults


@dataclass(frozen=True, slots=True)
class EngineSettings:
    """What an engine starts with. `values` may leave parameters out; the caller has drawn the seed, if it is -1.

    `mappings` and `presets` are the player's controllers and presets as they were saved; `levels` are the models
    at hand, 0 the best.
    """

    values: Mapping[str, Value] = field(default_factory=dict)
    mappings: tuple[ControllerMap, ...] = ()
    presets: tuple[tuple[str, tuple[tuple[str, Value], ...]], ...] = ()
    levels: tuple[int, ...] = (0,)

    @property
    def seed(self) -> int:
        """The seed of the whole session; 0 when none was drawn."""
        return max(int(self.values.get("seed", 0)), 0)


def unit_beats(values: Mapping[str, Value]) -> float:
    """Quarter notes in a beat as the time signature counts them."""
    return 4.0 / int(values["beat_unit"])


def bar_beats(values: Mapping[str, Value]) -> float:
    """Quarter notes in a bar."""
    return int(values["beats_per_bar"]) * unit_beats(values)


class Values:
    """A checked set of values. Raises ValueError when a name or a value is not in the table."""

    def __init__(self, values: Mapping[str, Value]) -> None:
        self._values = {**defaults(), **{field.name: field.default for field in ROUTES}}
        for name, value in values.items():
            self.set(name, value)

    @property
    def all(self) -> Mapping[str, Value]:
        """Every name and value, live and read-only."""
        return MappingProxyType(self._values)

    def set(self, name: str, value: object) -> Value:
        """Give a parameter a value; returns it as it is held."""
        parameter = BY_NAME.get(name)
        if parameter is None:
            raise ValueError(f"there is no parameter {name!r}")
        self._values[name] = parameter.parse(value)
        return self._values[name]

    def number(self, name: str) -> float:
        """A float parameter."""
        return float(self._values[name])

    def whole(self, name: str) -> int:
        """An int parameter."""
        return int(self._values[name])

    def flag(self, name: str) -> bool:
        """A bool parameter."""
        return bool(self._values[name])

    def word(self, name: str) -> str:
        """A choice or text parameter."""
        return str(self._values[name])

    @property
    def unit_beats(self) -> float:
        """Quarter notes in a beat as the time signature counts them."""
        return unit_beats(self._values)

    @property
    def bar_beats(self) -> float:
        """Quarter notes in a bar."""
        return bar_beats(self._values)

    def controls(self, transpose: int) -> SamplingControls:
        """How notes are to be drawn now. The pitch range is that of the answer as heard, `transpose` semitones off."""
        low, high = sorted((self.whole("pitch_low"), self.whole("pitch_high")))
        return SamplingControls(
            temperature=self.number("temperature"),
            top_p=self.number("top_p"),
            key=self.word("key"),
            pitch_low=min(max(low - transpose, 0), 127),
            pitch_high=min(max(high - transpose, 0), 127),
            density=self.number("density"),
            max_polyphony=self.whole("max_polyphony"),
            imitation=self.number("imitation"),
            follow_velocity=self.number("follow_velocity"),
            tonality=self.number("tonality"),
            variety=self.number("variety"),
        )
