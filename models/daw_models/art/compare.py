"""Nets that paint, side by side: the painter, the autoencoder's own prior, and the articles' GANs."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from daw_bridge.errors import UsageError
from daw_models.art.evaluate import Eye, paint_samples
from daw_models.art.looker import Looker
from daw_models.art.measures import kernel_distance
from daw_models.art.nets.articles import ArticleConfig, article_generator, article_latents
from daw_models.art.nets.autoencoder import Autoencoder, AutoencoderConfig
from daw_models.art.painter import Painter
from daw_models.art.pictures import Pictures, read_pictures
from daw_models.art.tensors import as_pixels, as_tensor
from daw_models.art.weights import fill, open_net, read_picture_weights
from daw_models.weights_file import builtin_pictures, is_picture_model, read_header

_THUMBNAIL = 32
_AT_ONCE = 16
_FAMILIES = ("painter", "vae", "mlp-gan", "dcgan")


def picture_file(name_or_path: str) -> Path | None:
    """The weights file of a shipped picture model, of a file or of a run's folder; None if it is none of these."""
    shipped = builtin_pictures()
    if name_or_path in shipped:
        return shipped[name_or_path]
    path = Path(name_or_path).expanduser()
    if path.is_dir():
        return next((file for file in sorted(path.glob("*.safetensors")) if _family(file) in _FAMILIES), None)
    return path if path.is_file() and is_picture_model(path) else None


def _family(path: Path) -> str:
    if not is_picture_model(path):
        return ""
    architecture = read_header(path)["architecture"]
    return str(architecture.get("family")) if isinstance(architecture, dict) else ""


def compare_painters(
    models: Sequence[Path],
    sources: Sequence[Path],
    *,
    looker: Looker | None = None,
    samples: int,
    say: Callable[[str], None],
) -> list[dict[str, object]]:
    """A row for each model: weights, milliseconds a picture, and its distance from held-back pictures.

    The distance is taken as painted and with both sides at thumbnail size, so that small pictures are not judged by
    their size alone. Raises UsageError for a model that cannot paint by itself.
    """
    looker = looker or Looker.load()
    train, held = read_pictures(sources, say=say).split()
    eye = Eye(looker, train)
    thumbnails = Eye(looker, _thumbnails(train))
    of_held, small_held = eye.of(held.pixels), thumbnails.of(_thumbnails(held).pixels)
    rows: list[dict[str, object]] = []
    for path in models:
        drawn, weights, seconds = _drawings(path, train, samples)
        small = as_pixels(as_tensor(drawn, _THUMBNAIL))
        rows.append(
            {
                "model": path.stem,
                "family": _family(path),
                "size": drawn.shape[1],
                "parameters": weights,
                "ms_per_picture": round(1000 * seconds, 1),
                "kid": round(kernel_distance(eye.of(drawn), of_held)[0], 4),
                "kid_32px": round(kernel_distance(thumbnails.of(small), small_held)[0], 4),
            }
        )
    return rows


def _thumbnails(pictures: Pictures) -> Pictures:
    parts = [
        as_pixels(as_tensor(pictures.pixels[start : start + 64], _THUMBNAIL)) for start in range(0, len(pictures), 64)
    ]
    return Pictures(np.concatenate(parts), pictures.labels, pictures.names)


def _drawings(path: Path, train: Pictures, samples: int) -> tuple[NDArray[np.uint8], int, float]:
    """Pictures of a model, how many weights it has, and the seconds that one picture took."""
    family = _family(path)
    if family == "painter":
        painter = Painter.load(path)
        drawn, _, seconds = paint_samples(painter, train, samples)
        return drawn, _count(painter.net), seconds
    if family == "vae":
        vae, _ = open_net(path, family, lambda spec: Autoencoder(AutoencoderConfig.from_spec(spec)))
        grid = vae.config.grid
        random = torch.Generator().manual_seed(7)
        latents = torch.randn(samples, vae.config.latent, grid, grid, generator=random)
        return _timed(vae.decoder, latents)
    if family in ("mlp-gan", "dcgan"):
        _, architecture, tensors = read_picture_weights(path, family)
        config = ArticleConfig.from_spec(architecture)
        generator = article_generator(config)
        fill(generator, tensors, path)
        return _timed(generator, article_latents(samples, config, torch.Generator().manual_seed(7)))
    raise UsageError("does not paint by itself", where=str(path), cure=f"compare {', '.join(_FAMILIES)}")


def _timed(net: nn.Module, latents: torch.Tensor) -> tuple[NDArray[np.uint8], int, float]:
    started_s = time.monotonic()
    with torch.no_grad():
        parts = [as_pixels(net(latents[start : start + _AT_ONCE])) for start in range(0, len(latents), _AT_ONCE)]
    return np.concatenate(parts), _count(net), (time.monotonic() - started_s) / len(latents)


def _count(net: nn.Module) -> int:
    return sum(weight.numel() for weight in net.parameters())
