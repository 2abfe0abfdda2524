"""A checkpoint becomes a weights file, which is read back and compared before anyone may use it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import torch
from torch import Tensor

from daw_bridge.errors import UsageError
from daw_bridge.music.vocabulary import Vocabulary
from daw_models.halves import write_halves
from daw_models.nets.build import load_net
from daw_models.nets.families import config_of
from daw_models.train.checkpoint import CHECKPOINT, load_checkpoint


def write_weights(
    path: Path,
    tensors: Mapping[str, Tensor],
    *,
    name: str,
    architecture: Mapping[str, object],
    vocabulary: Vocabulary,
    trained_on: object,
    recipe: object,
    figures: object,
    licence: str,
) -> None:
    """Write fp16 tensors and their header beside the target and move the file into place."""
    write_halves(
        path,
        tensors,
        {"name": name, "licence": licence},
        architecture=architecture,
        vocabulary=vocabulary.as_spec(),
        trained_on=trained_on,
        recipe=recipe,
        figures=figures,
    )


LICENCE = "CC BY-SA 4.0"
"""Of weights whose recipe asks for no other."""


def export(
    checkpoint_path: Path, out: Path, *, licence: str | None = None, figures: Mapping[str, object] | None = None
) -> Path:
    """Export the averaged weights of a checkpoint (a file, or the folder of a run). Raises UsageError if it is none.

    `licence` None is that of the run.
    """
    if out.suffix != ".safetensors":
        raise UsageError("a model file ends in .safetensors", where=str(out))
    path = checkpoint_path / CHECKPOINT if checkpoint_path.is_dir() else checkpoint_path
    checkpoint = load_checkpoint(path)
    facts = checkpoint.facts
    recipe, spec = facts["recipe"], facts["vocabulary"]
    assert isinstance(recipe, dict)
    assert isinstance(spec, dict)
    tensors = checkpoint.part("average.")
    write_weights(
        out,
        tensors,
        name=out.stem,
        architecture=config_of(recipe["net"], where=str(path)).as_spec(),
        vocabulary=Vocabulary.from_spec(spec, where=str(path)),
        trained_on={"mix": facts["mix"], "pieces": facts["pieces"]},
        recipe={**recipe, "step": facts["step"], "elapsed_s": facts["elapsed_s"]},
        figures=dict(figures or {}),
        licence=licence or str(recipe.get("licence") or LICENCE),
    )
    read_back = load_net(out).state_dict()
    for key, tensor in tensors.items():
        if not torch.equal(read_back[key], tensor.to(torch.float16).float()):
            raise UsageError(f"{key} did not survive the export", where=str(out))
    return out
