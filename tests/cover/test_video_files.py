"""A video is whole or not there, as long as its pictures say, and its failure is one line."""

import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import soundfile

from daw_bridge.errors import BridgeError, UsageError
from daw_models.cover.video import Picture, half_blocks, write_video

needs_ffmpeg = pytest.mark.skipif(shutil.which("ffmpeg") is None, reason="FFmpeg is not installed")


def ramp(count: int) -> Iterator[Picture]:
    """Grey pictures that grow lighter."""
    for number in range(count):
        yield np.full((64, 64, 3), 40 + 8 * number, np.uint8)


def probe(file: Path, stream: str, entry: str) -> str:
    """One fact about a stream."""
    command = ["ffprobe", "-v", "error", "-select_streams", stream, "-count_frames", "-show_entries", f"stream={entry}"]
    return subprocess.check_output([*command, "-of", "csv=p=0", str(file)], text=True).strip()


@needs_ffmpeg
def test_a_video_holds_every_picture_and_the_sound(tmp_path: Path) -> None:
    sound = tmp_path / "tone.wav"
    soundfile.write(sound, 0.2 * np.sin(np.arange(48_000) * 0.06), 48_000)
    target = tmp_path / "cover.mp4"
    assert write_video(target, ramp(20), rate_hz=20.0, sound=sound) == 20
    assert probe(target, "v:0", "nb_read_frames") == "20"
    assert probe(target, "a:0", "codec_name") == "aac"
    decoded = subprocess.check_output(
        ["ffmpeg", "-v", "error", "-i", str(target), "-f", "rawvideo", "-pix_fmt", "gray", "-"]
    )
    levels = np.frombuffer(decoded, np.uint8).reshape(20, 64, 64).mean(axis=(1, 2))
    assert np.all(np.diff(levels) > 4)
    assert sorted(file.name for file in tmp_path.iterdir()) == ["cover.mp4", "tone.wav"]


@needs_ffmpeg
def test_a_video_that_fails_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises(BridgeError, match="FFmpeg gave up"):
        write_video(tmp_path / "cover.mp4", ramp(3), rate_hz=20.0, sound=tmp_path / "nosuch.wav")
    with pytest.raises(BridgeError, match="no picture"):
        write_video(tmp_path / "cover.mp4", iter(()), rate_hz=20.0)
    assert list(tmp_path.iterdir()) == []


@needs_ffmpeg
def test_a_painter_that_fails_half_way_leaves_nothing(tmp_path: Path) -> None:
    def broken() -> Iterator[Picture]:
        yield from ramp(2)
        raise RuntimeError("the brush broke")

    with pytest.raises(RuntimeError, match="brush"):
        write_video(tmp_path / "cover.mp4", broken(), rate_hz=20.0)
    assert list(tmp_path.iterdir()) == []


def test_an_unknown_ending_or_a_missing_folder_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"end it in \.mp4"):
        write_video(tmp_path / "cover.doc", ramp(1), rate_hz=20.0)
    if shutil.which("ffmpeg"):
        with pytest.raises(UsageError, match="no such folder"):
            write_video(tmp_path / "none" / "cover.mp4", ramp(1), rate_hz=20.0)


def test_without_ffmpeg_the_cure_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(UsageError, match=r"FFmpeg is not installed; install ffmpeg"):
        write_video(tmp_path / "cover.mp4", ramp(1), rate_hz=20.0)


def test_half_blocks_show_two_pixels_in_a_cell() -> None:
    picture = np.zeros((4, 3, 3), np.uint8)
    picture[0, 0] = (255, 0, 10)
    picture[3, 2] = (1, 2, 3)
    lines = half_blocks(picture).split("\n")
    assert len(lines) == 2
    assert lines[0].startswith("\x1b[38;2;255;0;10;48;2;0;0;0m▀")
    assert lines[1].endswith("\x1b[38;2;0;0;0;48;2;1;2;3m▀\x1b[0m")
    assert [line.count("▀") for line in lines] == [3, 3]
