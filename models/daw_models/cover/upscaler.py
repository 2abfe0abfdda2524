"""A small net of our own that enlarges a painted picture four times and gives soft edges back their paint.

It sees the picture at its small size throughout and spreads the result only in the last step (sub-pixel convolution:
Shi et al., "Real-Time Single Image and Video Super-Resolution", CVPR 2016).
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Final

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from daw_bridge.errors import UsageError
from daw_models.art.weights import fill, read_picture_weights, write_picture_weights
from daw_models.weights_file import WEIGHTS

FAMILY: Final = "upscaler"
SHIPPED: Final = WEIGHTS / "upscaler.safetensors"


@dataclass(frozen=True)
class UpscalerConfig:
    """Sizes of the net: `channels` of its `blocks` residual pairs of convolutions; `scale` times larger comes out."""

    channels: int = 40
    blocks: int = 5
    scale: int = 4


class Upscaler(nn.Module):
    """Pictures [N, 3, H, W] in 0..1 become [N, 3, scale H, scale W]; what it adds is a residue on smooth enlarging."""

    def __init__(self, config: UpscalerConfig) -> None:
        super().__init__()
        self.config = config
        width = config.channels
        self.into = nn.Conv2d(3, width, 3, padding=1)
        self.blocks = nn.ModuleList(_Block(width) for _ in range(config.blocks))
        self.out = nn.Conv2d(width, 3 * config.scale**2, 3, padding=1)
        nn.init.zeros_(self.out.weight)
        assert self.out.bias is not None
        nn.init.zeros_(self.out.bias)

    def forward(self, small: Tensor) -> Tensor:
        """The larger picture, not clipped."""
        first = functional.leaky_relu(self.into(small), 0.2)  # [N, width, H, W]
        inner = first
        for block in self.blocks:
            inner = block(inner)
        residue = functional.pixel_shuffle(self.out(inner + first), self.config.scale)
        smooth = functional.interpolate(small, scale_factor=self.config.scale, mode="bicubic", align_corners=False)
        return smooth + residue


class _Block(nn.Module):
    def __init__(self, width: int) -> None:
        super().__init__()
        self.first = nn.Conv2d(width, width, 3, padding=1)
        self.second = nn.Conv2d(width, width, 3, padding=1)

    def forward(self, inner: Tensor) -> Tensor:
        added: Tensor = self.second(functional.leaky_relu(self.first(inner), 0.2))
        return inner + added


def enlarge(net: Upscaler, picture: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """A picture uint8 [H, W, 3], `scale` times larger."""
    with torch.inference_mode():
        small = torch.from_numpy(picture.copy()).permute(2, 0, 1)[None].float() / 255.0
        large = net(small).clamp_(0.0, 1.0).mul_(255.0).round_().to(torch.uint8)
    return np.ascontiguousarray(large[0].permute(1, 2, 0).numpy())


def load_upscaler(path: Path | None = None) -> Upscaler:
    """The shipped net, or that of a file. Raises UsageError, naming the file, if it is damaged or no upscaler."""
    path = SHIPPED if path is None else path
    _, architecture, tensors = read_picture_weights(path, FAMILY)
    try:
        config = UpscalerConfig(**{item.name: int(str(architecture[item.name])) for item in fields(UpscalerConfig)})
    except (KeyError, ValueError) as error:
        raise UsageError(f"its header lacks the sizes of the net ({error})", where=str(path)) from None
    net = Upscaler(config)
    fill(net, tensors, path)
    return net


def write_upscaler(path: Path, net: Upscaler, **facts: object) -> Path:
    """Write a net with its `trained_on`, `recipe` and `figures`."""
    return write_picture_weights(
        path,
        net.state_dict(),
        architecture={"family": FAMILY, **asdict(net.config)},
        trained_on=facts.get("trained_on", {}),
        recipe=facts.get("recipe", {}),
        figures=facts.get("figures", {}),
    )
