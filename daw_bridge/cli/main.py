"""The console scripts: choose the command, import only what it needs, turn every failure into one line."""

from __future__ import annotations

import argparse
import contextlib
import difflib
import errno
import importlib
import os
import sys
import traceback
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Final

from daw_bridge.arguments import Parser
from daw_bridge.cli.options import Help, add_parameters, given_values
from daw_bridge.cli.output import note
from daw_bridge.engine.parameters import PARAMETERS
from daw_bridge.errors import BridgeError, UsageError

COMMANDS: Final[dict[str, tuple[str, str]]] = {
    "tui": ("daw_bridge.cli.tui", "the live-performance screen; starts a bridge if none runs"),
    "compose": ("daw_bridge.cli.compose", "continue, fill in or vary a MIDI file"),
    "cover": ("daw_bridge.cli.cover", "cover art for a piece or a take, painted after the music"),
    "demo": ("daw_bridge.cli.demo", "a whole call and response with no hardware, as MIDI and sound"),
    "doctor": ("daw_bridge.cli.doctor", "what works on this machine, and the cure for what does not"),
    "bench": ("daw_bridge.cli.bench", "latency, jitter and speed of this machine"),
    "takes": ("daw_bridge.cli.takes", "list, show, export or replay recorded sessions"),
    "models": ("daw_bridge.cli.models", "list, train, evaluate or export the models"),
}
"""Command -> the module whose `main(argv) -> int` runs it, and its line in the help."""

_OUTPUT_FAILS: Final = (errno.ENOSPC, errno.EIO, errno.EFBIG, errno.EBADF)


def main(argv: Sequence[str] | None = None) -> int:
    """`aiart-bridge`: returns the exit status."""
    arguments = list(sys.argv[1:] if argv is None else argv)
    return _guarded("aiart-bridge", _dispatch, arguments)


def compose(argv: Sequence[str] | None = None) -> int:
    """`compose`: the same as `aiart-bridge compose`."""
    arguments = list(sys.argv[1:] if argv is None else argv)
    return _guarded("compose", _run_compose, arguments)


def _run_compose(arguments: list[str], _debug: bool) -> int:
    return _command("compose")(arguments)


def _guarded(program: str, work: Callable[[list[str], bool], int], arguments: list[str]) -> int:
    # Loading a quantised program makes torch's C++ side print a notice about its own plans, past Python's filters.
    os.environ.setdefault("TORCH_CPP_LOG_LEVEL", "ERROR")
    if os.environ.get("AIART_STEP_BACK"):
        # A job that the screen started beside a bridge that plays.
        from daw_bridge.io.priority import step_back

        step_back()
    debug = "--debug" in arguments
    arguments = [argument for argument in arguments if argument != "--debug"]
    try:
        status = work(arguments, debug)
        # A process that was started with its output closed has none.
        if sys.stdout is not None:
            sys.stdout.flush()
        return status
    except BridgeError as error:
        if debug:
            traceback.print_exc()
        note(f"{program}: error: {_one_line(str(error))}")
        return error.exit_status
    except SystemExit as stop:
        return stop.code if isinstance(stop.code, int) else int(stop.code is not None)
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:
        # The reader has had enough.
        _let_go_of_stdout()
        return 0
    except Exception as error:  # the last line of defence: no traceback reaches a user unasked
        if isinstance(error, OSError) and error.errno in _OUTPUT_FAILS and error.filename is None:
            _let_go_of_stdout()
            note(f"{program}: error: the output cannot be written ({error.strerror}); make room or send it elsewhere")
            return 1
        if debug:
            traceback.print_exc()
        cause = _one_line(f"{type(error).__name__}: {error}")
        note(f"{program}: error: a fault of our own, {cause}; run it again with --debug and report what it prints")
        return 1


def _let_go_of_stdout() -> None:
    """What Python still holds for an output that fails must not raise again at exit."""
    with contextlib.suppress(OSError, ValueError, AttributeError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _one_line(text: str) -> str:
    return " ".join(text.split())


def _dispatch(arguments: list[str], debug: bool) -> int:
    if arguments and not arguments[0].startswith("-"):
        return _command(arguments[0])(arguments[1:])
    return _run_bridge(arguments, debug)


def _command(name: str) -> Callable[[list[str]], int]:
    if name not in COMMANDS:
        close = difflib.get_close_matches(name, COMMANDS, n=1, cutoff=0.5)
        cure = f"did you mean {close[0]!r}?" if close else "aiart-bridge --help lists the commands"
        raise UsageError(f"unknown command {name!r}", cure=cure)
    module: Any = importlib.import_module(COMMANDS[name][0])
    entry: Callable[[list[str]], int] = module.main
    return entry


def _run_bridge(arguments: list[str], debug: bool) -> int:
    options = run_parser().parse_args(arguments)
    if options.version:
        print(f"aiart-bridge {version()}")
        return 0
    from daw_bridge.cli.settings import load

    settings = load(options.config, given_values(options))
    from daw_bridge.cli.run import run

    return run(settings, debug)


def version() -> str:
    """The version of the installed distribution."""
    from importlib.metadata import PackageNotFoundError
    from importlib.metadata import version as installed

    try:
        return installed("aiart-bridge")
    except PackageNotFoundError:
        return "(not installed)"


def run_parser() -> argparse.ArgumentParser:
    """The options of the bridge itself, from the parameter table."""
    listed = "\n".join(f"  {name:<9} {text}" for name, (_, text) in COMMANDS.items())
    parser = Parser(
        prog="aiart-bridge",
        usage='aiart-bridge [--port "AI Out"] [options]\n       aiart-bridge COMMAND ...',
        description="Play a phrase into the input port; a trained model answers on the output port, in time.\n"
        "Runs until Ctrl-C. A port name that exists is connected to; any other opens a virtual port.",
        epilog=f"commands (aiart-bridge COMMAND --help says more):\n{listed}\n\n"
        "Every option is also a key of the settings file: --top-p is top_p.",
        formatter_class=Help,
        argument_default=argparse.SUPPRESS,
        allow_abbrev=False,
    )
    add_parameters(parser, [parameter.name for parameter in PARAMETERS])
    general = parser.add_argument_group("general")
    general.add_argument("--config", type=Path, metavar="FILE", default=None, help="settings file (TOML)")
    general.add_argument("--debug", action="store_true", default=False, help="show tracebacks")
    general.add_argument("--version", action="store_true", default=False, help="say the version and stop")
    return parser
