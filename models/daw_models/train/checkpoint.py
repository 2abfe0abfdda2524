"""All of a run on disk, without pickle, so that a killed run goes on as if nothing had happened."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor, nn

from daw_bridge.errors import UsageError

CHECKPOINT = "checkpoint.safetensors"
LOG = "log.jsonl"
FORMAT = "aiart-bridge-checkpoint"
FORMAT_VERSION = "1"


@dataclass(frozen=True)
class Checkpoint:
    """Tensors by name (prefixes net., average., adam.) and the plain facts of the run."""

    tensors: Mapping[str, Tensor]
    facts: Mapping[str, object]

    def part(self, prefix: str) -> dict[str, Tensor]:
        """The tensors under one prefix."""
        return {name[len(prefix) :]: tensor for name, tensor in self.tensors.items() if name.startswith(prefix)}


def save_checkpoint(path: Path, checkpoint: Checkpoint) -> None:
    """Write beside and move into place, so that a kill leaves the last good file."""
    temporary = path.with_name(path.name + ".part")
    tensors = {name: tensor.detach().contiguous() for name, tensor in checkpoint.tensors.items()}
    metadata = {"format": FORMAT, "format_version": FORMAT_VERSION, "facts": json.dumps(dict(checkpoint.facts))}
    save_file(tensors, temporary, metadata=metadata)
    temporary.replace(path)


def load_checkpoint(path: Path) -> Checkpoint:
    """Read a checkpoint. Raises UsageError if it is damaged, missing or of another version."""
    try:
        with safe_open(path, framework="pt") as file:
            metadata = file.metadata() or {}
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118  # not a mapping
    except (OSError, SafetensorError) as error:
        raise UsageError(f"checkpoint cannot be read ({error})", where=str(path)) from error
    if metadata.get("format") != FORMAT or metadata.get("format_version") != FORMAT_VERSION:
        raise UsageError("not a checkpoint of this version", where=str(path))
    return Checkpoint(tensors, json.loads(metadata["facts"]))


def optimiser_tensors(net: nn.Module, optimisers: Sequence[torch.optim.Optimizer]) -> dict[str, Tensor]:
    """The optimisers' memory by weight name."""
    found: dict[str, Tensor] = {}
    for name, weight in net.named_parameters():
        for optimiser in optimisers:
            for key, value in optimiser.state.get(weight, {}).items():
                found[f"adam.{key}.{name}"] = value
    return found


def restore_optimisers(
    net: nn.Module, optimisers: Sequence[torch.optim.Optimizer], tensors: Mapping[str, Tensor]
) -> None:
    """Put back what `optimiser_tensors` returned."""
    for name, weight in net.named_parameters():
        memory = {
            key: tensors[f"adam.{key}.{name}"].to(weight.device, copy=True)
            for key in ("step", "exp_avg", "exp_avg_sq", "momentum_buffer")
            if f"adam.{key}.{name}" in tensors
        }
        for optimiser in optimisers:
            if memory and any(weight is mine for group in optimiser.param_groups for mine in group["params"]):
                optimiser.state[weight] = memory
