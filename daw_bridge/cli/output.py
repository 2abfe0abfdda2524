"""What every command shares on its way to the terminal: options, notes, tables, JSON and progress."""

from __future__ import annotations

import argparse
import difflib
import json
import sys
from collections.abc import Iterable, Iterator, Sequence
from typing import NoReturn, TypeVar

from daw_bridge.errors import UsageError

T = TypeVar("T")


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


def note(text: str) -> None:
    """Say one line on stderr, where everything goes that is not a command's result."""
    print(text, file=sys.stderr, flush=True)


def print_json(value: object) -> None:
    """Print a result for a script: one JSON document on stdout."""
    print(json.dumps(value, indent=2, ensure_ascii=False))


def print_table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """Print rows in aligned columns under their header."""
    lines = [list(header), *(list(row) for row in rows)]
    widths = [max(len(line[column]) for line in lines) for column in range(len(header))]
    for line in lines:
        print("  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip())


def progress(steps: Iterable[T], *, total: int | None = None, label: str = "") -> Iterator[T]:
    """Pass `steps` on, with a bar on stderr when that is a terminal; quiet in a pipe."""
    if not sys.stderr.isatty():
        yield from steps
        return
    from tqdm import tqdm

    yield from tqdm(steps, total=total, desc=label, leave=False, file=sys.stderr)
