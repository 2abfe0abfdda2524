"""MIDI to a sound file through FluidSynth, faster than it plays, at a set loudness."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from daw_bridge.errors import BridgeError, UsageError
from daw_bridge.io.fluid import REVERB, FluidSynth
from daw_bridge.io.soundfonts import find_soundfont
from daw_bridge.music.midifile import Piece, note_events
from daw_bridge.music.notes import DRUM_CHANNEL, Note
from daw_bridge.music.phrase import Phrase

if TYPE_CHECKING:
    from daw_bridge.offline.loudness import Loudness, Samples

SUFFIXES: Final = (".wav", ".flac", ".ogg")
MAX_SECONDS: Final = 3600.0
_TAIL_S: Final = 8.0
_WRITE_FRAMES: Final = 1 << 16
_SILENT_BLOCK_S: Final = 0.1

TimedMessage = tuple[float, bytes]
"""Seconds from the beginning, and a MIDI message."""


@dataclass(frozen=True, slots=True)
class Part:
    """One line of a score: its phrase, its General MIDI sound (0-127), or the drum kit."""

    phrase: Phrase
    program: int = 0
    drums: bool = False


@dataclass(frozen=True, slots=True)
class RenderSettings:
    """How it is to sound. The default loudness is EBU R128's; -14 to -16 is usual for streaming."""

    soundfont: str = ""
    sample_rate: int = 44100
    target_lufs: float = -23.0
    ceiling_dbtp: float = -1.2
    reverb: float = REVERB


@dataclass(frozen=True, slots=True)
class Rendered:
    """What was written: how long it is, how loud, with which SoundFont."""

    path: Path
    seconds: float
    loudness: Loudness
    soundfont: Path


def render_audio(path: Path, parts: Sequence[Part], settings: RenderSettings | None = None) -> Rendered:
    """Write `parts`, sounding together, to a .wav, .flac or .ogg file.

    Raises MissingPartError without FluidSynth or a SoundFont, UsageError for another kind of file.
    """
    return render_messages(path, part_messages(parts), settings or RenderSettings())


def render_piece(path: Path, piece: Piece, settings: RenderSettings | None = None) -> Rendered:
    """Write a MIDI file's sound, all its controllers included."""
    return render_messages(path, piece_messages(piece), settings or RenderSettings())


def render_messages(path: Path, messages: Iterable[TimedMessage], settings: RenderSettings) -> Rendered:
    """Write what a synthesiser makes of timed MIDI messages (in order of time)."""
    check_sound_path(path)
    soundfont = find_soundfont(settings.soundfont)
    samples, loudness = sound_of(messages, soundfont, settings, lossy=path.suffix.lower() == ".ogg")
    _write_sound(path, samples, settings.sample_rate)
    return Rendered(path, len(samples) / settings.sample_rate, loudness, soundfont)


def sound_of(
    messages: Iterable[TimedMessage], soundfont: Path, settings: RenderSettings, *, lossy: bool = False
) -> tuple[Samples, Loudness]:
    """The sound at the target loudness. `lossy` leaves room for the peaks that a lossy codec adds."""
    from daw_bridge.offline.loudness import normalised

    raw = _synthesised(messages, soundfont, settings)
    ceiling_dbtp = settings.ceiling_dbtp - (1.0 if lossy else 0.0)
    return normalised(raw, settings.sample_rate, target_lufs=settings.target_lufs, ceiling_dbtp=ceiling_dbtp)


def check_sound_path(path: Path) -> None:
    """Raise UsageError unless the file's name ends as a sound file that can be written."""
    if path.suffix.lower() not in SUFFIXES:
        raise UsageError("sound is written as .wav, .flac or .ogg", where=str(path), cure="choose one of these endings")


def part_messages(parts: Sequence[Part]) -> list[TimedMessage]:
    """Parts as timed messages: every part on a channel of its own (parts beyond 15 share)."""
    pitched = [channel for channel in range(16) if channel != DRUM_CHANNEL]
    messages: list[TimedMessage] = []
    taken = 0
    for part in parts:
        channel = DRUM_CHANNEL if part.drums else pitched[taken % len(pitched)]
        taken += not part.drums
        messages.append((0.0, bytes((0xC0 | channel, part.program))))
        # Microseconds serve as ticks: fine enough for any ear, and one rule for keys struck twice.
        timed = (
            (round(note.onset_s * 1e6), round(note.end_s * 1e6), _on_channel(note, channel)) for note in part.phrase
        )
        messages += [(event.tick / 1e6, event.data) for event in note_events(timed)]
    return sorted(messages, key=lambda message: (message[0], message[1][0] & 0xF0 == 0x90))


def piece_messages(piece: Piece) -> list[TimedMessage]:
    """A file's channel messages with their seconds, in the order a player sends them."""
    rows = [
        (event.tick, number, index, event.data)
        for number, track in enumerate(piece.smf.tracks)
        for index, event in enumerate(track.events)
        if event.data[0] < 0xF0
    ]
    rows.sort(key=lambda row: row[:3])
    return [(piece.tempo.seconds(tick), data) for tick, _, _, data in rows]


def _on_channel(note: Note, channel: int) -> Note:
    return Note(note.onset_s, note.pitch, note.duration_s, note.velocity, channel)


def _synthesised(messages: Iterable[TimedMessage], soundfont: Path, settings: RenderSettings) -> Samples:
    import numpy as np

    timed = list(messages)
    last_s = timed[-1][0] if timed else 0.0
    if last_s > MAX_SECONDS:
        raise UsageError(
            f"the piece lasts {last_s / 3600:.1f} hours; sound is made of up to one", cure="cut it, or keep the .mid"
        )
    rate = settings.sample_rate
    synth = FluidSynth(soundfont, sample_rate=rate, reverb=settings.reverb)
    try:
        pieces: list[Samples] = []
        at = 0
        for when_s, data in timed:
            frame = round(when_s * rate)
            if frame > at:
                pieces.append(synth.render(frame - at))
                at = frame
            synth.send(data)
        for channel in range(16):
            # A file that ends with its pedal down or a key held would never fall silent.
            synth.send(bytes((0xB0 | channel, 64, 0)))
            synth.send(bytes((0xB0 | channel, 123, 0)))
        for _ in range(round(_TAIL_S / _SILENT_BLOCK_S)):
            pieces.append(synth.render(round(_SILENT_BLOCK_S * rate)))
            if not synth.sounding and float(np.abs(pieces[-1]).max()) < 1e-4:
                break
    finally:
        synth.close()
    return np.concatenate(pieces) if pieces else np.zeros((0, 2), dtype=np.float32)


def _write_sound(path: Path, samples: Samples, sample_rate: int) -> None:
    """Write beside the target and move it there, so that a failure leaves no half file."""
    import soundfile

    suffix = path.suffix.lower()
    kind, subtype = {".wav": ("WAV", "PCM_16"), ".flac": ("FLAC", "PCM_16"), ".ogg": ("OGG", "VORBIS")}[suffix]
    partial = path.with_name(f".{path.stem}.{os.getpid()}.partial{suffix}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with soundfile.SoundFile(
            str(partial), "w", samplerate=sample_rate, channels=samples.shape[1], subtype=subtype, format=kind
        ) as file:
            # Vorbis in one large write overflows libsndfile's stack (libsndfile issue 623).
            for start in range(0, len(samples), _WRITE_FRAMES):
                file.write(samples[start : start + _WRITE_FRAMES])
        partial.replace(path)
    except (OSError, soundfile.SoundFileError) as problem:
        partial.unlink(missing_ok=True)
        raise BridgeError(
            f"cannot be written ({problem})", where=str(path), cure="choose another folder or make room"
        ) from None
