"""How well the painter paints: likeness, obedience, diversity and memory, by features of the looker."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image

from daw_bridge.errors import UsageError
from daw_models.art.attributes import ATTRIBUTES, Standing, measure_batch
from daw_models.art.looker import Looker
from daw_models.art.measures import kernel_distance, mean_distance, nearest_distances, rank_correlation
from daw_models.art.painter import Painter
from daw_models.art.pictures import Pictures, read_pictures
from daw_models.art.tensors import as_tensor, tiled
from daw_models.art.train_gan import invented
from daw_models.art.wish import SETS, Wish

SAMPLES = 400
_EYE = 128
_LEAST_HELD = 4
_NEIGHBOURS = 200
_AT_ONCE = 16
_HUE = ATTRIBUTES.index("hue")


def evaluate_painter(
    weights: Path,
    sources: Sequence[Path],
    *,
    looker: Looker | None = None,
    samples: int = SAMPLES,
    sheet: Path | None = None,
    say: Callable[[str], None],
) -> dict[str, object]:
    """All figures of one painter against the pictures of `sources`; with `sheet`, also its pictures and their nearest.

    Raises UsageError if too few pictures are held back to compare with.
    """
    painter, looker = Painter.load(weights), looker or Looker.load()
    train, held = read_pictures(sources, say=say).split()
    if len(held) < _LEAST_HELD:
        raise UsageError("too few pictures to hold some back", where=str(sources[0]), cure="give a few hundred")
    drawn, wishes, seconds = paint_samples(painter, train, samples)
    eye = Eye(looker, train)
    of_train, of_held, of_drawn = eye.of(train.pixels), eye.of(held.pixels), eye.of(drawn)
    labels = np.array([wish.label for wish in wishes])
    likeness = kernel_distance(of_drawn, of_held)
    floor = kernel_distance(of_train, of_held)
    rows, near = nearest_distances(of_drawn[:_NEIGHBOURS], of_train)
    _, near_held = nearest_distances(of_held, of_train)
    if sheet is not None:
        _pair_sheet(drawn[:_NEIGHBOURS], train.pixels[rows]).save(sheet)
    return {
        "model": weights.stem,
        "size": painter.size,
        "held_back": len(held),
        "kid": {
            "drawn": round(likeness[0], 4),
            "spread": round(likeness[1], 4),
            "training pictures": round(floor[0], 4),
        },
        "wish_spearman": _obedience(painter.standing, drawn, wishes),
        "diversity": {
            name: round(_spread(of_drawn[labels == label]) / _spread(of_train[train.labels == label]), 3)
            for label, name in enumerate(SETS)
            if (train.labels == label).sum() > 1
        },
        "nearest_training_picture": {
            "drawn, median": round(float(np.median(near)), 2),
            "drawn, least": round(float(near.min()), 2),
            "held back, median": round(float(np.median(near_held)), 2),
            "held back, least": round(float(near_held.min()), 2),
        },
        "ms_per_picture": round(1000 * seconds),
        "parameters": sum(weight.numel() for weight in painter.net.parameters()),
    }


class Eye:
    """The looker's vectors, each figure brought to the spread it has among the training pictures."""

    def __init__(self, looker: Looker, train: Pictures) -> None:
        self.looker = looker
        self.mean, self.spread = np.zeros(1), np.ones(1)
        first = self.of(train.pixels)
        spread = first.std(0)
        # What hardly ever stirs among real pictures must not decide alone.
        self.mean, self.spread = first.mean(0), np.maximum(spread, 0.3 * np.median(spread))

    def of(self, pixels: NDArray[np.uint8]) -> NDArray[np.float64]:
        """Vectors [N, D] of pictures uint8 [N, S, S, 3]."""
        found = []
        for start in range(0, len(pixels), _AT_ONCE):
            batch = 0.5 * (as_tensor(pixels[start : start + _AT_ONCE], _EYE) + 1)
            with torch.no_grad():
                found.append(self.looker.summary(batch).numpy().astype(np.float64))
        return (np.concatenate(found) - self.mean) / self.spread


def paint_samples(painter: Painter, train: Pictures, count: int) -> tuple[NDArray[np.uint8], list[Wish], float]:
    """Pictures for wishes whose attributes come from two training pictures of a set, sets as frequent as there."""
    random = np.random.default_rng(7)
    chosen = random.choice(len(train), count)
    others = np.array([random.choice(np.flatnonzero(train.labels == train.labels[index])) for index in chosen])
    told = _percentiles(painter.standing, train.take(chosen))
    mixed = invented(told, _percentiles(painter.standing, train.take(others)), 1.0, random)
    wishes = [
        Wish(SETS[label], tuple(row.tolist()))
        for label, row in zip(train.labels[chosen], mixed.clip(0, 1), strict=True)
    ]
    latents = np.stack([painter.latent(seed) for seed in range(count)])
    started_s = time.monotonic()
    drawn = [
        painter.paint_all(latents[start : start + _AT_ONCE], wishes[start : start + _AT_ONCE])
        for start in range(0, count, _AT_ONCE)
    ]
    return np.concatenate(drawn), wishes, (time.monotonic() - started_s) / count


def _percentiles(standing: Standing, pictures: Pictures) -> NDArray[np.float32]:
    return standing.percentiles(_figures(pictures.pixels), pictures.labels)


def _figures(pixels: NDArray[np.uint8]) -> NDArray[np.float32]:
    return np.concatenate(
        [
            measure_batch(0.5 * (as_tensor(pixels[start : start + _AT_ONCE], pixels.shape[1]) + 1)).numpy()
            for start in range(0, len(pixels), _AT_ONCE)
        ]
    )


def _obedience(standing: Standing, drawn: NDArray[np.uint8], wishes: Sequence[Wish]) -> dict[str, dict[str, float]]:
    """Spearman of wished against measured percentile: in all pictures, and in each set."""
    labels = np.array([wish.label for wish in wishes])
    wanted = np.array([wish.attributes for wish in wishes])
    found = standing.percentiles(_figures(drawn), labels).astype(np.float64)
    report = {}
    for column, name in enumerate(ATTRIBUTES):
        report[name] = {"all": round(rank_correlation(wanted[:, column], found[:, column]), 3)}
        for label, kind in enumerate(SETS):
            mine = labels == label
            if mine.sum() > 2 and found[mine, column].std() > 0:
                report[name][kind] = round(rank_correlation(wanted[mine, column], found[mine, column]), 3)
    return report


def _spread(vectors: NDArray[np.float64]) -> float:
    return mean_distance(vectors) if len(vectors) > 1 else float("nan")


def _pair_sheet(drawn: NDArray[np.uint8], nearest: NDArray[np.uint8]) -> Image.Image:
    """Ten pairs in a row: what was drawn, and beside it the training picture most like it."""
    pairs = torch.stack([as_tensor(drawn, 96), as_tensor(nearest, 96)], 1).flatten(0, 1)
    return Image.fromarray(tiled(pairs, 20))
