"""The attending net fed note by note: keys and values are kept, and a note costs the same however long the music is."""

import math

import torch
from torch import Tensor, nn
from torch.nn import functional

from daw_models.nets.continuer import Continuer, table_sums
from daw_models.nets.products import ProductMaker
from daw_models.nets.transformer import SCALE, SHIFTS, Block, TransformerNet, rotary, turned

CHUNK = 64
"""So many notes are fed at once; more would cost memory for little."""


class BlockProgram(nn.Module):
    """A `Block` for use: gains folded into the products behind them."""

    def __init__(self, block: Block, product: ProductMaker) -> None:
        super().__init__()
        self.heads, self.groups, self.each, self.scale = block.heads, block.groups, block.each, SCALE
        self.register_buffer("shift", block.shift.detach().clone())
        self.attend_in = product(block.attend_in.weight * block.attend_norm.weight, None)
        self.attend_out = product(block.attend_out.weight, None)
        self.think_in = product(block.think_in.weight * block.think_norm.weight, None)
        self.think_out = product(block.think_out.weight, None)

    shift: Tensor

    def forward(
        self,
        flow: Tensor,
        recent: Tensor,
        store: Tensor,
        window: tuple[int, int],
        turn: tuple[Tensor, Tensor],
        mask: Tensor,
    ) -> tuple[Tensor, Tensor]:
        """One block over n notes.

        flow [B, n, hidden]; recent [B, SHIFTS, hidden] of the notes before; store [B, 2, groups, room, each] of this
        block, into which the notes' keys and values are written from window[1] on; those from window[0] on are seen;
        turn: cosine and sine [B, n, 1, each / 2]; mask [n, seen], or empty for a single note. Returns flow and recent.
        """
        batch, notes, hidden = flow.shape
        first, end = window
        plain = torch.cat([recent, functional.rms_norm(flow, [hidden], None, 1e-6)], 1)
        mixed = plain[:, 2:] + plain[:, 1:-1] * self.shift[0] + plain[:, :-2] * self.shift[1]
        wide = self.attend_in(mixed.view(batch * notes, hidden)).view(batch, notes, -1, self.each)
        both = turned(wide[:, :, : self.heads + self.groups], turn[0], turn[1])
        store[:, 0, :, end : end + notes] = both[:, :, self.heads :].transpose(1, 2)
        store[:, 1, :, end : end + notes] = wide[:, :, self.heads + self.groups :].transpose(1, 2)
        query = (both[:, :, : self.heads] * self.scale).view(batch, notes, self.groups, -1, self.each)
        query = query.permute(0, 2, 3, 1, 4).reshape(batch, self.groups, -1, self.each)
        scores = torch.matmul(query, store[:, 0, :, first : end + notes].transpose(2, 3))
        if mask.size(0) > 0:
            scores = (scores.view(batch, self.heads, notes, -1) + mask).view(batch, self.groups, query.size(2), -1)
        told = torch.matmul(torch.softmax(scores, -1), store[:, 1, :, first : end + notes])
        told = told.view(batch, self.heads, notes, self.each).transpose(1, 2).reshape(batch * notes, -1)
        flow = flow + self.attend_out(told).view(batch, notes, hidden)
        inner = self.think_in(functional.rms_norm(flow, [hidden], None, 1e-6).view(batch * notes, hidden))
        flow = flow + self.think_out(functional.gelu(inner, approximate="tanh")).view(batch, notes, hidden)
        return flow, plain[:, -2:]


class TransformerContinuer(Continuer):
    """The program of a `TransformerNet`.

    Its own in the state: 0 recent notes of every block [B, blocks, SHIFTS, hidden]; 1 store of keys and values [B,
    blocks, 2, groups, room, each]; 11 frontier [B], how far the store is written; 12 place [B, 3]: where in the store
    the notes seen begin and end, and how many notes were heard in all.

    A store is shared by all states that grew out of each other, so that keeping a state per note costs no more than
    the notes themselves. Notes are appended beyond `end`, where no older state looks, and the shared frontier moves on.
    A state that is not at the frontier (the caller went back and now feeds something else), or whose store is full,
    first gets a store of its own with the last notes in it. One thread at a time may use states that share a store.
    """

    opening_recent: Tensor
    opening_store: Tensor
    opening_heads: Tensor
    enter_gain: Tensor
    periods: Tensor

    def __init__(self, net: TransformerNet, product: ProductMaker) -> None:
        super().__init__(net, product)
        config = net.config
        self.context, self.chunk = config.context, CHUNK
        self.register_buffer("enter_gain", net.enter_norm.weight.detach().clone())
        self.register_buffer("periods", net.periods.clone())
        programs = []
        for block in net.blocks:
            assert isinstance(block, Block)
            programs.append(BlockProgram(block, product))
        self.blocks = nn.ModuleList(programs)
        self.from_hidden = product(net.from_hidden.weight * net.leave_norm.weight, net.from_hidden.bias)
        self.register_buffer("opening_recent", torch.zeros(1, config.blocks, SHIFTS, config.hidden))
        self.register_buffer("opening_store", torch.zeros(1, config.blocks, 2, config.groups, 1, config.each))
        self.register_buffer("opening_heads", torch.zeros(1, 4 * config.head))
        nothing = torch.zeros(0)
        state = [self.opening_recent, self.opening_store, self.opening_heads, *[nothing] * 8]
        state += [torch.zeros(1, dtype=torch.int64), torch.zeros(1, 3, dtype=torch.int64)]
        with torch.no_grad():
            self._recur(state, [self.opening_told], [torch.zeros(1, 1, dtype=torch.int64)])
        self.opening_recent, self.opening_store, self.opening_heads = state[:3]

    def _opened(self, batch: int) -> list[Tensor]:
        return [
            self.opening_recent.repeat(batch, 1, 1, 1),
            self.opening_store.repeat(batch, 1, 1, 1, 1, 1),
            self.opening_heads.repeat(batch, 1),
            torch.ones(batch, dtype=torch.int64),
            torch.tensor([[0, 1, 1]]).repeat(batch, 1),
        ]

    def _recur(self, state: list[Tensor], entering: list[Tensor], now: list[Tensor]) -> None:
        for first in range(0, len(entering), self.chunk):
            last = first + self.chunk
            self._listen(state, torch.stack(entering[first:last], 1), torch.cat(now[first:last], 1))

    def _listen(self, state: list[Tensor], entering: Tensor, now: Tensor) -> None:
        """A chunk of notes through all blocks: entering int64 [B, n, slots], now int64 [B, n]."""
        batch, notes = entering.size(0), entering.size(1)
        begin, end = int(state[12][0, 0].item()), int(state[12][0, 1].item())
        index = int(state[12][0, 2].item())
        begin = max(begin, end + 1 - self.context)
        store = state[1]
        if int(state[11][0].item()) != end or end + notes > store.size(4):
            kept = end - begin
            store = self._moved(store, begin, end, kept + max(self.context, notes))
            begin, end = 0, kept
            state[1] = store
            state[11] = torch.full((batch,), end + notes, dtype=torch.int64)
        else:
            state[11].fill_(end + notes)
        state[12] = torch.tensor([[begin, end + notes, index + notes]]).repeat(batch, 1)
        flow = table_sums(self.enter_rows, (entering + self.enter_at).view(batch * notes, -1)).view(batch, notes, -1)
        flow = functional.rms_norm(flow, [self.hidden], self.enter_gain, 1e-6)
        numbers = torch.arange(index, index + notes)
        cos, sin = rotary(numbers.expand(batch, notes), now, self.periods)
        turn = (cos.unsqueeze(2), sin.unsqueeze(2))
        mask = torch.zeros(0)
        if notes > 1:
            distance = torch.arange(end, end + notes).unsqueeze(1) - torch.arange(begin, end + notes)
            hidden = torch.logical_or(distance < 0, distance >= self.context)
            mask = torch.zeros(hidden.size(0), hidden.size(1)).masked_fill_(hidden, -math.inf)
        recent: list[Tensor] = []
        for number, block in enumerate(self.blocks):
            flow, last = block(flow, state[0][:, number], store[:, number], (begin, end), turn, mask)
            recent.append(last)
        state[0] = torch.stack(recent, 1)
        state[2] = self.from_hidden(functional.rms_norm(flow[:, -1], [self.hidden], None, 1e-6))

    def _moved(self, store: Tensor, begin: int, end: int, room: int) -> Tensor:
        """A store of its own with `room`, that begins with the notes from `begin` to `end` of this one."""
        shape = [store.size(0), store.size(1), store.size(2), store.size(3), room, store.size(5)]
        moved = torch.empty(shape)
        moved[:, :, :, :, : end - begin] = store[:, :, :, :, begin:end]
        return moved

    def _parted(self, state: list[Tensor]) -> list[Tensor]:
        """The state with a store of its own that holds just the notes seen."""
        own = [tensor for tensor in state]  # noqa: C416  # TorchScript knows no list()
        begin, end = int(state[12][0, 0].item()), int(state[12][0, 1].item())
        begin = max(begin, end + 1 - self.context)
        own[1] = state[1][:, :, :, :, begin:end]
        own[11] = torch.full_like(state[11], end - begin)
        own[12] = state[12] - torch.tensor([begin, begin, 0])
        own[12][:, 0] = 0
        return own

    @torch.jit.export
    def expand(self, state: list[Tensor], batch: int) -> list[Tensor]:
        """The state of one to many candidates."""
        return [tensor[:1].expand([batch] + [-1] * (tensor.dim() - 1)).clone() for tensor in self._parted(state)]

    @torch.jit.export
    def pick(self, state: list[Tensor], index: int) -> list[Tensor]:
        """The state of one candidate."""
        return [tensor[index : index + 1].clone() for tensor in self._parted(state)]


assert SHIFTS == 2, "literals above, for TorchScript"
