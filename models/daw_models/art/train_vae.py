"""Training of the variational autoencoder."""

from __future__ import annotations

import copy
import math
from dataclasses import asdict, dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from daw_models.art.course import Task, follow, go_back
from daw_models.art.nets.autoencoder import Autoencoder, AutoencoderConfig
from daw_models.art.nets.layers import channels_last, halved
from daw_models.art.pictures import Pictures, random_batch
from daw_models.art.tensors import as_tensor, tiled


@dataclass(frozen=True)
class VaeTraining:
    """`kl` weighs how close the latents are kept to a normal distribution, `detail` the finer differences."""

    seed: int = 1
    batch: int = 16
    learning_rate: float = 1.5e-3
    warmup_steps: int = 100
    kl: float = 2e-4
    detail: float = 1.0
    average: float = 0.998
    bfloat16: bool = True


def falling_rate(level: float, progress: float, step: int, warmup_steps: int) -> float:
    """Learning rate: a linear start, then a cosine down to a hundredth."""
    return (
        level * min(1.0, (step + 1) / max(warmup_steps, 1)) * (0.01 + 0.99 * 0.5 * (1 + math.cos(math.pi * progress)))
    )


def detail_loss(drawn: Tensor, wanted: Tensor, levels: int = 3) -> Tensor:
    """Mean absolute difference of Laplacian pyramids, summed over `levels`: blur costs more than a shift of light."""
    difference = drawn - wanted
    total = difference.new_zeros(())
    for _ in range(levels):
        coarse = halved(difference)
        total = total + (difference - functional.interpolate(coarse, scale_factor=2)).abs().mean()
        difference = coarse
    return total


class VaeTask(Task):
    """Pictures redrawn through their latents."""

    def __init__(self, config: AutoencoderConfig, training: VaeTraining, pictures: Pictures) -> None:
        self.config, self.training = config, training
        self.pictures, self.held = pictures.split()
        torch.manual_seed(training.seed)
        self.random = np.random.default_rng(training.seed)
        net = channels_last(Autoencoder(config))
        self.nets = {"vae": net}
        self.averages = {"vae": copy.deepcopy(net).requires_grad_(False)}
        self.optimisers = {"vae": torch.optim.Adam(net.parameters(), training.learning_rate, betas=(0.9, 0.99))}

    def step(self, progress: float) -> dict[str, float]:
        """One step of Adam on a batch of random windows."""
        training, net, optimiser = self.training, self.nets["vae"], self.optimisers["vae"]
        chosen = self.random.integers(0, len(self.pictures), training.batch)
        batch = random_batch(self.pictures, chosen, self.config.size, self.random)
        with torch.autocast("cpu", torch.bfloat16, enabled=training.bfloat16):
            drawn, mean, spread = net(batch)
        plain = (drawn - batch).abs().mean()
        divergence = 0.5 * (mean.square() + spread.exp() - 1 - spread).mean()
        loss = plain + training.detail * detail_loss(drawn, batch) + training.kl * divergence
        optimiser.zero_grad(set_to_none=True)
        go_back(loss)
        torch.nn.utils.clip_grad_norm_(net.parameters(), 1.0)
        for group in optimiser.param_groups:
            group["lr"] = falling_rate(training.learning_rate, progress, self.steps_taken, training.warmup_steps)
        optimiser.step()
        follow(self.averages["vae"], net, self.steps_taken, training.average)
        return {"loss": float(loss.detach()), "l1": float(plain.detach()), "kl": float(divergence.detach())}

    def sheet(self) -> NDArray[np.uint8]:
        """Held-back pictures above what becomes of them."""
        count = min(12, len(self.held))
        shown = as_tensor(self.held.pixels[:: max(1, len(self.held) // count)][:count], self.config.size)
        net = self.averages["vae"]
        assert isinstance(net, Autoencoder)
        with torch.no_grad():
            drawn = net.decoder(net.encoder(shown)[0])
        return tiled(torch.cat([shown, drawn]), count)

    def facts(self) -> dict[str, object]:
        """The net's shape and the recipe."""
        return {"kind": "vae", "net": self.config.as_spec(), "training": asdict(self.training)}
