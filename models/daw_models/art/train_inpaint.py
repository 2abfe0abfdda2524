"""Training of the inpainter: random holes in the training pictures."""

from __future__ import annotations

import copy
from dataclasses import asdict, dataclass, field

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from daw_models.art.course import Task, follow, go_back
from daw_models.art.nets.inpainter import InpainterConfig, InpainterNet
from daw_models.art.nets.layers import channels_last
from daw_models.art.pictures import Pictures, random_batch
from daw_models.art.tensors import as_tensor, tiled
from daw_models.art.train_vae import detail_loss, falling_rate

_SHEET_COLUMNS = 10


@dataclass(frozen=True)
class InpaintTraining:
    """Batches of pictures with holes; `detail` weighs the finer differences."""

    seed: int = 1
    batch: int = 12
    learning_rate: float = 1.5e-3
    warmup_steps: int = 50
    detail: float = 1.0
    average: float = 0.995
    bfloat16: bool = True
    net: InpainterConfig = field(default_factory=InpainterConfig)


def random_masks(count: int, size: int, random: np.random.Generator) -> Tensor:
    """Masks [N, 1, S, S]: one to four strokes or boxes each, 1 where the picture is missing."""
    masks = np.zeros((count, 1, size, size), np.float32)
    rows, columns = np.mgrid[:size, :size]
    for mask in masks[:, 0]:
        for _ in range(random.integers(1, 5)):
            if random.random() < 0.5:
                height, width = random.integers(size // 10, size // 2, 2)
                top, left = random.integers(0, size - height), random.integers(0, size - width)
                mask[top : top + height, left : left + width] = 1
                continue
            (y0, x0), (y1, x1) = random.uniform(0, size, (2, 2))
            along = np.array([y1 - y0, x1 - x0])
            share = ((rows - y0) * along[0] + (columns - x0) * along[1]) / max(float(along @ along), 1.0)
            share = share.clip(0, 1)
            far = np.hypot(rows - y0 - share * along[0], columns - x0 - share * along[1])
            mask[far < random.uniform(0.03, 0.09) * size] = 1
    return torch.from_numpy(masks)


class InpaintTask(Task):
    """Holes filled so that they look like what was there."""

    def __init__(self, training: InpaintTraining, pictures: Pictures) -> None:
        self.training = training
        self.pictures, self.held = pictures.split()
        torch.manual_seed(training.seed)
        self.random = np.random.default_rng(training.seed)
        net = channels_last(InpainterNet(training.net))
        self.nets = {"inpaint": net}
        self.averages = {"inpaint": copy.deepcopy(net).requires_grad_(False)}
        self.optimisers = {"inpaint": torch.optim.Adam(net.parameters(), training.learning_rate, betas=(0.9, 0.99))}

    def step(self, progress: float) -> dict[str, float]:
        """One step on a batch of pictures with holes."""
        training, net, optimiser = self.training, self.nets["inpaint"], self.optimisers["inpaint"]
        size = training.net.size
        chosen = self.random.integers(0, len(self.pictures), training.batch)
        whole = random_batch(self.pictures, chosen, size, self.random)
        masks = random_masks(training.batch, size, self.random)
        with torch.autocast("cpu", torch.bfloat16, enabled=training.bfloat16):
            filled = net(whole, masks)
        missed = (filled - whole).abs().sum() / (3 * masks.sum() + 1)
        loss = missed + training.detail * detail_loss(filled, whole) / masks.mean().clamp_min(0.02)
        optimiser.zero_grad(set_to_none=True)
        go_back(loss)
        torch.nn.utils.clip_grad_norm_(net.parameters(), 1.0)
        for group in optimiser.param_groups:
            group["lr"] = falling_rate(training.learning_rate, progress, self.steps_taken, training.warmup_steps)
        optimiser.step()
        follow(self.averages["inpaint"], net, self.steps_taken, training.average)
        return {"loss": float(loss.detach()), "missed": float(missed.detach())}

    def sheet(self) -> NDArray[np.uint8]:
        """Held-back pictures with holes, and below what was filled in."""
        count = min(_SHEET_COLUMNS, len(self.held))
        shown = as_tensor(self.held.pixels[:: max(1, len(self.held) // count)][:count], self.training.net.size)
        masks = random_masks(count, self.training.net.size, np.random.default_rng(5))
        with torch.no_grad():
            return tiled(torch.cat([shown * (1 - masks), self.averages["inpaint"](shown, masks)]), count)

    def facts(self) -> dict[str, object]:
        """The net's shape and the recipe."""
        return {"kind": "inpaint", "net": self.training.net.as_spec(), "training": asdict(self.training)}
