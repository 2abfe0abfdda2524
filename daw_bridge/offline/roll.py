"""The picture of a piece: a piano roll with its bars, parts and touch, what is new standing out."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from daw_bridge.errors import BridgeError
from daw_bridge.music.harmony import estimate_key
from daw_bridge.music.midifile import Piece
from daw_bridge.music.notes import Note
from daw_bridge.music.parts import Part, parts_of

if TYPE_CHECKING:
    from PIL.Image import Image
    from PIL.ImageDraw import ImageDraw
    from PIL.ImageFont import FreeTypeFont

    from daw_bridge.offline.files import Highlight

Colour = tuple[int, int, int]

_SCALE: Final = 2
"""Everything is drawn this many times larger and scaled down: smooth edges."""
_MIN_WIDTH, _MAX_WIDTH = 1280, 4000
_PIXELS_PER_S: Final = 22.0
_ROW: Final = 9
_LEFT, _RIGHT, _TOP, _BAR_STRIP, _TOUCH, _BOTTOM = 64, 28, 84, 24, 64, 48
_FEWEST_ROWS: Final = 36
_BLACK: Final = frozenset({1, 3, 6, 8, 10})

_PAPER: Final[Colour] = (19, 22, 31)
_ROW_LIGHT: Final[Colour] = (28, 32, 44)
_ROW_DARK: Final[Colour] = (23, 27, 37)
_LINE: Final[Colour] = (52, 58, 77)
_BEAT: Final[Colour] = (36, 41, 56)
_OCTAVE: Final[Colour] = (46, 52, 70)
_TEXT: Final[Colour] = (226, 230, 240)
_QUIET: Final[Colour] = (138, 147, 170)
_NEW: Final[Colour] = (255, 176, 84)
_NEW_GROUND: Final[Colour] = (46, 38, 36)
_PARTS: Final[tuple[Colour, ...]] = (
    (98, 176, 255),
    (126, 214, 163),
    (198, 156, 255),
    (255, 138, 158),
    (120, 220, 232),
    (222, 208, 120),
    (150, 166, 255),
    (190, 220, 140),
)


@dataclass(frozen=True, slots=True)
class _View:
    """Where seconds and pitches fall on the picture, in drawing pixels."""

    width: int
    height: int
    seconds: float
    low: int
    high: int

    @property
    def left(self) -> int:
        return _LEFT * _SCALE

    @property
    def right(self) -> int:
        return self.width - _RIGHT * _SCALE

    @property
    def top(self) -> int:
        return _TOP * _SCALE

    @property
    def bottom(self) -> int:
        return self.top + (self.high - self.low + 1) * _ROW * _SCALE

    @property
    def touch_bottom(self) -> int:
        return self.bottom + (_BAR_STRIP + _TOUCH) * _SCALE

    def x(self, at_s: float) -> float:
        return self.left + (self.right - self.left) * min(max(at_s / self.seconds, 0.0), 1.0)

    def y(self, pitch: int) -> int:
        return self.top + (self.high - pitch) * _ROW * _SCALE


def write_roll(path: Path, piece: Piece, *, title: str = "", new: Highlight | None = None) -> None:
    """Write the picture as PNG. Raises BridgeError naming the file when it cannot be written."""
    picture = roll_image(piece, title=title, new=new)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        picture.save(path, format="PNG", optimize=True)
    except OSError as problem:
        raise BridgeError(
            f"cannot be written ({problem.strerror or problem})",
            where=str(path),
            cure="choose another folder or make room",
        ) from None


def roll_image(piece: Piece, *, title: str = "", new: Highlight | None = None) -> Image:
    """The picture itself."""
    from PIL import Image, ImageDraw

    view = _view(piece)
    picture = Image.new("RGB", (view.width, view.height), _PAPER)
    pen = ImageDraw.Draw(picture)
    _draw_ground(pen, view, piece, new)
    _draw_bars(pen, view, piece)
    coloured = list(_coloured(piece, new))
    for note, colour in coloured:
        _draw_note(pen, view, note, colour)
    _draw_touch(pen, view, coloured)
    _draw_keys(pen, view)
    _draw_words(pen, view, piece, title, new)
    return picture.resize((view.width // _SCALE, view.height // _SCALE), Image.Resampling.LANCZOS)


def _view(piece: Piece) -> _View:
    pitches = [note.pitch for note in piece.notes] or [60]
    low, high = min(pitches) - 2, max(pitches) + 2
    missing = max(0, _FEWEST_ROWS - (high - low + 1))
    low, high = max(0, low - missing // 2), min(127, high + missing - missing // 2)
    seconds = max(piece.tempo.seconds(piece.end_tick), 1.0)
    width = int(min(max(seconds * _PIXELS_PER_S + _LEFT + _RIGHT, _MIN_WIDTH), _MAX_WIDTH))
    height = _TOP + (high - low + 1) * _ROW + _BAR_STRIP + _TOUCH + _BOTTOM
    return _View(width * _SCALE, height * _SCALE, seconds, low, high)


def _draw_ground(pen: ImageDraw, view: _View, piece: Piece, new: Highlight | None) -> None:
    for pitch in range(view.low, view.high + 1):
        shade = _ROW_DARK if pitch % 12 in _BLACK else _ROW_LIGHT
        pen.rectangle((view.left, view.y(pitch), view.right, view.y(pitch) + _ROW * _SCALE - 1), fill=shade)
    if new is not None and new.end_tick > new.start_tick:
        left, right = (view.x(piece.tempo.seconds(tick)) for tick in (new.start_tick, new.end_tick))
        for pitch in range(view.low, view.high + 1):
            ground = _blend(_NEW_GROUND, _PAPER, 0.25 if pitch % 12 in _BLACK else 0.0)
            pen.rectangle((left, view.y(pitch), right, view.y(pitch) + _ROW * _SCALE - 1), fill=ground)
    for pitch in range(view.low, view.high + 1):
        if pitch % 12 == 0:
            at = view.y(pitch) + _ROW * _SCALE - 1
            pen.line((view.left, at, view.right, at), fill=_OCTAVE, width=_SCALE // 2)


def _draw_bars(pen: ImageDraw, view: _View, piece: Piece) -> None:
    """Bar lines as close as the eye can tell apart, numbers where they fit, beats where there is room."""
    small = _font(11)
    last = int(piece.meter.bar_at(piece.end_tick)) + 1
    step = _nice_step(last, (view.right - view.left) / _SCALE, 10.0)
    number_step = _nice_step(last, (view.right - view.left) / _SCALE, 34.0)
    beats = step == 1 and (view.right - view.left) / max(last, 1) > 56 * _SCALE
    for bar in range(0, last + 1, step):
        tick = piece.meter.bar_start(bar)
        x = view.x(piece.tempo.seconds(tick))
        if piece.tempo.seconds(tick) > view.seconds + 1e-6:
            break
        pen.line((x, view.top, x, view.bottom), fill=_LINE, width=_SCALE // 2)
        if bar % number_step == 0 and x < view.right - 8 * _SCALE:
            pen.text((x + 3 * _SCALE, view.bottom + 5 * _SCALE), str(bar + 1), fill=_QUIET, font=small)
        if beats:
            meter = piece.meter.at(tick)
            for beat in range(1, min(meter.beats, 16)):
                at = view.x(piece.tempo.seconds(tick + beat * piece.meter.beat_ticks(tick)))
                pen.line((at, view.top, at, view.bottom), fill=_BEAT, width=_SCALE // 2)


def _draw_note(pen: ImageDraw, view: _View, note: Note, colour: Colour) -> None:
    left = view.x(note.onset_s)
    right = max(view.x(note.end_s) - 0.5 * _SCALE, left + 2.0 * _SCALE)
    top = view.y(note.pitch)
    body = _blend(colour, _PAPER, 0.55 * (1.0 - note.velocity / 127.0))
    radius = min(2.5 * _SCALE, (right - left) / 2)
    pen.rounded_rectangle(
        (left, top + 0.5 * _SCALE, right, top + (_ROW - 1) * _SCALE),
        radius=radius,
        fill=body,
        outline=_blend(body, _PAPER, 0.35),
        width=_SCALE // 2,
    )


def _draw_touch(pen: ImageDraw, view: _View, coloured: Sequence[tuple[Note, Colour]]) -> None:
    """Velocities as stems under the roll."""
    ground = view.touch_bottom
    room = (_TOUCH - 10) * _SCALE
    pen.line((view.left, ground, view.right, ground), fill=_LINE, width=_SCALE // 2)
    for note, colour in coloured:
        x, top = view.x(note.onset_s), ground - room * note.velocity / 127.0
        stem = _blend(colour, _PAPER, 0.45)
        pen.line((x, ground, x, top), fill=stem, width=_SCALE)
        pen.ellipse((x - 1.5 * _SCALE, top - 1.5 * _SCALE, x + 1.5 * _SCALE, top + 1.5 * _SCALE), fill=colour)
    pen.text((12 * _SCALE, ground - room // 2 - 7 * _SCALE), "velocity", fill=_QUIET, font=_font(11))


def _draw_keys(pen: ImageDraw, view: _View) -> None:
    """The keyboard at the left edge, every C named."""
    small = _font(10)
    left, right = view.left - 24 * _SCALE, view.left - 3 * _SCALE
    for pitch in range(view.low, view.high + 1):
        top = view.y(pitch)
        black = pitch % 12 in _BLACK
        pen.rectangle(
            (left, top, right - (8 * _SCALE if black else 0), top + _ROW * _SCALE - 1),
            fill=(52, 58, 74) if black else (205, 210, 222),
        )
        if not black:
            pen.line((left, top + _ROW * _SCALE - 1, right, top + _ROW * _SCALE - 1), fill=_PAPER, width=_SCALE // 2)
        if pitch % 12 == 0:
            pen.text(
                (left - 6 * _SCALE, top + _ROW * _SCALE / 2),
                f"C{pitch // 12 - 1}",
                fill=_QUIET,
                font=small,
                anchor="rm",
            )


def _draw_words(pen: ImageDraw, view: _View, piece: Piece, title: str, new: Highlight | None) -> None:
    pen.text((view.left, 16 * _SCALE), title or "untitled", fill=_TEXT, font=_font(22))
    pen.text((view.left, 50 * _SCALE), _subtitle(piece), fill=_QUIET, font=_font(13))
    x = float(view.left)
    y = view.touch_bottom + 14 * _SCALE
    for name, colour in _legend(piece, new):
        font = _font(12)
        length = pen.textlength(name, font=font)
        if x + length + 24 * _SCALE > view.right:
            pen.text((x, y), "...", fill=_QUIET, font=font)
            break
        pen.rounded_rectangle((x, y + 3 * _SCALE, x + 12 * _SCALE, y + 12 * _SCALE), radius=3 * _SCALE, fill=colour)
        pen.text((x + 18 * _SCALE, y), name, fill=_TEXT if colour == _NEW else _QUIET, font=font)
        x += length + 42 * _SCALE


def _subtitle(piece: Piece) -> str:
    notes = piece.phrase().notes
    meter, tempo = piece.meter.meters[0], 60.0 / (piece.tempo.tick_lengths_s[0] * piece.meter.ticks_per_beat)
    seconds = piece.tempo.seconds(piece.end_tick)
    words = [
        estimate_key(notes).name if notes else "silence",
        f"{meter.beats}/{meter.unit}",
        f"{tempo:.4g} bpm",
        f"{math.ceil(piece.meter.bar_at(max(piece.end_tick - 1, 0)))} bars",
        f"{int(seconds) // 60}:{int(seconds) % 60:02d}",
        f"{len(notes)} notes",
    ]
    return "  ·  ".join(words)


def _coloured(piece: Piece, new: Highlight | None) -> Iterator[tuple[Note, Colour]]:
    """Every note with its colour, new ones last so that they lie on top."""
    colours = {(part.track, part.channel): _part_colour(part, new) for part in parts_of(piece)}
    rows = []
    for note in piece.notes:
        colour = colours[note.track, note.channel]
        if new is not None and not new.tracks and new.start_tick <= note.on_tick < new.end_tick:
            colour = _NEW
        rows.append((piece.seconds_note(note), colour))
    yield from (row for row in rows if row[1] != _NEW)
    yield from (row for row in rows if row[1] == _NEW)


def _legend(piece: Piece, new: Highlight | None) -> Iterator[tuple[str, Colour]]:
    for part in parts_of(piece):
        yield part.label[:40], _part_colour(part, new)
    if new is not None and not new.tracks:
        yield "new", _NEW


def _part_colour(part: Part, new: Highlight | None) -> Colour:
    if new is not None and part.track in new.tracks:
        return _NEW
    return _PARTS[(part.number - 1) % len(_PARTS)]


def _nice_step(count: int, width: float, wanted: float) -> int:
    """Every how many bars something is drawn so that it takes at least `wanted` pixels."""
    step = 1
    while count > 0 and width * step / count < wanted:
        step *= 2
    return step


def _blend(colour: Colour, into: Colour, share: float) -> Colour:
    red, green, blue = (round(a + (b - a) * share) for a, b in zip(colour, into, strict=True))
    return red, green, blue


def _font(size: int) -> FreeTypeFont:
    from PIL import ImageFont

    font = ImageFont.load_default(size * _SCALE)
    assert isinstance(font, ImageFont.FreeTypeFont)
    return font
