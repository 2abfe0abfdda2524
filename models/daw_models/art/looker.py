"""The looker as others use it: features of pictures from a net of our own, trained on the same plates."""

from __future__ import annotations

from pathlib import Path

from torch import Tensor

from daw_models.art.nets.layers import channels_last
from daw_models.art.nets.looker import LAYERS, LookerConfig, LookerNet
from daw_models.art.weights import open_net
from daw_models.weights_file import WEIGHTS

__all__ = ["LAYERS", "Looker"]


class Looker:
    """Eyes for style, dreams and measures. The features are differentiable with respect to the pictures."""

    def __init__(self, net: LookerNet) -> None:
        self.net = net

    @classmethod
    def load(cls, path: Path | None = None) -> Looker:
        """The shipped looker, or that of a file. Raises UsageError, naming the file, if it cannot be used."""
        path = WEIGHTS / "looker.safetensors" if path is None else path
        net, _ = open_net(path, "looker", lambda spec: LookerNet(LookerConfig.from_spec(spec)))
        return cls(channels_last(net))

    def features(self, pictures: Tensor) -> dict[str, Tensor]:
        """Pictures [N, 3, H, W] from 0 to 1 to the features [N, C, h, w] of each of the `LAYERS`."""
        return dict(zip(LAYERS, self.net.layers(pictures), strict=True))

    def summary(self, pictures: Tensor) -> Tensor:
        """One vector [N, D] for each picture, [N, 3, H, W] from 0 to 1."""
        return self.net.summary(pictures)
