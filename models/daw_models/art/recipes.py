"""Recipes of picture models: TOML files with kind = "picture", a family, and tables that fill its training's fields."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, is_dataclass
from pathlib import Path
from typing import TypeVar, get_type_hints

from daw_bridge.errors import UsageError

RECIPES = Path(__file__).parent.parent / "recipes" / "pictures"
_Settings = TypeVar("_Settings")


@dataclass(frozen=True)
class PictureRecipe:
    """A family and the tables of its file, as they stand there."""

    name: str
    family: str
    tables: Mapping[str, Mapping[str, object]]
    where: str

    def settings(self, table: str, kind: type[_Settings]) -> _Settings:
        """One table as the settings of one training. Raises UsageError naming the file and the key at fault."""
        return fill_settings(kind, self.tables.get(table, {}), f"{self.where}: [{table}]")

    def check(self, tables: Sequence[str]) -> None:
        """Raises UsageError if the file has a table that its family does not know."""
        for table in self.tables:
            if table not in tables:
                raise UsageError(f"unknown table [{table}]", where=self.where, cure=f"use {', '.join(tables)}")


def picture_recipes() -> dict[str, Path]:
    """Names of the picture recipes that ship with us."""
    return {path.stem: path for path in sorted(RECIPES.glob("*.toml"))}


def picture_recipe(name_or_file: str) -> PictureRecipe | None:
    """A recipe of a picture model by name or file, None if it is no such recipe (or cannot be read)."""
    path = picture_recipes().get(name_or_file, Path(name_or_file))
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    if content.get("kind") != "picture":
        return None
    tables = {key: value for key, value in content.items() if isinstance(value, dict)}
    for key in content:
        if key not in ("kind", "family", *tables):
            raise UsageError(f"unknown key {key}", where=str(path), cure="use kind, family and tables")
    return PictureRecipe(path.stem, str(content.get("family", path.stem)), tables, str(path))


def fill_settings(kind: type[_Settings], given: Mapping[str, object], where: str) -> _Settings:
    """A dataclass of settings with the given fields, tables within tables too. Raises UsageError for what is unfit."""
    assert is_dataclass(kind)
    hints = get_type_hints(kind)
    names = [entry.name for entry in fields(kind)]
    values: dict[str, object] = {}
    for key, value in given.items():
        if key not in names:
            raise UsageError(f"unknown key {key}", where=where, cure=f"known: {', '.join(names)}")
        values[key] = _fitting(hints[key], value, key, where)
    return kind(**values)


def _fitting(hint: object, value: object, key: str, where: str) -> object:
    if isinstance(hint, type) and is_dataclass(hint) and isinstance(value, dict):
        return fill_settings(hint, value, f"{where}.{key}")
    if hint is bool and isinstance(value, bool):
        return value
    if hint is int and type(value) is int and value >= 0:
        return value
    if hint is float and type(value) in (int, float) and isinstance(value, (int, float)) and value >= 0:
        return float(value)
    if isinstance(value, list) and value and all(type(part) is int and part > 0 for part in value):
        return tuple(value)
    raise UsageError(f"{key} is not of the right kind", where=where, cure="compare it with a shipped recipe")
