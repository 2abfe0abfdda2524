"""Options on a command line: the parser that every command, in whichever wing, reads its arguments with."""

from __future__ import annotations

import argparse
import difflib
from typing import NoReturn

from daw_bridge.errors import UsageError


class Parser(argparse.ArgumentParser):
    """An argument parser whose complaint is one `UsageError` line instead of a page of usage."""

    def error(self, message: str) -> NoReturn:
        """Raise UsageError with the message and where help is found."""
        unknown = message.removeprefix("unrecognized arguments: ").split()
        if message.startswith("unrecognized arguments: ") and unknown[0].startswith("-"):
            close = difflib.get_close_matches(unknown[0].split("=")[0], self._option_string_actions, n=1, cutoff=0.7)
            raise UsageError(
                f"unknown option {unknown[0]}",
                cure=f"did you mean {close[0]}?" if close else f"see {self.prog} --help",
            )
        raise UsageError(message.removeprefix("argument "), cure=f"see {self.prog} --help")
