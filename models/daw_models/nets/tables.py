"""Linear maps of embeddings folded into tables: what a sampling program adds up instead of multiplying.

One row of numbers, `TOLD`, says all that is known between two notes; the core and the four heads each take from it what
concerns them, plus what was decided of the next note so far.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from daw_models.nets.features import ENDS, FINDERS, LENGTH_BUCKETS, RING, length_bucket
from daw_models.nets.notewise import CLASSES, NoteNet

LENGTHS = 256
"""Lengths of a match: 0 to 255."""
SINCE = 5
"""How long ago a note ended, in cells, from -1 (it sounds) to 3 (or more)."""
TOLD = ("onset", "pitch", "duration", "velocity", *["last"] * 8, *["end"] * ENDS, *["length"] * FINDERS, "class")
"""The columns of what is told, int64: the last note; velocity, pitch, duration and onset that followed the longest
matches, two each; bins to the next note-offs; lengths of the matches; the class. 128 is no velocity and no pitch."""


class Tables:
    """The tables of a net's core (`enter`) and of its heads: rows, and where each column's rows begin."""

    @torch.no_grad()
    def __init__(self, net: NoteNet) -> None:
        onset, duration, group = net.onset_table.weight, net.duration_table.weight, net.class_table.weight
        pitch = net.pitch_table.weight
        velocity = torch.cat([net.velocity_table.weight, net.velocity_table.weight[:1]])
        tables = [table.weight for table in net.length_tables if isinstance(table, nn.Embedding)]
        length = [_by_length(table) for table in tables]
        held = [
            torch.cat([_by_length(table[LENGTH_BUCKETS:]), _by_length(table[2 * LENGTH_BUCKETS :])]) for table in tables
        ]
        for one, plain in zip(held, length, strict=True):
            one[0] = one[LENGTHS] = plain[0]
        ends = [duration] * ENDS
        note = [onset, pitch, duration, velocity]
        self.enter = _Folded(
            net.enter.weight,
            [*note, group, *ends, *[*note, length[0]] * FINDERS],
            # The net reads finder by finder and the class in the midst, the program field by field.
            [0, 1, 2, 3, 12, 17, 10, 15, 11, 16, 9, 14, 5, 6, 7, 8, 13, 18, 4],
        )
        self.enter.rows[: len(onset)] += net.enter.bias
        told = [layer.weight for layer in net.from_told if isinstance(layer, nn.Linear)]
        self.onset = _Folded(
            told[0], [group, *ends, *[onset] * FINDERS, *[length[0]] * FINDERS], [5, 6, 1, 2, 3, 4, 7, 8, 0]
        )
        self.pitch = _Folded(
            told[1], [group, onset, *[pitch] * FINDERS, *[held[1]] * FINDERS], [2, 3, 0, 1, 4, 5]
        ).with_rows(_status_rows(net), RING)
        self.duration = _Folded(
            told[2],
            [group, onset, pitch, *ends, *[duration] * FINDERS, *[held[2]] * FINDERS],
            [0, 1, 2, 9, 10, 7, 8, 3, 4, 5, 6],
        )
        self.velocity = _Folded(
            told[3],
            [group, onset, pitch, duration, *[velocity] * FINDERS, *[held[3]] * FINDERS, velocity],
            [8, 4, 5, 0, 1, 2, 3, 6, 7],
        )


class _Folded:
    """Each table times its columns of a weight, one below the other; `order` is the program's order of the columns."""

    def __init__(self, weight: Tensor, tables: list[Tensor], order: list[int]) -> None:
        rows, starts, column, row = [], [], 0, 0
        for table in tables:
            rows.append(table @ weight[:, column : column + table.size(1)].T)
            starts.append(row)
            column += table.size(1)
            row += table.size(0)
        if column != weight.size(1) or sorted(order) != list(range(len(tables))):
            raise ValueError(f"tables of {column} columns for a weight of {weight.size(1)}, in the order {order}")
        self.rows = torch.cat(rows).contiguous()
        self.starts = torch.tensor([starts[index] for index in order])

    def with_rows(self, rows: Tensor, columns: int) -> _Folded:
        """With so many columns more that take from these rows."""
        self.starts = torch.cat([self.starts, torch.full((columns,), len(self.rows) + 128)])
        self.rows = torch.cat([self.rows, rows])
        return self


def _by_length(table: Tensor) -> Tensor:
    """A table of buckets as one of lengths."""
    return table[length_bucket(torch.arange(LENGTHS))].detach().clone()


def _status_rows(net: NoteNet) -> Tensor:
    """Rows for 128 times how long ago a note ended, plus its pitch; and an empty one, for a note that there is not."""
    status = net.from_status.weight.T
    kinds = [status[kind * 128 : kind * 128 + 128] for kind in (0, 1, 1, 1, 2)]
    assert len(kinds) == SINCE
    return torch.cat([*kinds, torch.zeros(1, status.size(1))])


def nothing_told(none: int) -> list[int]:
    """What is told before the first note; `none` is the bin of no time."""
    first = [none, 128, none, 128, *[128] * 4, *[none] * 4, *[none] * ENDS, *[0] * FINDERS]
    assert len(first) + 1 == len(TOLD)
    return [*first, CLASSES]
