"""Checkpoints of picture trainings become weights files."""

from __future__ import annotations

from pathlib import Path

from torch import Tensor

from daw_bridge.errors import UsageError
from daw_models.art.weights import write_picture_weights
from daw_models.train.checkpoint import Checkpoint, load_checkpoint


def export_painter(checkpoint: Path, out: Path, pictures: int) -> list[Path]:
    """The painter and its critic, as painter.safetensors and painter_critic.safetensors in the folder `out`."""
    loaded, task = _open(checkpoint, "painter")
    painter = _write(
        out / "painter.safetensors",
        loaded.part("average.painting."),
        loaded,
        architecture=task["net"],
        trained_on={"pictures": pictures, "standing": task["standing"]},
    )
    critic = _write(
        out / "painter_critic.safetensors",
        loaded.part("net.critic."),
        loaded,
        architecture={"family": "painter-critic", **_mapping(task["critic"])},
        trained_on={"pictures": pictures},
    )
    return [painter, critic]


def export_vae(checkpoint: Path, out: Path, pictures: int) -> Path:
    """The averaged autoencoder."""
    loaded, task = _open(checkpoint, "vae")
    return _write(out, loaded.part("average.vae."), loaded, task["net"], {"pictures": pictures})


def export_looker(checkpoint: Path, out: Path, pictures: int) -> Path:
    """The averaged looker."""
    loaded, task = _open(checkpoint, "looker")
    return _write(out, loaded.part("average.looker."), loaded, task["net"], {"pictures": pictures})


def export_inpaint(checkpoint: Path, out: Path, pictures: int) -> Path:
    """The averaged inpainter."""
    loaded, task = _open(checkpoint, "inpaint")
    return _write(out, loaded.part("average.inpaint."), loaded, task["net"], {"pictures": pictures})


def export_article(checkpoint: Path, out: Path, pictures: int) -> Path:
    """The generator of an article's GAN."""
    loaded, task = _open(checkpoint, "mlp-gan", "dcgan")
    return _write(out, loaded.part("net.generator."), loaded, task["net"], {"pictures": pictures})


def _open(path: Path, *kinds: str) -> tuple[Checkpoint, dict[str, object]]:
    checkpoint = load_checkpoint(path)
    task = checkpoint.facts.get("task")
    if not isinstance(task, dict) or task.get("kind") not in kinds:
        raise UsageError(f"not a run of {' or '.join(kinds)}", where=str(path))
    return checkpoint, task


def _write(
    out: Path, tensors: dict[str, Tensor], checkpoint: Checkpoint, architecture: object, trained_on: object
) -> Path:
    facts = checkpoint.facts
    task = _mapping(facts["task"])
    recipe = {"training": task["training"], "step": facts["step"], "elapsed_s": facts["elapsed_s"]}
    return write_picture_weights(
        out, tensors, architecture=_mapping(architecture), trained_on=trained_on, recipe=recipe, figures={}
    )


def _mapping(value: object) -> dict[str, object]:
    assert isinstance(value, dict)
    return value
