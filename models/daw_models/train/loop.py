"""One training run: on one process, or unchanged under torchrun on many."""

from __future__ import annotations

import json
import math
import os
import shutil
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import torch
import torch.distributed as dist
from torch import Tensor, nn

from daw_bridge.errors import UsageError
from daw_models.data.corpus import Corpus
from daw_models.data.windows import Streams
from daw_models.nets.build import load_net
from daw_models.nets.families import make_net
from daw_models.nets.notewise import NoteNet
from daw_models.train.checkpoint import (
    CHECKPOINT,
    LOG,
    Checkpoint,
    load_checkpoint,
    optimiser_tensors,
    restore_optimisers,
    save_checkpoint,
)
from daw_models.train.likelihood import fixed_slice, measure
from daw_models.train.optimiser import make_optimisers
from daw_models.train.recipe import Recipe
from daw_models.weights_file import find_model

_UNSETTLED = 8
"""Steps never compiled: at first what a net carries from window to window grows, and every size costs a compile."""


@dataclass(frozen=True)
class World:
    """Which of how many processes this is."""

    rank: int = 0
    size: int = 1


def join_world() -> World:
    """Join the processes that torchrun started, if any."""
    size = int(os.environ.get("WORLD_SIZE", "1"))
    if size == 1:
        return World()
    dist.init_process_group("nccl" if torch.cuda.is_available() else "gloo")
    return World(dist.get_rank(), size)


def rate_at(recipe: Recipe, progress: float, step: int) -> float:
    """Learning rate: a linear start, level, then a cosine down to a hundredth over the last `decay` of the run."""
    train = recipe.train
    fall = min(max((progress - (1 - train.decay)) / max(train.decay, 1e-9), 0.0), 1.0)
    level = 0.01 + 0.99 * 0.5 * (1 + math.cos(math.pi * fall))
    return train.learning_rate * min(1.0, (step + 1) / max(train.warmup_steps, 1)) * level


def train(
    recipe: Recipe,
    corpus: Corpus,
    out: Path,
    *,
    resume: bool = False,
    minutes: float | None = None,
    start_from: Mapping[str, Tensor] | None = None,
    say: Callable[[str], None],
) -> Path | None:
    """Train until the recipe's steps or `minutes` are used up; returns the checkpoint, None but on the first process.

    With `minutes` the learning rate follows the clock, else the step, and then a resumed run repeats the loss
    curve exactly. `start_from` holds weights to begin with. Raises UsageError if `out` holds a run and `resume` is off.
    """
    world = join_world()
    torch.set_num_threads(max(1, recipe.train.threads // world.size))
    run = _Run(recipe, corpus, out, world, start_from, say)
    if resume and run.path.exists():
        run.restore(load_checkpoint(run.path))
    elif run.path.exists():
        raise UsageError("holds a run already", where=str(out), cure="add --resume or give another folder")
    try:
        run.go(minutes)
    finally:
        if world.size > 1:
            dist.destroy_process_group()
    return None if world.rank else run.path


class _Run:
    def __init__(
        self,
        recipe: Recipe,
        corpus: Corpus,
        out: Path,
        world: World,
        start_from: Mapping[str, Tensor] | None,
        say: Callable[[str], None],
    ) -> None:
        self.recipe, self.corpus, self.world, self.say = recipe, corpus, world, say
        out.mkdir(parents=True, exist_ok=True)
        self.path, self.log = out / CHECKPOINT, out / LOG
        torch.manual_seed(recipe.train.seed)
        self.net = make_net(recipe.net, corpus.vocabulary)
        if start_from is not None:
            self.net.load_state_dict({name: tensor.float() for name, tensor in start_from.items()})
        self.device = _device(recipe.train.device, world)
        self.teacher: NoteNet | None = None
        if recipe.train.teacher:
            self.teacher = load_net(find_model(recipe.train.teacher)).to(self.device).requires_grad_(False)
            if start_from is None:
                self._learn_by_heart(self.teacher)
        self.net.to(self.device)
        if recipe.train.only:
            beginnings = tuple(recipe.train.only.split())
            for name, weight in self.net.named_parameters():
                weight.requires_grad_(name.startswith(beginnings))
        self.average = {name: weight.detach().clone() for name, weight in self.net.named_parameters()}
        self.optimisers = make_optimisers(
            self.net,
            recipe.train.optimiser,
            learning_rate=recipe.train.learning_rate,
            weight_decay=recipe.train.weight_decay,
            turned_by_muon=recipe.train.muon,
        )
        self.mix = dict(recipe.mix) or dict.fromkeys(corpus.set_names, 1.0)
        self.mix = {name: share for name, share in self.mix.items() if corpus.pieces("train", name)}
        rows = recipe.train.streams // world.size
        self.streams = Streams(
            corpus,
            self.mix,
            seed=recipe.train.seed,
            streams=range(world.rank * rows, (world.rank + 1) * rows),
            window=recipe.train.window,
        )
        self.state = self.net.opening_state(rows)
        self.teacher_state = self.teacher.opening_state(rows) if self.teacher else []
        self.step, self.elapsed_s = 0, 0.0
        self.model: nn.Module = self.net
        if world.size > 1:
            self.model = nn.parallel.DistributedDataParallel(self.net)
            # Each process drops out other units; the weights were made equal from one seed above.
            torch.manual_seed(recipe.train.seed + 7919 * world.rank)
        self.settled = _compiled(self.model, self.device) if recipe.train.compile else self.model

    def go(self, minutes: float | None) -> None:
        train = self.recipe.train
        recent: list[float] = []
        mark_s = time.monotonic()
        while True:
            progress = self.step / train.steps
            if minutes is not None:
                self._agree_on_time()
                progress = max(progress, self.elapsed_s / (60 * minutes))
            if progress >= 1:
                break
            recent.append(self._one_step(rate_at(self.recipe, progress, self.step), progress))
            now_s = time.monotonic()
            self.elapsed_s += now_s - mark_s
            mark_s = now_s
            self.step += 1
            if self.step % train.log_every == 0:
                self._note(
                    {"step": self.step, "elapsed_s": round(self.elapsed_s, 1), "loss": sum(recent) / len(recent)}
                )
                recent.clear()
            if self.step % train.valid_every == 0:
                self._validate()
            if self.step % train.save_every == 0:
                self.save()
        self._validate()
        self.save()

    def _learn_by_heart(self, teacher: NoteNet) -> None:
        mine = self.net.state_dict()
        same = {name: weight for name, weight in teacher.state_dict().items() if name in mine}
        self.net.load_state_dict(
            {**mine, **{name: weight for name, weight in same.items() if weight.shape == mine[name].shape}}
        )

    def _one_step(self, rate: float, progress: float) -> float:
        train = self.recipe.train
        for optimiser in self.optimisers:
            for group in optimiser.param_groups:
                group["lr"] = rate
            optimiser.zero_grad(set_to_none=True)
        batch, fresh = self.streams.next()
        batch, keep = batch.to(self.device), (~fresh).to(self.device)
        share = train.teaching * max(1 - progress / max(train.taught, 1e-9), 0.0)
        taught: list[Tensor] = []
        model = self.model if self.step < _UNSETTLED else self.settled
        with torch.autocast(self.device.type, torch.bfloat16, enabled=train.bfloat16):
            if self.teacher is not None and share > 0:
                with torch.no_grad():
                    taught, self.teacher_state = self.teacher.logits(batch, _kept(self.teacher_state, keep))
            # A tensor, since a compiled net would be compiled anew for every other number.
            nats, self.state = model(batch, _kept(self.state, keep), taught, torch.tensor(share, device=self.device))
        # Divided by the mean over processes, so that the mean of their losses is the mean over all notes.
        notes = self._mean(batch.weight[..., 0].sum())
        loss: Tensor = (nats * batch.weight).sum() / notes
        loss.backward()  # type: ignore[no-untyped-call]  # torch leaves this one unannotated
        nn.utils.clip_grad_norm_(self.net.parameters(), train.clip)
        for optimiser in self.optimisers:
            optimiser.step()
        keep_average = min(train.average, (1 + self.step) / (10 + self.step))
        with torch.no_grad():
            for name, weight in self.net.named_parameters():
                self.average[name].lerp_(weight, 1 - keep_average)
        return float(self._mean(loss.detach()))

    def _agree_on_time(self) -> None:
        """Rank 0's clock for all, so that every process takes the same steps and stops with the others."""
        if self.world.size > 1:
            shared = torch.tensor(self.elapsed_s, dtype=torch.float64, device=self.device)
            dist.broadcast(shared, 0)
            self.elapsed_s = float(shared)

    def _mean(self, figure: Tensor) -> Tensor:
        """The mean of a figure over all processes."""
        if self.world.size > 1:
            figure = figure.clone()
            dist.all_reduce(figure)
            figure = figure / self.world.size
        return figure

    def _validate(self) -> None:
        if self.world.rank:
            return
        trained = {name: weight.detach().clone() for name, weight in self.net.named_parameters()}
        self._put(self.average)
        figures = {}
        for name in self.mix:
            pieces = fixed_slice(self.corpus, name, self.recipe.train.valid_notes)
            if pieces:
                found = measure(self.net, self.corpus, pieces, notes_each=2048)
                figures[name] = [round(found.per_note, 4), *(round(part, 3) for part in found.parts)]
        self._put(trained)
        self._note({"step": self.step, "elapsed_s": round(self.elapsed_s, 1), "valid": figures})

    def _put(self, weights: Mapping[str, Tensor]) -> None:
        with torch.no_grad():
            for name, weight in self.net.named_parameters():
                weight.copy_(weights[name])

    def _note(self, entry: dict[str, object]) -> None:
        if self.world.rank:
            return
        text = json.dumps(entry)
        with self.log.open("a", encoding="utf-8") as file:
            file.write(text + "\n")
        self.say(text)

    def save(self) -> None:
        """Write the checkpoint; every process's place in the data is kept."""
        mine = {
            "position": self.streams.position(),
            "state": [tensor.cpu() for tensor in (*self.state, *self.teacher_state)],
            "random": torch.get_rng_state(),
        }
        everyone: list[dict[str, object]] = [mine]
        if self.world.size > 1:
            gathered: list[dict[str, object] | None] = [None] * self.world.size
            dist.all_gather_object(gathered, mine)
            everyone = [entry for entry in gathered if entry is not None]
        if self.world.rank:
            return
        tensors: dict[str, Tensor] = {f"net.{name}": weight for name, weight in self.net.named_parameters()}
        tensors |= {f"average.{name}": weight for name, weight in self.average.items()}
        tensors |= optimiser_tensors(self.net, self.optimisers)
        for rank, entry in enumerate(everyone):
            held = entry["state"]
            assert isinstance(held, list)
            tensors |= {f"state.{rank}.{index}": tensor for index, tensor in enumerate(held)}
            random = entry["random"]
            assert isinstance(random, Tensor)
            tensors[f"random.{rank}"] = random
        facts = {
            "step": self.step,
            "elapsed_s": self.elapsed_s,
            "world": self.world.size,
            "positions": [entry["position"] for entry in everyone],
            "recipe": json.loads(self.recipe.as_json()),
            "vocabulary": self.corpus.vocabulary.as_spec(),
            "mix": self.mix,
            "pieces": len(self.corpus.pieces("train")),
        }
        save_checkpoint(self.path, Checkpoint(tensors, facts))

    def restore(self, checkpoint: Checkpoint) -> None:
        """Continue a saved run. Raises UsageError if it was made by another number of processes."""
        facts = checkpoint.facts
        if facts["world"] != self.world.size:
            raise UsageError(
                f"was saved by {facts['world']} processes", where=str(self.path), cure="resume with as many"
            )
        self._put(checkpoint.part("net."))
        self.average = {name: tensor.to(self.device, copy=True) for name, tensor in checkpoint.part("average.").items()}
        restore_optimisers(self.net, self.optimisers, checkpoint.tensors)
        count = len(self.state) + len(self.teacher_state)
        held = [checkpoint.tensors[f"state.{self.world.rank}.{index}"].to(self.device) for index in range(count)]
        self.state, self.teacher_state = held[: len(self.state)], held[len(self.state) :]
        torch.set_rng_state(checkpoint.tensors[f"random.{self.world.rank}"])
        positions, step, elapsed_s = facts["positions"], facts["step"], facts["elapsed_s"]
        assert isinstance(positions, list)
        if len(positions[self.world.rank]) != len(self.streams.position()):
            raise UsageError("was saved with another number of streams", where=str(self.path), cure="use its recipe")
        assert isinstance(step, int)
        assert isinstance(elapsed_s, float)
        self.streams.go_to(positions[self.world.rank])
        self.step, self.elapsed_s = step, elapsed_s


def _compiled(model: nn.Module, device: torch.device) -> nn.Module:
    """The model through torch's compiler. Raises UsageError where that misses the C++ compiler that a CPU needs."""
    if device.type == "cpu" and not any(map(shutil.which, (os.environ.get("CXX", "g++"), "clang++", "cl"))):
        raise UsageError("train.compile needs a C++ compiler", cure="install g++, or set compile = false")
    compiled = torch.compile(model, dynamic=False)
    assert isinstance(compiled, nn.Module)
    return compiled


def _kept(state: list[Tensor], keep: Tensor) -> list[Tensor]:
    """The state, opened anew in the rows that do not `keep` it."""
    return [tensor * keep.view(-1, *[1] * (tensor.ndim - 1)) for tensor in state]


def _device(name: str, world: World) -> torch.device:
    """Where the net is trained: `auto` is a GPU of this process's own if there is one."""
    if name == "auto":
        name = f"cuda:{world.rank % torch.cuda.device_count()}" if torch.cuda.is_available() else "cpu"
    device = torch.device(name)
    if device.type == "cuda":
        torch.cuda.set_device(device)
    return device
