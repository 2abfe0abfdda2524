"""Pictures as tensors and back: float [N, 3, S, S] from -1 to 1 inside, uint8 [N, S, S, 3] outside."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional


def as_tensor(pixels: NDArray[np.uint8], size: int) -> Tensor:
    """Pixels uint8 [N, S, S, 3] as float [N, 3, size, size] from -1 to 1, scaled down with antialiasing."""
    tensor = torch.from_numpy(np.ascontiguousarray(pixels)).permute(0, 3, 1, 2).float() / 127.5 - 1
    return tensor if tensor.shape[-1] == size else scaled(tensor, size)


def as_pixels(pictures: Tensor) -> NDArray[np.uint8]:
    """Pictures [N, 3, S, S] from -1 to 1 as uint8 [N, S, S, 3]."""
    levels = (pictures.detach().float().clamp(-1, 1) + 1) * 127.5
    return levels.round().to(torch.uint8).permute(0, 2, 3, 1).contiguous().numpy()


def scaled(pictures: Tensor, size: int) -> Tensor:
    """Pictures [N, 3, S, S] at another size."""
    return functional.interpolate(pictures, (size, size), mode="bilinear", antialias=True, align_corners=False)


def tiled(pictures: Tensor, columns: int) -> NDArray[np.uint8]:
    """Pictures [N, 3, S, S] from -1 to 1 laid out in rows of `columns`."""
    pixels = as_pixels(pictures)
    count, size = len(pixels), pixels.shape[1]
    rows = -(-count // columns)
    sheet = np.full((rows * size, columns * size, 3), 255, np.uint8)
    for index, picture in enumerate(pixels):
        top, left = index // columns * size, index % columns * size
        sheet[top : top + size, left : left + size] = picture
    return sheet
