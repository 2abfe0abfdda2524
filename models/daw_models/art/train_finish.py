"""Training of the painter's second half: generator and last stage together, judged by their pixels."""

from __future__ import annotations

import copy
from dataclasses import asdict, dataclass, field

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from daw_models.art.attributes import ATTRIBUTES, Standing, measure_batch
from daw_models.art.course import Task, follow, go_back
from daw_models.art.nets.autoencoder import Encoder
from daw_models.art.nets.critic import Critic, CriticConfig, moved
from daw_models.art.nets.layers import channels_last, halved
from daw_models.art.nets.painting import Painting
from daw_models.art.pictures import Pictures, random_batch
from daw_models.art.tensors import as_tensor, scaled, tiled
from daw_models.art.train_gan import invented, set_shares
from daw_models.art.train_vae import detail_loss, falling_rate
from daw_models.art.wish import SETS

_SHEET_COLUMNS = 8
_HUE = ATTRIBUTES.index("hue")


@dataclass(frozen=True)
class FinishTraining:
    """`redraw` weighs real pictures redrawn through the encoder, the critic is fully heard after `adversarial_from`.

    The decoder stays as it is: free to move, it answers a wish for edges with a grid.
    """

    seed: int = 1
    batch: int = 8
    generator_rate: float = 1.2e-4
    fine_rate: float = 6e-4
    critic_rate: float = 3e-4
    warmup_steps: int = 50
    penalty: float = 20.0
    penalty_every: int = 4
    redraw: float = 4.0
    redraw_every: int = 2
    adversarial_from: int = 150
    obey: float = 0.6
    mixed: float = 0.4
    average: float = 0.995
    bfloat16: bool = True
    critic: CriticConfig = field(default_factory=lambda: CriticConfig(3, 256, 8, (96, 144, 192, 256)))


class FinishTask(Task):
    """Everything the painter is made of, with a critic of pictures."""

    def __init__(self, training: FinishTraining, painting: Painting, encoder: Encoder, pictures: Pictures) -> None:
        self.training, self.encoder, self.pictures = training, encoder, pictures
        torch.manual_seed(training.seed)
        self.random = np.random.default_rng(training.seed)
        critic = Critic(training.critic)
        self.nets = {"painting": painting, "critic": critic}
        for net in self.nets.values():
            channels_last(net)
        self.averages = {"painting": copy.deepcopy(painting).requires_grad_(False)}
        self.size = painting.config.size
        painting.decoder.requires_grad_(False)
        slow, quick = list(painting.generator.parameters()), list(painting.fine.parameters())
        groups = [
            {"params": slow, "lr": training.generator_rate, "level": training.generator_rate},
            {"params": quick, "lr": training.fine_rate, "level": training.fine_rate},
        ]
        critic_group = [
            {"params": list(critic.parameters()), "lr": training.critic_rate, "level": training.critic_rate}
        ]
        self.optimisers = {
            "painting": torch.optim.Adam(groups, betas=(0.0, 0.99)),
            "critic": torch.optim.Adam(critic_group, betas=(0.0, 0.99)),
        }
        self.shares = set_shares(pictures.labels)
        self.standing, self.percentiles = standing_of(pictures, self.size)
        # Wishes are checked at half the size, where the generator is at work: finer edges are the last stage's affair.
        self.half_standing, _ = standing_of(pictures, self.size // 2)
        self.spread = torch.from_numpy(self.half_standing.spreads())
        self.of_set = [np.flatnonzero(pictures.labels == label) for label in range(len(SETS))]
        shown = np.random.default_rng(training.seed + 1)
        rows = np.concatenate([shown.choice(mine, _SHEET_COLUMNS) for mine in self.of_set if len(mine)])
        self.shown = (
            torch.from_numpy(shown.standard_normal((len(rows), painting.config.generator.latent), np.float32)),
            torch.from_numpy(pictures.labels[rows]),
            torch.from_numpy(self.percentiles[rows]),
        )

    def step(self, progress: float) -> dict[str, float]:
        """One step of both nets, from one painting, and now and then one of redrawing real pictures."""
        training, painting, critic = self.training, self.nets["painting"], self.nets["critic"]
        assert isinstance(painting, Painting)
        self._set_rates(progress)
        chosen = self.random.choice(len(self.pictures), training.batch, p=self.shares)
        labels = self.pictures.labels[chosen]
        told = self.percentiles[chosen]
        others = np.array([self.random.choice(self.of_set[label]) for label in labels])
        wishes = invented(told, self.percentiles[others], training.mixed, self.random)
        real = random_batch(self.pictures, chosen, self.size, self.random)
        conditions = (torch.from_numpy(labels), torch.from_numpy(told), torch.from_numpy(wishes))
        latents = torch.randn(training.batch, painting.config.generator.latent)
        with torch.autocast("cpu", torch.bfloat16, enabled=training.bfloat16):
            drawn = painting(latents, conditions[0], conditions[2])
            judged = drawn.detach().requires_grad_()
            both = moved(torch.cat([real, judged]), shift=0.08)
            truth, lie = critic(both, conditions[0].repeat(2), torch.cat(conditions[1:])).chunk(2)
        loss = functional.softplus(lie - truth).mean()
        go_back(loss)
        figures = {"critic": float(loss.detach()), "gap": float((truth - lie).detach().mean())}
        if self.steps_taken % training.penalty_every == 0:
            figures["penalty"] = self._penalty(both.detach(), conditions)
        # What would please the painter, softplus(truth - lie), has the critic's own gradient in `judged`, scaled.
        fooled = torch.sigmoid(lie.detach() - truth.detach())
        assert judged.grad is not None
        heard = min(1.0, self.steps_taken / max(1, training.adversarial_from))
        wanted = heard * judged.grad * (-(1 - fooled) / fooled.clamp_min(1e-6))[:, None, None, None]
        missed, gradient = self._missed(drawn, labels, wishes)
        go_back(drawn, wanted + gradient)
        figures["missed"] = missed
        if self.steps_taken % training.redraw_every == 0:
            figures["redrawn"] = self._redraw(painting, real)
        torch.nn.utils.clip_grad_norm_(painting.parameters(), 5.0)
        for optimiser in self.optimisers.values():
            optimiser.step()
        follow(self.averages["painting"], painting, self.steps_taken, training.average)
        return figures

    def _set_rates(self, progress: float) -> None:
        for optimiser in self.optimisers.values():
            for group in optimiser.param_groups:
                group["lr"] = falling_rate(group["level"], progress, self.steps_taken, self.training.warmup_steps)
            optimiser.zero_grad(set_to_none=True)

    def _missed(self, drawn: Tensor, labels: NDArray[np.int64], wishes: NDArray[np.float32]) -> tuple[float, Tensor]:
        """How far the measured attributes are from the wished ones, in spreads of the set, and which way is nearer."""
        read = drawn.detach().requires_grad_()
        found = measure_batch(halved(0.5 * (read + 1)).clamp(0.02, 1.1))
        off = found - torch.from_numpy(self.half_standing.figures(labels, wishes))
        around = (off[:, _HUE] + 180) % 360 - 180
        off = torch.cat([off[:, :_HUE], around[:, None], off[:, _HUE + 1 :]], 1) / self.spread[torch.from_numpy(labels)]
        loss = functional.smooth_l1_loss(off, torch.zeros_like(off))
        (gradient,) = torch.autograd.grad(self.training.obey * len(ATTRIBUTES) * loss, read)
        return float(loss.detach()), gradient

    def _redraw(self, painting: Painting, real: Tensor) -> float:
        """Real pictures through the encoder and back: keeps the decoder true while the critic pulls at it."""
        training = self.training
        half = real[: max(1, len(real) // 2)]
        with torch.autocast("cpu", torch.bfloat16, enabled=training.bfloat16):
            with torch.no_grad():
                latents = self.encoder(scaled(half, self.size // 2))[0]
            drawn = painting.from_latents(latents)
        loss = (drawn - half).abs().mean() + detail_loss(drawn, half, levels=4)
        go_back(training.redraw * loss)
        return float(loss.detach())

    def _penalty(self, both: Tensor, conditions: tuple[Tensor, Tensor, Tensor]) -> float:
        training, critic = self.training, self.nets["critic"]
        half = max(1, training.batch // 2)
        labels, told, wishes = (part[:half] for part in conditions)
        picked = torch.cat([both[:half], both[training.batch : training.batch + half]]).requires_grad_()
        with torch.autocast("cpu", torch.bfloat16, enabled=training.bfloat16):
            verdicts = critic(picked, labels.repeat(2), torch.cat([told, wishes]))
        (slope,) = torch.autograd.grad(verdicts.sum(), picked, create_graph=True)
        steep = slope.square().sum((1, 2, 3)).mean()
        go_back(training.penalty * training.penalty_every * steep)
        return float(steep.detach())

    def sheet(self) -> NDArray[np.uint8]:
        """A row for each set, the same latents and wishes every time."""
        with torch.no_grad():
            return tiled(self.averages["painting"](*self.shown), _SHEET_COLUMNS)

    def facts(self) -> dict[str, object]:
        """The net's shape, the recipe and where attributes stand."""
        painting = self.nets["painting"]
        assert isinstance(painting, Painting)
        return {
            "kind": "painter",
            "net": painting.config.as_spec(),
            "critic": self.training.critic.as_spec(),
            "training": asdict(self.training),
            "standing": self.standing.as_spec(),
            "pictures": len(self.pictures),
        }


def standing_of(pictures: Pictures, size: int) -> tuple[Standing, NDArray[np.float32]]:
    """Where attributes stand among these pictures, and the percentiles [N, 8] of each."""
    figures = np.concatenate(
        [
            measure_batch(0.5 * (as_tensor(pictures.pixels[start : start + 32], size) + 1)).numpy()
            for start in range(0, len(pictures), 32)
        ]
    )
    standing = Standing.of(figures, pictures.labels, len(SETS))
    return standing, standing.percentiles(figures, pictures.labels)
