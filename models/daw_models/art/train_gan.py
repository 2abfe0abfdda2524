"""Training of the painter's first half: a GAN among the autoencoder's latents.

The loss pairs a drawn grid with a real one and both are kept from sharp verdicts by zero-centred gradient penalties:
Huang et al., "The GAN is dead; long live the GAN!", 2024.
"""

from __future__ import annotations

import copy
from dataclasses import asdict, dataclass, field

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from daw_models.art.course import Task, follow, go_back
from daw_models.art.grids import Grids
from daw_models.art.nets.autoencoder import Autoencoder
from daw_models.art.nets.critic import Critic, CriticConfig, moved
from daw_models.art.nets.gauge import Gauge
from daw_models.art.nets.generator import Generator, GeneratorConfig, underpainting_input
from daw_models.art.nets.layers import channels_last
from daw_models.art.tensors import tiled
from daw_models.art.train_vae import falling_rate
from daw_models.art.wish import SETS

_SHEET_COLUMNS = 12


@dataclass(frozen=True)
class GanTraining:
    """`penalty` weighs the gradient penalties, `obey` how much the wish counts, `mixed` the share of invented wishes.

    `noise` is added to all that the critic sees, at first that much, none from `noise_until` of the run on. Half of
    each batch is drawn from the composition codes of the real pictures beside it, with which a latent begins,
    and held to them by `resemble`, which falls to a fifth: so a latent's figures mean something from the start, as in
    Larsen et al., "Autoencoding beyond pixels using a learned similarity metric", 2016.
    """

    seed: int = 1
    batch: int = 16
    learning_rate: float = 3e-4
    critic_rate: float = 2e-4
    warmup_steps: int = 50
    penalty: float = 4.0
    penalty_every: int = 2
    noise: float = 0.5
    noise_until: float = 0.6
    obey: float = 1.0
    obey_from: int = 300
    mixed: float = 0.3
    resemble: float = 20.0
    average: float = 0.998
    bfloat16: bool = True
    generator: GeneratorConfig = field(default_factory=GeneratorConfig)
    critic: CriticConfig = field(default_factory=CriticConfig)


def set_shares(labels: NDArray[np.int64]) -> NDArray[np.float64]:
    """How often each picture is drawn, so that small sets are seen more often than their number says."""
    counts = np.bincount(labels, minlength=len(SETS))
    weights = 1 / np.sqrt(np.maximum(counts, 1))[labels]
    return np.asarray(weights / weights.sum())


def invented(
    percentiles: NDArray[np.float32], others: NDArray[np.float32], share: float, random: np.random.Generator
) -> NDArray[np.float32]:
    """Wishes [N, 8]: at `share` of the rows about half of the attributes are those of another picture."""
    rows = random.random((len(percentiles), 1)) < share
    swapped = rows & (random.random(percentiles.shape) < 0.5)
    return np.where(swapped, others, percentiles).astype(np.float32)


def lay_underpainting(generator: Generator, grids: Grids) -> None:
    """Fit the generator's linear beginning to the grids by least squares, so that training starts from compositions."""
    table = generator.underpainting.table
    codes = torch.from_numpy(grids.codes).flatten(0, 1)
    told = underpainting_input(codes, torch.from_numpy(grids.percentiles).flatten(0, 1)).double()
    labels = np.tile(grids.labels, len(grids.values))
    with torch.no_grad():
        for label in np.unique(labels):
            mine = np.flatnonzero(labels == label)
            wanted = torch.from_numpy(grids.values.reshape(len(labels), -1)[mine]).double()
            x = told[torch.from_numpy(mine)]
            square = x.T @ x + 1e-3 * len(mine) * torch.eye(x.shape[1], dtype=torch.float64)
            table[label] = torch.linalg.solve(square, x.T @ wanted).float()


class GanTask(Task):
    """The generator against its critic, with the gauge listening."""

    def __init__(self, training: GanTraining, grids: Grids, vae: Autoencoder) -> None:
        self.training, self.grids, self.vae = training, grids, vae
        torch.manual_seed(training.seed)
        self.random = np.random.default_rng(training.seed)
        generator, critic = Generator(training.generator), Critic(training.critic)
        lay_underpainting(generator, grids)
        gauge = Gauge(training.critic.inside)
        self.nets = {"generator": generator, "critic": critic, "gauge": gauge}
        for net in self.nets.values():
            channels_last(net)
        self.averages = {"generator": copy.deepcopy(generator).requires_grad_(False)}
        self.optimisers = {
            "generator": torch.optim.Adam(generator.parameters(), training.learning_rate, betas=(0.0, 0.99)),
            "critic": torch.optim.Adam(critic.parameters(), training.critic_rate, betas=(0.0, 0.99)),
            "gauge": torch.optim.Adam(gauge.parameters(), 1e-3),
        }
        self.shares = set_shares(grids.labels)
        self.of_set = [np.flatnonzero(grids.labels == label) for label in range(len(SETS))]
        shown = np.random.default_rng(training.seed + 1)
        rows = [shown.choice(mine, _SHEET_COLUMNS) for mine in self.of_set if len(mine)]
        self.shown_labels = torch.from_numpy(grids.labels[np.concatenate(rows)])
        self.shown_wishes = torch.from_numpy(grids.percentiles[0][np.concatenate(rows)])
        drawn = shown.standard_normal((len(self.shown_labels), training.generator.latent), np.float32)
        self.shown_latents = torch.from_numpy(drawn)

    def _draw_real(self) -> tuple[Tensor, Tensor, Tensor, Tensor, Tensor]:
        training, grids = self.training, self.grids
        chosen = self.random.choice(len(grids.labels), training.batch, p=self.shares)
        window = self.random.integers(0, len(grids.values), training.batch)
        labels = grids.labels[chosen]
        told = grids.percentiles[window, chosen]
        others = np.array([self.random.choice(self.of_set[label]) for label in labels])
        wishes = invented(told, grids.percentiles[window, others], training.mixed, self.random)
        latents = torch.randn(training.batch, training.generator.latent)
        half = training.batch // 2
        wishes[:half] = told[:half]
        latents[:half, : training.generator.code] = torch.from_numpy(grids.codes[window, chosen])[:half]
        real = torch.from_numpy(grids.values[window, chosen]).float().contiguous(memory_format=torch.channels_last)
        return real, latents, torch.from_numpy(labels), torch.from_numpy(told), torch.from_numpy(wishes)

    def step(self, progress: float) -> dict[str, float]:
        """One step of all three nets, from one drawing of the generator."""
        training = self.training
        generator, critic = self.nets["generator"], self.nets["critic"]
        for key, optimiser in self.optimisers.items():
            level = training.learning_rate if key == "generator" else training.critic_rate if key == "critic" else 1e-3
            for group in optimiser.param_groups:
                group["lr"] = falling_rate(level, progress, self.steps_taken, training.warmup_steps)
            optimiser.zero_grad(set_to_none=True)
        real, latents, labels, told, wishes = self._draw_real()
        with torch.autocast("cpu", torch.bfloat16, enabled=training.bfloat16):
            drawn = generator(latents, labels, wishes)
            judged = drawn.detach().requires_grad_()
            both = moved(torch.cat([real, judged]))
            both = both + training.noise * max(0.0, 1 - progress / training.noise_until) * torch.randn_like(both)
            verdicts = critic(both, labels.repeat(2), torch.cat([told, wishes]))
            truth, lie = verdicts.chunk(2)
        loss = functional.softplus(lie - truth).mean()
        go_back(loss)
        figures = {"critic": float(loss.detach()), "gap": float((truth - lie).detach().mean())}
        if self.steps_taken % training.penalty_every == 0:
            figures["penalty"] = self._penalty(both.detach(), labels, told, wishes)
        # What would please the generator, softplus(truth - lie), has the critic's own gradient in `judged`, scaled.
        fooled = torch.sigmoid(lie.detach() - truth.detach())
        assert judged.grad is not None
        wanted = judged.grad * (-(1 - fooled) / fooled.clamp_min(1e-6))[:, None, None, None]
        half = training.batch // 2
        unlike = drawn[:half].detach() - real[:half]
        weight = training.resemble * (1 - 0.8 * progress) * 2 / (training.batch * unlike[0].numel())
        wanted[:half] += weight * unlike
        figures["unlike"] = float(unlike.square().mean())
        figures |= self._heed(real, labels, told, wishes, drawn, wanted)
        for optimiser in self.optimisers.values():
            optimiser.step()
        follow(self.averages["generator"], generator, self.steps_taken, training.average)
        return figures

    def _heed(
        self, real: Tensor, labels: Tensor, told: Tensor, wishes: Tensor, drawn: Tensor, wanted: Tensor
    ) -> dict[str, float]:
        """Teach the gauge on what is real, then send its gradient and the critic's through the generator."""
        training, gauge = self.training, self.nets["gauge"]
        read = drawn.detach().requires_grad_()
        with torch.autocast("cpu", torch.bfloat16, enabled=training.bfloat16):
            learnt = (gauge(real, labels) - told).square().mean()
            go_back(learnt)
            kept = [parameter.grad for parameter in gauge.parameters()]
            missed = (gauge(read, labels) - wishes).square().mean()
            weight = training.obey * min(1.0, self.steps_taken / max(1, training.obey_from))
            (gradient,) = torch.autograd.grad(4 * weight * missed, read)
        for parameter, grad in zip(gauge.parameters(), kept, strict=True):
            parameter.grad = grad
        go_back(drawn, wanted + gradient)
        torch.nn.utils.clip_grad_norm_(self.nets["generator"].parameters(), 5.0)
        return {"gauge": float(learnt.detach()), "missed": float(missed.detach())}

    def _penalty(self, both: Tensor, labels: Tensor, told: Tensor, wishes: Tensor) -> float:
        training, critic = self.training, self.nets["critic"]
        half = training.batch // 2
        picked = torch.cat([both[:half], both[training.batch : training.batch + half]]).requires_grad_()
        with torch.autocast("cpu", torch.bfloat16, enabled=training.bfloat16):
            verdicts = critic(picked, labels[:half].repeat(2), torch.cat([told[:half], wishes[:half]]))
        (slope,) = torch.autograd.grad(verdicts.sum(), picked, create_graph=True)
        steep = slope.square().sum((1, 2, 3)).mean()
        # The mean is over real and drawn ones together, so 2 / 2 of it is the sum of both penalties' halves.
        go_back(training.penalty * training.penalty_every * steep)
        return float(steep.detach())

    def sheet(self) -> NDArray[np.uint8]:
        """Three rows for each set: the same latents and wishes every time."""
        with torch.no_grad():
            grids = self.averages["generator"](self.shown_latents, self.shown_labels, self.shown_wishes)
            scale = torch.from_numpy(self.grids.spread)[:, None, None]
            return tiled(self.vae.decoder(grids * scale + torch.from_numpy(self.grids.mean)[:, None, None]), 12)

    def facts(self) -> dict[str, object]:
        """The nets' shapes and the recipe."""
        return {"kind": "gan", "training": asdict(self.training)}
