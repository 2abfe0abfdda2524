"""The field's table: our cores trained on piano-roll benchmarks, judged as published.

The figure is nats per frame over frames 2 to T of every piece, the 88 keys taken as independent, padding not counted,
averaged over all frames. The published test pieces need not be at hand: epochs are chosen on one half of the valid
pieces and judged on the other, both ways round, so that no piece judges the epoch that it chose.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from daw_models.data.rolls import Roll, RollSet, halves, padded
from daw_models.nets.rolls import RollConfig, RollNet, make_roll_net

_JUDGED_AT_ONCE = 16
_CLIP = 1.0


@dataclass(frozen=True)
class RollPlan:
    """How one net is trained on one benchmark: `pieces` go into a step, the rate falls to nothing on a cosine."""

    net: RollConfig
    epochs: int
    pieces: int
    learning_rate: float = 0.002
    weight_decay: float = 0.05
    average: float = 0.99
    seed: int = 1


SMALL = {
    "lstm": RollPlan(RollConfig(hidden=256, dropout=0.5), epochs=60, pieces=8),
    "transformer": RollPlan(RollConfig(hidden=192, dropout=0.4), epochs=60, pieces=8, learning_rate=0.001),
}
"""For sets of a few hundred short pieces."""
LARGE = {
    "lstm": RollPlan(RollConfig(hidden=256, dropout=0.3), epochs=20, pieces=8),
    "transformer": RollPlan(RollConfig(hidden=192, dropout=0.2), epochs=16, pieces=8, learning_rate=0.001),
}
"""For the sets of a hundred thousand frames and more."""
_LARGE_FROM = 50_000


@dataclass(frozen=True)
class RollResult:
    """What one net reached: nats per frame on the valid pieces, and on the test pieces if there are any."""

    family: str
    weights: int
    epochs: int
    seconds: float
    seed: int
    valid: float
    chosen_epochs: tuple[int, int]
    test: float | None
    test_epoch: int | None

    def as_json(self) -> dict[str, object]:
        """Plain values for a report."""
        return asdict(self)


def plan_for(rolls: RollSet, family: str) -> RollPlan:
    """The plan of a family, by the size of the set."""
    frames = sum(len(roll) for roll in rolls.train)
    return (LARGE if frames >= _LARGE_FROM else SMALL)[family]


def train_on_rolls(
    rolls: RollSet, family: str, plan: RollPlan, *, minutes: float | None = None, say: Callable[[str], None]
) -> RollResult:
    """Train one net on the training pieces and judge it after each epoch; with `minutes` the plan ends at that time."""
    torch.manual_seed(plan.seed)
    order = np.random.default_rng(plan.seed)
    net = make_roll_net(family, plan.net)
    course = _Course(net, plan)
    start_s = time.monotonic()
    judged: list[dict[str, float]] = []
    tested: list[float] = []
    parts = {name: [rolls.valid[index] for index in rows] for name, rows in halves(len(rolls.valid)).items()}
    frames = {name: sum(len(roll) - 1 for roll in part) for name, part in parts.items()}
    for epoch in range(plan.epochs):
        batches = list(_batches(rolls.train, plan.pieces, order))
        for index, batch in enumerate(batches):
            progress = (epoch + index / len(batches)) / plan.epochs
            if minutes is not None:
                progress = max(progress, (time.monotonic() - start_s) / (60 * minutes))
            course.step(batch, min(progress, 1.0))
        with course.averaged():
            judged.append({name: nats_per_frame(net, part) for name, part in parts.items()})
            if rolls.test:
                tested.append(nats_per_frame(net, rolls.test))
        spent_s = time.monotonic() - start_s
        now = _mean(judged[-1], frames)
        say(f"{rolls.name} {family} epoch {epoch + 1}: {now:.3f} nats per frame after {spent_s:.0f} s")
        if minutes is not None and spent_s >= 60 * minutes:
            break
    valid, chosen = crosswise(judged, frames)
    best = min(range(len(judged)), key=lambda epoch: _mean(judged[epoch], frames))
    return RollResult(
        family=family,
        weights=sum(weight.numel() for weight in net.parameters()),
        epochs=len(judged),
        seconds=round(time.monotonic() - start_s, 1),
        seed=plan.seed,
        valid=round(valid, 3),
        chosen_epochs=(chosen[0] + 1, chosen[1] + 1),
        test=round(tested[best], 3) if tested else None,
        test_epoch=best + 1 if tested else None,
    )


def crosswise(judged: Sequence[Mapping[str, float]], frames: Mapping[str, int]) -> tuple[float, tuple[int, int]]:
    """Nats per frame with each half judged at the epoch that is best for the other, and the epochs the halves chose.

    judged holds nats per frame of the two halves after each epoch, frames how many each has; epochs count from 0.
    """
    first, second = frames
    by_first = min(range(len(judged)), key=lambda epoch: judged[epoch][first])
    by_second = min(range(len(judged)), key=lambda epoch: judged[epoch][second])
    total = judged[by_second][first] * frames[first] + judged[by_first][second] * frames[second]
    return total / sum(frames.values()), (by_first, by_second)


def _mean(judged: Mapping[str, float], frames: Mapping[str, int]) -> float:
    return sum(judged[name] * frames[name] for name in frames) / sum(frames.values())


class _Course:
    """Net, optimiser and averaged weights of one training."""

    def __init__(self, net: RollNet, plan: RollPlan) -> None:
        self.net, self.plan, self.steps = net, plan, 0
        self.mean = [weight.detach().clone() for weight in net.parameters()]
        self.optimiser = torch.optim.AdamW(
            net.parameters(), lr=plan.learning_rate, weight_decay=plan.weight_decay, betas=(0.9, 0.98)
        )

    def step(self, batch: Sequence[Roll], progress: float) -> None:
        """One step of the optimiser on some pieces; `progress` is the share of the training that is over."""
        warm = min(1.0, (self.steps + 1) / 50)
        for group in self.optimiser.param_groups:
            group["lr"] = self.plan.learning_rate * warm * 0.5 * (1 + math.cos(math.pi * progress))
        nats, frames = _nats(self.net, batch)
        self.optimiser.zero_grad(set_to_none=True)
        (nats / frames).backward()  # type: ignore[no-untyped-call]  # torch leaves this one unannotated
        torch.nn.utils.clip_grad_norm_(self.net.parameters(), _CLIP)
        self.optimiser.step()
        keep = min(self.plan.average, (1 + self.steps) / (10 + self.steps))
        with torch.no_grad():
            for mean, weight in zip(self.mean, self.net.parameters(), strict=True):
                mean.lerp_(weight, 1 - keep)
        self.steps += 1

    @contextmanager
    def averaged(self) -> Iterator[None]:
        """The net with its averaged weights while the context lasts."""
        trained = [weight.detach().clone() for weight in self.net.parameters()]
        self._put(self.mean)
        try:
            yield
        finally:
            self._put(trained)

    def _put(self, weights: Sequence[Tensor]) -> None:
        with torch.no_grad():
            for weight, value in zip(self.net.parameters(), weights, strict=True):
                weight.copy_(value)


def _batches(pieces: Sequence[Roll], size: int, order: np.random.Generator) -> Iterator[list[Roll]]:
    """All pieces once, in batches of nearly the same length, in random order."""
    noisy = [len(roll) * float(order.uniform(0.8, 1.25)) for roll in pieces]
    by_length = sorted(range(len(pieces)), key=noisy.__getitem__)
    batches = [by_length[first : first + size] for first in range(0, len(by_length), size)]
    for index in order.permutation(len(batches)):
        yield [pieces[piece] for piece in batches[index]]


def _nats(net: RollNet, pieces: Sequence[Roll]) -> tuple[Tensor, int]:
    """The sum of nats over frames 2 to T of some pieces, and how many frames that are."""
    frames, real = (torch.from_numpy(part) for part in padded(pieces))
    logits = net(frames[:, :-1])
    each = functional.binary_cross_entropy_with_logits(logits, frames[:, 1:], reduction="none").sum(-1)
    return (each * real[:, 1:]).sum(), sum(len(roll) - 1 for roll in pieces)


@torch.no_grad()
def nats_per_frame(net: RollNet, pieces: Sequence[Roll]) -> float:
    """The published figure of a net as it is, on whole pieces."""
    training = net.training
    net.eval()
    by_length = sorted(pieces, key=len)
    total, count = 0.0, 0
    for first in range(0, len(by_length), _JUDGED_AT_ONCE):
        nats, frames = _nats(net, by_length[first : first + _JUDGED_AT_ONCE])
        total, count = total + float(nats), count + frames
    net.train(training)
    return total / max(count, 1)
