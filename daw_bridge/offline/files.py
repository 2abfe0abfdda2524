"""Any file a musician may hand us, read as a piece; and a piece written as whatever its file name asks for."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from daw_bridge.errors import UsageError
from daw_bridge.io.take_export import smf_of_take
from daw_bridge.io.take_format import SUFFIX as TAKE_SUFFIX
from daw_bridge.io.take_reading import read_take
from daw_bridge.music.midifile import Piece, piece_of, piece_of_bytes, read_bytes, write_bytes
from daw_bridge.music.smf import Smf
from daw_bridge.offline.scores import SCORE_SUFFIXES, read_score, write_musicxml

if TYPE_CHECKING:
    from daw_bridge.offline.render import RenderSettings

MIDI_SUFFIXES: Final = (".mid", ".midi", ".smf", ".kar", ".rmi")
SOUND_SUFFIXES: Final = (".wav", ".flac", ".ogg")
INPUT_SUFFIXES: Final = (*MIDI_SUFFIXES, *SCORE_SUFFIXES, TAKE_SUFFIX)
OUTPUT_SUFFIXES: Final = (".mid", ".midi", ".musicxml", *SOUND_SUFFIXES, ".png")


@dataclass(frozen=True, slots=True)
class Highlight:
    """What is new in a piece, for its picture: a track of it, or a stretch of ticks."""

    tracks: frozenset[int] = frozenset()
    start_tick: int = 0
    end_tick: int = 0


def read_any(path: Path) -> Piece:
    """A MIDI file, a score or a take as a piece; `-` is a MIDI file on standard input. Raises UsageError."""
    suffix = path.suffix.lower()
    if suffix in SCORE_SUFFIXES:
        return read_score(path)
    if suffix == TAKE_SUFFIX:
        return piece_of(smf_of_take(read_take(path)))
    return piece_of_bytes(read_bytes(path), str(path))


def check_output(path: Path) -> None:
    """Raise UsageError unless `write_any` knows the ending; `-` is a MIDI file on standard output."""
    if str(path) != "-" and path.suffix.lower() not in OUTPUT_SUFFIXES:
        raise UsageError(
            "this ending is no kind of file that is written",
            where=str(path),
            cure=f"choose one of {', '.join(OUTPUT_SUFFIXES)}",
        )


def write_any(
    path: Path, smf: Smf, *, title: str = "", new: Highlight | None = None, sound: RenderSettings | None = None
) -> dict[str, object]:
    """Write the piece as its ending says; returns figures about what was written (loudness of a sound file)."""
    check_output(path)
    suffix = path.suffix.lower()
    if suffix in SOUND_SUFFIXES:
        from daw_bridge.offline.render import render_piece

        rendered = render_piece(path, piece_of(smf), sound)
        return {
            "seconds": round(rendered.seconds, 3),
            **rendered.loudness.as_json(),
            "soundfont": str(rendered.soundfont),
        }
    if suffix == ".png":
        from daw_bridge.offline.roll import write_roll

        write_roll(path, piece_of(smf), title=title, new=new)
    elif suffix == ".musicxml":
        write_musicxml(path, smf.to_bytes())
    else:
        write_bytes(path, smf.to_bytes())
    return {}
