"""Title and artist as lines of type: how large, where broken, how spaced."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass, replace
from typing import Final

from PIL import ImageDraw

from daw_models.cover.lettering import SANS, SERIF, Lettered, letter, sized

_ELLIPSIS: Final = "…"
_MOST_LINES: Final = 4
_FLOOR: Final = 0.040
"""The smallest title, as a share of the cover's side: readable on the small picture of a phone."""
_ARTIST: Final = 0.024
_ARTIST_FLOOR: Final = 0.017
_TRACKING: Final = 0.17
_TITLE_TRACKING: Final = 0.004


@dataclass(frozen=True, slots=True)
class Line:
    """One line of type: `left`, `baseline`, `width` and `size` in pixels, `tracking` as a share of the size."""

    text: str
    face: Lettered
    size: int
    tracking: float
    width: float
    left: float = 0.0
    baseline: float = 0.0

    @property
    def top(self) -> float:
        """The height of capitals and ascenders."""
        return self.baseline - 0.74 * self.size

    @property
    def bottom(self) -> float:
        """The depth of descenders."""
        return self.baseline + 0.26 * self.size

    def draw(self, pen: ImageDraw.ImageDraw, fill: int) -> None:
        """Set it in a mask."""
        font = sized(self.face.font, self.face.index, self.size)
        if self.tracking == 0.0:
            pen.text((self.left, self.baseline), self.text, fill=fill, font=font, anchor="ls")
            return
        x = self.left
        for at, sign in enumerate(self.text):
            pen.text((x, self.baseline), sign, fill=fill, font=font, anchor="ls")
            x += font.getlength(self.text[at : at + 2]) - font.getlength(self.text[at + 1 : at + 2])
            x += self.tracking * self.size


@dataclass(frozen=True, slots=True)
class Block:
    """Lines of title and artist, their `left` from 0 and their `baseline` from the top of the block."""

    lines: tuple[Line, ...]
    height: float
    warnings: tuple[str, ...]
    shortened: bool

    @property
    def width(self) -> float:
        """That of the longest line."""
        return max((line.width for line in self.lines), default=0.0)

    def placed(self, left: float, top: float, room: float, align: str) -> tuple[Line, ...]:
        """The lines on the cover: `align` is left, centre or right within `room`."""
        share = {"left": 0.0, "centre": 0.5, "right": 1.0}[align]
        return tuple(
            replace(line, left=left + share * (room - line.width), baseline=top + line.baseline) for line in self.lines
        )


def set_block(title: str, artist: str, side: int, room: float, largest: float, depth: float) -> Block:
    """Title over artist in a column `room` pixels wide and at most `depth` high; `largest` title size as a share."""
    name, by = letter(title, SERIF), letter(artist, SANS)
    warnings = tuple(text for text in (name.warning, by.warning) if text)
    lines: list[Line] = []
    at, shortened = 0.0, False
    if name.text:
        below = 2.6 * _ARTIST * side if by.text else 0.0
        texts, size, shortened = _fitted(name, side, room, largest, depth - below)
        for number, text in enumerate(texts):
            at += (0.74 if number == 0 else 1.04) * size
            lines.append(_line(text, name, size, _TITLE_TRACKING, at))
        at += 0.26 * size
    if by.text:
        line, cut = _artist(by, side, room)
        shortened |= cut
        at += 0.74 * line.size + (0.62 * _ARTIST * side if lines else 0.0)
        lines.append(replace(line, baseline=at))
        at += 0.26 * line.size
    return Block(tuple(lines), at, warnings, shortened)


def reads_right_to_left(text: str) -> bool:
    """Whether the first letter that has a direction runs to the left."""
    for sign in text:
        direction = unicodedata.bidirectional(sign)
        if direction in ("L", "R", "AL"):
            return direction != "L"
    return False


def _fitted(face: Lettered, side: int, room: float, largest: float, depth: float) -> tuple[list[str], int, bool]:
    """The title in as few and as large lines as fit, and whether it had to be cut."""
    words = _words(face.text)
    share = largest
    while share >= _FLOOR:
        size = round(share * side)
        for count in range(1, _MOST_LINES + 1):
            if (0.74 + 1.04 * (count - 1) + 0.26) * size > depth:
                break
            texts = _broken(words, face, size, room, count)
            # Few large lines look better than many; a single long line may shrink a little first.
            if texts and (count <= 2 or share <= 0.8 * largest or count == len(words)):
                return texts, size, False
        share *= 0.94
    size = round(_FLOOR * side)
    lines = max(1, min(_MOST_LINES, int((depth / size - 1.0) / 1.04) + 1))
    return _cut(words, face, size, room, lines), size, True


def _words(text: str) -> list[str]:
    """What may not be broken: words, each with the space after it; signs of scripts that know no spaces."""
    words: list[str] = []
    for part in text.split():
        if any(unicodedata.east_asian_width(sign) in "WF" for sign in part):
            words += list(part)
            words[-1] += " "
        else:
            words.append(part + " ")
    return words


def _broken(words: list[str], face: Lettered, size: int, room: float, count: int) -> list[str] | None:
    """The words in `count` lines of lengths as even as can be; None when a line is too long."""
    if count > len(words):
        return None
    widths = [_width(word.rstrip(), face, size, _TITLE_TRACKING) for word in words]
    space = _width(" ", face, size, _TITLE_TRACKING)
    gaps = [space if word.endswith(" ") else 0.0 for word in words]
    total = len(words)
    best: list[list[tuple[float, int]]] = [[(float("inf"), 0)] * (total + 1) for _ in range(count + 1)]
    best[0][0] = (0.0, 0)
    for line in range(1, count + 1):
        for end in range(line, total + 1):
            length = -gaps[end - 1]
            for start in range(end - 1, line - 2, -1):
                length += widths[start] + gaps[start]
                if length > room:
                    break
                cost = best[line - 1][start][0] + (room - length) ** 2
                if cost < best[line][end][0]:
                    best[line][end] = (cost, start)
    if best[count][total][0] == float("inf"):
        return None
    texts, end = [], total
    for line in range(count, 0, -1):
        start = best[line][end][1]
        texts.append("".join(words[start:end]).rstrip())
        end = start
    return texts[::-1]


def _cut(words: list[str], face: Lettered, size: int, room: float, lines: int) -> list[str]:
    """As much as fits in so many lines, ending in an ellipsis."""
    texts: list[str] = []
    rest = "".join(words).rstrip()
    for number in range(lines):
        tail = _ELLIPSIS if number == lines - 1 else ""
        length = len(rest)
        while length > 1 and _width(rest[:length].rstrip() + tail, face, size, _TITLE_TRACKING) > room:
            length -= 1
        if not tail and length < len(rest) and " " in rest[:length]:
            length = rest[:length].rindex(" ") + 1
        cut = length < len(rest)
        texts.append(rest[:length].rstrip() + (tail if cut else ""))
        rest = rest[length:].lstrip()
        if not rest:
            break
    return texts


def _artist(face: Lettered, side: int, room: float) -> tuple[Line, bool]:
    """The artist in spaced capitals, smaller when long, cut when too long."""
    face = replace(face, text=face.text.upper())
    size = _ARTIST * side
    while size > _ARTIST_FLOOR * side and _width(face.text, face, round(size), _TRACKING) > room:
        size *= 0.95
    text, at = face.text, round(size)
    while len(text) > 1 and _width(text, face, at, _TRACKING) > room:
        text = text.rstrip(_ELLIPSIS)[:-1].rstrip() + _ELLIPSIS
    return _line(text, face, at, _TRACKING, 0.0), text != face.text


def _line(text: str, face: Lettered, size: int, tracking: float, baseline: float) -> Line:
    tracking = 0.0 if _joined(text) else tracking
    return Line(text, face, size, tracking, _width(text, face, size, tracking), 0.0, baseline)


def _joined(text: str) -> bool:
    """Whether letters must not be moved apart: scripts beyond Latin, Greek and Cyrillic, and combining marks."""
    return any(
        unicodedata.combining(sign)
        or (sign.isalpha() and not unicodedata.name(sign, "").startswith(("LATIN", "GREEK", "CYRILLIC")))
        for sign in text
    )


def _width(text: str, face: Lettered, size: int, tracking: float) -> float:
    font = sized(face.font, face.index, size)
    spaces = 0 if _joined(text) else max(len(text) - 1, 0)
    return float(font.getlength(text)) + spaces * tracking * size
