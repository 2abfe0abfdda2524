"""`aiart-bridge cover --video`: a cover that moves with its piece, with the piece's sound where FluidSynth is there."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from daw_bridge.cli.output import note, progress
from daw_bridge.errors import BridgeError, UsageError
from daw_bridge.music.midifile import Piece

if TYPE_CHECKING:
    from daw_models.cover.hearing import Heard
    from daw_models.cover.studio import Order, Studio

SIDES: Final = range(128, 2161)
RATES_HZ: Final = range(5, 61)
LONGEST_S: Final = 1200.0
RING_S: Final = 1.5
"""What is left of the video after the last note has ended."""
_PLACE_S: Final = 6.0
"""A section longer than this travels through more than one place."""


def film(
    piece: Piece, heard: Heard, order: Order, studio: Studio, target: Path, *, rate_hz: int = 25, side: int = 720
) -> dict[str, Any]:
    """Write the moving cover of a piece; its figures. Raises UsageError before it starts when it cannot be made."""
    if side not in SIDES or side % 2:
        raise UsageError(
            f"{side} is no side of a video", where="--video-size", cure="choose an even number, 128 to 2160"
        )
    if rate_hz not in RATES_HZ:
        raise UsageError(f"{rate_hz} pictures a second", where="--fps", cure="choose 5 to 60")
    if heard.seconds > LONGEST_S:
        raise UsageError(
            f"{heard.seconds / 60:.0f} minutes are too long for a video", cure=f"at most {LONGEST_S / 60:.0f} minutes"
        )
    from daw_models.cover.hearing import section_starts
    from daw_models.cover.motion import Journey, Push
    from daw_models.cover.video import find_ffmpeg, write_video

    find_ffmpeg(target)
    notes = piece.phrase().notes
    first_s = min(one.onset_s for one in notes)
    length_s = heard.seconds + RING_S
    starts_s = _with_places(section_starts(notes), length_s)
    places = studio.places(heard, order, len(starts_s))
    pushes = [Push(one.onset_s - first_s, one.pitch, one.velocity / 127.0) for one in notes]
    journey = Journey(places, starts_s, length_s)
    frames = journey.frames(pushes, rate_hz, seed=heard.seed & 0xFFFFFFFF)
    total = max(1, round(length_s * rate_hz))
    shown = studio.moving(heard, order, progress(frames, total=total, label="pictures"), side)
    with _sound(piece, first_s) as sound:
        count = write_video(target, shown, rate_hz=rate_hz, sound=sound)
        return {
            "file": str(target),
            "pictures": count,
            "seconds": round(count / rate_hz, 3),
            "sections": len(section_starts(notes)),
            "side_px": side,
            "sound": sound is not None,
        }


def _with_places(starts_s: tuple[float, ...], length_s: float) -> tuple[float, ...]:
    """The sections' starts, long sections divided evenly."""
    divided: list[float] = []
    for start_s, end_s in zip(starts_s, (*starts_s[1:], length_s), strict=True):
        parts = max(1, round((end_s - start_s) / _PLACE_S))
        divided += [start_s + (end_s - start_s) * part / parts for part in range(parts)]
    return tuple(divided)


@contextmanager
def _sound(piece: Piece, first_s: float) -> Iterator[Path | None]:
    """The piece as a sound file that begins with its first note; None without FluidSynth."""
    with tempfile.TemporaryDirectory(prefix="aiart-video-") as folder:
        path = Path(folder) / "sound.wav"
        try:
            from daw_bridge.offline.render import RenderSettings, piece_messages, render_messages

            earlier = [(max(0.0, at_s - first_s), data) for at_s, data in piece_messages(piece)]
            render_messages(path, earlier, RenderSettings())
        except BridgeError as error:
            note(f"the video is silent: {error}")
            yield None
        else:
            yield path
