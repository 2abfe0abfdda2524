"""The weights file: fp16 tensors and a header that explains them, read here without torch."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from daw_bridge.errors import UsageError

FORMAT = "aiart-bridge-model"
FORMAT_VERSION = "1"
WEIGHTS = Path(__file__).parent / "weights"
_LONGEST_HEADER = 1 << 20
PICTURE: Final = "picture"
"""The kind that stands in the header of a model that paints."""
AUTO: Final = "auto"
"""Stands for the best model that is quick enough, where there is somebody to wait for it."""
TIERS: Final = ("transformer", "lstm")
"""The models that answer on stage by default, the best and slowest first."""
_LADDERS: Final = (TIERS, ("piano-transformer", "piano"))
"""Shipped models of one schooling: where the one that was asked is late, the next one answers."""
_JSON_FIELDS = ("architecture", "vocabulary", "trained_on", "recipe", "figures")


def builtin_models() -> dict[str, Path]:
    """Names and files of the music models that ship with us."""
    return {path.stem: path for path in sorted(WEIGHTS.glob("*.safetensors")) if not is_picture_model(path)}


def builtin_pictures() -> dict[str, Path]:
    """Names and files of the picture models that ship with us."""
    return {path.stem: path for path in sorted(WEIGHTS.glob("*.safetensors")) if is_picture_model(path)}


def is_picture_model(path: Path) -> bool:
    """Whether a weights file paints instead of playing; a file that cannot be read does not."""
    try:
        return read_header(path).get("kind") == PICTURE
    except UsageError:
        return False


def ladder(name_or_file: str) -> tuple[str, ...]:
    """Who answers for a model, and who when that is late, the best first: for `auto` all default tiers."""
    shipped = builtin_models()
    ladders = [tuple(name for name in tiers if name in shipped) for tiers in _LADDERS]
    if name_or_file == AUTO:
        return ladders[0] or (AUTO,)
    return next((tiers[tiers.index(name_or_file) :] for tiers in ladders if name_or_file in tiers), (name_or_file,))


def find_model(name_or_file: str | Path) -> Path:
    """The weights file of a shipped name or of a path; for `auto` the quickest that is shipped.

    Raises UsageError with the names there are.
    """
    shipped = builtin_models()
    if name_or_file == AUTO:
        name_or_file = ladder(AUTO)[-1]
    if str(name_or_file) in shipped:
        return shipped[str(name_or_file)]
    path = builtin_pictures().get(str(name_or_file), Path(name_or_file).expanduser())
    if path.is_file() and is_picture_model(path):
        raise UsageError(
            "is a picture model: it paints and cannot play", where=str(name_or_file), cure=f"use {', '.join(shipped)}"
        )
    if path.is_file():
        return path
    names = ", ".join(shipped) or "none"
    raise UsageError("no such model", where=str(name_or_file), cure=f"give a .safetensors file or one of: {names}")


def read_header(path: Path) -> dict[str, object]:
    """The metadata of a weights file, JSON fields parsed. Raises UsageError for a damaged or unknown file."""
    try:
        with path.open("rb") as file:
            size = int.from_bytes(file.read(8), "little")
            if not 2 <= size <= _LONGEST_HEADER:
                raise ValueError("no header")
            header = json.loads(file.read(size))
        metadata = header["__metadata__"]
        ends = [entry["data_offsets"][1] for name, entry in header.items() if name != "__metadata__"]
        if path.stat().st_size != 8 + size + max(ends, default=0):
            raise ValueError("cut short or too long")
        fields: dict[str, object] = dict(metadata)
        if metadata.get("format") == FORMAT and metadata.get("format_version") == FORMAT_VERSION:
            fields |= {name: json.loads(metadata[name]) for name in _JSON_FIELDS}
    except OSError as error:
        raise UsageError(error.strerror or "cannot be read", where=str(path)) from error
    except (ValueError, KeyError, TypeError, IndexError, UnicodeDecodeError) as error:
        raise UsageError(
            f"damaged or not a model file ({error})", where=str(path), cure="get the file again or export it again"
        ) from error
    if fields.get("format") != FORMAT:
        raise UsageError("not an aiart-bridge model", where=str(path), cure="make one with `models export`")
    if fields.get("format_version") != FORMAT_VERSION:
        raise UsageError(
            f"model format {fields.get('format_version')} is not known here",
            where=str(path),
            cure="update aiart-bridge",
        )
    return fields


def tensors_digest(data: Mapping[str, bytes]) -> str:
    """SHA-256 over names and bytes of the tensors, in order of name."""
    digest = hashlib.sha256()
    for name in sorted(data):
        digest.update(name.encode() + b"\0" + data[name])
    return digest.hexdigest()
