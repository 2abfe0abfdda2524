"""`compose FILE --analyse`: what a piece is, and its picture."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from daw_bridge.cli.compose_many import found_files
from daw_bridge.cli.output import note, print_json
from daw_bridge.errors import BridgeError, UsageError
from daw_bridge.offline.analysis import analyse, said
from daw_bridge.offline.files import check_output, read_any, write_any


def analyse_files(files: Sequence[Path], outputs: Sequence[Path], *, json_wanted: bool) -> int:
    """Say what each file is; write it (as a picture, usually) when there is one. Returns the exit status."""
    found, many = found_files(files)
    if many and outputs:
        raise UsageError("one picture shows one piece", cure="give one file with -o")
    for output in outputs:
        check_output(output)
    reports = []
    failed = 0
    for source, _ in found:
        try:
            piece = read_any(source)
            analysis = analyse(piece)
            for output in outputs:
                write_any(output, piece.smf, title=source.stem)
        except BridgeError as error:
            if not many:
                raise
            failed += 1
            note(f"compose: error: {error}")
            continue
        reports.append({"file": str(source), **analysis.as_json(), "outputs": [str(output) for output in outputs]})
        if not json_wanted:
            if many:
                print(f"{source}:")
            for line in said(analysis):
                print(line)
            for output in outputs:
                print(f"picture  {output}")
    if json_wanted:
        print_json({"files": reports} if many else reports[0])
    if not failed:
        return 0
    return 1 if reports else 2
