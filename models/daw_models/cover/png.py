"""The cover as a PNG that a shop takes: sRGB, no date, the same bytes every time, and never too large."""

from __future__ import annotations

import io
import struct
import zlib
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

Pixels = NDArray[np.uint8]

LARGEST_BYTES: Final = 10_000_000
"""What distributors take."""
_SAFE_BYTES: Final = 9_900_000
_LEVEL: Final = 6
_STRIP: Final = 100
_THREADS: Final = 2
_STEPS: Final = (1, 2, 3, 4, 6, 8, 12)
"""Steps of the tone scale, tried in turn until the file is small enough; 1 is the picture as it is."""
_DOUBT: Final = 1.04
"""A sample this much above the limit is believed; below it the whole picture decides."""
_SIGNATURE: Final = b"\x89PNG\r\n\x1a\n"
_PERCEPTUAL: Final = b"\x00"
_DOTS_PER_METRE: Final = 11811
"""300 dots an inch."""


@dataclass(frozen=True, slots=True)
class Encoded:
    """A PNG, and the step its tones were rounded to (1: none)."""

    data: bytes
    step: int


def encode(picture: Pixels, texts: Mapping[str, str], *, limit: int = _SAFE_BYTES) -> Encoded:
    """A picture uint8 [H, W, 3] as PNG below `limit` bytes, by rounding tones where it must; `texts` go into iTXt."""
    for step in _STEPS:
        last = step == _STEPS[-1]
        if not last and _sample_bytes(_rounded(picture, step)) > _DOUBT * limit:
            continue
        data = _document(_rounded(picture, step), texts)
        if len(data) <= limit or last:
            return Encoded(data, step)
    raise AssertionError("the last step always returns")


def read_texts(data: bytes) -> dict[str, str]:
    """The texts of a PNG of ours, by keyword."""
    found: dict[str, str] = {}
    stream = io.BytesIO(data[len(_SIGNATURE) :])
    while header := stream.read(8):
        length, kind = struct.unpack(">I4s", header)
        body = stream.read(length)
        stream.read(4)
        if kind == b"iTXt":
            keyword, rest = body.split(b"\0", 1)
            found[keyword.decode("latin-1")] = rest[2:].split(b"\0", 2)[2].decode("utf-8")
    return found


def _rounded(picture: Pixels, step: int) -> Pixels:
    """Tones in whole steps, black and white kept."""
    if step == 1:
        return picture
    table = np.rint(np.rint(np.arange(256) / step) * step).clip(0, 255).astype(np.uint8)
    return np.asarray(table[picture], dtype=np.uint8)


def _sample_bytes(picture: Pixels) -> int:
    """About how large the file would be, from every twentieth strip."""
    rows = np.concatenate([picture[top : top + 10] for top in range(0, len(picture), 200)])
    return round(len(zlib.compress(_filtered(rows, None), _LEVEL)) * len(picture) / len(rows))


def _document(picture: Pixels, texts: Mapping[str, str]) -> bytes:
    height, width = picture.shape[:2]
    parts = [
        _SIGNATURE,
        _chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)),
        _chunk(b"sRGB", _PERCEPTUAL),
        _chunk(b"gAMA", struct.pack(">I", 45455)),
        _chunk(b"pHYs", struct.pack(">IIB", _DOTS_PER_METRE, _DOTS_PER_METRE, 1)),
    ]
    for keyword, text in texts.items():
        parts.append(_chunk(b"iTXt", keyword.encode("latin-1") + b"\0\0\0\0\0" + text.encode("utf-8")))
    parts += [_chunk(b"IDAT", _deflated(picture)), _chunk(b"IEND", b"")]
    return b"".join(parts)


def _chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def _deflated(picture: Pixels) -> bytes:
    """The filtered rows as one zlib stream, its strips compressed side by side and joined at byte borders."""
    tops = range(0, len(picture), _STRIP)

    def strip(top: int) -> tuple[bytes, bytes]:
        above = picture[top - 1] if top else None
        raw = _filtered(picture[top : top + _STRIP], above)
        packer = zlib.compressobj(_LEVEL, zlib.DEFLATED, -15, 9, zlib.Z_FILTERED)
        last = top + _STRIP >= len(picture)
        return packer.compress(raw) + packer.flush(zlib.Z_FINISH if last else zlib.Z_FULL_FLUSH), raw

    check = 1
    parts = [b"\x78\x9c"]
    with ThreadPoolExecutor(_THREADS) as pool:
        for packed, raw in pool.map(strip, tops):
            parts.append(packed)
            check = zlib.adler32(raw, check)
    return b"".join([*parts, struct.pack(">I", check)])


def _filtered(rows: Pixels, above: Pixels | None) -> bytes:
    """Rows as PNG stores them: each by the filter (Sub, Up or Paeth) whose differences are smallest in sum."""
    height, width = rows.shape[:2]
    flat = rows.reshape(height, width * 3)
    up = np.empty_like(flat)
    up[1:] = flat[:-1]
    up[0] = 0 if above is None else above.reshape(-1)
    left, corner = np.zeros_like(flat), np.zeros_like(flat)
    left[:, 3:], corner[:, 3:] = flat[:, :-3], up[:, :-3]
    choices = np.stack([flat - left, flat - up, flat - _paeth(left, up, corner)])
    sums = np.abs(choices.view(np.int8)).sum(axis=2, dtype=np.int64)
    best = sums.argmin(axis=0)
    stored = np.empty((height, width * 3 + 1), dtype=np.uint8)
    stored[:, 0] = np.array([1, 2, 4], dtype=np.uint8)[best]
    stored[:, 1:] = choices[best, np.arange(height)]
    return stored.tobytes()


def _paeth(left: Pixels, up: Pixels, corner: Pixels) -> Pixels:
    """The neighbour nearest to left + up - corner (PNG specification, filter 4)."""
    a, b, c = left.astype(np.int16), up.astype(np.int16), corner.astype(np.int16)
    from_left, from_up, from_corner = np.abs(b - c), np.abs(a - c), np.abs(a + b - 2 * c)
    nearer_up = np.where(from_up <= from_corner, up, corner)
    return np.where((from_left <= from_up) & (from_left <= from_corner), left, nearer_up)
