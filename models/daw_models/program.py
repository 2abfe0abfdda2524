"""From a weights file to the compiled program, built once per machine and kept in a cache.

Nothing here imports torch before a program has to be built.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import platform
import tempfile
import zipfile
import zlib
from importlib import metadata
from pathlib import Path

from daw_bridge.errors import UsageError
from daw_models.weights_file import builtin_models, find_model, read_header

__all__ = ["WARM_UP_CALLS", "builtin_models", "ensure_program", "find_model", "read_header"]

WARM_UP_CALLS = 3
"""The first calls of each method compile it; sampling and feeding a few notes so often makes the program quick."""
_UNUSED_S = 30 * 24 * 3600.0
_SOURCES = (
    "nets/build.py",
    "nets/continuer.py",
    "nets/continuer_lstm.py",
    "nets/continuer_transformer.py",
    "nets/features.py",
    "nets/lstm.py",
    "nets/notewise.py",
    "nets/products.py",
    "nets/sampling.py",
    "nets/steering.py",
    "nets/tables.py",
    "nets/transformer.py",
    "nets/wishes.py",
)


def ensure_program(weights: Path, cache_dir: Path | None = None) -> Path:
    """The TorchScript program of a weights file, from the cache or built into it (some seconds).

    Raises UsageError, naming the file, if it is damaged or of an unknown version.
    """
    header = read_header(weights)
    name = f"{header.get('name', weights.stem)}-{_key(weights)}.pt"
    places = [cache_dir] if cache_dir is not None else _default_places()
    for place in places:
        if _ours(place) and _whole(place / name):
            with contextlib.suppress(OSError):
                os.utime(place / name)
            return place / name
    for place in places:
        with contextlib.suppress(OSError):
            place.mkdir(mode=0o700, parents=True, exist_ok=True)
            if not _ours(place):
                continue
            handle, temporary = tempfile.mkstemp(prefix="program-", suffix=".part", dir=place)
            os.close(handle)
            try:
                from daw_models.nets.build import build_program

                build_program(weights, Path(temporary))
                Path(temporary).replace(place / name)
            finally:
                Path(temporary).unlink(missing_ok=True)
            _sweep(place, keep=place / name)
            return place / name
    raise UsageError(
        "no folder to keep the compiled model in", where=str(places[0]), cure="set XDG_CACHE_HOME to a writable folder"
    )


def _sweep(place: Path, keep: Path) -> None:
    """Remove programs that nobody has used for a month: those of older weights, versions and processors."""
    newest_s = keep.stat().st_mtime
    for old in place.glob("*.pt"):
        with contextlib.suppress(OSError):
            if newest_s - old.stat().st_mtime > _UNUSED_S:
                old.unlink()


def _key(weights: Path) -> str:
    """What a program depends on: the weights, torch, our own sources and what the processor can do."""
    digest = hashlib.sha256(weights.read_bytes())
    digest.update(metadata.version("torch").encode())
    digest.update(_processor().encode())
    for source in _SOURCES:
        digest.update((Path(__file__).parent / source).read_bytes())
    return digest.hexdigest()[:20]


def _processor() -> str:
    """The machine's kind and its int8 instructions, as far as the system tells."""
    flags: set[str] = set()
    with contextlib.suppress(OSError):
        text = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace")
        line = next((line for line in text.splitlines() if line.startswith(("flags", "Features"))), "")
        flags = {word for word in line.split() if "vnni" in word or word in ("avx2", "avx512bw", "asimddp")}
    return " ".join([platform.machine(), *sorted(flags)])


def _default_places() -> list[Path]:
    """Where programs are kept: the user's cache, and a folder for temporary files where that cannot be had."""
    places = [Path(tempfile.gettempdir()) / _user_folder()]
    base = os.environ.get("XDG_CACHE_HOME", "")
    # A user without a home has no cache folder either.
    with contextlib.suppress(RuntimeError):
        root = Path(base) if base.startswith("/") else Path.home() / ".cache"
        places.insert(0, root / "aiart-bridge" / "programs")
    return places


def _ours(place: Path) -> bool:
    """Whether nobody else may put programs there: a program is code, and the temporary folder is everybody's."""
    try:
        found = place.stat()
    except OSError:
        return False
    return not hasattr(os, "getuid") or (found.st_uid == os.getuid() and not found.st_mode & 0o002)


def _whole(program: Path) -> bool:
    """Whether a cached program is there and as it was written; a damaged one is built again."""
    try:
        with zipfile.ZipFile(program) as archive:
            return archive.testzip() is None
    except (OSError, ValueError, EOFError, NotImplementedError, zlib.error, zipfile.BadZipFile):
        return False


def _user_folder() -> str:
    return f"aiart-bridge-{os.getuid()}" if hasattr(os, "getuid") else "aiart-bridge"
