"""How well our attributes agree with a table of others: `python -m daw_models.art.agreement TABLE.csv PICTURES...`."""

from __future__ import annotations

import csv
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from daw_bridge.errors import UsageError
from daw_models.art.attributes import ATTRIBUTES, measure_batch
from daw_models.art.measures import rank_correlation
from daw_models.art.pictures import read_pictures
from daw_models.art.tensors import as_tensor

_AT_ONCE = 32


def agreement(table: Path, sources: Sequence[Path]) -> dict[str, dict[str, float]]:
    """For each attribute the rank correlation, the mean and the greatest difference over the pictures in both.

    Differences of hue go the short way round, and only where there is colour: saturation of at least 0.1.
    Raises UsageError if the table cannot be read or names none of the pictures.
    """
    try:
        with table.open(encoding="utf-8", newline="") as file:
            rows = {row["file"]: [float(row[name]) for name in ATTRIBUTES] for row in csv.DictReader(file)}
    except (OSError, KeyError, ValueError) as error:
        raise UsageError(f"no table of attributes ({error})", where=str(table)) from error
    pictures = read_pictures(sources, say=lambda line: print(line, file=sys.stderr))  # noqa: T201  # a command
    known = np.array([index for index, name in enumerate(pictures.names) if name in rows])
    if not len(known):
        raise UsageError("names none of these pictures", where=str(table))
    pictures = pictures.take(known)
    ours = np.concatenate(
        [
            measure_batch(0.5 * (as_tensor(part, part.shape[1]) + 1)).numpy()
            for part in np.array_split(pictures.pixels, -(-len(pictures) // _AT_ONCE))
        ]
    ).astype(float)
    theirs = np.array([rows[name] for name in pictures.names])
    coloured = theirs[:, ATTRIBUTES.index("saturation")] >= 0.1
    report = {}
    for column, name in enumerate(ATTRIBUTES):
        mine, other = ours[:, column], theirs[:, column]
        if name == "hue":
            mine, other = mine[coloured], other[coloured]
            mine = other + (mine - other + 180) % 360 - 180
        off = np.abs(mine - other)
        report[name] = {
            "spearman": round(rank_correlation(mine, other), 4),
            "mean_off": round(float(off.mean()), 4),
            "most_off": round(float(off.max()), 4),
        }
    return report


if __name__ == "__main__":
    for name, figures in agreement(Path(sys.argv[1]), [Path(source) for source in sys.argv[2:]]).items():
        print(f"{name:<18}", *(f"{key} {figure:<8}" for key, figure in figures.items()))  # noqa: T201  # a command
