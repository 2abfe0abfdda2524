"""One picture training from start to end: steps by the clock or by count, checkpoints, a log and sample sheets."""

from __future__ import annotations

import json
import time
from abc import ABC, abstractmethod
from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import cast

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor, nn

from daw_bridge.errors import UsageError
from daw_models.train.checkpoint import (
    CHECKPOINT,
    LOG,
    Checkpoint,
    load_checkpoint,
    optimiser_tensors,
    restore_optimisers,
    save_checkpoint,
)


@dataclass(frozen=True)
class Pace:
    """How long a training goes on and how often it tells of itself; counted in steps."""

    steps: int
    log_every: int = 50
    save_every: int = 500
    sheet_every: int = 500


class Task(ABC):
    """What is trained: nets with their optimisers, running averages of some, and one step."""

    nets: dict[str, nn.Module]
    optimisers: dict[str, torch.optim.Optimizer]
    averages: dict[str, nn.Module]
    random: np.random.Generator
    steps_taken: int = 0

    @abstractmethod
    def step(self, progress: float) -> dict[str, float]:
        """Take one step, at `progress` from 0 to 1 of the whole; returns figures to be logged."""

    @abstractmethod
    def sheet(self) -> NDArray[np.uint8]:
        """A picture [H, W, 3] that shows how far it is."""

    @abstractmethod
    def facts(self) -> dict[str, object]:
        """What an export needs to know, in plain values."""

    def tensors(self) -> dict[str, Tensor]:
        """All that a resumed run needs."""
        found = {
            f"net.{key}.{name}": value for key, net in self.nets.items() for name, value in net.state_dict().items()
        }
        for key, net in self.averages.items():
            found |= {f"average.{key}.{name}": value for name, value in net.state_dict().items()}
        for key, optimiser in self.optimisers.items():
            found |= {f"{key}.{name}": value for name, value in optimiser_tensors(self.nets[key], [optimiser]).items()}
        return found | {"random": torch.get_rng_state()}

    def restore(self, checkpoint: Checkpoint) -> None:
        """Put back what `tensors` gave."""
        for key, net in self.nets.items():
            net.load_state_dict(checkpoint.part(f"net.{key}."))
        for key, net in self.averages.items():
            net.load_state_dict(checkpoint.part(f"average.{key}."))
        for key, optimiser in self.optimisers.items():
            restore_optimisers(self.nets[key], [optimiser], checkpoint.part(f"{key}."))
        torch.set_rng_state(checkpoint.tensors["random"])


def go_back(loss: Tensor, gradient: Tensor | None = None) -> None:
    """Gradients of a loss, or of a tensor whose own `gradient` is given."""
    torch.autograd.backward(loss, gradient)


def follow(average: nn.Module, net: nn.Module, step: int, keep: float) -> None:
    """Draw a running average of weights a little towards `net`; faster while the run is young."""
    keep = min(keep, (1 + step) / (10 + step))
    with torch.no_grad():
        for mine, theirs in zip(average.parameters(), net.parameters(), strict=True):
            mine.lerp_(theirs, 1 - keep)


def run(
    task: Task,
    pace: Pace,
    out: Path,
    *,
    resume: bool = False,
    minutes: float | None = None,
    say: Callable[[str], None],
) -> Path:
    """Train until the steps or the `minutes` are used up; returns the checkpoint.

    Raises UsageError if `out` holds a run and `resume` is off, or if the run there cannot be read.
    """
    path = out / CHECKPOINT
    out.mkdir(parents=True, exist_ok=True)
    elapsed_s = 0.0
    if path.exists():
        if not resume:
            raise UsageError("holds a run already", where=str(out), cure="add --resume or give another folder")
        elapsed_s = _restore(task, path)
    recent: dict[str, list[float]] = defaultdict(list)
    mark_s = time.monotonic()
    while (progress := _progress(task.steps_taken, pace.steps, elapsed_s, minutes)) < 1:
        for name, figure in task.step(progress).items():
            recent[name].append(figure)
        task.steps_taken += 1
        now_s = time.monotonic()
        elapsed_s, mark_s = elapsed_s + now_s - mark_s, now_s
        if task.steps_taken % pace.log_every == 0:
            means = {name: round(float(np.mean(figures)), 4) for name, figures in recent.items()}
            recent.clear()
            entry = json.dumps({"step": task.steps_taken, "elapsed_s": round(elapsed_s, 1), **means})
            with (out / LOG).open("a", encoding="utf-8") as file:
                file.write(entry + "\n")
            say(entry)
        if task.steps_taken % pace.sheet_every == 0:
            Image.fromarray(task.sheet()).save(out / f"sheet-{task.steps_taken:06d}.png")
        if task.steps_taken % pace.save_every == 0:
            _save(task, path, elapsed_s)
    Image.fromarray(task.sheet()).save(out / "sheet.png")
    _save(task, path, elapsed_s)
    return path


def _progress(step: int, steps: int, elapsed_s: float, minutes: float | None) -> float:
    share = step / steps
    return share if minutes is None else max(share, elapsed_s / (60 * minutes))


def _save(task: Task, path: Path, elapsed_s: float) -> None:
    state = cast("Mapping[str, object]", task.random.bit_generator.state)
    facts = {"step": task.steps_taken, "elapsed_s": elapsed_s, "random": state, "task": task.facts()}
    save_checkpoint(path, Checkpoint(task.tensors(), facts))


def _restore(task: Task, path: Path) -> float:
    checkpoint = load_checkpoint(path)
    facts = checkpoint.facts
    try:
        task.restore(checkpoint)
        task.random.bit_generator.state = cast("Mapping[str, object]", facts["random"])
    except (RuntimeError, KeyError) as error:
        raise UsageError(
            "holds a run of another recipe", where=str(path), cure="give the recipe it was started with"
        ) from error
    step, elapsed_s = facts["step"], facts["elapsed_s"]
    assert isinstance(step, int)
    assert isinstance(elapsed_s, float)
    task.steps_taken = step
    return elapsed_s
