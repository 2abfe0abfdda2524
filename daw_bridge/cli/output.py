"""What every command shares on its way to the terminal: notes, tables, JSON and progress."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Iterator, Sequence
from typing import TypeVar

T = TypeVar("T")


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
