"""Nats per note of whole pieces, state carried through, on the reference grid."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch

from daw_models.data.augment import Augmentation
from daw_models.data.corpus import Corpus
from daw_models.data.windows import cut, stack, start_run
from daw_models.nets.notewise import NoteNet

_WINDOW = 256
_BATCH = 32


@dataclass(frozen=True)
class Likelihood:
    """Sums over `notes` notes; `nats` holds the four parts in order."""

    notes: int
    seconds: float
    nats: tuple[float, float, float, float]

    @property
    def per_note(self) -> float:
        """Nats per note, all parts."""
        return sum(self.nats) / max(self.notes, 1)

    @property
    def parts(self) -> tuple[float, float, float, float]:
        """Nats per note of each part."""
        onset, pitch, duration, velocity = (part / max(self.notes, 1) for part in self.nats)
        return onset, pitch, duration, velocity


@torch.no_grad()
def measure(net: NoteNet, corpus: Corpus, pieces: Sequence[int], *, notes_each: int | None = None) -> Likelihood:
    """Likelihood of pieces (of their first `notes_each` notes, if given) under the net as it is, in fp32."""
    training = net.training
    net.eval()
    total = torch.zeros(4, dtype=torch.float64)
    notes, cells = 0, 0
    runs = []
    for piece in pieces:
        begin, end = corpus.span(piece)
        runs.append(start_run(corpus, piece, 0, min(end - begin, notes_each or end - begin), Augmentation()))
    runs.sort(key=lambda run: len(run.rows))
    for first in range(0, len(runs), _BATCH):
        group = runs[first : first + _BATCH]
        state = net.opening_state(len(group))
        for start in range(0, max(len(run.rows) for run in group), _WINDOW):
            # Pieces are sorted by length, so those that have ended are the first rows.
            ended = sum(len(run.rows) <= start for run in group)
            if ended:
                group = group[ended:]
                state = [tensor[ended:] for tensor in state]
            batch = stack([cut(run, start, _WINDOW) for run in group], group).to(net.cell_bins.device)
            nats, state = net(batch, state)
            total += (nats.double() * (batch.target[..., :1] >= 0)).sum((0, 1)).cpu()
        notes += sum(len(run.rows) for run in runs[first : first + _BATCH])
        cells += sum(int((run.onset + run.rows[:, 2]).max()) for run in runs[first : first + _BATCH])
    net.train(training)
    onset, pitch, duration, velocity = total.tolist()
    return Likelihood(notes, cells * corpus.vocabulary.cell_s, (onset, pitch, duration, velocity))


def fixed_slice(corpus: Corpus, set_name: str, notes: int) -> list[int]:
    """The same few held-out pieces of a set every time: spread over it, about `notes` notes in all."""
    pieces = corpus.pieces("valid", set_name)
    chosen: list[int] = []
    found = 0
    for index in range(len(pieces)):
        piece = pieces[(index * 7919 + 3) % len(pieces)]
        if piece in chosen:
            continue
        begin, end = corpus.span(piece)
        chosen.append(piece)
        found += min(end - begin, 2048)
        if found >= notes:
            break
    return chosen
