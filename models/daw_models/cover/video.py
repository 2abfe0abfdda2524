"""Pictures to a video file, through FFmpeg; and to a terminal, as half-block cells."""

from __future__ import annotations

import contextlib
import itertools
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterable
from pathlib import Path
from typing import IO, Final

import numpy as np
import numpy.typing as npt

from daw_bridge.errors import BridgeError, UsageError

Picture = npt.NDArray[np.uint8]

ENDINGS: Final = {
    ".mp4": ("-c:v", "libx264", "-crf", "18", "-pix_fmt", "yuv420p", "-c:a", "aac", "-b:a", "192k"),
    ".mov": ("-c:v", "libx264", "-crf", "18", "-pix_fmt", "yuv420p", "-c:a", "aac", "-b:a", "192k"),
    ".webm": ("-c:v", "libvpx-vp9", "-crf", "28", "-b:v", "0", "-row-mt", "1", "-c:a", "libopus"),
}
"""What FFmpeg is asked for, by the file's ending."""
_WHOLE: Final = ("-fflags", "+bitexact", "-flags", "+bitexact", "-map_metadata", "-1")
_UPPER_HALF: Final = "▀"


def find_ffmpeg(target: Path) -> str:
    """FFmpeg's path. Raises UsageError where it is missing, or where `target` is no kind of video we write."""
    if target.suffix.lower() not in ENDINGS:
        raise UsageError("no kind of video we know", where=str(target), cure=f"end it in {', '.join(ENDINGS)}")
    program = shutil.which("ffmpeg")
    if program is None:
        raise UsageError("FFmpeg is not installed", cure="install ffmpeg (apt install ffmpeg, brew install ffmpeg)")
    if not target.absolute().parent.is_dir():
        raise UsageError("no such folder", where=str(target.absolute().parent), cure="make it first")
    return program


def write_video(target: Path, pictures: Iterable[Picture], *, rate_hz: float, sound: Path | None = None) -> int:
    """Write square RGB pictures as a video, with a sound file if there is one; returns how many.

    The file appears when it is whole. Raises UsageError before anything is painted when it cannot be written, and
    BridgeError with FFmpeg's last words when that gives up.
    """
    program = find_ffmpeg(target)
    try:
        handle, name = tempfile.mkstemp(dir=target.absolute().parent, suffix=target.suffix)
    except OSError as error:
        raise UsageError(f"cannot be written ({error.strerror})", where=str(target)) from None
    os.close(handle)
    whole = Path(name)
    try:
        count = _encode(program, whole, pictures, rate_hz, sound)
        whole.chmod(0o644)
        whole.replace(target)
    finally:
        whole.unlink(missing_ok=True)
    return count


def _encode(program: str, target: Path, pictures: Iterable[Picture], rate_hz: float, sound: Path | None) -> int:
    shown = iter(pictures)
    first = next(shown, None)
    if first is None:
        raise BridgeError("there is no picture to make a video of", where=str(target))
    command = _command(program, target, first.shape[0], rate_hz, sound)
    with tempfile.TemporaryFile() as words:
        process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=words, stderr=words)
        assert process.stdin is not None
        try:
            count = _feed(process.stdin, itertools.chain((first,), shown))
            status = process.wait()
        finally:
            process.kill()
            process.wait()
            with contextlib.suppress(BrokenPipeError):
                process.stdin.close()
        if status != 0:
            words.seek(0)
            last = words.read().decode(errors="replace").strip().splitlines()[-1:] or ["no word"]
            raise BridgeError(f"FFmpeg gave up: {last[0]}", where=str(target), cure="check the free space on the disk")
    return count


def _feed(pipe: IO[bytes], pictures: Iterable[Picture]) -> int:
    """Write pictures and close the pipe; returns how many, or how many until the reader went away."""
    count = 0
    with contextlib.suppress(BrokenPipeError):
        for picture in pictures:
            pipe.write(np.ascontiguousarray(picture).tobytes())
            count += 1
        pipe.close()
    return count


def _command(program: str, target: Path, size: int, rate_hz: float, sound: Path | None) -> list[str]:
    raw = ["-f", "rawvideo", "-pix_fmt", "rgb24", "-s", f"{size}x{size}", "-r", f"{rate_hz:g}", "-i", "-"]
    heard = ["-i", str(sound), "-af", "apad", "-shortest"] if sound is not None else []
    return [program, "-y", "-v", "error", *raw, *heard, *ENDINGS[target.suffix.lower()], *_WHOLE, str(target)]


def half_blocks(picture: Picture) -> str:
    """A picture as terminal text in 24-bit colour: each cell shows two pixels, one above the other.

    Shape [2 * rows, columns, 3]; an odd last row is left out. Lines are parted by newlines and end without colour.
    """
    lines = []
    for row in range(0, picture.shape[0] - 1, 2):
        cells = []
        for upper, lower in zip(picture[row].tolist(), picture[row + 1].tolist(), strict=True):
            ink, ground = ";".join(map(str, upper)), ";".join(map(str, lower))
            cells.append(f"\x1b[38;2;{ink};48;2;{ground}m{_UPPER_HALF}")
        lines.append("".join(cells) + "\x1b[0m")
    return "\n".join(lines)
