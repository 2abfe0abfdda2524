"""VGG19 as eyes for style transfer, where the user has its weights; none are shipped and none are fetched.

Simonyan and Zisserman, "Very deep convolutional networks for large-scale image recognition", 2015.
"""

from __future__ import annotations

import pickle
from collections.abc import Mapping
from pathlib import Path
from typing import Final

import torch
from torch import Tensor, nn
from torch.nn import functional

from daw_bridge.errors import UsageError

BLOCKS: Final = (2, 2, 4, 4, 4)
"""Convolutions in each block; a pooling layer follows each block."""
_MEAN: Final = (0.485, 0.456, 0.406)
_DEVIATION: Final = (0.229, 0.224, 0.225)


class Vgg(nn.Module):
    """The first four blocks and the first convolution of the fifth, with the names of the paper."""

    style_layers = ("conv1_1", "conv2_1", "conv3_1", "conv4_1", "conv4_2")

    def __init__(self, weights: Mapping[str, Tensor]) -> None:
        super().__init__()
        self.names: list[str] = []
        self.stages = nn.ModuleList()
        index = 0
        for block, count in enumerate(BLOCKS[:4], start=1):
            for number in range(1, count + 1):
                kernel, offset = weights[f"features.{index}.weight"], weights[f"features.{index}.bias"]
                stage = nn.Conv2d(kernel.shape[1], kernel.shape[0], 3, padding=1)
                stage.load_state_dict({"weight": kernel, "bias": offset})
                self.stages.append(stage)
                self.names.append(f"conv{block}_{number}")
                index += 2
            index += 1
        self.requires_grad_(False)

    def features(self, pictures: Tensor) -> dict[str, Tensor]:
        """Pictures [N, 3, H, W] from 0 to 1 to all feature maps, after their rectifiers."""
        maps = (pictures - pictures.new_tensor(_MEAN)[:, None, None]) / pictures.new_tensor(_DEVIATION)[:, None, None]
        found = {}
        for name, stage in zip(self.names, self.stages, strict=True):
            if name.endswith("_1") and name != "conv1_1":
                maps = functional.avg_pool2d(maps, 2)
            maps = functional.relu(stage(maps))
            found[name] = maps
        return found


def open_vgg(path: Path) -> Vgg:
    """VGG19 from a file of PyTorch's with its usual names (`features.0.weight`, ...); nothing in it is executed.

    Raises UsageError, naming the file, if it is something else.
    """
    try:
        weights = torch.load(path, map_location="cpu", weights_only=True)
        return Vgg(weights)
    except FileNotFoundError:
        raise UsageError("no such file", where=str(path), cure="leave --vgg out to use our own eyes") from None
    except (OSError, RuntimeError, KeyError, IndexError, AttributeError, TypeError, EOFError, pickle.UnpicklingError):
        raise UsageError(
            "not VGG19's weights as PyTorch keeps them", where=str(path), cure="leave --vgg out to use our own eyes"
        ) from None
