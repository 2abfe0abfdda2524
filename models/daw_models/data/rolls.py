"""The field's piano-roll benchmarks: which of 88 keys sound in each frame of a piece, split as published.

Boulanger-Lewandowski, Bengio and Vincent, "Modeling temporal dependencies in high-dimensional sequences", ICML 2012.
"""

from __future__ import annotations

import json
import lzma
import tarfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from daw_bridge.errors import UsageError

KEYS = 88
LOWEST = 21
FILES = {
    "jsb": "jsb-chorales-quarter.json",
    "nottingham": "nottingham-BL2012.json",
    "musedata": "musedata-BL2012.json",
    "pianomidi": "piano-midi.de-BL2012.json",
}
"""The benchmarks by the names that we give them, and their files."""

Roll = npt.NDArray[np.float32]
"""One piece, [frames, KEYS]: 1 where a key sounds."""


@dataclass(frozen=True)
class RollSet:
    """One benchmark; `test` is empty where its split is kept elsewhere."""

    name: str
    train: tuple[Roll, ...]
    valid: tuple[Roll, ...]
    test: tuple[Roll, ...] = ()


def read_rolls(path: Path, name: str) -> RollSet:
    """The benchmark `name` from an archive or a folder. Raises UsageError if it is not there or not well-formed."""
    if name not in FILES:
        raise UsageError(f"no benchmark called {name}", cure=f"known: {', '.join(FILES)}")
    text = _content(path, FILES[name])
    where = f"{path}: {FILES[name]}"
    try:
        splits = json.loads(text)
        found = {split: tuple(_roll(piece) for piece in splits.get(split, ())) for split in ("train", "valid", "test")}
    except (ValueError, TypeError, IndexError, AttributeError) as error:
        raise UsageError(f"not a piano-roll benchmark ({error})", where=where) from error
    if not found["train"] or len(found["valid"]) < 2:
        raise UsageError("needs a train split and two pieces to validate on", where=where)
    return RollSet(name, **found)


def _roll(piece: Sequence[Sequence[int]]) -> Roll:
    roll = np.zeros((len(piece), KEYS), np.float32)
    for frame, pitches in enumerate(piece):
        keys = [int(pitch) - LOWEST for pitch in pitches]
        if keys and not 0 <= min(keys) <= max(keys) < KEYS:
            raise ValueError(f"a pitch outside {LOWEST} to {LOWEST + KEYS - 1}")
        roll[frame, keys] = 1.0
    return roll


def _content(path: Path, file: str) -> bytes:
    """The bytes of the one file of that name in a folder or an archive."""
    missing = UsageError(f"holds no {file}", where=str(path), cure="give pianoroll_benchmarks.tar.xz or its folder")
    try:
        if path.is_dir():
            for found in sorted(path.rglob(file)):
                return found.read_bytes()
            raise missing
        with tarfile.open(path) as archive:
            for member in archive:
                if member.isfile() and Path(member.name).name == file:
                    content = archive.extractfile(member)
                    return b"" if content is None else content.read()
    except (tarfile.TarError, lzma.LZMAError, EOFError, OSError) as error:
        raise UsageError(f"cannot be read ({error})", where=str(path)) from error
    raise missing


def padded(rolls: Sequence[Roll]) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.float32]]:
    """Pieces side by side, [B, T, KEYS], and [B, T]: 1 where a frame belongs to its piece."""
    longest = max(len(roll) for roll in rolls)
    frames = np.zeros((len(rolls), longest, KEYS), np.float32)
    real = np.zeros((len(rolls), longest), np.float32)
    for row, roll in enumerate(rolls):
        frames[row, : len(roll)] = roll
        real[row, : len(roll)] = 1.0
    return frames, real


def halves(count: int) -> Mapping[str, list[int]]:
    """Pieces 0 to count - 1 in two halves, every other one."""
    return {"even": list(range(0, count, 2)), "odd": list(range(1, count, 2))}
