"""Scores as text: MusicXML and ABC read into a MIDI piece, and a piece written as MusicXML, both by music21.

music21 takes seconds to import: only files of these kinds pay for it.
"""

from __future__ import annotations

import codecs
import contextlib
import copy
import io
import re
import warnings
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

from daw_bridge.errors import BridgeError, UsageError
from daw_bridge.music.midifile import Piece, piece_of_bytes, read_bytes

SCORE_SUFFIXES: Final = (".musicxml", ".xml", ".mxl", ".abc")
_FORMATS: Final = {".musicxml": "musicxml", ".xml": "musicxml", ".mxl": "musicxml", ".abc": "abc"}
_TUNE: Final = re.compile(r"^X:", re.MULTILINE)
_DECLARATION: Final = re.compile(r"^\s*<\?xml.*?\?>", re.DOTALL)
"""Tells of an encoding that the decoded text has no more."""
_DIVISORS: Final = (4, 3)
"""Sixteenths and triplets: what a readable score of played music is rounded to."""


def read_score(path: Path) -> Piece:
    """A MusicXML or ABC file as a piece, repeats played out; of a book of tunes the first, which a warning says.

    Raises UsageError naming the file.
    """
    kind = _FORMATS[path.suffix.lower()]
    data = read_bytes(path)
    if not data.strip():
        raise UsageError("the file is empty", where=str(path), cure="export it again")
    with _quietly():
        from music21 import converter
        from music21.midi.translate import streamToMidiFile

        try:
            text = "" if path.suffix.lower() == ".mxl" else _text(data)
            tunes = [match.start() for match in _TUNE.finditer(text)] if kind == "abc" else []
            given = str(path) if path.suffix.lower() == ".mxl" else text[: tunes[1] if len(tunes) > 1 else None]
            score: Any = converter.parse(given, format=kind)
            try:
                written: bytes = streamToMidiFile(score.expandRepeats()).writestr()
            except Exception:  # repeats that do not add up are left as they are written
                _part_meters(score)
                written = streamToMidiFile(score).writestr()
        except Exception as problem:  # music21 and its parsers raise whatever they meet
            reason = (str(problem).strip().splitlines() or [type(problem).__name__])[0][:160]
            raise UsageError(
                f"cannot be read as {kind} ({reason})", where=str(path), cure="export it again, or give a MIDI file"
            ) from problem
    piece = piece_of_bytes(written, str(path))
    if len(tunes) < 2:
        return piece
    warning = f"the file holds {len(tunes)} tunes; the first is taken"
    return replace(piece, smf=replace(piece.smf, warnings=(*piece.smf.warnings, warning)))


def _part_meters(score: Any) -> None:
    """Give every bar a time signature of its own: where music21 parts a bar of ABC, both halves hold the same one."""
    seen: set[int] = set()
    for bar in list(score.recurse().getElementsByClass("Measure")):
        for meter in list(bar.getElementsByClass("TimeSignature")):
            if id(meter) in seen:
                bar.remove(meter)
                bar.insert(0, copy.deepcopy(meter))
            seen.add(id(meter))


def _text(data: bytes) -> str:
    """What is written in a file of UTF-8, or of UTF-16 that says so by its first bytes."""
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return _DECLARATION.sub("", data.decode("utf-16", errors="replace"))
    return data.decode("utf-8-sig", errors="replace")


def write_musicxml(path: Path, midi: bytes) -> None:
    """Write a MIDI file's bytes as a score, rounded to sixteenths and triplets. Raises BridgeError."""
    with _quietly():
        from music21 import converter

        try:
            score: Any = converter.parse(
                midi, format="midi", quantizePost=True, quarterLengthDivisors=_DIVISORS, forceSource=True
            )
            path.parent.mkdir(parents=True, exist_ok=True)
            score.write("musicxml", fp=str(path))
        except OSError as problem:
            raise BridgeError(
                f"cannot be written ({problem.strerror})", where=str(path), cure="choose another folder or make room"
            ) from None
        except Exception as problem:  # music21 raises whatever it meets
            reason = (str(problem).strip().splitlines() or [type(problem).__name__])[0][:160]
            raise BridgeError(
                f"cannot be written as a score ({reason})", where=str(path), cure="write .mid instead"
            ) from problem


@contextlib.contextmanager
def _quietly() -> Iterator[None]:
    """music21's remarks are for programmers."""
    with warnings.catch_warnings(), contextlib.redirect_stdout(io.StringIO()):
        warnings.simplefilter("ignore")
        yield
