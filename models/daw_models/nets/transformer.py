"""The attending net: causal transformer blocks over the last notes, told exactly what the recurrent net is told."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields

import torch
from torch import Tensor, nn
from torch.nn import functional

from daw_bridge.errors import UsageError
from daw_bridge.music.vocabulary import Vocabulary
from daw_models.nets.notewise import Batch, NoteNet

SHIFTS = 2
"""Each block mixes this many notes before a note straight into it, so that no head is spent on finding neighbours."""
SCALE = 0.12
"""Of the products of queries and keys, both normalised."""
EPSILON = 1e-6
_INDEX_PERIODS = (6.0, 2048.0)
_TIME_PERIODS = (12.0, 6000.0)


@dataclass(frozen=True)
class TransformerConfig:
    """Sizes of the net. A note attends to the last `context` notes, itself included.

    `groups` key-value heads serve all `heads`. `carried` notes are remembered from window to window in training;
    there and in `dropout` alone training differs from use.
    """

    hidden: int = 512
    head: int = 256
    wide: int = 64
    narrow: int = 16
    blocks: int = 4
    heads: int = 8
    groups: int = 2
    inner: int = 1536
    context: int = 512
    carried: int = 256
    dropout: float = 0.0

    @property
    def each(self) -> int:
        """Width of an attention head."""
        return self.hidden // self.heads

    def as_spec(self) -> dict[str, object]:
        """Plain values for the header of a weights file."""
        return {"family": "transformer", **asdict(self)}

    @classmethod
    def from_spec(cls, spec: Mapping[str, object], *, where: str | None = None) -> TransformerConfig:
        """The config of a header. Raises UsageError, naming `where`, for another family or sizes that do not fit."""
        sizes = {name: value for name, value in spec.items() if name != "family"}
        if spec.get("family") != "transformer" or set(sizes) - {field.name for field in fields(cls)}:
            raise UsageError("architecture not known to this version", where=where, cure="update aiart-bridge")
        config = cls(**sizes)  # type: ignore[arg-type]  # names are checked above, sizes below and by the tensors
        fit = config.hidden % (4 * config.heads) == 0 and config.heads % config.groups == 0
        if not fit or not 0 <= config.carried < config.context:
            cure = "hidden must be a multiple of 4 heads, heads of groups, and carried less than context"
            raise UsageError("sizes of the net do not fit together", where=where, cure=cure)
        return config


def rotary_periods(each: int) -> Tensor:
    """int64 [each / 2]: the periods of a head's pairs, the first half in notes, the second in cells of time.

    They are whole numbers, so that an angle is exact however long the music has gone on.
    """
    pairs = each // 2
    by_index, by_time = pairs - pairs // 2, pairs // 2
    periods = []
    for count, (first, last) in ((by_index, _INDEX_PERIODS), (by_time, _TIME_PERIODS)):
        step = math.log(last / first) / max(count - 1, 1)
        periods += [round(first * math.exp(step * index)) for index in range(count)]
    return torch.tensor(periods, dtype=torch.int64)


def rotary(index: Tensor, now: Tensor, periods: Tensor) -> tuple[Tensor, Tensor]:
    """Cosine and sine, float [..., each / 2], of where a note stands: number and onset in cells, int64 [...]."""
    by_index = periods.size(0) - periods.size(0) // 2
    first = torch.remainder(index.unsqueeze(-1), periods[:by_index])
    second = torch.remainder(now.unsqueeze(-1), periods[by_index:])
    angle = torch.cat([first, second], -1).to(torch.float32) * (2.0 * math.pi) / periods
    return torch.cos(angle), torch.sin(angle)


def turned(x: Tensor, cos: Tensor, sin: Tensor) -> Tensor:
    """x [..., each] normalised and turned by the angles [..., each / 2]."""
    first, second = functional.rms_norm(x, [x.size(-1)], None, 1e-6).chunk(2, -1)
    return torch.cat([first * cos - second * sin, first * sin + second * cos], -1)


def attended(query: Tensor, key: Tensor, value: Tensor, mask: Tensor) -> Tensor:
    """What each query finds: [B, T, heads, each] among keys and values [B, K, groups, each] -> [B, T, heads * each].

    mask [B, 1, T, K] is added to the products.
    """
    if query.is_cuda:
        each_group = query.size(2) // key.size(2)
        told = functional.scaled_dot_product_attention(
            query.transpose(1, 2),
            key.transpose(1, 2).repeat_interleave(each_group, 1),
            value.transpose(1, 2).repeat_interleave(each_group, 1),
            mask,
            scale=SCALE,
        )
        return told.transpose(1, 2).flatten(2)
    # On a CPU plain products, all heads of a group in one, take a third of the time of torch's own attention.
    batch, notes, heads, each = query.shape
    groups, known = key.size(2), key.size(1)
    rows = heads // groups * notes
    asked = (query * SCALE).view(batch, notes, groups, -1, each).permute(0, 2, 3, 1, 4).reshape(-1, rows, each)
    scores = torch.bmm(asked, key.permute(0, 2, 3, 1).reshape(-1, each, known))
    weights = torch.softmax(scores.view(batch, heads, notes, known) + mask, -1).view(-1, rows, known)
    told = torch.bmm(weights.to(value.dtype), value.transpose(1, 2).reshape(-1, known, each))
    return told.view(batch, groups, -1, notes, each).permute(0, 3, 1, 2, 4).reshape(batch, notes, -1)


class Block(nn.Module):
    """Attention over the last notes, then a feed-forward layer, each added to what flows past."""

    def __init__(self, config: TransformerConfig) -> None:
        super().__init__()
        self.heads, self.groups, self.each = config.heads, config.groups, config.each
        self.shift = nn.Parameter(torch.zeros(SHIFTS, config.hidden))
        self.attend_norm = nn.RMSNorm(config.hidden, EPSILON)
        self.attend_in = nn.Linear(config.hidden, (config.heads + 2 * config.groups) * config.each, bias=False)
        self.attend_out = nn.Linear(config.heads * config.each, config.hidden, bias=False)
        self.think_norm = nn.RMSNorm(config.hidden, EPSILON)
        self.think_in = nn.Linear(config.hidden, config.inner, bias=False)
        self.think_out = nn.Linear(config.inner, config.hidden, bias=False)
        with torch.no_grad():
            self.attend_out.weight.zero_()
            self.think_out.weight.zero_()

    def forward(
        self, flow: Tensor, cos: Tensor, sin: Tensor, mask: Tensor, recent: Tensor, keys: Tensor, values: Tensor
    ) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """One block over a window.

        flow [B, T, hidden]; cos, sin [B, T, 1, each / 2]; mask [B, 1, T, M + T] is added to the products; recent
        [B, SHIFTS, hidden], keys and values [B, M, groups, each] are of the notes before the window. Returns the flow,
        and these three with the window's notes appended.
        """
        batch, notes, _ = flow.shape
        plain = torch.cat([recent.to(flow.dtype), self.attend_norm(flow)], 1)
        mixed = plain[:, SHIFTS:]
        for back in range(SHIFTS):
            mixed = mixed + plain[:, SHIFTS - 1 - back : SHIFTS - 1 - back + notes] * self.shift[back]
        wide = self.attend_in(mixed).view(batch, notes, -1, self.each)
        query = turned(wide[:, :, : self.heads], cos, sin)
        key = torch.cat([keys.to(query.dtype), turned(wide[:, :, self.heads : self.heads + self.groups], cos, sin)], 1)
        value = torch.cat([values.to(query.dtype), wide[:, :, self.heads + self.groups :]], 1)
        flow = flow + self.attend_out(attended(query, key, value, mask))
        flow = flow + self.think_out(functional.gelu(self.think_in(self.think_norm(flow)), approximate="tanh"))
        return flow, plain[:, -SHIFTS:], key, value


class TransformerNet(NoteNet):
    """The family of attention blocks with rotary positions by note number and by time.

    State: notes heard [B]; recent notes of every block [B, blocks, SHIFTS, hidden]; keys and values
    [B, M, blocks, 2, groups, each] of the last M notes, of which no more than the notes heard are real.
    """

    periods: Tensor
    config: TransformerConfig

    def __init__(self, config: TransformerConfig, vocabulary: Vocabulary) -> None:
        super().__init__(config, vocabulary)
        self.enter_norm = nn.RMSNorm(config.hidden, EPSILON)
        self.blocks = nn.ModuleList(Block(config) for _ in range(config.blocks))
        self.leave_norm = nn.RMSNorm(config.hidden, EPSILON)
        self.register_buffer("periods", rotary_periods(config.each), persistent=False)

    def opening_state(self, batch: int) -> list[Tensor]:
        """Nothing heard, nothing remembered."""
        config, device = self.config, self.periods.device
        return [
            torch.zeros(batch, dtype=torch.int64, device=device),
            torch.zeros(batch, config.blocks, SHIFTS, config.hidden, device=device),
            torch.zeros(batch, 0, config.blocks, 2, config.groups, config.each, device=device),
        ]

    def core(self, flow: Tensor, batch: Batch, state: list[Tensor]) -> tuple[Tensor, list[Tensor]]:
        """All blocks, from a window's notes and the state before it."""
        heard, recent, memory = state
        notes, held = flow.size(1), memory.size(1)
        here = torch.arange(notes, device=flow.device)
        cos, sin = rotary(heard.unsqueeze(1) + here, batch.now, self.periods)
        flow = self.enter_norm(flow)
        cos, sin = cos.unsqueeze(2).to(flow.dtype), sin.unsqueeze(2).to(flow.dtype)
        mask = self._mask(heard, notes, held).to(flow.dtype)
        keep = min(self.config.carried if self.training else self.config.context - 1, held + notes)
        after_recent, after_memory = [], []
        for index, block in enumerate(self.blocks):
            flow, last, key, value = block(
                flow, cos, sin, mask, recent[:, index], memory[:, :, index, 0], memory[:, :, index, 1]
            )
            after_recent.append(last.detach())
            kept = [key[:, held + notes - keep :], value[:, held + notes - keep :]]
            after_memory.append(torch.stack(kept, 2).detach())
        after = [heard + notes, torch.stack(after_recent, 1), torch.stack(after_memory, 2)]
        return self.leave_norm(flow), after

    def _mask(self, heard: Tensor, notes: int, held: int) -> Tensor:
        """float [B, 1, T, M + T]: 0 where a note may look, -inf where not."""
        key = torch.arange(held + notes, device=heard.device)
        distance = held + torch.arange(notes, device=heard.device).unsqueeze(1) - key
        near = (distance >= 0) & (distance < self.config.context)
        real = key >= held - heard.clamp(max=held).unsqueeze(1)
        allowed = near.unsqueeze(0) & real.unsqueeze(1)
        return torch.zeros(allowed.shape, device=heard.device).masked_fill_(~allowed, -math.inf).unsqueeze(1)
