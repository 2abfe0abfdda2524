"""The wire contract as a page for people, made from the table: `python -m daw_bridge.control.page docs/osc.md`."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import Final

from daw_bridge.control.commands import COMMANDS
from daw_bridge.control.pushes import PUSHES
from daw_bridge.control.schema import (
    DEFAULT_PORT,
    MOST_ROUTES,
    PARAMETERS,
    PREFIX,
    ROUTE_FIELDS,
    VERSION,
    Argument,
    Kind,
    Parameter,
    Row,
    action_rows,
    parameter_argument,
    rows_of,
)

_TYPES: Final = {"f": "float", "i": "int", "s": "string"}

_HEAD: Final = f"""# OSC addresses

Version {VERSION} of the table. This page is made from it: `python -m daw_bridge.control.page docs/osc.md`.

The bridge listens on UDP port {DEFAULT_PORT} (`--osc-port`, `--osc-host`). It answers clients on the same machine, and
others only when `--osc-host` opens it to the network and `--osc-peers` lists them. Send `/aiart/hello` and the whole
state comes back, a message a parameter, closed by `/aiart/complete`; from then on changes are pushed, at most 30
messages a second of one address, until `/aiart/bye` or 10 seconds without a word (`/aiart/ping` is one). A packet
that means nothing is answered with `/aiart/error` and changes nothing. Time tags of bundles are not waited for.

Moments are seconds since the bridge started. Ints may be sent as whole floats, switches as 0/1 or true/false.

## In Max, Reaper, TouchOSC

- **TouchOSC**: connection 1, UDP, host: the bridge's machine, send port {DEFAULT_PORT}, receive port 9178. Put a
  button on the page that sends `/aiart/hello` with the int 9178: the state comes back to that port, and faders follow.
  A fader for temperature sends `/aiart/temperature` with the range 0 to 2; a button for panic sends `/aiart/do/panic`
  with 1 and 0. The bridge has to be started with `--osc-host 0.0.0.0 --osc-peers` and the tablet's address. A layout to
  begin with is `touchosc-layout.json` beside this page: one control a line, with its address and range.
- **Max**: `[udpsend 127.0.0.1 {DEFAULT_PORT}]` fed by `[prepend /aiart/temperature]`; `[udpreceive 9178]` into
  `[route /aiart/turn /aiart/latency]` after sending `/aiart/hello 9178` once and `/aiart/ping 9178` every few seconds.
- **Reaper**: Preferences, Control/OSC/web, add OSC, mode "configure device IP + local port", device
  port {DEFAULT_PORT}. In a ReaScript, send `/aiart/do/take_turn` to hand the turn over.
"""


_ROUTES: Final = f"""A route says for one input port, channel and range of keys what the parameters above say for
all. N is its number, 1 to {MOST_ROUTES}. Where several routes in use fit what is played, the most particular counts:
keys before channel before port, then the lower number. What fits none follows the parameters above. Routes are saved
in the settings file when they change."""


def page() -> str:
    """The page as Markdown."""
    return "\n".join(
        [
            _HEAD,
            "## Parameters",
            "",
            "Sent to the bridge they set, without an argument they ask; the bridge pushes them when they change.",
            "",
            *_table(
                ("address", "type", "range", "default", "heard", "help"), (_parameter(item) for item in PARAMETERS)
            ),
            "",
            "## Routes",
            "",
            _ROUTES,
            "",
            *_table(
                ("address", "type", "range", "default", "heard", "help"),
                (_parameter(replace(item, name=f"route/N/{item.name}")) for item in ROUTE_FIELDS),
            ),
            "",
            "## Actions",
            "",
            "Without an argument, or with 1 for a pressed button; 0 is its release and does nothing.",
            "",
            *_table(("address", "help"), ((f"`{row.address}`", row.help) for row in action_rows())),
            "",
            "## Further commands",
            "",
            *_sections(rows_of(COMMANDS)),
            "## What the bridge pushes",
            "",
            *_sections(rows_of(PUSHES)),
        ]
    )


def layout() -> str:
    """A start for a control surface: one control a line, as JSON."""
    import json

    controls = [
        {
            "control": "button" if item.kind is Kind.BOOL else "fader",
            "address": PREFIX + item.name,
            "from": item.minimum if item.kind is not Kind.CHOICE else 0,
            "to": len(item.choices) - 1
            if item.kind is Kind.CHOICE
            else (1 if item.kind is Kind.BOOL else item.maximum),
            "whole": item.kind is not Kind.FLOAT,
        }
        for item in PARAMETERS
        if item.live and item.kind is not Kind.TEXT
    ]
    controls += [{"control": "button", "address": row.address, "from": 0, "to": 1} for row in action_rows()]
    return "[\n" + ",\n".join("  " + json.dumps(control) for control in controls) + "\n]\n"


def _parameter(item: Parameter) -> tuple[str, ...]:
    default = f"`{item.default}`" if item.default != "" else "empty"
    kind = _TYPES[parameter_argument(item).tag]
    return (f"`{PREFIX}{item.name}`", kind, _range(item), default, item.heard.value, item.help)


def _range(item: Parameter) -> str:
    match item.kind:
        case Kind.CHOICE:
            return ", ".join(item.choices)
        case Kind.BOOL:
            return "0, 1"
        case Kind.TEXT:
            return ""
        case _:
            return f"{item.minimum:g} to {item.maximum:g} {item.unit}".rstrip()


def _sections(rows: Iterable[Row]) -> list[str]:
    lines: list[str] = []
    for row in rows:
        lines += [f"### `{row.address}`", "", row.help, ""]
        if row.arguments:
            lines += _table(("argument", "type", "range", "help"), (_argument(item) for item in row.arguments))
            lines.append("")
    return lines


def _argument(item: Argument) -> tuple[str, ...]:
    bounded = item.tag != "s" and abs(item.minimum) < 1e6 and abs(item.maximum) < 1e6
    text = item.help + (" (may be left out)" if item.optional else "")
    return (item.name, _TYPES[item.tag], f"{item.minimum:g} to {item.maximum:g}" if bounded else "", text)


def _table(heads: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> list[str]:
    lines = [f"| {' | '.join(heads)} |", f"|{' --- |' * len(heads)}"]
    lines += [f"| {' | '.join(cell.replace('|', '/') for cell in row)} |" for row in rows]
    return lines


def main(arguments: list[str]) -> None:
    """Write the page, and the layout beside it; without a path the page goes to standard output."""
    if not arguments:
        sys.stdout.write(page() + "\n")
        return
    target = Path(arguments[0])
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(page(), encoding="utf-8")
    (target.parent / "touchosc-layout.json").write_text(layout(), encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1:])
