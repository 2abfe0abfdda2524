"""The settings of a run: table defaults, then the TOML file, then the command line.

The file holds the keys of `engine.parameters.PARAMETERS` at its top level, a table `[[route]]` for each route, and two
sections that belong to other parts and pass through here unread: `[midi_map]` and `[presets]`.
"""

from __future__ import annotations

import difflib
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from daw_bridge.engine.parameters import BY_NAME, PARAMETERS, SEVERAL, Kind, Parameter, Value, defaults
from daw_bridge.engine.port_keys import MOST_PORTS, names_of, text_of
from daw_bridge.engine.route_table import routes_of
from daw_bridge.errors import UsageError

SECTIONS: Final = ("midi_map", "presets")
ROUTE: Final = "route"
MOST_BYTES: Final = 200
"""In the name of a port, as UTF-8: JACK takes 320 with the client's name before it, others cut without a word."""


@dataclass(frozen=True, slots=True)
class Settings:
    """Every parameter with its value; `file` is where they are kept (it need not exist yet)."""

    values: dict[str, Value]
    file: Path
    midi_map: dict[str, Any] = field(default_factory=dict)
    presets: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class FileSettings:
    """What a settings file says: only the keys that stand in it."""

    values: dict[str, Value] = field(default_factory=dict)
    midi_map: dict[str, Any] = field(default_factory=dict)
    presets: dict[str, Any] = field(default_factory=dict)
    routes: list[dict[str, Any]] = field(default_factory=list)


def user_settings_file() -> Path:
    """Where the settings file is looked for when `--config` names none."""
    import platformdirs

    try:
        return Path(platformdirs.user_config_dir("aiart-bridge", appauthor=False)) / "settings.toml"
    except RuntimeError:
        raise UsageError(
            "this user has no home folder to keep settings in",
            where="HOME",
            cure="set it, or name a file with --config",
        ) from None


def load(config: Path | None, options: Mapping[str, Value]) -> Settings:
    """Defaults, overlaid by the file (`config`, else the user's if it exists), overlaid by `options`.

    Raises UsageError naming the file and key at fault; a `config` that does not exist is one.
    """
    file = user_settings_file() if config is None else config
    said = read_settings_file(file) if config is not None or file.is_file() else FileSettings()
    values = {**defaults(), **said.values, **options}
    check_together(values, where=None)
    _check_port_numbers(values)
    try:
        values |= routes_of(said.routes, values)
    except ValueError as error:
        raise UsageError(str(error), where=str(file), cure="correct that route, or name the ports it needs") from None
    return Settings(values, file, said.midi_map, said.presets)


def read_settings_file(file: Path) -> FileSettings:
    """The checked contents of a settings file. Raises UsageError naming file, key and what is allowed."""
    try:
        document = tomllib.loads(file.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise UsageError("no such settings file", where=str(file), cure="check the path given with --config") from None
    except OSError as error:
        raise UsageError(
            f"cannot be read ({error.strerror})", where=str(file), cure="check the path and its permissions"
        ) from None
    except UnicodeDecodeError as error:
        line = error.object[: error.start].count(b"\n") + 1
        raise UsageError(f"line {line} is not UTF-8 text", where=str(file), cure="save the file as UTF-8") from None
    except tomllib.TOMLDecodeError as error:
        raise UsageError(f"not valid TOML: {error}", where=str(file), cure="correct that line") from None
    values: dict[str, Value] = {}
    sections: dict[str, dict[str, Any]] = {name: {} for name in SECTIONS}
    routes = document.pop(ROUTE, [])
    if not isinstance(routes, list):
        raise UsageError("route is a list of tables", where=str(file), cure="write each as [[route]]")
    for key, value in document.items():
        if key in sections:
            if not isinstance(value, dict):
                raise UsageError(f"{key} is a section, not a value", where=str(file), cure=f"write it as [{key}]")
            sections[key] = value
        else:
            values[key] = _checked(file, key, value)
    check_together({**defaults(), **values}, where=str(file))
    return FileSettings(values, sections["midi_map"], sections["presets"], routes)


def _checked(file: Path, key: str, value: object) -> Value:
    parameter = BY_NAME.get(key)
    if parameter is None or "/" in key:
        raise UsageError(f"unknown key {key!r}", where=str(file), cure=nearest_key(key))
    try:
        if key in SEVERAL and isinstance(value, list):
            value = text_of(tuple(_port_name(key, name) for name in value))
        return parse_strictly(parameter, value)
    except ValueError as error:
        raise UsageError(str(error), where=str(file), cure=f"correct the key {key}") from None


def parse_strictly(parameter: Parameter, value: object) -> Value:
    """`Parameter.parse` for a typed source: text is no number and no switch. Raises ValueError saying what is."""
    if isinstance(value, str) and parameter.kind in (Kind.FLOAT, Kind.INT, Kind.BOOL):
        wanted = "true or false" if parameter.kind is Kind.BOOL else "a number"
        raise ValueError(f"{parameter.name} is {wanted}, not the text {value!r}")
    return checked_text(parameter, parameter.parse(value))


def checked_text(parameter: Parameter, value: Value) -> Value:
    """The value, if a text that stands for something (a key, a port) does. Raises ValueError otherwise."""
    if isinstance(value, str) and not _encodable(value):
        raise ValueError(f"{parameter.name} holds bytes that are no text in this locale: {value!a}")
    if parameter.name == "key" and value not in ("off", "auto"):
        from daw_bridge.music.harmony import parse_key

        parse_key(str(value))
    if parameter.name in (*SEVERAL, "model") and not str(value).strip():
        raise ValueError(f"{parameter.name} is a name, not an empty text")
    if parameter.name in SEVERAL:
        _check_ports(parameter.name, names_of(str(value)))
    elif parameter.name.endswith("_port") and parameter.kind is Kind.TEXT and value:
        _check_ports(parameter.name, (str(value),))
    return value


def _port_name(key: str, name: object) -> str:
    if not isinstance(name, str) or "\n" in name:
        raise ValueError(f"{key} is a name or a list of names, not {name!r}")
    if not name.strip():
        raise ValueError(f"{key} is a name, not an empty text")
    return name


def _check_ports(key: str, names: tuple[str, ...]) -> None:
    """Refuse names that no port can have, or that two of ours would have. Raises ValueError."""
    if len(names) > MOST_PORTS:
        raise ValueError(f"{key} names {len(names)} ports, there may be {MOST_PORTS}")
    for name in names:
        if any(ord(letter) < 32 or ord(letter) == 127 for letter in name):
            raise ValueError(f"{key} holds a letter that no port's name has: {name!a}")
        size = len(name.encode())
        if size > MOST_BYTES:
            raise ValueError(f"{key} has {size} bytes, a port's name has at most {MOST_BYTES}")
        if names.count(name) > 1:
            raise ValueError(f'{key} names "{name}" twice: each of them needs a name of its own')


def _check_port_numbers(values: Mapping[str, Value]) -> None:
    """Refuse the number of an output port that is not there."""
    there = len(names_of(str(values["port"])))
    for name in ("out_port", "thru_port", "split_port"):
        if int(values[name]) > there:
            raise UsageError(
                f"{name} is {values[name]}, but {there} output port{' is' if there == 1 else 's are'} named",
                cure="name one more with --port, or choose a lower number",
            )


def _encodable(text: str) -> bool:
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        return False
    return True


def check_together(values: Mapping[str, Value], where: str | None) -> None:
    """Refuse values that are each allowed but not together."""
    if float(values["pitch_low"]) > float(values["pitch_high"]):
        raise UsageError(
            f"pitch_low {values['pitch_low']} is above pitch_high {values['pitch_high']}",
            where=where,
            cure="swap them or move one",
        )


def nearest_key(key: str) -> str:
    """What to write instead of an unknown key."""
    known = [*(item.name for item in PARAMETERS), *SECTIONS, ROUTE]
    close = difflib.get_close_matches(key.replace("-", "_").lower(), known, n=1, cutoff=0.5)
    return f"did you mean {close[0]!r}?" if close else "`aiart-bridge --help` lists the keys"
