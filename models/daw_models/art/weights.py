"""Picture nets as weights files: fp16 tensors under a header of the same format as the music models'."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor

from daw_bridge.errors import UsageError
from daw_models.art.nets.layers import Net
from daw_models.halves import write_halves
from daw_models.weights_file import PICTURE, read_header, tensors_digest

LICENCE = "CC0 1.0"


def write_picture_weights(
    path: Path,
    tensors: Mapping[str, Tensor],
    *,
    architecture: Mapping[str, object],
    trained_on: object,
    recipe: object,
    figures: object,
    licence: str = LICENCE,
) -> Path:
    """Write fp16 tensors and their header beside the target and move the file into place."""
    write_halves(
        path,
        tensors,
        {"name": path.stem, "kind": PICTURE, "licence": licence},
        architecture=dict(architecture),
        vocabulary=None,
        trained_on=trained_on,
        recipe=recipe,
        figures=figures,
    )
    return path


def read_picture_weights(path: Path, family: str) -> tuple[dict[str, object], dict[str, object], dict[str, Tensor]]:
    """Header, architecture and fp32 tensors of a picture net of one family.

    Raises UsageError, naming the file, if it is missing, damaged or of another family.
    """
    header = read_header(path)
    architecture = header["architecture"]
    if not isinstance(architecture, dict) or architecture.get("family") != family:
        found = architecture.get("family") if isinstance(architecture, dict) else None
        raise UsageError(f"is a {found} model, not a {family}", where=str(path), cure=f"give a {family} model")
    try:
        tensors = load_file(path)
    except (SafetensorError, OSError) as error:
        raise UsageError(f"weights cannot be read ({error})", where=str(path)) from error
    if tensors_digest({name: tensor.numpy().tobytes() for name, tensor in tensors.items()}) != header.get("sha256"):
        raise UsageError(
            "damaged: the weights are not those that were exported",
            where=str(path),
            cure="get the file again or export it again",
        )
    return header, architecture, {name: tensor.float() for name, tensor in tensors.items()}


def fill(net: torch.nn.Module, tensors: Mapping[str, Tensor], path: Path) -> None:
    """Put tensors into a net for use. Raises UsageError, naming the file, if they do not fit."""
    try:
        net.load_state_dict(dict(tensors))
    except RuntimeError as error:
        first = str(error).splitlines()[0]
        raise UsageError(f"weights do not fit their header ({first})", where=str(path)) from error
    net.eval().requires_grad_(False)


def open_net(path: Path, family: str, build: Callable[[Mapping[str, object]], Net]) -> tuple[Net, dict[str, object]]:
    """The net of a weights file, built from the architecture in its header, ready for use; and the header.

    Raises UsageError, naming the file, if it is missing, damaged or of another family.
    """
    header, architecture, tensors = read_picture_weights(path, family)
    net = build(architecture)
    fill(net, tensors, path)
    return net, header
