"""Tiny nets, music and files for the tests of the models."""

from __future__ import annotations

import io
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import mido
import numpy as np
import numpy.typing as npt
import torch

from daw_bridge.music.vocabulary import Vocabulary
from daw_models.data.corpus import PITCHED, Corpus, Piece, build_corpus
from daw_models.nets.lstm import LstmConfig, LstmNet
from daw_models.train.export import write_weights

TINY = LstmConfig(hidden=24, head=16, wide=8, narrow=4)
Rows = npt.NDArray[np.int64]


def music(notes: int, seed: int) -> Rows:
    """Rows with chords, rests beyond the fine bins, held notes and a passage that comes back."""
    rng = np.random.default_rng(seed)
    rows = np.stack(
        [
            rng.choice([0, 0, 12, 25, 25, 50, 470, 1000], notes),
            rng.integers(40, 80, notes),
            rng.choice([0, 10, 24, 60, 430, 1000], notes),
            rng.integers(1, 128, notes),
        ],
        axis=1,
    ).astype(np.int64)
    third = notes // 3
    rows[2 * third : 3 * third] = rows[:third]
    rows[0, 0] = 0
    return rows


def scale_run(notes: int, lowest: int) -> Rows:
    """An easy piece: a scale up and down in even notes."""
    steps = np.array([0, 2, 4, 5, 7, 9, 11, 12, 11, 9, 7, 5, 4, 2])
    rows = np.full((notes, 4), (25, 0, 20, 80), np.int64)
    rows[:, 1] = lowest + steps[np.arange(notes) % len(steps)]
    rows[0, 0] = 0
    return rows


def corpus_of(pieces: Sequence[Rows], *, note_class: int = PITCHED, valid_every: int = 4) -> Corpus:
    """A corpus in memory; every `valid_every`-th piece is held out."""
    return build_corpus(
        [
            Piece(f"own/{index}.mid", "own", "valid" if index % valid_every == 3 else "train", note_class, rows)
            for index, rows in enumerate(pieces)
        ],
        Vocabulary(),
    )


def tiny_net(seed: int = 0, *, harmony: bool = False) -> LstmNet:
    """A random net whose outputs are far from even, so that differences show."""
    torch.manual_seed(seed)
    net = LstmNet(replace(TINY, harmony=harmony), Vocabulary())
    with torch.no_grad():
        for weight in net.parameters():
            weight.add_(0.1 * torch.randn_like(weight))
    return net.eval()


def tiny_file(
    path: Path,
    tensors: Mapping[str, torch.Tensor] | None = None,
    *,
    architecture: Mapping[str, object] | None = None,
    recipe: Mapping[str, object] | None = None,
    trained_on: Mapping[str, object] | None = None,
) -> Path:
    """A weights file named for its stem: the tiny net's, or of other tensors or another architecture."""
    write_weights(
        path,
        tiny_net().state_dict() if tensors is None else tensors,
        name=path.stem,
        architecture=architecture or TINY.as_spec(),
        vocabulary=Vocabulary(),
        trained_on=trained_on or {},
        recipe=recipe or {},
        figures={},
        licence="CC0 1.0",
    )
    return path


def midi_bytes(notes: Sequence[tuple[float, int, float, int]], *, channel: int = 0, bpm: float = 97.0) -> bytes:
    """A type-1 file with notes of (onset s, pitch, duration s, velocity)."""
    song = mido.MidiFile(ticks_per_beat=960)
    track = mido.MidiTrack()
    song.tracks.append(track)
    tempo = round(60_000_000 / bpm)
    track.append(mido.MetaMessage("set_tempo", tempo=tempo))
    events = []
    for onset_s, pitch, duration_s, velocity in notes:
        events.append((onset_s, 1, mido.Message("note_on", channel=channel, note=pitch, velocity=velocity)))
        events.append((onset_s + duration_s, 0, mido.Message("note_off", channel=channel, note=pitch)))
    last = 0
    for second, _, message in sorted(events, key=lambda event: event[:2]):
        tick = round(second * 960_000_000 / tempo)
        track.append(message.copy(time=tick - last))
        last = tick
    buffer = io.BytesIO()
    song.save(file=buffer)
    return buffer.getvalue()


def write_melodies(folder: Path, count: int, notes: int = 40) -> None:
    """A folder of one's own MIDI."""
    folder.mkdir(parents=True, exist_ok=True)
    for index in range(count):
        line = [(0.25 * step, 60 + (step * (index + 2)) % 12, 0.2, 70 + index) for step in range(notes)]
        (folder / f"tune{index}.mid").write_bytes(midi_bytes(line))


def reject(line: str) -> None:
    """A `warn` that lets no warning pass."""
    raise AssertionError(line)


def collector() -> tuple[list[str], Callable[[str], None]]:
    """A list, and a function that adds to it."""
    lines: list[str] = []
    return lines, lines.append
