"""A model program of a few numbers with the interface of the real ones, sensitive to all it is told."""

import json
import warnings
from pathlib import Path

import torch
from torch import Tensor, nn


class TinyProgram(nn.Module):
    """State, batch first: 0 a hash of all notes heard, in order, int64 [B, 1]; 1 how many they were [B]."""

    weights: Tensor

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("weights", torch.tensor([13, 37, 11, 29]))

    def _hear(self, mix: Tensor, note: Tensor) -> Tensor:
        return (mix * 31 + 1 + (note * self.weights).sum(1, keepdim=True)) % 100003

    @torch.jit.export
    def initial_state(self, batch: int) -> list[Tensor]:
        return [torch.zeros(batch, 1, dtype=torch.int64), torch.zeros(batch)]

    @torch.jit.export
    def feed(self, state: list[Tensor], rows: Tensor, note_class: int) -> list[Tensor]:
        mix, heard = state[0], state[1]
        for index in range(rows.size(1)):
            mix = self._hear(mix + note_class, rows[:, index])
            heard = heard + 1.0
        return [mix, heard]

    @torch.jit.export
    def score(self, state: list[Tensor], rows: Tensor, note_class: int) -> tuple[Tensor, list[Tensor]]:
        nats = torch.ones(rows.size(0), rows.size(1), 4) * (1.0 + state[0].unsqueeze(-1) / 100003)
        return nats, self.feed(state, rows, note_class)

    @torch.jit.export
    def sample(
        self,
        state: list[Tensor],
        uniforms: Tensor,
        first_onset_cells: int,
        note_class: int,
        controls: dict[str, Tensor],
    ) -> tuple[Tensor, Tensor, list[Tensor]]:
        own = [state[0], state[1]]
        rows = torch.zeros((uniforms.size(0), uniforms.size(1), 4), dtype=torch.int64)
        bias = torch.zeros(128)
        if "pitch_bias" in controls:
            bias = controls["pitch_bias"]
        for index in range(uniforms.size(1)):
            drawn = uniforms[:, index]
            logits = torch.cos(own[0] * torch.arange(128)) * 2.0 + bias
            reached = torch.softmax(logits, 1).cumsum(1)
            pitch = (reached <= drawn[:, 1:2] * 0.999999).sum(1).clamp(max=127)
            onset = (drawn[:, 0] * 40).to(torch.int64)
            if index == 0 and first_onset_cells >= 0:
                onset = torch.full_like(onset, first_onset_cells)
            duration = 5 + (drawn[:, 2] * 60).to(torch.int64)
            velocity = 1 + ((drawn[:, 3] * 126).to(torch.int64) + own[0][:, 0]) % 126
            note = torch.stack([onset, pitch, duration, velocity], 1)
            rows[:, index] = note
            own = self.feed(own, note.unsqueeze(1), note_class)
        return rows, torch.zeros(rows.size(0), rows.size(1), 4), own

    @torch.jit.export
    def expand(self, state: list[Tensor], batch: int) -> list[Tensor]:
        return [state[0].repeat(batch, 1), state[1].repeat(batch)]

    @torch.jit.export
    def pick(self, state: list[Tensor], index: int) -> list[Tensor]:
        return [state[0][index : index + 1], state[1][index : index + 1]]


def write_tiny_program(file: Path, header: dict[str, object] | None = None) -> Path:
    """Compile the tiny program into `file`."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        scripted = torch.jit.script(TinyProgram())
        said = {"format": "aiart-bridge-model", "format_version": "1", "name": "tiny"} if header is None else header
        torch.jit.save(scripted, str(file), _extra_files={"header.json": json.dumps(said)})
    return file
