"""Write settings back to the user's TOML file, keeping the comments and the order of what stays."""

from __future__ import annotations

import json
import os
import re
import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from daw_bridge.engine.parameters import Value
from daw_bridge.errors import BridgeError, UsageError

_BARE_KEY = re.compile(r"[A-Za-z0-9_-]+")
_HEADER = re.compile(r"\s*\[\[?\s*([^\]]+?)\s*\]\]?\s*(#.*)?")


def save_values(file: Path, values: Mapping[str, Value]) -> None:
    """Set top-level keys in `file` (made if it is not there). Raises UsageError when it is broken TOML."""
    _save(file, values, {})


Section = Mapping[str, Any] | Sequence[Mapping[str, Any]]


def save_section(file: Path, section: str, table: Section) -> None:
    """Replace the whole section `[section]` and its sub-tables, or all its `[[section]]`; an empty one removes it."""
    _save(file, {}, {section: table})


def _save(file: Path, values: Mapping[str, Value], sections: Mapping[str, Section]) -> None:
    try:
        text = file.read_text(encoding="utf-8") if file.exists() else ""
        before = tomllib.loads(text)
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise UsageError(f"cannot be updated: {error}", where=str(file), cure="correct or remove the file") from None
    wanted: dict[str, Any] = {**before, **values}
    for name, table in sections.items():
        wanted.pop(name, None)
        if table:
            wanted[name] = _plain(table)
    edited = _edited(text, values, sections)
    if not _reads_as(edited, wanted):
        # Layouts that line editing does not know (multi-line values, dotted keys): the contents win over the comments.
        edited = render(wanted)
    write_atomically(file, edited)


def _reads_as(text: str, wanted: Mapping[str, Any]) -> bool:
    try:
        return tomllib.loads(text) == wanted
    except tomllib.TOMLDecodeError:
        return False


def _edited(text: str, values: Mapping[str, Value], sections: Mapping[str, Section]) -> str:
    """The text with keys and sections replaced line by line; right for plain layouts, checked by the caller."""
    top: list[str] = []
    rest: list[str] = []
    section: str | None = None
    left = dict(values)
    for line in text.splitlines():
        header = _HEADER.fullmatch(line)
        if header:
            section = header[1].split(".")[0].strip().strip("\"'")
        if section is None:
            key = line.split("=")[0].strip()
            top.append(f"{_key(key)} = {_value(left.pop(key))}" if "=" in line and key in left else line)
        elif section not in sections:
            rest.append(line)
    while top and not top[-1].strip():
        top.pop()
    top.extend(f"{_key(key)} = {_value(value)}" for key, value in left.items())
    for name, table in sections.items():
        while rest and not rest[-1].strip():
            rest.pop()
        if table:
            rest.extend(["", render({name: _plain(table)}).rstrip()])
    head = "\n".join(top).rstrip()
    tail = "\n".join(rest).strip("\n")
    return "\n\n".join(part for part in (head, tail) if part) + "\n"


def render(document: Mapping[str, Any]) -> str:
    """A TOML document: plain keys first, then a section per table."""
    return "\n".join(_lines(document, ())).strip("\n") + "\n"


def _lines(table: Mapping[str, Any], path: tuple[str, ...], *, in_list: bool = False) -> list[str]:
    lines = [f"{_key(key)} = {_value(value)}" for key, value in table.items() if not _is_table(value)]
    if in_list:
        lines.insert(0, f"[[{_path(path)}]]")
    elif path and (lines or not table):
        lines.insert(0, f"[{_path(path)}]")
    for key, value in table.items():
        if isinstance(value, Mapping):
            lines.extend(["", *_lines(value, (*path, key))])
        elif _is_table(value):
            for entry in value:
                lines.extend(["", *_lines(entry, (*path, key), in_list=True)])
    return lines


def _path(path: tuple[str, ...]) -> str:
    return ".".join(_key(part) for part in path)


def _is_table(value: object) -> bool:
    """Whether it has sections of its own: a table, or an array of nothing but tables."""
    if isinstance(value, Mapping):
        return True
    return isinstance(value, list) and bool(value) and all(isinstance(entry, Mapping) for entry in value)


def _plain(section: Section) -> dict[str, Any] | list[dict[str, Any]]:
    return dict(section) if isinstance(section, Mapping) else [dict(table) for table in section]


def _key(key: str) -> str:
    return key if _BARE_KEY.fullmatch(key) else _text(key)


def _value(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return repr(value)
    if isinstance(value, str):
        return _text(value)
    if isinstance(value, list | tuple):
        return f"[{', '.join(_value(item) for item in value)}]"
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{_key(key)} = {_value(item)}" for key, item in value.items()) + "}"
    raise TypeError(f"{type(value).__name__} has no place in a settings file")


def _text(text: str) -> str:
    # A JSON string is a TOML basic string, but for the delete character, which TOML wants escaped.
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")


def write_atomically(file: Path, text: str) -> None:
    """Replace `file` in one step, so that a crash leaves the old or the new one. Raises BridgeError."""
    draft = file.with_name(f".{file.name}.{os.getpid()}.new")
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        draft.write_text(text, encoding="utf-8")
        draft.replace(file)
    except OSError as error:
        draft.unlink(missing_ok=True)
        raise BridgeError(
            f"cannot be written ({error.strerror})", where=str(file), cure="check the folder and the free space"
        ) from None
