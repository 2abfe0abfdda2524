"""What `aiart-bridge cover` can be asked, and what a file says of its own title and artist."""

from __future__ import annotations

import argparse
import re
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from daw_bridge.arguments import Parser
from daw_bridge.errors import UsageError
from daw_bridge.music.midifile import Piece

SLIDERS: Final[Mapping[str, tuple[str, str]]] = {
    "brightness": ("brightness", "darker or lighter"),
    "contrast": ("contrast", "flatter or harder"),
    "saturation": ("saturation", "muted or strong in colour"),
    "colourfulness": ("colourfulness", "of few colours or many"),
    "warmth": ("warmth", "cooler or warmer"),
    "hue": ("hue", "another hue"),
    "edges": ("edge_density", "calmer or more detailed"),
    "light-from-above": ("top_minus_bottom", "light from below or above"),
}
"""Option -> the attribute it moves, and what it does."""

_NO_TITLES: Final = frozenset(
    [
        "untitled",
        "control track",
        "conductor",
        "conductor track",
        "tempo",
        "tempo track",
        "tempo map",
        "track",
        "track 0",
        "track 1",
        "new song",
        "midi",
        "midi drums",
        "drum kit",
        "piano",
        "melody",
        "voice",
        "drums",
        "grand piano",
        "acoustic grand piano",
        "piano right",
        "right hand",
        "sequence",
        "untitled sequence",
        "song",
        "master track",
        "meta track",
        "score",
    ]
)
_SMALL_WORDS: Final = frozenset(
    [
        "a",
        "an",
        "and",
        "as",
        "at",
        "but",
        "by",
        "de",
        "der",
        "die",
        "for",
        "from",
        "in",
        "la",
        "le",
        "of",
        "on",
        "or",
        "the",
        "to",
        "und",
        "van",
        "von",
    ]
)


def parser() -> argparse.ArgumentParser:
    """The options."""
    made = Parser(
        prog="aiart-bridge cover",
        description="Cover art for a piece: our own net paints what the music is, and every choice can be explained.\n"
        "The same piece gives the same cover, byte for byte.",
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    made.add_argument("files", type=Path, nargs="*", metavar="FILE", help="MIDI, MusicXML, ABC, take, or a folder")
    made.add_argument(
        "-o", "--out", type=Path, metavar="FILE|DIR", help="the PNG (default: beside the piece); a folder for several"
    )
    words = made.add_argument_group("words on it")
    words.add_argument("--title", help="default: the title in the file, else its name")
    words.add_argument("--artist", help="default: what stands before ' - ' in the file's name")
    words.add_argument("--no-text", action="store_true", help="the picture alone")
    words.add_argument("--layout", metavar="NAME", help="full, plate or band (default: what suits the picture)")
    picture = made.add_argument_group("the picture")
    picture.add_argument("--finish", metavar="NAME", help="paint, print, poster or duotone")
    picture.add_argument("--set", metavar="NAME", help="landscape, townscape, botanical or radiolaria")
    picture.add_argument("--seed", type=int, metavar="N", help="another picture of the same wish")
    picture.add_argument("--words", default="", metavar="TEXT", help='a few plain words, such as "winter sea"')
    picture.add_argument("--mix", metavar="FILE[:SHARE]", help="go some of the way (0 to 1) to another piece's cover")
    picture.add_argument("--size", type=int, default=3000, metavar="PX", help="side of the cover (default 3000)")
    sliders = made.add_argument_group("sliders, -1 to 1, in shares of all pictures")
    for option, (_, text) in SLIDERS.items():
        sliders.add_argument(f"--{option}", type=float, default=0.0, metavar="BY", help=text)
    edits = made.add_argument_group("done to the picture")
    edits.add_argument("--picture", type=Path, metavar="IMAGE", help="begin from this picture, not from the painter's")
    edits.add_argument("--inpaint", type=Path, metavar="MASK", help="paint anew what is white in this picture")
    edits.add_argument("--enhance", action="store_true", help="clean it: noise and blocks become paint")
    edits.add_argument(
        "--dream", metavar="LAYER", help="lines, strokes, textures, parts or whole: what the net sees in it"
    )
    edits.add_argument("--style", type=Path, metavar="IMAGE", help="in the manner of this picture (some 20 s)")
    edits.add_argument("--style-weight", type=float, default=1.0, metavar="BY", help="0.1 to 10 (default 1)")
    edits.add_argument("--vgg", type=Path, metavar="FILE", help="VGG19 weights of yours, as eyes for --style")
    many = made.add_argument_group("many")
    many.add_argument("--variations", type=int, default=1, metavar="N", help="pictures of the same wish, on one sheet")
    many.add_argument("--sheet", type=Path, metavar="FILE", help="one sheet with the covers of all the files")
    many.add_argument("--singles", action="store_true", help="with a sheet: write each cover too")
    moving = made.add_argument_group("moving")
    moving.add_argument(
        "--video", type=Path, metavar="FILE", help="a video in time with the notes: .mp4, .mov or .webm"
    )
    moving.add_argument("--fps", type=int, default=25, metavar="N", help="pictures a second of the video (default 25)")
    moving.add_argument("--video-size", type=int, default=720, metavar="PX", help="side of the video (default 720)")
    moving.add_argument(
        "--live", action="store_true", help="in the terminal: a picture that answers the bridge's notes"
    )
    moving.add_argument("--osc-port", type=int, default=9177, metavar="PORT", help="where the bridge is (default 9177)")
    said = made.add_argument_group("what it says")
    said.add_argument("--explain", action="store_true", help="the way from the music to the picture, in words")
    said.add_argument("--check", action="store_true", help="what a distributor asks of a cover, point by point")
    said.add_argument("--json", action="store_true", help="for scripts")
    return made


def offsets(options: argparse.Namespace) -> dict[str, float]:
    """The sliders that were moved, by attribute. Raises UsageError naming the slider that is too far."""
    moved = {}
    for option, (attribute, _) in SLIDERS.items():
        by = float(getattr(options, option.replace("-", "_")))
        if not -1.0 <= by <= 1.0:
            raise UsageError(f"{by:g} is outside -1 to 1", where=f"--{option}", cure="0.3 is a clear step")
        if by:
            moved[attribute] = by
    return moved


def mix_of(text: str) -> tuple[Path, float]:
    """`other.mid:0.4` as a file and a share; half when none is given. Raises UsageError."""
    name, colon, share = text.rpartition(":")
    if not colon or not name or (sys.platform == "win32" and len(name) == 1):
        return Path(text), 0.5
    try:
        value = float(share)
    except ValueError:
        if Path(text).exists():
            return Path(text), 0.5
        raise UsageError(f"{share!r} is no share", where="--mix", cure="write it as other.mid:0.4") from None
    if not 0.0 <= value <= 1.0:
        raise UsageError(f"a share of {value:g} is outside 0 to 1", where="--mix", cure="0.4 keeps most of the piece")
    return Path(name), value


def words_of(options: argparse.Namespace, piece: Piece, path: Path) -> tuple[str, str]:
    """Title and artist: those given, else those of the file, else of its name; none with --no-text."""
    if options.no_text:
        return "", ""
    artist, title = _from_name(path)
    inside = _inner_title(piece)
    return (
        _tidy(inside or title) if options.title is None else options.title,
        artist if options.artist is None else options.artist,
    )


def _inner_title(piece: Piece) -> str:
    """The name of the first track when it is that of the piece: a track of its own, or the only one."""
    tracks = piece.smf.tracks
    playing = {note.track for note in piece.notes}
    if 0 in playing and len(playing) > 1:
        return ""
    name = " ".join(tracks[0].name.split())
    plain = name.casefold().strip(" .:-")
    if plain in _NO_TITLES or re.search(r"\.midi?$|^track\b|^staff\b|^\W*\d*\W*$", plain) or len(name) > 120:
        return ""
    if 0 in playing and any(len(tracks) > 1 and track.name for track in tracks[1:]):
        return ""
    return name


def _tidy(title: str) -> str:
    """A title without what catalogues leave at its end: a comma, a full stop after a whole word, a long number."""
    title = re.sub(r"\s+[a-z]{0,3}\d{5,}$", "", title).rstrip(" ,;:")
    title = re.sub(r"(?<=[a-z]{3})\.$", "", title, flags=re.IGNORECASE).replace(" -- ", ": ") or title
    return _capitalised(title.lower()) if title.isupper() and len(title) > 5 else title


def _from_name(path: Path) -> tuple[str, str]:
    """Artist and title from `Artist - Title.mid`, or no artist and a readable title from the name."""
    stem = path.stem if str(path) != "-" else "untitled"
    if " - " in stem:
        artist, title = stem.split(" - ", 1)
        return artist.strip(), title.strip()
    text = stem.replace("_", " ")
    if " " not in text.strip():
        text = text.replace("-", " ")
    text = " ".join(text.split()) or stem
    if text != text.lower():
        return "", text
    return "", _capitalised(text)


def _capitalised(text: str) -> str:
    """Every word with a capital but the small ones."""
    return " ".join(
        word if number and word in _SMALL_WORDS else word[:1].upper() + word[1:]
        for number, word in enumerate(text.split())
    )
