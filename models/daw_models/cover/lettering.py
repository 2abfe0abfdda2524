"""Fonts for any title: ours for Latin, Greek and Cyrillic, the system's for other scripts; what none has is said."""

from __future__ import annotations

import os
import sys
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final

from PIL import Image, ImageDraw, ImageFont, features
from PIL.ImageFont import FreeTypeFont

_FONTS: Final = Path(__file__).parent / "fonts"
SERIF: Final = _FONTS / "EBGaramond12-Regular.otf"
ITALIC: Final = _FONTS / "EBGaramond12-Italic.otf"
SANS: Final = _FONTS / "InterDisplay-Medium.otf"

_SYSTEM_FOLDERS: Final = (
    "/usr/share/fonts",
    "/usr/local/share/fonts",
    "~/.fonts",
    "~/.local/share/fonts",
    "/System/Library/Fonts",
    "/Library/Fonts",
    "~/Library/Fonts",
    "C:/Windows/Fonts",
)
_LIKELY: Final = ("noto", "cjk", "arial", "dejavu", "freesans", "unifont", "hiragino", "gothic", "droid")
"""Names of fonts that cover much are tried first."""
_MOST_FONTS: Final = 400
_CELL: Final = 40
_PICTURELESS: Final = ("Mn", "Mc", "Me", "Cf", "Cc")
"""Marks, joiners and controls: they have no picture of their own."""
_SHAPED: Final = ("ARABIC", "HEBREW", "DEVANAGARI", "BENGALI", "TAMIL", "THAI", "GURMUKHI", "GUJARATI", "TELUGU")
"""Scripts that read wrong when their letters are merely put in a row."""


@dataclass(frozen=True, slots=True)
class Lettered:
    """A text that can be set: what is left of it, in which font, and what had to be left out or may look wrong."""

    text: str
    font: Path
    index: int = 0
    warning: str = ""


def letter(text: str, wanted: Path) -> Lettered:
    """A font for the whole text: the wanted one, else one of the system; characters that none has are left out."""
    text = unicodedata.normalize("NFC", " ".join(text.split()))
    missing = _missing(text, wanted, 0)
    if not missing:
        return Lettered(text, wanted)
    best, least = (wanted, 0), missing
    for font, index in _system_fonts():
        lacking = _missing(text, font, index)
        if len(lacking) < len(least):
            best, least = (font, index), lacking
        if not lacking:
            break
    warning = ""
    if least:
        shown = " ".join(sorted(least)[:8])
        warning = f"no font here has {shown}: left out of {text!r}; install a Noto font of that script to set it"
        text = _without(text, least)
    elif _needs_shaping(text) and not features.check("raqm"):
        warning = f"the letters of {text!r} are not joined or reordered: this Pillow was built without raqm"
    return Lettered(text, *best, warning)


def _without(text: str, signs: frozenset[str]) -> str:
    """The text without some signs and the marks that belong to them."""
    kept: list[str] = []
    dropped = False
    for sign in text:
        if not unicodedata.category(sign).startswith("M"):
            dropped = sign in signs
        if not dropped:
            kept.append(sign)
    return " ".join("".join(kept).split())


@cache
def sized(font: Path, index: int, size: int) -> FreeTypeFont:
    """The font at a size in pixels."""
    return ImageFont.truetype(str(font), size, index=index)


def _missing(text: str, font: Path, index: int) -> frozenset[str]:
    """The signs of a text that a font has no picture for; spaces and joiners need none, marks go with their letter."""
    try:
        face = sized(font, index, 24)
        blanks = {_picture(face, chr(0xFFFF)), _picture(face, chr(0x10FFFE)), bytes(_CELL * _CELL)}
        return frozenset(
            sign
            for sign in set(text)
            if not sign.isspace() and unicodedata.category(sign) not in _PICTURELESS and _picture(face, sign) in blanks
        )
    except (OSError, ValueError):
        return frozenset(text)


def _picture(face: FreeTypeFont, sign: str) -> bytes:
    image = Image.new("L", (_CELL, _CELL), 0)
    ImageDraw.Draw(image).text((6, 4), sign, fill=255, font=face)
    return image.tobytes()


def _needs_shaping(text: str) -> bool:
    return any(unicodedata.name(sign, "").startswith(_SHAPED) for sign in text)


def _system_fonts() -> Iterator[tuple[Path, int]]:
    """Font files of the system, likely ones first, in the same order every time."""
    found: list[Path] = []
    folders = [*_SYSTEM_FOLDERS, *(os.environ.get("XDG_DATA_HOME", ""),)]
    for folder in folders:
        root = Path(folder).expanduser()
        if not folder or not root.is_dir() or (folder.startswith("C:") and sys.platform != "win32"):
            continue
        found += [path for path in root.rglob("*") if path.suffix.lower() in (".ttf", ".otf", ".ttc")]

    def order(path: Path) -> tuple[bool, bool, str]:
        name = path.name.lower()
        plain = "regular" in name or "-" not in name
        return not any(word in name for word in _LIKELY), not plain, name

    for path in sorted(found, key=order)[:_MOST_FONTS]:
        yield path, 0
