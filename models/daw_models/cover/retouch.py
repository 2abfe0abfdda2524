"""What can be done to a picture before it is enlarged: begin from one's own, repaint a part, clean, restyle, dream."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image, ImageOps, UnidentifiedImageError
from torch import Tensor

from daw_bridge.errors import UsageError
from daw_models.art.looker import LAYERS, Looker
from daw_models.art.redraw import Inpainter, Redrawer
from daw_models.art.tensors import as_tensor
from daw_models.cover.restyle import DreamSettings, StyleSettings, dream, restyle
from daw_models.cover.vgg import open_vgg
from daw_models.cover.video import Picture

LARGEST_SIDE: Final = 12_000
STYLE_LAYERS: Final = LAYERS[:4]
"""The looker's layers whose Gram matrices are the style; the last of them holds the content."""
_CLEANED: Final = 0.75
"""How much of the cleaned picture goes into the result; the rest keeps what the autoencoder cannot draw."""

Mask = NDArray[np.bool_]
Features = Callable[[Tensor], Mapping[str, Tensor]]


@dataclass(frozen=True, slots=True)
class Retouch:
    """What is asked for, in the order it is done. All pictures uint8 [height, width, 3].

    `picture` takes the place of the painter's; `mask` (true where it is to be painted anew) has the picture's size;
    `style_weight` is how much the style outweighs what the picture shows; `vgg` is a file with VGG19's weights.
    """

    picture: Picture | None = None
    mask: Mask | None = None
    enhance: bool = False
    style: Picture | None = None
    style_weight: float = 1.0
    dream: str | None = None
    vgg: Path | None = None

    @property
    def words(self) -> tuple[str, ...]:
        """What was done, for the file's own description."""
        asked = {
            "begun from a picture of yours": self.picture is not None,
            "a part painted anew": self.mask is not None,
            "cleaned by the autoencoder": self.enhance,
            f"dreamt of in layer {self.dream}": self.dream is not None,
            "restyled after another picture": self.style is not None,
        }
        return tuple(word for word, done in asked.items() if done)


def retouched(painted: Picture, asked: Retouch, seed: int) -> Picture:
    """The painter's picture, or the given one in its place, with all that was asked for; a square of the same side."""
    side = painted.shape[0]
    picture = painted
    if asked.picture is not None:
        picture = _squared(asked.picture, side)
    if asked.mask is not None:
        holes = np.asarray(_square_crop(Image.fromarray(asked.mask)).resize((side, side), Image.Resampling.BOX))
        picture = Inpainter.load().fill(picture, holes > 0)
    if asked.enhance:
        picture = clean(picture, Redrawer.load())
    if asked.dream is not None or asked.style is not None:
        features, layers = _eyes(asked.vgg)
        if asked.dream is not None:
            picture = dream(picture, features, asked.dream, DreamSettings(seed=seed & 0xFFFFFFFF))
        if asked.style is not None:
            usual = StyleSettings()
            settings = replace(usual, style_weight=usual.style_weight * asked.style_weight)
            picture = restyle(picture, asked.style, features, layers, settings)
    return picture


def clean(picture: Picture, redrawer: Redrawer) -> Picture:
    """The picture as the autoencoder would paint it: what is no paint (noise, blocks, scratches) is left out."""
    with torch.no_grad():
        latents, _ = redrawer.net.encoder(as_tensor(picture[None], picture.shape[0]))
        drawn = redrawer.decode(latents)
    return (picture * (1 - _CLEANED) + drawn * _CLEANED).round().astype(np.uint8)


def read_picture(path: Path) -> Picture:
    """A picture file as uint8 [height, width, 3], turned as its camera says. Raises UsageError for one that is none."""
    picture: Picture = np.asarray(_open(path).convert("RGB"))
    return picture


def read_mask(path: Path, like: Picture | None) -> Mask:
    """A mask, true where it is light: of the given picture's size, or any square for the painter's own.

    Raises UsageError for a mask of another shape, or one in which nothing is light.
    """
    light = np.asarray(_open(path).convert("L")) > 127
    height, width = light.shape
    wanted = like.shape[:2] if like is not None else (min(height, width),) * 2
    if light.shape != wanted:
        raise UsageError(
            f"a mask of {width} x {height} for a picture of {wanted[1]} x {wanted[0]}",
            where=str(path),
            cure="make them the same size",
        )
    if not light.any():
        raise UsageError("nothing in the mask is white, so nothing would be painted anew", where=str(path))
    return light


def check_layer(name: str) -> None:
    """Raise UsageError for a layer that our looker does not have."""
    if name not in LAYERS:
        raise UsageError(f"no layer {name!r}", where="--dream", cure=f"choose {', '.join(LAYERS)}")


def _eyes(vgg: Path | None) -> tuple[Features, tuple[str, ...]]:
    if vgg is not None:
        net = open_vgg(vgg)
        return net.features, net.style_layers
    return Looker.load().features, STYLE_LAYERS


def _open(path: Path) -> Image.Image:
    try:
        with Image.open(path) as file:
            if max(file.size) > LARGEST_SIDE:
                raise UsageError(
                    f"a picture of {file.width} x {file.height}", where=str(path), cure=f"at most {LARGEST_SIDE} a side"
                )
            return ImageOps.exif_transpose(file).copy()
    except FileNotFoundError:
        raise UsageError("no such picture", where=str(path), cure="check the path") from None
    except (OSError, UnidentifiedImageError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
        reason = "not a picture, or damaged" if not isinstance(error, PermissionError) else "cannot be read"
        raise UsageError(reason, where=str(path), cure="give a PNG, JPEG, WebP or TIFF") from None


def _squared(picture: Picture, side: int) -> Picture:
    square = _square_crop(Image.fromarray(picture)).resize((side, side), Image.Resampling.LANCZOS)
    result: Picture = np.asarray(square)
    return result


def _square_crop(picture: Image.Image) -> Image.Image:
    side = min(picture.size)
    left, top = (picture.width - side) // 2, (picture.height - side) // 2
    return picture.crop((left, top, left + side, top + side))
