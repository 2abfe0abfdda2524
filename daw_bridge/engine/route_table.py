"""Routes as the settings file keeps them: one `[[route]]` table each, ports by name or number."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from daw_bridge.engine.parameters import MOST_ROUTES, ROUTE_FIELDS, Kind, Parameter, Value
from daw_bridge.engine.port_keys import names_of

_FIELDS: Final = {field.name: field for field in ROUTE_FIELDS}
_IN: Final = "in_port"
_OUTS: Final = ("out_port", "thru_port")


def routes_of(tables: Sequence[Mapping[str, Any]], ports: Mapping[str, Value]) -> dict[str, Value]:
    """The parameters of the routes in a settings file, numbered in their order; `ports` has `in_port` and `port`.

    A route that stands there is in use unless it says otherwise. Raises ValueError naming the route and key at fault.
    """
    if len(tables) > MOST_ROUTES:
        raise ValueError(f"{len(tables)} routes, there may be {MOST_ROUTES}")
    values: dict[str, Value] = {}
    for number, table in enumerate(tables, start=1):
        try:
            values |= {f"route/{number}/{key}": value for key, value in _route(table, ports).items()}
        except ValueError as error:
            raise ValueError(f"route {number}: {error}") from None
    return values


def tables_of(values: Mapping[str, Value]) -> list[dict[str, Value]]:
    """The routes in use as tables for the settings file: what differs from a plain route, and ports by name."""
    tables = []
    for number in range(1, MOST_ROUTES + 1):
        if values[f"route/{number}/use"]:
            table = {key: values[f"route/{number}/{key}"] for key in _FIELDS if key != "use"}
            tables.append({key: _named(key, value, values) for key, value in table.items() if _told(key, value)})
    return tables


def _route(table: Mapping[str, Any], ports: Mapping[str, Value]) -> dict[str, Value]:
    if not isinstance(table, Mapping):
        raise ValueError("is a table: write it as [[route]]")
    strange = sorted(set(table) - set(_FIELDS))
    if strange:
        raise ValueError(f"unknown key {strange[0]!r}, there are {', '.join(_FIELDS)}")
    route = {key: _value(_FIELDS[key], value, ports) for key, value in table.items()}
    low, high = route.get("key_low", 0), route.get("key_high", 127)
    if float(low) > float(high):
        raise ValueError(f"key_low {low} is above key_high {high}")
    return {"use": True, **route}


def _value(field: Parameter, value: Any, ports: Mapping[str, Value]) -> Value:
    if field.name == _IN or field.name in _OUTS:
        names = names_of(str(ports[_IN if field.name == _IN else "port"]))
        if isinstance(value, str):
            if value not in names:
                raise ValueError(f'{field.name} "{value}" is none of the ports named: {", ".join(names)}')
            return names.index(value) + 1
        number = int(field.parse(value))
        if number > len(names):
            raise ValueError(f"{field.name} is {number}, but there are only {len(names)} such ports")
        return number
    if isinstance(value, str):
        raise ValueError(f"{field.name} is {'true or false' if field.kind is Kind.BOOL else 'a number'}, not {value!r}")
    return field.parse(value)


def _told(key: str, value: Value) -> bool:
    return value != _FIELDS[key].default


def _named(key: str, value: Value, ports: Mapping[str, Value]) -> Value:
    """The name of a port, as long as it has one."""
    if key != _IN and key not in _OUTS:
        return value
    names = names_of(str(ports[_IN if key == _IN else "port"]))
    return names[int(value) - 1] if 1 <= int(value) <= len(names) else value
