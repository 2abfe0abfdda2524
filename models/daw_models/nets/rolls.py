"""The cores of our two families between a piano-roll and the next frame of it: nets for the field's benchmarks only.

What a note net is told beside its core (who still sounds, what followed last time) is left out, and so are its four
heads: a frame is 88 independent keys.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional

from daw_bridge.errors import UsageError
from daw_models.data.rolls import KEYS
from daw_models.nets.lstm import LAYERS, run_layers
from daw_models.nets.transformer import EPSILON, SHIFTS, Block, TransformerConfig, rotary, rotary_periods

FAMILIES = ("lstm", "transformer")


@dataclass(frozen=True)
class RollConfig:
    """Sizes of a net; `dropout` is the share of the core's inputs and outputs that is not seen in training.

    `blocks`, `heads` and `context` (in frames) are the transformer's.
    """

    hidden: int = 256
    dropout: float = 0.4
    blocks: int = 3
    heads: int = 4
    context: int = 256


class RollNet(nn.Module):
    """Frames so far to logits of the keys in the next one."""

    def __init__(self, config: RollConfig) -> None:
        super().__init__()
        self.config = config
        self.enter = nn.Linear(KEYS, config.hidden)
        self.leave = nn.Linear(config.hidden, KEYS)

    def core(self, flow: Tensor) -> Tensor:
        """[B, T, hidden] -> [B, T, hidden]; a frame knows of none after it."""
        raise NotImplementedError

    def forward(self, rolls: Tensor) -> Tensor:
        """Logits [B, T, KEYS] of the frames after each of the frames [B, T, KEYS]."""
        dropout = self.config.dropout
        flow = functional.dropout(self.enter(rolls), dropout, self.training)
        logits: Tensor = self.leave(functional.dropout(self.core(flow), dropout, self.training))
        return logits


class LstmRolls(RollNet):
    """The layers of the LSTM family."""

    def __init__(self, config: RollConfig) -> None:
        super().__init__(config)
        self.layers = nn.ModuleList(nn.LSTM(config.hidden, config.hidden, batch_first=True) for _ in range(LAYERS))

    def core(self, flow: Tensor) -> Tensor:
        """All layers from an empty state."""
        state = [torch.zeros(len(flow), self.config.hidden) for _ in range(2 * LAYERS)]
        sums, _ = run_layers(self.layers, flow, state, self.config.dropout if self.training else 0.0)
        return sums


class TransformerRolls(RollNet):
    """The blocks of the transformer family; a frame's place in time is its number."""

    periods: Tensor

    def __init__(self, config: RollConfig) -> None:
        super().__init__(config)
        sizes = TransformerConfig(
            hidden=config.hidden,
            blocks=config.blocks,
            heads=config.heads,
            groups=1,
            inner=3 * config.hidden,
            context=config.context,
            carried=0,
        )
        self.groups, self.each = sizes.groups, sizes.each
        self.enter_norm = nn.RMSNorm(config.hidden, EPSILON)
        self.blocks = nn.ModuleList(Block(sizes) for _ in range(config.blocks))
        self.leave_norm = nn.RMSNorm(config.hidden, EPSILON)
        self.register_buffer("periods", rotary_periods(self.each), persistent=False)

    def core(self, flow: Tensor) -> Tensor:
        """All blocks, nothing remembered from before."""
        batch, frames, hidden = flow.shape
        here = torch.arange(frames)
        cos, sin = (part[None, :, None] for part in rotary(here, here, self.periods))
        distance = here.unsqueeze(1) - here
        seen = (distance >= 0) & (distance < self.config.context)
        mask = torch.zeros(1, 1, frames, frames).masked_fill_(~seen, -torch.inf)
        recent = torch.zeros(batch, SHIFTS, hidden)
        nothing = torch.zeros(batch, 0, self.groups, self.each)
        flow = self.enter_norm(flow)
        for block in self.blocks:
            flow, *_ = block(flow, cos, sin, mask, recent, nothing, nothing)
        normed: Tensor = self.leave_norm(flow)
        return normed


def make_roll_net(family: str, config: RollConfig) -> RollNet:
    """A fresh net. Raises UsageError for an unknown family."""
    if family == "lstm":
        return LstmRolls(config)
    if family == "transformer":
        return TransformerRolls(config)
    raise UsageError(f"family {family!r} is not known", cure=f"known: {', '.join(FAMILIES)}")
