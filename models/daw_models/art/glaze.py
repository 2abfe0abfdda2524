"""A thin glaze over a painted picture: light, contrast and colour as a whole are brought nearer to the wish.

The net decides what is painted and how; a glaze is one gain, one saturation, and one shift each of light and of warmth
for all pixels. It never turns a whole picture green or violet.
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional

from daw_models.art.attributes import ATTRIBUTES, measure_batch

_CARES = {"brightness": 1.0, "contrast": 1.0, "saturation": 1.0, "colourfulness": 1.0, "warmth": 1.0, "hue": 0.3}
_REACHED = tuple(ATTRIBUTES.index(name) for name in _CARES)
_HUE = ATTRIBUTES.index("hue")
_THUMBNAIL = 64
_STEPS = 30
_RATE = 0.06
_BETAS = (0.9, 0.999)
_THIN = 0.05
_FURTHEST = torch.tensor([0.45, 0.7, 0.25, 0.2])
"""How far a glaze may go: the logs of gain and saturation, the shift of light, and that of red against blue."""


def glazed(pictures: Tensor, wanted: Tensor, spread: Tensor) -> Tensor:
    """Pictures [N, 3, S, S] from -1 to 1 under glazes that bring their attributes nearer to `wanted` [N, 8].

    `spread` [N, 8] says by how much each attribute may be off before it matters.
    """
    small = functional.adaptive_avg_pool2d(pictures, _THUMBNAIL)
    settings = torch.zeros(len(pictures), len(_FURTHEST), requires_grad=True)
    mean, square = torch.zeros_like(settings), torch.zeros_like(settings)
    with torch.enable_grad():
        for step in range(1, _STEPS + 1):
            off = measure_batch((0.5 * (_laid(small, settings) + 1)).clamp(0, 1)) - wanted
            around = (off[:, _HUE] + 180) % 360 - 180
            off = torch.cat([off[:, :_HUE], around[:, None], off[:, _HUE + 1 :]], 1) / spread
            off = off[:, _REACHED] * torch.tensor(tuple(_CARES.values()))
            missed = functional.smooth_l1_loss(off, torch.zeros_like(off))
            loss = len(pictures) * (missed + _THIN * settings.square().mean())
            (slope,) = torch.autograd.grad(loss, settings)
            with torch.no_grad():
                settings -= _adam(slope, mean, square, step)
    return _laid(pictures, settings.detach())


def _adam(slope: Tensor, mean: Tensor, square: Tensor, step: int) -> Tensor:
    """One step of Adam (Kingma and Ba, 2015); PyTorch's own takes over a second to import."""
    mean.lerp_(slope, 1 - _BETAS[0])
    square.lerp_(slope.square(), 1 - _BETAS[1])
    first, second = (1 - beta**step for beta in _BETAS)
    return _RATE * (mean / first) / ((square / second).sqrt() + 1e-8)


def _laid(pictures: Tensor, settings: Tensor) -> Tensor:
    reach = _FURTHEST * torch.tanh(settings / _FURTHEST)
    gain, saturation = reach[:, 0].exp()[:, None, None, None], reach[:, 1].exp()[:, None, None, None]
    grey = pictures.mean(1, keepdim=True)
    coloured = grey + saturation * (pictures - grey)
    middle = coloured.mean((2, 3), keepdim=True)
    shift = reach[:, 2:3] + reach[:, 3:] * torch.tensor([1.0, 0.0, -1.0])
    return middle + gain * (coloured - middle) + shift[:, :, None, None]
