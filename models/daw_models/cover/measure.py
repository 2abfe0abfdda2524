"""How `reference.json` was made: `python -m daw_models.cover.measure DIR... -o FILE` over folders of MIDI files."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from daw_bridge.errors import BridgeError
from daw_bridge.music.midifile import read_piece
from daw_models.cover.hearing import FEATURES, Heard, hear
from daw_models.cover.wishes import LINKS, score

_STEPS = 41


def main(argv: Sequence[str]) -> int:
    """Measure as many pieces of each folder as asked for and write the quantiles; returns 0."""
    parser = argparse.ArgumentParser(prog="python -m daw_models.cover.measure", description=__doc__)
    parser.add_argument("folders", type=Path, nargs="+", metavar="DIR")
    parser.add_argument("--each", type=int, default=100, metavar="N", help="pieces of each folder (default 100)")
    parser.add_argument("-o", "--out", type=Path, required=True, metavar="FILE")
    arguments = parser.parse_args(argv)
    heard: list[Heard] = []
    counts = {}
    for folder in arguments.folders:
        found = _heard_in(folder, arguments.each)
        counts[folder.name] = len(found)
        heard += found
    arguments.out.write_text(_document(heard, counts), encoding="utf-8")
    return 0


def _heard_in(folder: Path, most: int) -> list[Heard]:
    """Evenly chosen pieces of a folder; a file that cannot be used is named on stderr and passed over."""
    files = sorted(folder.rglob("*.mid"))
    found = []
    for file in files[:: max(1, len(files) // most)][:most]:
        try:
            found.append(hear(read_piece(file), str(file)))
        except BridgeError as error:
            sys.stderr.write(f"{error}\n")
    return found


def _document(heard: Sequence[Heard], counts: dict[str, int]) -> str:
    steps = np.linspace(0.0, 1.0, _STEPS)
    table = np.array([piece.values for piece in heard])
    quantiles = {name: _rounded(np.quantile(table[:, at], steps)) for at, name in enumerate(FEATURES)}
    ranks = np.argsort(np.argsort(table, axis=0, kind="stable"), axis=0) / max(len(table) - 1, 1)
    for attribute, links in LINKS.items():
        scores = [score(links, dict(zip(FEATURES, row, strict=True))) for row in ranks.tolist()]
        quantiles[f"score:{attribute}"] = _rounded(np.quantile(scores, steps))
    source = {
        "command": "python -m daw_models.cover.measure DIR... -o reference.json",
        "pieces": counts,
        "steps": _STEPS,
    }
    rows = ",\n".join(f"    {json.dumps(name)}: {json.dumps(values)}" for name, values in quantiles.items())
    return f'{{\n  "source": {json.dumps(source)},\n  "quantiles": {{\n{rows}\n  }}\n}}\n'


def _rounded(values: NDArray[np.float64]) -> list[float]:
    return [float(f"{value:.5g}") for value in values]


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
