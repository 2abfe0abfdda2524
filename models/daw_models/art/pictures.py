"""Training pictures: read from folders or archives of JPEGs, packed once, cut and turned at random for each batch."""

from __future__ import annotations

import hashlib
import io
import json
import tarfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor

from daw_bridge.errors import UsageError
from daw_models.art.tensors import as_tensor
from daw_models.art.wish import SETS

SIDE = 256
HELD_BACK = 0.05
_SUFFIXES = (".jpg", ".jpeg", ".png")


@dataclass(frozen=True)
class Pictures:
    """Square pictures of one size: `pixels` uint8 [N, SIDE, SIDE, 3], the set index and the file name of each."""

    pixels: NDArray[np.uint8]
    labels: NDArray[np.int64]
    names: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.names)

    def split(self) -> tuple[Pictures, Pictures]:
        """Training part and held-back part; a picture's name alone decides, so that the split survives new data."""
        held = np.array([_share(name) < HELD_BACK for name in self.names])
        return self.take(np.flatnonzero(~held)), self.take(np.flatnonzero(held))

    def take(self, chosen: NDArray[np.int64]) -> Pictures:
        """The chosen pictures, in that order."""
        return Pictures(self.pixels[chosen], self.labels[chosen], tuple(self.names[index] for index in chosen))


def _share(name: str) -> float:
    return int.from_bytes(hashlib.sha256(name.encode()).digest()[:4], "big") / 2**32


def read_pictures(sources: Sequence[Path], *, cache: Path | None = None, say: Callable[[str], None]) -> Pictures:
    """Read every picture whose name begins with a set's name, from folders and .tar archives, at SIDE x SIDE.

    A picture that cannot be read costs one line through `say`. With `cache`, a folder, the packed array is kept there
    and used again as long as the sources are the same. Raises UsageError for a missing source or if none holds a
    picture.
    """
    key = json.dumps([[str(source.resolve()), _stamp(source)] for source in sources])
    if cache is not None and (kept := _open_cache(cache, key)) is not None:
        return kept
    pixels, labels, names = [], [], []
    for source in sources:
        for name, content in picture_bytes(source):
            label = next((index for index, kind in enumerate(SETS) if Path(name).name.startswith(kind)), None)
            if label is None:
                continue
            try:
                pixels.append(_square(content))
            except (OSError, ValueError, SyntaxError) as error:
                say(f"{source}: {name} left out, it cannot be read ({error})")
                continue
            labels.append(label)
            names.append(Path(name).name)
    if not pixels:
        raise UsageError(
            "no picture whose file name begins with " + ", ".join(SETS),
            where=", ".join(map(str, sources)),
            cure="name the files SET_anything.jpg",
        )
    order = np.argsort(np.array(names))
    found = Pictures(np.stack(pixels), np.array(labels), tuple(names)).take(order)
    if cache is not None:
        _keep_cache(cache, key, found)
    return found


def _stamp(source: Path) -> list[int]:
    try:
        facts = source.stat()
    except OSError as error:
        raise UsageError(error.strerror or "cannot be read", where=str(source)) from error
    return [facts.st_size, facts.st_mtime_ns]


def picture_bytes(source: Path) -> Iterator[tuple[str, bytes]]:
    """Names and contents of the picture files in a folder or .tar. Raises UsageError for what is neither."""
    if source.is_dir():
        for path in sorted(source.rglob("*")):
            if path.suffix.lower() in _SUFFIXES:
                yield path.name, path.read_bytes()
            elif path.suffix == ".tar":
                yield from picture_bytes(path)
        return
    try:
        with tarfile.open(source) as archive:
            for member in archive:
                if member.isfile() and Path(member.name).suffix.lower() in _SUFFIXES:
                    file = archive.extractfile(member)
                    assert file is not None
                    yield member.name, file.read()
    except (OSError, tarfile.TarError) as error:
        raise UsageError(f"not a folder or a .tar of pictures ({error})", where=str(source)) from error


def _square(content: bytes) -> NDArray[np.uint8]:
    with Image.open(io.BytesIO(content)) as opened:
        picture = opened.convert("RGB")
    side = min(picture.size)
    left, top = (picture.width - side) // 2, (picture.height - side) // 2
    if picture.size != (SIDE, SIDE):
        box = (left, top, left + side, top + side)
        picture = picture.resize((SIDE, SIDE), Image.Resampling.LANCZOS, box=box)
    return np.asarray(picture)


def _open_cache(cache: Path, key: str) -> Pictures | None:
    pixels, facts = cache / "pictures.npy", cache / "pictures.json"
    try:
        content = json.loads(facts.read_text(encoding="utf-8"))
        if content["key"] != key:
            return None
        return Pictures(np.load(pixels), np.array(content["labels"]), tuple(content["names"]))
    except (OSError, ValueError, KeyError):
        return None


def _keep_cache(cache: Path, key: str, pictures: Pictures) -> None:
    cache.mkdir(parents=True, exist_ok=True)
    (cache / "pictures.json").unlink(missing_ok=True)
    np.save(cache / "pictures.npy", pictures.pixels)
    content = {"key": key, "labels": pictures.labels.tolist(), "names": list(pictures.names)}
    (cache / "pictures.json").write_text(json.dumps(content), encoding="utf-8")


def random_batch(
    pictures: Pictures, chosen: NDArray[np.int64], size: int, random: np.random.Generator, *, smallest: float = 0.88
) -> Tensor:
    """The chosen pictures, flipped at random and cut to a window of `smallest` to all of the side.

    Returns float [N, 3, size, size] from -1 to 1. Colours stay as they are: they are what the painter is told.
    """
    batch = []
    for index in chosen:
        pixels = pictures.pixels[index]
        window = round(pixels.shape[0] * random.uniform(smallest, 1.0))
        top, left = random.integers(0, pixels.shape[0] - window + 1, 2)
        cut = pixels[top : top + window, left : left + window]
        batch.append(as_tensor((cut[:, ::-1] if random.random() < 0.5 else cut)[None], size))
    return torch.cat(batch).contiguous(memory_format=torch.channels_last)
