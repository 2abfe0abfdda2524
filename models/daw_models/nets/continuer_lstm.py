"""The recurrent net unrolled note by note: the LSTM core of the sampling program."""

import torch
from torch import Tensor

from daw_models.nets.continuer import LASTING_NOTES, Continuer, table_sums
from daw_models.nets.features import HORIZONS
from daw_models.nets.lstm import LstmNet
from daw_models.nets.products import ProductMaker


class LstmContinuer(Continuer):
    """The program of an `LstmNet`.

    Its own in the state: 0 hidden and 1 cell [B, hidden] of the first layer, 11 and 12 of the second.
    """

    opening_cells: Tensor
    opening_heads: Tensor
    harmony_weight: Tensor
    harmony_scale: Tensor

    def __init__(self, net: LstmNet, product: ProductMaker) -> None:
        super().__init__(net, product)
        weights = {name: _gates_in_order(weight) for name, weight in net.layers.state_dict().items()}
        both = weights["0.bias_ih_l0"] + weights["0.bias_hh_l0"]
        self.first_input = product(weights["0.weight_ih_l0"], both)
        self.first_hidden = product(weights["0.weight_hh_l0"], None)
        # Both of the second layer's inputs are outputs of cells, so they share a scale.
        second = torch.cat([weights["1.weight_ih_l0"], weights["1.weight_hh_l0"]], 1)
        self.second = product(second, weights["1.bias_ih_l0"] + weights["1.bias_hh_l0"])
        self.from_hidden = product(net.from_hidden.weight, net.from_hidden.bias)
        harmony = torch.zeros(12 * len(HORIZONS), self.head)
        if net.from_harmony is not None:
            harmony = net.from_harmony.weight.detach().T.contiguous()
        self.register_buffer("harmony_weight", harmony)
        self.register_buffer("harmony_scale", _share_scales())
        self.register_buffer("opening_cells", torch.zeros(1, 4, self.hidden))
        self.register_buffer("opening_heads", torch.zeros(1, 4 * self.head))
        state = [torch.zeros(1, self.hidden)] * 13
        with torch.no_grad():
            self._recur(state, [self.opening_told], [])
        self.opening_cells = torch.stack([state[0], state[1], state[11], state[12]], 1)
        self.opening_heads = state[2]

    def _opened(self, batch: int) -> list[Tensor]:
        return [
            self.opening_cells[:, 0].repeat(batch, 1),
            self.opening_cells[:, 1].repeat(batch, 1),
            self.opening_heads.repeat(batch, 1),
            self.opening_cells[:, 2].repeat(batch, 1),
            self.opening_cells[:, 3].repeat(batch, 1),
        ]

    def _with_key(self, hidden: Tensor, state: list[Tensor], heard: int) -> Tensor:
        scale = self.harmony_scale.select(0, min(heard, self.harmony_scale.size(0) - 1))
        shares = (state[8].narrow(1, 0, 3) * scale).flatten(1)
        return torch.addmm(hidden, shares, self.harmony_weight)

    def _recur(self, state: list[Tensor], entering: list[Tensor], now: list[Tensor]) -> None:  # noqa: ARG002
        hidden_0, cell_0, hidden_1, cell_1 = state[0], state[1], state[11], state[12]
        for told in entering:
            flow = table_sums(self.enter_rows, told + self.enter_at)
            hidden_0, cell_0 = self._cell(self.first_input(flow).add_(self.first_hidden(hidden_0)), cell_0)
            hidden_1, cell_1 = self._cell(self.second(torch.cat([hidden_0, hidden_1], 1)), cell_1)
        state[0], state[1], state[11], state[12] = hidden_0, cell_0, hidden_1, cell_1
        state[2] = self.from_hidden(hidden_0 + hidden_1)

    def _cell(self, gates: Tensor, cell: Tensor) -> tuple[Tensor, Tensor]:
        """Hidden and cell after gates [B, 4 hidden]: enter, keep, leave, and what may enter."""
        enter, keep, leave = gates.narrow(1, 0, 3 * self.hidden).sigmoid().chunk(3, 1)
        after = torch.addcmul(keep * cell, enter, gates.narrow(1, 3 * self.hidden, self.hidden).tanh())
        return leave * after.tanh(), after


def _gates_in_order(weight: Tensor) -> Tensor:
    """Rows of enter, keep, candidate and leave, as torch has them, with the candidates last."""
    enter, keep, candidate, leave = weight.detach().chunk(4, 0)
    return torch.cat([enter, keep, leave, candidate])


def _share_scales() -> Tensor:
    """What makes shares times twelve of fading counts, by how many notes were counted: [LASTING_NOTES, HORIZONS, 1]."""
    totals = torch.zeros(len(HORIZONS), dtype=torch.float64)
    horizons, scales = torch.tensor(HORIZONS, dtype=torch.float64), []
    for _ in range(LASTING_NOTES):
        scales.append(12.0 / (totals + 0.001))
        totals = totals * horizons + 1.0
    return torch.stack(scales).float().unsqueeze(2)
