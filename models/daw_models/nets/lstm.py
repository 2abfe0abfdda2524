"""The recurrent net: two LSTM layers told exactly what sounds and what followed last time, and four light heads."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields

import torch
from torch import Tensor, nn
from torch.nn import functional

from daw_bridge.errors import UsageError
from daw_bridge.music.vocabulary import Vocabulary
from daw_models.nets.features import HORIZONS, shares_of
from daw_models.nets.notewise import Batch, NoteNet

LAYERS = 2


@dataclass(frozen=True)
class LstmConfig:
    """Sizes of the net; `dropout` matters in training only. With `harmony` it counts the pitch classes it heard."""

    hidden: int = 512
    head: int = 256
    wide: int = 64
    narrow: int = 16
    dropout: float = 0.1
    harmony: bool = False

    def as_spec(self) -> dict[str, object]:
        """Plain values for the header of a weights file."""
        return {"family": "lstm", **asdict(self)}

    @classmethod
    def from_spec(cls, spec: Mapping[str, object], *, where: str | None = None) -> LstmConfig:
        """The config of a header. Raises UsageError, naming `where`, for another family or unknown sizes."""
        sizes = {name: value for name, value in spec.items() if name != "family"}
        if spec.get("family") != "lstm" or set(sizes) - {field.name for field in fields(cls)}:
            raise UsageError("architecture not known to this version", where=where, cure="update aiart-bridge")
        return cls(**sizes)  # type: ignore[arg-type]  # names are checked above, sizes by the tensors' shapes


class LstmNet(NoteNet):
    """The family of two LSTM layers, whose outputs are added up for the heads.

    State: hidden and cell [B, hidden] of the first layer, then of the second.
    """

    def __init__(self, config: LstmConfig, vocabulary: Vocabulary) -> None:
        super().__init__(config, vocabulary)
        self.layers = nn.ModuleList(nn.LSTM(config.hidden, config.hidden, batch_first=True) for _ in range(LAYERS))
        self.from_harmony: nn.Linear | None = None
        if config.harmony:
            self.from_harmony = nn.Linear(12 * len(HORIZONS), config.head, bias=False)
            nn.init.zeros_(self.from_harmony.weight)
        with torch.no_grad():
            for layer in self.layers:
                # Open forget gates let the net remember from the first step on.
                layer.get_parameter("bias_ih_l0")[config.hidden : 2 * config.hidden] = 1.0

    def from_key(self, batch: Batch) -> Tensor:
        """Shares of the pitch classes heard, so that an answer stays in its key however far it goes."""
        if self.from_harmony is None:
            return super().from_key(batch)
        heard: Tensor = self.from_harmony(shares_of(batch.harmony))
        return heard

    def opening_state(self, batch: int) -> list[Tensor]:
        """Zeros."""
        return [torch.zeros(batch, self.config.hidden, device=self.cell_bins.device) for _ in range(2 * LAYERS)]

    def core(self, flow: Tensor, batch: Batch, state: list[Tensor]) -> tuple[Tensor, list[Tensor]]:  # noqa: ARG002
        """Both layers, from a window's notes and the state before it."""
        return run_layers(self.layers, flow, state, self.config.dropout if self.training else 0.0)


def run_layers(layers: nn.ModuleList, flow: Tensor, state: list[Tensor], dropout: float) -> tuple[Tensor, list[Tensor]]:
    """The sum of what all layers say, [B, T, hidden], and hidden and cell [B, hidden] of each after the last note.

    `dropout` is the share of a layer's output that the next one does not see.
    """
    after: list[Tensor] = []
    sums = torch.zeros((), device=flow.device)
    for index, layer in enumerate(layers):
        if index:
            flow = functional.dropout(flow, dropout, dropout > 0)
        before = (state[2 * index].unsqueeze(0), state[2 * index + 1].unsqueeze(0))
        flow, (hidden, cell) = layer(flow, before)
        sums = sums + flow
        after += [hidden.detach().float().squeeze(0), cell.detach().float().squeeze(0)]
    return sums, after
