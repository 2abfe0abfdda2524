"""Folders and archives of MIDI become one memory-mapped file of note rows, split by piece."""

from __future__ import annotations

import hashlib
import json
import lzma
import tarfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

import numpy as np
import numpy.typing as npt

from daw_bridge.errors import UsageError
from daw_bridge.music.vocabulary import Vocabulary

Rows = npt.NDArray[np.int64]
"""int [notes, 4]: onset difference and duration in cells, pitch, velocity, as (onset, pitch, duration, velocity)."""

PITCHED, DRUMS = 0, 1
MIDI_SUFFIXES = (".mid", ".midi", ".kar")
ARCHIVE_SUFFIXES = (".tar", ".tar.xz", ".tar.gz", ".tgz", ".zip")
FORMAT = "aiart-bridge-corpus"
FORMAT_VERSION = 1
_VALID_SHARE = 0.06
_DRUM_SETS = frozenset({"groove"})


@dataclass(frozen=True)
class Piece:
    """One piece: where it came from and its rows."""

    name: str
    set_name: str
    split: str
    note_class: int
    rows: Rows


def rows_of(
    onsets_s: npt.NDArray[np.float64],
    pitches: npt.NDArray[np.int64],
    durations_s: npt.NDArray[np.float64],
    velocities: npt.NDArray[np.int64],
    vocabulary: Vocabulary,
) -> Rows:
    """Rows of notes in any order: absolute onsets are rounded first and then differenced, so nothing drifts.

    The piece starts with its first note, whose onset difference is 0.
    """
    onset = np.rint(onsets_s / vocabulary.cell_s).astype(np.int64)
    duration = np.rint(durations_s / vocabulary.cell_s).astype(np.int64)
    order = np.lexsort((velocities, duration, pitches, onset))
    onset = onset[order]
    difference = np.diff(onset, prepend=onset[:1])
    return np.stack(
        [
            difference.clip(0, vocabulary.max_cells),
            pitches[order].clip(0, vocabulary.pitches - 1),
            duration[order].clip(0, vocabulary.max_cells),
            velocities[order].clip(1, vocabulary.velocities - 1),
        ],
        axis=1,
    ).astype(np.int64)


def read_midi(data: bytes, vocabulary: Vocabulary) -> tuple[Rows, int]:
    """All tracks of a MIDI file merged, and whether it is drums. Raises UsageError for a damaged file."""
    import symusic

    try:
        score: Any = symusic.Score.from_midi(data)
        score = score.to("second")
    except Exception as error:  # symusic raises plain RuntimeError and ValueError of many texts
        raise UsageError(f"not a readable MIDI file ({error})") from error
    columns: dict[str, list[npt.NDArray[Any]]] = {"time": [], "pitch": [], "duration": [], "velocity": []}
    drums = True
    for track in score.tracks:
        notes = track.notes.numpy()
        if len(notes["time"]) == 0:
            continue
        drums = drums and bool(track.is_drum)
        for name, found in columns.items():
            found.append(notes[name])
    if not columns["time"]:
        raise UsageError("no notes in this MIDI file")
    joined = {name: np.concatenate(found) for name, found in columns.items()}
    audible = joined["velocity"] > 0
    rows = rows_of(
        joined["time"][audible].astype(np.float64),
        joined["pitch"][audible].astype(np.int64),
        joined["duration"][audible].astype(np.float64),
        joined["velocity"][audible].astype(np.int64),
        vocabulary,
    )
    if len(rows) == 0:
        raise UsageError("no notes in this MIDI file")
    return rows, DRUMS if drums else PITCHED


def midi_files(paths: Sequence[Path]) -> Iterator[tuple[str, bytes]]:
    """Name and content of every MIDI file in `paths`: files, folders (searched recursively) and archives.

    Raises UsageError for a path that is not there or an archive that cannot be read at all.
    """
    for path in paths:
        if path.is_dir():
            for file in sorted(path.rglob("*")):
                if file.name.lower().endswith(MIDI_SUFFIXES) and file.is_file():
                    yield str(PurePosixPath(path.name) / file.relative_to(path).as_posix()), file.read_bytes()
        elif not path.is_file():
            raise UsageError("no such file or folder", where=str(path), cure="give a folder, a .mid or a .tar.xz")
        elif path.name.lower().endswith(MIDI_SUFFIXES):
            yield path.name, path.read_bytes()
        elif path.name.lower().endswith(ARCHIVE_SUFFIXES):
            yield from _archive_members(path)
        else:
            raise UsageError("neither MIDI nor an archive of MIDI", where=str(path), cure="give a .mid or a .tar.xz")


def _archive_members(path: Path) -> Iterator[tuple[str, bytes]]:
    if path.suffix.lower() == ".zip":
        import zipfile

        try:
            with zipfile.ZipFile(path) as bundle:
                for name in sorted(bundle.namelist()):
                    if name.lower().endswith(MIDI_SUFFIXES):
                        yield name, bundle.read(name)
        except zipfile.BadZipFile as error:
            raise UsageError(f"damaged archive ({error})", where=str(path)) from error
        return
    try:
        with tarfile.open(path) as archive:
            for member in archive:
                if member.isfile() and member.name.lower().endswith(MIDI_SUFFIXES):
                    content = archive.extractfile(member)
                    yield member.name, b"" if content is None else content.read()
    except (tarfile.TarError, lzma.LZMAError, EOFError, OSError) as error:
        raise UsageError(f"damaged archive ({error})", where=str(path)) from error


def read_pieces(
    paths: Sequence[Path],
    vocabulary: Vocabulary,
    *,
    warn: Callable[[str], None],
    excluded: frozenset[str] = frozenset(),
    shortest: int = 8,
    distinct: bool = True,
) -> Iterator[Piece]:
    """Every piece found in `paths`, without copies if `distinct`; a file left out costs one `warn` line.

    `excluded` holds file names or stems that must not be used. The split is the `train` or `valid` folder a
    file lies in, else it follows from its content, so that it never changes.
    """
    seen: dict[bytes, str] = {}
    for name, data in midi_files(paths):
        path = PurePosixPath(name)
        if path.name in excluded or path.stem in excluded:
            continue
        try:
            rows, note_class = read_midi(data, vocabulary)
        except UsageError as error:
            warn(f"{name}: {error}; left out")
            continue
        if len(rows) < shortest:
            continue
        digest = hashlib.sha1(rows.astype("<i2").tobytes(), usedforsecurity=False).digest()
        if distinct and digest in seen:
            warn(f"{name}: same notes as {seen[digest]}; left out")
            continue
        seen[digest] = name
        split = next((part for part in path.parts[:-1] if part in ("train", "valid", "test")), None)
        if split is None:
            split = "valid" if digest[0] < _VALID_SHARE * 256 else "train"
        set_name = path.parts[0] if len(path.parts) > 1 else "own"
        yield Piece(name, set_name, split, DRUMS if set_name in _DRUM_SETS else note_class, rows)


@dataclass(frozen=True)
class Corpus:
    """A prepared corpus; arrays may be memory maps.

    rows int16 [notes, 4]; back int16 [notes, 2] and length uint8 [notes, 2]: for each of the two repetition
    finders how many notes back the continuation of the best match stands, and how long that match is.
    """

    rows: npt.NDArray[np.int16]
    back: npt.NDArray[np.int16]
    length: npt.NDArray[np.uint8]
    starts: npt.NDArray[np.int64]
    names: tuple[str, ...]
    set_names: tuple[str, ...]
    splits: tuple[str, ...]
    note_classes: tuple[int, ...]
    vocabulary: Vocabulary

    def __len__(self) -> int:
        return len(self.names)

    def span(self, piece: int) -> tuple[int, int]:
        """First and one past the last note of a piece."""
        return int(self.starts[piece]), int(self.starts[piece + 1])

    def pieces(self, split: str, set_name: str | None = None) -> list[int]:
        """Indices of the pieces of one split, and of one set if named."""
        return [
            index
            for index, (its_split, its_set) in enumerate(zip(self.splits, self.set_names, strict=True))
            if its_split == split and set_name in (None, its_set)
        ]

    def save(self, path: Path) -> None:
        """Write one file: magic line, header length, JSON header, then the arrays as they are."""
        arrays: dict[str, npt.NDArray[Any]] = {
            "rows": self.rows,
            "back": self.back,
            "length": self.length,
            "starts": self.starts,
        }
        layout = {}
        offset = 0
        for name, array in arrays.items():
            layout[name] = {"dtype": array.dtype.str, "shape": list(array.shape), "offset": offset}
            offset += -(-array.nbytes // 64) * 64
        header = {
            "format": FORMAT,
            "format_version": FORMAT_VERSION,
            "vocabulary": self.vocabulary.as_spec(),
            "arrays": layout,
            "names": self.names,
            "set_names": self.set_names,
            "splits": self.splits,
            "note_classes": self.note_classes,
        }
        text = json.dumps(header, separators=(",", ":")).encode()
        padded = text + b" " * (-(len(text) + 8) % 64)
        temporary = path.with_name(path.name + ".part")
        with temporary.open("wb") as file:
            file.write(len(padded).to_bytes(8, "little") + padded)
            for array in arrays.values():
                data = np.ascontiguousarray(array).tobytes()
                file.write(data + b"\0" * (-len(data) % 64))
        temporary.replace(path)

    @classmethod
    def open(cls, path: Path) -> Corpus:
        """Map a prepared corpus. Raises UsageError if the file is not one."""
        try:
            with path.open("rb") as file:
                size = int.from_bytes(file.read(8), "little")
                header = json.loads(file.read(size)) if 0 < size < path.stat().st_size else {}
            if header.get("format") != FORMAT or header.get("format_version") != FORMAT_VERSION:
                raise ValueError("other format")
            arrays = {
                name: np.memmap(
                    path, dtype=spec["dtype"], mode="r", offset=8 + size + spec["offset"], shape=tuple(spec["shape"])
                )
                for name, spec in header["arrays"].items()
            }
        except OSError as error:
            raise UsageError(error.strerror or "cannot be read", where=str(path)) from error
        except (ValueError, KeyError, UnicodeDecodeError) as error:
            raise UsageError(
                "not a prepared corpus of this version", where=str(path), cure="make it with `models prepare`"
            ) from error
        return cls(
            **arrays,
            names=tuple(header["names"]),
            set_names=tuple(header["set_names"]),
            splits=tuple(header["splits"]),
            note_classes=tuple(header["note_classes"]),
            vocabulary=Vocabulary.from_spec(header["vocabulary"], where=str(path)),
        )


def read_exclusions(paths: Sequence[Path]) -> frozenset[str]:
    """File names and stems listed in text files, the first word of each line; `#` starts a comment."""
    names: set[str] = set()
    for path in paths:
        try:
            lines = path.read_text(encoding="utf-8").splitlines()
        except (OSError, UnicodeDecodeError) as error:
            raise UsageError(f"exclusion list cannot be read ({error})", where=str(path)) from error
        for line in lines:
            words = line.split("#")[0].split()
            if words:
                names.update({PurePosixPath(words[0]).name, PurePosixPath(words[0]).stem})
    return frozenset(names)


def build_corpus(pieces: Sequence[Piece], vocabulary: Vocabulary) -> Corpus:
    """Put pieces into one corpus and find the repetitions in each. Raises UsageError when there are none."""
    from daw_models.data.repeats import find_repeats

    if not pieces:
        raise UsageError("no usable MIDI found", cure="give folders or archives with .mid files of 8 notes or more")
    repeats = find_repeats([piece.rows for piece in pieces])
    return Corpus(
        rows=np.concatenate([piece.rows for piece in pieces]).astype(np.int16),
        back=np.concatenate([back for back, _ in repeats]),
        length=np.concatenate([length for _, length in repeats]),
        starts=np.cumsum([0, *(len(piece.rows) for piece in pieces)]).astype(np.int64),
        names=tuple(piece.name for piece in pieces),
        set_names=tuple(piece.set_name for piece in pieces),
        splits=tuple(piece.split for piece in pieces),
        note_classes=tuple(piece.note_class for piece in pieces),
        vocabulary=vocabulary,
    )
