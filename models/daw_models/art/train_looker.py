"""Training of the looker: which set, which book, which attributes, and that two windows of one picture are one picture.

The last after Chen et al., "A simple framework for contrastive learning of visual representations", 2020.
"""

from __future__ import annotations

import copy
from dataclasses import asdict, dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from daw_models.art.course import Task, follow, go_back
from daw_models.art.nets.layers import channels_last
from daw_models.art.nets.looker import LookerConfig, LookerNet
from daw_models.art.pictures import Pictures, random_batch
from daw_models.art.tensors import as_tensor, tiled
from daw_models.art.train_finish import standing_of
from daw_models.art.train_vae import falling_rate
from daw_models.art.wish import SETS

_SHEET_COLUMNS = 8


@dataclass(frozen=True)
class LookerTraining:
    """`alike` is the temperature by which two windows of a picture have to resemble each other more than others."""

    seed: int = 1
    size: int = 128
    batch: int = 24
    learning_rate: float = 1.5e-3
    warmup_steps: int = 50
    alike: float = 0.15
    average: float = 0.995
    bfloat16: bool = True


def books_of(names: tuple[str, ...]) -> tuple[NDArray[np.int64], int]:
    """The number of the book that each picture is from, by the middle of its name, and how many there are."""
    keys = ["_".join(name.split("_")[:2]) for name in names]
    order = {key: index for index, key in enumerate(sorted(set(keys)))}
    return np.array([order[key] for key in keys]), len(order)


class LookerTask(Task):
    """One net, four things to tell."""

    def __init__(self, training: LookerTraining, pictures: Pictures) -> None:
        self.training = training
        books, count = books_of(pictures.names)
        kept, held = pictures.split()
        number = dict(zip(pictures.names, books.tolist(), strict=True))
        self.books = np.array([number[name] for name in kept.names])
        self.pictures, self.held = kept, held
        _, self.percentiles = standing_of(kept, training.size)
        torch.manual_seed(training.seed)
        self.random = np.random.default_rng(training.seed)
        net = channels_last(LookerNet(LookerConfig(sets=len(SETS), books=count)))
        self.nets = {"looker": net}
        self.averages = {"looker": copy.deepcopy(net).requires_grad_(False)}
        self.optimisers = {"looker": torch.optim.AdamW(net.parameters(), training.learning_rate, weight_decay=0.02)}

    def step(self, progress: float) -> dict[str, float]:
        """One step on two windows each of a batch of pictures."""
        training, net, optimiser = self.training, self.nets["looker"], self.optimisers["looker"]
        assert isinstance(net, LookerNet)
        chosen = self.random.choice(len(self.pictures), training.batch, replace=False)
        windows = [random_batch(self.pictures, chosen, training.size, self.random, smallest=0.5) for _ in range(2)]
        labels = torch.from_numpy(self.pictures.labels[chosen]).repeat(2)
        books = torch.from_numpy(self.books[chosen]).repeat(2)
        wanted = torch.from_numpy(self.percentiles[chosen]).repeat(2, 1)
        with torch.autocast("cpu", torch.bfloat16, enabled=training.bfloat16):
            seen = net.summary(0.5 * (torch.cat(windows) + 1))
            told = net.project(seen), net.tell_set(seen), net.tell_book(seen), net.tell_attributes(seen)
        same, of_set, of_book, of_attributes = (part.float() for part in told)
        losses = {
            "alike": _alike(same, training.alike),
            "set": functional.cross_entropy(of_set, labels),
            "book": 0.3 * functional.cross_entropy(of_book, books),
            "attributes": 4 * (of_attributes - wanted).square().mean(),
        }
        optimiser.zero_grad(set_to_none=True)
        go_back(torch.stack(list(losses.values())).sum())
        torch.nn.utils.clip_grad_norm_(net.parameters(), 1.0)
        for group in optimiser.param_groups:
            group["lr"] = falling_rate(training.learning_rate, progress, self.steps_taken, training.warmup_steps)
        optimiser.step()
        follow(self.averages["looker"], net, self.steps_taken, training.average)
        return {name: float(loss.detach()) for name, loss in losses.items()}

    def sheet(self) -> NDArray[np.uint8]:
        """Held-back pictures, each followed by the seven training pictures that look most like it."""
        looker = self.averages["looker"]
        assert isinstance(looker, LookerNet)
        asked = self.held.take(np.arange(0, len(self.held), max(1, len(self.held) // 10)))
        among = self.pictures.take(np.arange(0, len(self.pictures), 2))
        near = nearest(summaries(looker, asked, self.training.size), summaries(looker, among, self.training.size))
        rows = [
            torch.cat(
                [
                    as_tensor(asked.pixels[row : row + 1], 96),
                    as_tensor(among.pixels[near[row, : _SHEET_COLUMNS - 1]], 96),
                ]
            )
            for row in range(len(asked))
        ]
        return tiled(torch.cat(rows), _SHEET_COLUMNS)

    def facts(self) -> dict[str, object]:
        """The net's shape and the recipe."""
        net = self.nets["looker"]
        assert isinstance(net, LookerNet)
        return {"kind": "looker", "net": net.config.as_spec(), "training": asdict(self.training)}


def _alike(projected: Tensor, temperature: float) -> Tensor:
    """Each row of the first half belongs to the same row of the second, among all others."""
    unit = functional.normalize(projected, dim=1)
    scores = unit @ unit.T / temperature
    count = len(unit)
    scores = scores.masked_fill(torch.eye(count, dtype=torch.bool), -1e9)
    return functional.cross_entropy(scores, torch.arange(count).roll(count // 2))


def summaries(net: LookerNet, pictures: Pictures, size: int) -> NDArray[np.float32]:
    """The looker's vectors of pictures, [N, D]."""
    with torch.no_grad():
        return np.concatenate(
            [
                net.summary(0.5 * (as_tensor(pictures.pixels[start : start + 32], size) + 1)).numpy()
                for start in range(0, len(pictures), 32)
            ]
        )


def nearest(asked: NDArray[np.float32], among: NDArray[np.float32]) -> NDArray[np.int64]:
    """For each of the vectors `asked`, the rows of `among` from the most alike on, by cosine."""
    centre = among.mean(0)
    mine, theirs = asked - centre, among - centre
    mine /= np.linalg.norm(mine, axis=1, keepdims=True) + 1e-9
    theirs /= np.linalg.norm(theirs, axis=1, keepdims=True) + 1e-9
    return np.argsort(-mine @ theirs.T, axis=1)
