"""Where weights files are written, of music models and picture nets alike: fp16 tensors under their header."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

import torch
from safetensors.torch import save_file
from torch import Tensor

from daw_models.weights_file import FORMAT, FORMAT_VERSION, tensors_digest

_READABLE = 0o644


def write_halves(path: Path, tensors: Mapping[str, Tensor], texts: Mapping[str, str], **facts: object) -> None:
    """Write tensors as fp16 with a header of `texts` and, as JSON, `facts`.

    The file is written beside the target and moved into place whole; everybody may read it.
    """
    halves = {key: tensor.detach().to(torch.float16).contiguous() for key, tensor in tensors.items()}
    header = {
        "format": FORMAT,
        "format_version": FORMAT_VERSION,
        **texts,
        **{name: json.dumps(fact) for name, fact in facts.items()},
        "sha256": tensors_digest({key: tensor.numpy().tobytes() for key, tensor in halves.items()}),
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(path.name + ".part")
    save_file(halves, temporary, metadata=header)
    temporary.chmod(_READABLE)
    temporary.replace(path)
