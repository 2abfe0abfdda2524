"""The recurrent net unrolled note by note: the LSTM core of the sampling program."""

import torch
from torch import Tensor
from torch.nn import functional

from daw_models.nets.continuer import Continuer, table_sums
from daw_models.nets.features import HORIZONS, shares_of
from daw_models.nets.lstm import LstmNet
from daw_models.nets.products import ProductMaker


class LstmContinuer(Continuer):
    """The program of an `LstmNet`.

    Its own in the state: 0 hidden and 1 cell [B, 2, hidden]; 11 fading counts of pitch classes [B, HORIZONS, 12].
    """

    opening_hidden: Tensor
    opening_cell: Tensor
    opening_heads: Tensor
    harmony_weight: Tensor
    horizons: Tensor
    pitch_classes: Tensor

    def __init__(self, net: LstmNet, product: ProductMaker) -> None:
        super().__init__(net, product)
        weights = net.state_dict()
        self.first_input = product(weights["layers.0.weight_ih_l0"], weights["layers.0.bias_ih_l0"])
        self.first_hidden = product(weights["layers.0.weight_hh_l0"], weights["layers.0.bias_hh_l0"])
        self.second_input = product(weights["layers.1.weight_ih_l0"], weights["layers.1.bias_ih_l0"])
        self.second_hidden = product(weights["layers.1.weight_hh_l0"], weights["layers.1.bias_hh_l0"])
        self.from_hidden = product(net.from_hidden.weight, net.from_hidden.bias)
        harmony = torch.zeros(self.head, 12 * len(HORIZONS))
        if net.from_harmony is not None:
            harmony = net.from_harmony.weight.detach().clone()
        self.register_buffer("harmony_weight", harmony)
        self.register_buffer("horizons", torch.tensor(HORIZONS).unsqueeze(1))
        self.register_buffer("pitch_classes", torch.eye(12).unsqueeze(1))
        self.register_buffer("opening_hidden", torch.zeros(1, 2, self.hidden))
        self.register_buffer("opening_cell", torch.zeros(1, 2, self.hidden))
        self.register_buffer("opening_heads", torch.zeros(1, 4 * self.head))
        state = [self.opening_hidden, self.opening_cell, self.opening_heads]
        with torch.no_grad():
            self._recur(state, self.opening_entering, torch.zeros(1, 1, dtype=torch.int64))
        self.opening_hidden, self.opening_cell, self.opening_heads = state

    def _opened(self, batch: int) -> list[Tensor]:
        return [
            self.opening_hidden.repeat(batch, 1, 1),
            self.opening_cell.repeat(batch, 1, 1),
            self.opening_heads.repeat(batch, 1),
            torch.zeros(batch, self.horizons.size(0), 12),
        ]

    def _notice(self, state: list[Tensor], note: Tensor, onset: Tensor, duration: Tensor, note_class: int) -> Tensor:
        state[11] = state[11] * self.horizons + self.pitch_classes[note.select(1, 1) % 12]
        return self._keep(state, note, onset, duration, note_class)

    def _from_key(self, state: list[Tensor]) -> Tensor:
        return functional.linear(shares_of(state[11]), self.harmony_weight)

    def _recur(self, state: list[Tensor], entering: Tensor, now: Tensor) -> None:  # noqa: ARG002
        for index in range(entering.size(1)):
            self._step(state, entering.select(1, index))

    def _step(self, state: list[Tensor], entering: Tensor) -> None:
        """One note through both layers: entering int64 [B, slots]."""
        hidden, cell = state[0], state[1]
        flow = table_sums(self.enter_rows, entering + self.enter_at)
        size = self.hidden
        gates = self.first_input(flow) + self.first_hidden(hidden.select(1, 0))
        enter, keep, _, leave = torch.sigmoid(gates).chunk(4, 1)
        cell_0 = keep * cell.select(1, 0) + enter * torch.tanh(gates.narrow(1, 2 * size, size))
        hidden_0 = leave * torch.tanh(cell_0)
        gates = self.second_input(hidden_0) + self.second_hidden(hidden.select(1, 1))
        enter, keep, _, leave = torch.sigmoid(gates).chunk(4, 1)
        cell_1 = keep * cell.select(1, 1) + enter * torch.tanh(gates.narrow(1, 2 * size, size))
        hidden_1 = leave * torch.tanh(cell_1)
        state[0] = torch.stack([hidden_0, hidden_1], 1)
        state[1] = torch.stack([cell_0, cell_1], 1)
        state[2] = self.from_hidden(hidden_0 + hidden_1)
