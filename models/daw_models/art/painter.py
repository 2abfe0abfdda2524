"""The painter: a latent and a wish become a picture."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from daw_models.art.attributes import ATTRIBUTES, Standing
from daw_models.art.glaze import glazed
from daw_models.art.nets.layers import channels_last
from daw_models.art.nets.painting import Painting, PaintingConfig
from daw_models.art.tensors import as_pixels
from daw_models.art.weights import open_net
from daw_models.art.wish import SETS, Wish
from daw_models.weights_file import WEIGHTS

__all__ = ["ATTRIBUTES", "LATENT", "SETS", "SHIPPED", "Painter", "Wish"]

LATENT = 128
SHIPPED = WEIGHTS / "painter.safetensors"
_SEEDS = 1 << 64


class Painter:
    """The shipped painter, or one of a file; `standing` says what its percentiles are in figures."""

    def __init__(self, net: Painting, standing: Standing) -> None:
        self.net = net
        self.standing = standing

    @classmethod
    def load(cls, path: Path | None = None) -> Painter:
        """Read the weights. Raises UsageError, naming the file, if it is missing, damaged or no painter."""
        path = SHIPPED if path is None else path
        net, header = open_net(path, "painter", lambda spec: Painting(PaintingConfig.from_spec(spec)))
        trained_on = header["trained_on"]
        assert isinstance(trained_on, dict)
        return cls(channels_last(net), Standing.from_spec(trained_on["standing"]))

    @property
    def size(self) -> int:
        """Side of its pictures in pixels."""
        return self.net.config.size

    def latent(self, seed: int) -> NDArray[np.float32]:
        """The latent of a seed, float32 [LATENT], normally distributed; the same whatever the libraries' version."""
        return latent_of(seed, self.net.config.generator.latent)

    def paint(self, latent: NDArray[np.float32], wish: Wish, *, glaze: bool = True) -> NDArray[np.uint8]:
        """The picture of a latent [LATENT] and a wish, uint8 [size, size, 3]; the same every time."""
        painted: NDArray[np.uint8] = self.paint_all(latent[None], [wish], glaze=glaze)[0]
        return painted

    def paint_all(
        self, latents: NDArray[np.float32], wishes: Sequence[Wish], *, glaze: bool = True
    ) -> NDArray[np.uint8]:
        """The pictures of latents [N, LATENT] and N wishes, uint8 [N, size, size, 3].

        Without `glaze` they are as the net paints them, in a third of the time and less close to their wishes.
        """
        labels = torch.tensor([wish.label for wish in wishes])
        percentiles = torch.tensor([wish.attributes for wish in wishes], dtype=torch.float32)
        with torch.no_grad():
            drawn = self.net(torch.from_numpy(np.array(latents, np.float32)), labels, percentiles).float()
        if glaze:
            wanted = self.standing.figures(labels.numpy(), percentiles.numpy())
            spread = self.standing.spreads()[labels.numpy()]
            drawn = glazed(drawn, torch.from_numpy(wanted), torch.from_numpy(spread))
        return as_pixels(drawn)


def latent_of(seed: int, count: int = LATENT) -> NDArray[np.float32]:
    """Normally distributed numbers, float32 [count], from a seed of at most 64 bits; of a greater one the low bits.

    Philox (Salmon et al., "Parallel random numbers: as easy as 1, 2, 3", 2011) with Box and Muller's transform, so that
    a seed means the same picture with every version of the libraries.
    """
    raw = np.random.Philox(key=seed % _SEEDS).random_raw(2 * count)
    uniform = ((raw >> np.uint64(11)).astype(np.float64) + 0.5) * 2.0**-53
    radius = np.sqrt(-2 * np.log(uniform[:count]))
    drawn: NDArray[np.float32] = (radius * np.cos(2 * np.pi * uniform[count:])).astype(np.float32)
    return drawn
