"""`aiart-bridge tui`: the live-performance screen, attached to a running bridge or with one of its own."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from daw_bridge.arguments import Parser
from daw_bridge.cli.options import Help, add_parameters, given_values
from daw_bridge.control.schema import DEFAULT_PORT
from daw_bridge.engine.parameters import BY_NAME, PARAMETERS, SEVERAL, Kind, Value
from daw_bridge.engine.port_keys import names_of
from daw_bridge.errors import BridgeError, UsageError
from daw_bridge.io.priority import step_back

_PROBE_S = 0.4


def main(argv: Sequence[str]) -> int:
    """Run `tui ...`. Returns the exit status."""
    options = _parser().parse_args(argv)
    given = given_values(options)
    if not (sys.stdin.isatty() and sys.stderr.isatty()):
        raise UsageError("the screen needs a terminal", cure="run it in one, or drive the bridge over OSC")
    target = _target(options.connect, int(given.get("osc_port", DEFAULT_PORT)), alone=bool(given) or options.new)
    if target is not None:
        # The music is made elsewhere. A bridge of our own would go after the others with us.
        step_back()
    from daw_tui.app import run

    config = ["--config", str(options.config)] if options.config else []
    takes = ["--takes-dir", str(given["takes_dir"])] if "takes_dir" in given else []
    return run(target, [*config, *bridge_options(given)], [*config, *takes])


def _parser() -> argparse.ArgumentParser:
    parser = Parser(
        prog="aiart-bridge tui",
        usage="aiart-bridge tui [--connect HOST:PORT | options of the bridge]",
        description="The live-performance screen. Without options it attaches to the bridge that runs on this\n"
        "machine; if there is none, or with options, it starts one of its own, which ends with it.",
        formatter_class=Help,
        argument_default=argparse.SUPPRESS,
        allow_abbrev=False,
    )
    parser.add_argument("--connect", metavar="HOST:PORT", default="", help="attach to the bridge at this address")
    parser.add_argument("--new", action="store_true", default=False, help="start a bridge even if one runs")
    parser.add_argument("--config", type=Path, metavar="FILE", default=None, help="settings file (TOML) of the bridge")
    add_parameters(parser, [parameter.name for parameter in PARAMETERS])
    return parser


def _target(connect: str, port: int, *, alone: bool) -> tuple[str, int] | None:
    """The bridge to attach to; None when one has to be started. Raises UsageError for an address that is none."""
    if connect:
        from daw_tui.bridge_process import parse_address

        try:
            return parse_address(connect)
        except ValueError as error:
            raise UsageError(str(error), where="--connect") from None
    if alone or port == 0:
        return None
    from daw_bridge.control.client import ControlClient

    with ControlClient(port=port) as client:
        try:
            client.hello(_PROBE_S)
        except BridgeError:
            return None
    return ("127.0.0.1", port)


def bridge_options(given: dict[str, Value]) -> list[str]:
    """The options to start a bridge with; its OSC port is a free one unless the player chose it."""
    options: list[str] = []
    for name, value in {"osc_port": 0, **given}.items():
        parameter = BY_NAME[name]
        if name in SEVERAL:
            options.extend(f"{parameter.option}={port}" for port in names_of(str(value)))
        elif parameter.kind is Kind.BOOL:
            options.append(parameter.option if value else parameter.option.replace("--", "--no-", 1))
        else:
            options.append(f"{parameter.option}={value}")
    return options
