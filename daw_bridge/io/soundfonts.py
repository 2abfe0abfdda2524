"""Where SoundFonts are on this machine, and what they say about themselves.

Order: the one asked for, the environment's `AIART_SOUNDFONT`, the system's and user's usual folders (General MIDI
sets known to be whole come first), and at last the TimGM6mb that pretty_midi carries. Nothing heavy is imported.
"""

from __future__ import annotations

import importlib.util
import os
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Final

from daw_bridge.errors import MissingPartError, UsageError

ENVIRONMENT: Final = "AIART_SOUNDFONT"
_SUFFIXES: Final = (".sf2", ".sf3")
_WHOLE_SETS: Final = (
    "default-GM",
    "default",
    "FluidR3_GM",
    "FluidR3_GM2-2",
    "GeneralUser",
    "MuseScore_General",
    "MuseScore_General_HQ",
    "TimGM6mb",
)
_CURE: Final = (
    "install one (Debian/Ubuntu: apt install fluid-soundfont-gm; elsewhere: pip install pretty_midi carries one), "
    f"or name a .sf2 file with --soundfont or in {ENVIRONMENT}"
)


@dataclass(frozen=True, slots=True)
class SoundFont:
    """One file; `source` says where we learned of it, `title` and `copyright` are its own words."""

    path: Path
    source: str
    title: str = ""
    copyright: str = ""
    megabytes: float = 0.0


def find_soundfont(asked: str | Path | None = None) -> Path:
    """The SoundFont to use.

    Raises UsageError when the one asked for (or the environment's) is no SoundFont, MissingPartError for none.
    """
    if asked is not None and str(asked):
        return _checked(Path(asked).expanduser(), str(asked))
    from_environment = os.environ.get(ENVIRONMENT, "")
    if from_environment:
        return _checked(Path(from_environment).expanduser(), f"{ENVIRONMENT}={from_environment}")
    for path, _source in _candidates():
        if _looks_right(path):
            return path
    raise MissingPartError("there is no SoundFont on this machine", cure=_CURE)


def list_soundfonts() -> list[SoundFont]:
    """Every SoundFont found, the one that would be taken first; each real file once."""
    found: dict[Path, SoundFont] = {}
    from_environment = os.environ.get(ENVIRONMENT, "")
    if from_environment:
        path = Path(from_environment).expanduser()
        if _looks_right(path):
            found[path.resolve()] = _described(path, ENVIRONMENT)
    for path, source in _candidates():
        if path.resolve() not in found and _looks_right(path):
            found[path.resolve()] = _described(path, source)
    return list(found.values())


def usual_folders() -> list[Path]:
    """The folders where systems and users keep SoundFonts."""
    home = Path.home()
    data_home = Path(os.environ.get("XDG_DATA_HOME", str(home / ".local/share")))
    if sys.platform == "darwin":
        return [home / "Library/Audio/Sounds/Banks", Path("/Library/Audio/Sounds/Banks"), data_home / "soundfonts"]
    if sys.platform == "win32":
        program_data = Path(os.environ.get("PROGRAMDATA", "C:/ProgramData"))
        return [Path("C:/soundfonts"), program_data / "soundfonts", home / "soundfonts", home / "Documents/soundfonts"]
    shared = [Path(prefix) / name for prefix in ("/usr/local/share", "/usr/share") for name in ("soundfonts", "sounds")]
    return [data_home / "soundfonts", data_home / "sounds/sf2", *_with_subfolders(shared)]


def _with_subfolders(folders: list[Path]) -> list[Path]:
    out: list[Path] = []
    for folder in folders:
        out += [folder] if folder.name == "soundfonts" else [folder / "sf2", folder / "sf3"]
    return out


def _candidates() -> Iterator[tuple[Path, str]]:
    for folder in usual_folders():
        try:
            files = [file for file in folder.iterdir() if file.suffix.lower() in _SUFFIXES]
        except OSError:
            continue
        yield from ((file, str(folder)) for file in sorted(files, key=_rank))
    spec = importlib.util.find_spec("pretty_midi")
    for location in (spec.submodule_search_locations or []) if spec else []:
        yield Path(location) / "TimGM6mb.sf2", "pretty_midi"


def _rank(file: Path) -> tuple[int, str]:
    for place, name in enumerate(_WHOLE_SETS):
        if file.stem == name or file.stem.startswith(name + "_") or file.stem.startswith(name + " "):
            return place, file.name
    return len(_WHOLE_SETS), file.name


def _checked(path: Path, said: str) -> Path:
    if not path.is_file():
        raise UsageError("there is no such SoundFont", where=said, cure="check the path, or leave it out to find one")
    if not _looks_right(path):
        raise UsageError("this is not a SoundFont (.sf2 or .sf3)", where=said, cure="name another file")
    return path


def _looks_right(path: Path) -> bool:
    try:
        with path.open("rb") as stream:
            head = stream.read(12)
    except OSError:
        return False
    # A file cut short would crash or silence the synth: its RIFF length must be there.
    return head[:4] == b"RIFF" and head[8:] == b"sfbk" and path.stat().st_size >= int.from_bytes(head[4:8], "little")


def _described(path: Path, source: str) -> SoundFont:
    texts: dict[bytes, str] = {}
    with path.open("rb") as stream:
        stream.seek(12)
        _read_info(stream, texts)
    return SoundFont(
        path, source, texts.get(b"INAM", path.stem), texts.get(b"ICOP", ""), round(path.stat().st_size / 1e6, 1)
    )


def _read_info(stream: BinaryIO, texts: dict[bytes, str]) -> None:
    """The sub-chunks of the INFO list, which every SoundFont begins with (SoundFont 2.04, section 5)."""
    head = stream.read(12)
    if head[:4] != b"LIST" or head[8:] != b"INFO":
        return
    left = int.from_bytes(head[4:8], "little") - 4
    while left >= 8:
        sub = stream.read(8)
        if len(sub) < 8:
            return
        length = int.from_bytes(sub[4:], "little")
        body = stream.read(min(length + (length & 1), 65536))
        texts[sub[:4]] = body.split(b"\0")[0].decode("latin-1").strip()
        left -= 8 + length + (length & 1)
