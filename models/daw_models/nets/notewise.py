"""All of a note net but its core: how notes and what is known of them enter, and the four light heads that decide.

A family of nets puts its own core between the two (`lstm.py`, `transformer.py`); training, evaluation and the sampling
program treat all families alike.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Protocol

import torch
from torch import Tensor, nn
from torch.nn import functional

from daw_bridge.music.vocabulary import Vocabulary
from daw_models.nets.features import ENDS, FINDERS, LENGTH_BUCKETS, nearest_ends, status_index

CLASSES = 8
STATUS_ROWS = 3 * 128 + 1


class NetConfig(Protocol):
    """The sizes that every family has; `dropout` matters in training only."""

    @property
    def hidden(self) -> int:
        """Width of the core."""

    @property
    def head(self) -> int:
        """Width of each head."""

    @property
    def wide(self) -> int:
        """Width of a time's or pitch's embedding."""

    @property
    def narrow(self) -> int:
        """Width of a class's or match length's embedding."""

    @property
    def dropout(self) -> float:
        """Share of the core's output that a head does not see in training."""

    def as_spec(self) -> dict[str, object]:
        """Plain values for the header of a weights file."""


@dataclass(frozen=True)
class Batch:
    """Windows of notes to predict, with what is known before each; all int64 unless said otherwise.

    target [B, T, 4]: the notes in cells. before [B, T, 4]: the notes before them (-1 at the start of a piece).
    ring_pitch, ring_end [B, T, RING]: pitches and absolute ends of the last notes. now [B, T]: the onset
    of the note before, in absolute cells. repeat [B, T, FINDERS, 4]: the note that followed the longest match (-1:
    none), length [B, T, FINDERS]: its bucket. harmony float [B, T, HORIZONS, 12]: counts of the pitch classes heard,
    fading. note_class [B]. weight float [B, T, 4]: of each part in the loss.
    """

    target: Tensor
    before: Tensor
    ring_pitch: Tensor
    ring_end: Tensor
    now: Tensor
    repeat: Tensor
    length: Tensor
    harmony: Tensor
    note_class: Tensor
    weight: Tensor

    def to(self, device: torch.device) -> Batch:
        """The same windows where the net is."""
        return Batch(**{field.name: getattr(self, field.name).to(device, non_blocking=True) for field in fields(self)})


def bin_table(vocabulary: Vocabulary) -> Tensor:
    """int64 [max_cells + 2]: the bin of each cell; the last entry is the bin `time_bins`, which means none."""
    bins = [vocabulary.bin_of_cells(cells) for cells in range(vocabulary.max_cells + 1)]
    return torch.tensor([*bins, vocabulary.time_bins])


def _time_curve(vocabulary: Vocabulary, width: int) -> Tensor:
    """A start for time embeddings in which near times are near: waves over the log of the time."""
    cells = torch.tensor([float(vocabulary.first_cell_of_bin(index)) for index in range(vocabulary.time_bins)])
    log = torch.log1p(cells).unsqueeze(1)
    speed = torch.logspace(-0.5, 2.0, width // 2).unsqueeze(0)
    curve = torch.cat([torch.sin(log * speed), torch.cos(log * speed)], 1)
    return torch.cat([curve, torch.zeros(1, width)]) * 0.5


class NoteNet(nn.Module):
    """Predicts each note from those before: onset difference, then pitch, then duration, then velocity.

    What a core carries from window to window is a list of tensors, batch first; zeros are the opening state.
    """

    cell_bins: Tensor
    log_widths: Tensor

    def __init__(self, config: NetConfig, vocabulary: Vocabulary) -> None:
        super().__init__()
        self.config: NetConfig = config
        self.vocabulary = vocabulary
        wide, narrow, hidden, head = config.wide, config.narrow, config.hidden, config.head
        times = vocabulary.time_bins
        self.onset_table = nn.Embedding(times + 1, wide)
        self.duration_table = nn.Embedding(times + 1, wide)
        self.pitch_table = nn.Embedding(129, wide)
        self.velocity_table = nn.Embedding(128, wide // 2)
        self.class_table = nn.Embedding(CLASSES + 1, narrow)
        self.length_tables = nn.ModuleList(nn.Embedding(3 * LENGTH_BUCKETS, narrow) for _ in range(4))
        note = 3 * wide + wide // 2
        self.enter = nn.Linear(note + narrow + ENDS * wide + FINDERS * (note + narrow), hidden)
        self.from_hidden = nn.Linear(hidden, 4 * head)
        told = [
            narrow + ENDS * wide + FINDERS * (wide + narrow),
            narrow + wide + FINDERS * (wide + narrow),
            narrow + 2 * wide + ENDS * wide + FINDERS * (wide + narrow),
            narrow + 3 * wide + FINDERS * (wide // 2 + narrow) + wide // 2,
        ]
        self.from_told = nn.ModuleList(nn.Linear(width, head, bias=False) for width in told)
        self.from_status = nn.Linear(STATUS_ROWS - 1, head, bias=False)
        self.choices = (times, 128, times, 128)
        self.pointers = (ENDS + FINDERS, FINDERS, ENDS + FINDERS, FINDERS + 1)
        self.to_logits = nn.ModuleList(nn.Linear(head, size) for size in self.choices)
        self.to_pointers = nn.ModuleList(nn.Linear(head, size) for size in self.pointers)
        self.register_buffer("cell_bins", bin_table(vocabulary), persistent=False)
        widths = [vocabulary.width_of_bin(index) for index in range(times)]
        self.register_buffer("log_widths", torch.tensor(widths).log(), persistent=False)
        self._start()

    def _start(self) -> None:
        with torch.no_grad():
            for table in (self.onset_table, self.duration_table):
                table.weight.copy_(_time_curve(self.vocabulary, self.config.wide))
            for layer in self.to_pointers:
                assert isinstance(layer, nn.Linear)
                layer.weight.mul_(0.1)
                layer.bias.zero_()

    def core(self, flow: Tensor, batch: Batch, state: list[Tensor]) -> tuple[Tensor, list[Tensor]]:
        """What the notes so far come to, [B, T, hidden] -> [B, T, hidden], and the next state."""
        raise NotImplementedError

    def from_key(self, batch: Batch) -> Tensor:  # noqa: ARG002
        """What the pitch head hears of the harmony so far; nothing, unless a family listens."""
        return torch.zeros((), device=self.cell_bins.device)

    def opening_state(self, batch: int) -> list[Tensor]:
        """The state before the first note."""
        raise NotImplementedError

    def bins(self, cells: Tensor) -> Tensor:
        """Bins of times in cells; times outside the grid, such as NOWHERE, become the bin that means none."""
        none = self.vocabulary.max_cells + 1
        return self.cell_bins[torch.where(cells < 0, none, cells.clamp(max=none))]

    def forward(
        self, batch: Batch, state: list[Tensor], taught: Sequence[Tensor] = (), share: float | Tensor = 0.0
    ) -> tuple[Tensor, list[Tensor]]:
        """Nats of every part of every target note, float [B, T, 4] on the reference grid, and the next state.

        With `taught`, a teacher's logits, this share of the nats is of all notes that it expects, in its proportions.
        """
        logits, after = self.logits(batch, state)
        onset, duration = self.bins(batch.target[..., 0]), self.bins(batch.target[..., 2])
        chosen = (onset, batch.target[..., 1], duration, batch.target[..., 3])
        nats = []
        for part, (scores, index) in enumerate(zip(logits, chosen, strict=True)):
            logs = functional.log_softmax(scores.float(), -1)
            inside = index.clamp(0, scores.size(-1) - 1).unsqueeze(-1)
            found = -logs.gather(-1, inside).squeeze(-1)
            if taught:
                expected = -(torch.softmax(taught[part].float(), -1) * logs).sum(-1)
                found = torch.lerp(found, expected, share)
            nats.append(found)
        nats[0] = nats[0] + self.log_widths[onset.clamp(max=len(self.log_widths) - 1)]
        nats[2] = nats[2] + self.log_widths[duration.clamp(max=len(self.log_widths) - 1)]
        return torch.stack(nats, -1), after

    def logits(self, batch: Batch, state: list[Tensor]) -> tuple[list[Tensor], list[Tensor]]:
        """Logits of the four parts, each given the true parts before it ([B, T, bins]), and the next state."""
        length = [self.length_tables[0](batch.length[..., finder]) for finder in range(FINDERS)]
        group = self.class_table(batch.note_class).unsqueeze(1).expand(-1, batch.now.size(1), -1)
        told_onset, told_pitch = self.bins(batch.repeat[..., 0]), _or_none(batch.repeat[..., 1], 128)
        told_duration, told_velocity = self.bins(batch.repeat[..., 2]), batch.repeat[..., 3].clamp(min=0)
        ends = self.bins(nearest_ends(batch.ring_end, batch.now))
        ends_known = [self.duration_table(ends[..., index]) for index in range(ENDS)]
        entering = [
            self.onset_table(self.bins(batch.before[..., 0])),
            self.pitch_table(_or_none(batch.before[..., 1], 128)),
            self.duration_table(self.bins(batch.before[..., 2])),
            self.velocity_table(batch.before[..., 3].clamp(min=0)),
            # The very first step has no class, so that an opening state can be made before one is known.
            self.class_table(torch.where(batch.before[..., 1] < 0, CLASSES, batch.note_class.unsqueeze(1))),
            *ends_known,
        ]
        for finder in range(FINDERS):
            entering += [
                self.onset_table(told_onset[..., finder]),
                self.pitch_table(told_pitch[..., finder]),
                self.duration_table(told_duration[..., finder]),
                self.velocity_table(told_velocity[..., finder]),
                length[finder],
            ]
        heard, after = self.core(self.enter(torch.cat(entering, -1)), batch, state)
        heads = self.from_hidden(functional.dropout(heard, self.config.dropout, self.training)).chunk(4, -1)

        onset, pitch = self.bins(batch.target[..., 0]), batch.target[..., 1].clamp(min=0)
        duration = self.bins(batch.target[..., 2])
        then = batch.now + batch.target[..., 0].clamp(min=0)
        left = self.bins(nearest_ends(batch.ring_end, then))
        onset_known, pitch_known = self.onset_table(onset), self.pitch_table(pitch)
        onset_held = [
            self.length_tables[1](_agreement(told_onset[..., k], onset, batch.length[..., k])) for k in range(FINDERS)
        ]
        pitch_held = [_agreement(told_pitch[..., k], pitch, batch.length[..., k]) for k in range(FINDERS)]
        none = self.vocabulary.time_bins
        logits = [
            self._decide(
                0,
                heads[0],
                [group, *ends_known, *(self.onset_table(told_onset[..., k]) for k in range(FINDERS)), *length],
                torch.cat([ends, told_onset], -1),
                none,
            ),
            self._decide(
                1,
                heads[1]
                + self.from_status(_many_hot(status_index(batch.ring_pitch, batch.ring_end, then)))
                + self.from_key(batch),
                [group, onset_known, *(self.pitch_table(told_pitch[..., k]) for k in range(FINDERS)), *onset_held],
                told_pitch,
                128,
            ),
            self._decide(
                2,
                heads[2],
                [
                    group,
                    onset_known,
                    pitch_known,
                    *(self.duration_table(left[..., index]) for index in range(ENDS)),
                    *(self.duration_table(told_duration[..., k]) for k in range(FINDERS)),
                    *(self.length_tables[2](pitch_held[k]) for k in range(FINDERS)),
                ],
                torch.cat([left, told_duration], -1),
                none,
            ),
            self._decide(
                3,
                heads[3],
                [
                    group,
                    onset_known,
                    pitch_known,
                    self.duration_table(duration),
                    *(self.velocity_table(told_velocity[..., k]) for k in range(FINDERS)),
                    *(self.length_tables[3](pitch_held[k]) for k in range(FINDERS)),
                    self.velocity_table(batch.before[..., 3].clamp(min=0)),
                ],
                torch.cat([told_velocity, batch.before[..., 3:].clamp(min=0)], -1),
                0,
            ),
        ]
        return logits, after

    def _decide(self, part: int, hidden: Tensor, told: list[Tensor], pointed: Tensor, none: int) -> Tensor:
        """Logits of one part; bins that something points at (`pointed`) are raised by what the head trusts it."""
        inner = torch.relu(hidden + self.from_told[part](torch.cat(told, -1)))
        logits: Tensor = self.to_logits[part](inner)
        trust: Tensor = self.to_pointers[part](inner)
        known = pointed != none
        return logits.scatter_add(-1, pointed * known, (trust * known).to(logits.dtype))

    def count(self) -> int:
        """How many weights the net has."""
        return sum(weight.numel() for weight in self.parameters())


def _or_none(index: Tensor, none: int) -> Tensor:
    return torch.where(index < 0, none, index)


def _agreement(told: Tensor, true: Tensor, length: Tensor) -> Tensor:
    """Whether what was told came true, times the buckets of the match length: 0 nothing told, 1 no, 2 yes."""
    return ((length > 0) * (1 + (told == true).long())) * LENGTH_BUCKETS + length


def _many_hot(index: Tensor) -> Tensor:
    hot = torch.zeros(*index.shape[:-1], STATUS_ROWS, device=index.device)
    return hot.scatter_add_(-1, index, torch.ones_like(index, dtype=hot.dtype))[..., :-1]
