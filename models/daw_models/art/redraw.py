"""The autoencoder and the inpainter as others use them: pictures redrawn, blended, and filled where they lack."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from daw_bridge.errors import UsageError
from daw_models.art.nets.autoencoder import Autoencoder, AutoencoderConfig
from daw_models.art.nets.inpainter import InpainterConfig, InpainterNet
from daw_models.art.tensors import as_pixels
from daw_models.art.weights import open_net
from daw_models.weights_file import WEIGHTS


class Redrawer:
    """The autoencoder: any picture as a small grid of latents, and back."""

    def __init__(self, net: Autoencoder) -> None:
        self.net = net

    @classmethod
    def load(cls, path: Path | None = None) -> Redrawer:
        """The shipped autoencoder, or that of a file. Raises UsageError, naming the file, if it cannot be used."""
        path = WEIGHTS / "vae.safetensors" if path is None else path
        return cls(open_net(path, "vae", lambda spec: Autoencoder(AutoencoderConfig.from_spec(spec)))[0])

    @property
    def size(self) -> int:
        """Side of its pictures in pixels."""
        return self.net.config.size

    def encode(self, rgb: NDArray[np.uint8]) -> Tensor:
        """The latents [1, C, g, g] of a picture uint8 [H, W, 3], which is brought to `size` first."""
        with torch.no_grad():
            mean: Tensor = self.net.encoder(_sized(_tensor(rgb), self.size))[0]
        return mean

    def decode(self, latents: Tensor) -> NDArray[np.uint8]:
        """The picture uint8 [size, size, 3] of latents [1, C, g, g]."""
        with torch.no_grad():
            drawn: NDArray[np.uint8] = as_pixels(self.net.decoder(latents))[0]
        return drawn

    def blend(self, one: NDArray[np.uint8], other: NDArray[np.uint8], share: float) -> NDArray[np.uint8]:
        """A picture on the way between two: all `one` at 0, all `other` at 1."""
        return self.decode(torch.lerp(self.encode(one), self.encode(other), share))


class Inpainter:
    """The masked U-Net: fills what is missing in a picture."""

    def __init__(self, net: InpainterNet) -> None:
        self.net = net

    @classmethod
    def load(cls, path: Path | None = None) -> Inpainter:
        """The shipped inpainter, or that of a file. Raises UsageError, naming the file, if it cannot be used."""
        path = WEIGHTS / "inpaint.safetensors" if path is None else path
        return cls(open_net(path, "inpaint", lambda spec: InpainterNet(InpainterConfig.from_spec(spec)))[0])

    @property
    def size(self) -> int:
        """Side of the pictures it thinks in; what it fills in is no finer."""
        return self.net.config.size

    def fill(self, rgb: NDArray[np.uint8], missing: NDArray[np.bool_]) -> NDArray[np.uint8]:
        """A picture uint8 [H, W, 3] filled where `missing` [H, W] is true; all other pixels stay as they are.

        Raises UsageError if the mask is of another size than the picture, or leaves nothing to go by.
        """
        if missing.shape != rgb.shape[:2]:
            raise UsageError(
                f"the mask is {missing.shape[1]} x {missing.shape[0]}, the picture {rgb.shape[1]} x {rgb.shape[0]}",
                cure="give a mask of the picture's size",
            )
        if missing.all():
            raise UsageError("the mask covers the whole picture", cure="leave some of it")
        mask = torch.from_numpy(np.array(missing, np.float32))[None, None]
        # A pixel of the small picture is missing as soon as any part of it is.
        small_mask = functional.adaptive_max_pool2d(mask, self.size)
        whole = _tensor(rgb)
        weight = _sized(1 - mask, self.size)
        small = _sized(whole * (1 - mask), self.size) / weight.clamp_min(1e-3)
        with torch.no_grad():
            filled = self.net(small, small_mask)
        height, width = rgb.shape[:2]
        large = functional.interpolate(filled, (height, width), mode="bicubic", align_corners=False)
        return np.where(missing[..., None], as_pixels(large)[0], rgb)


def _tensor(rgb: NDArray[np.uint8]) -> Tensor:
    return torch.from_numpy(np.array(rgb)).permute(2, 0, 1)[None].float() / 127.5 - 1


def _sized(picture: Tensor, size: int) -> Tensor:
    if picture.shape[-2:] == (size, size):
        return picture
    return functional.interpolate(picture, (size, size), mode="bilinear", antialias=True, align_corners=False)
