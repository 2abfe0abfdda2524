"""Training of the articles' GANs, with the losses they were published with."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from daw_models.art.course import Task, go_back
from daw_models.art.nets.articles import ArticleConfig, article_critic, article_generator, article_latents
from daw_models.art.pictures import Pictures
from daw_models.art.tensors import as_tensor, tiled

_SHEET_COLUMNS = 12


@dataclass(frozen=True)
class ArticleTraining:
    """As in the articles: cross-entropy, Adam with a first momentum of 0.5, one-sided label smoothing."""

    seed: int = 1
    batch: int = 64
    learning_rate: float = 2e-4
    smooth: float = 0.9
    net: ArticleConfig = field(default_factory=ArticleConfig)


class ArticleTask(Task):
    """Generator and critic in turn. Nothing is averaged: what is trained is what paints."""

    def __init__(self, training: ArticleTraining, pictures: Pictures) -> None:
        self.training = training
        kept, _ = pictures.split()
        self.pixels = torch.cat(
            [as_tensor(kept.pixels[start : start + 64], training.net.size) for start in range(0, len(kept), 64)]
        )
        torch.manual_seed(training.seed)
        self.random = np.random.default_rng(training.seed)
        self.nets = {"generator": article_generator(training.net), "critic": article_critic(training.net)}
        self.averages = {}
        self.optimisers = {
            key: torch.optim.Adam(net.parameters(), training.learning_rate, betas=(0.5, 0.999))
            for key, net in self.nets.items()
        }
        shown = torch.Generator().manual_seed(training.seed)
        self.shown = article_latents(4 * _SHEET_COLUMNS, training.net, shown)

    def step(self, progress: float) -> dict[str, float]:
        """One step of the critic, one of the generator; the rates stay as they are, whatever the `progress`."""
        del progress
        training, generator, critic = self.training, self.nets["generator"], self.nets["critic"]
        chosen = torch.from_numpy(self.random.integers(0, len(self.pixels), training.batch))
        real = self.pixels[chosen]
        real = torch.where(torch.from_numpy(self.random.random((training.batch, 1, 1, 1)) < 0.5), real, real.flip(3))
        drawn = generator(torch.randn(training.batch, training.net.latent))
        truth, lie = critic(real), critic(drawn.detach())
        judged = _entropy(truth, training.smooth) + _entropy(lie, 0.0)
        self._move("critic", judged)
        fooled = _entropy(critic(drawn), 1.0)
        self._move("generator", fooled)
        return {"critic": float(judged.detach()), "generator": float(fooled.detach())}

    def _move(self, key: str, loss: Tensor) -> None:
        self.optimisers[key].zero_grad(set_to_none=True)
        go_back(loss)
        self.optimisers[key].step()

    def sheet(self) -> NDArray[np.uint8]:
        """The same latents every time."""
        generator = self.nets["generator"].eval()
        with torch.no_grad():
            drawn = generator(self.shown)
        generator.train()
        return tiled(drawn, _SHEET_COLUMNS)

    def facts(self) -> dict[str, object]:
        """The nets' shape and the recipe."""
        return {"kind": self.training.net.family, "net": self.training.net.as_spec(), "training": asdict(self.training)}


def _entropy(verdicts: Tensor, wanted: float) -> Tensor:
    return functional.binary_cross_entropy_with_logits(verdicts, torch.full_like(verdicts, wanted))
