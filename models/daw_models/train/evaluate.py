"""One evaluation of one model: likelihood beside the baselines, answers, copying and speed."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import torch

from daw_bridge.errors import UsageError
from daw_bridge.music.vocabulary import PARTS
from daw_models.data.corpus import Corpus, build_corpus, read_pieces
from daw_models.nets.build import load_net
from daw_models.nets.notewise import NoteNet
from daw_models.program import ensure_program
from daw_models.train.baselines import Baselines
from daw_models.train.continuations import Exchange, Player, ProgramPlayer, exchanges, summary
from daw_models.train.copying import copying
from daw_models.train.likelihood import measure

CALLS = 50
_TOP_P = 0.95
SEED = 20
_CHECKED_NOTES = 1000
_SPEED_CONTEXT = 512


def open_data(paths: Sequence[Path], *, warn: Callable[[str], None], distinct: bool) -> Corpus:
    """The corpus at `paths`: one prepared file, or MIDI in folders, files and archives."""
    from daw_bridge.music.vocabulary import Vocabulary

    if len(paths) == 1 and paths[0].is_file() and paths[0].suffix == ".corpus":
        return Corpus.open(paths[0])
    vocabulary = Vocabulary()
    pieces = read_pieces(paths, vocabulary, warn=warn, shortest=8 if distinct else 1, distinct=distinct)
    return build_corpus(list(pieces), vocabulary)


def evaluate(
    weights: Path,
    data: Sequence[Path],
    *,
    train_data: Sequence[Path] = (),
    calls: int = CALLS,
    seed: int = SEED,
    answers_only: bool = False,
    instrument: Callable[[Path], Player] | None = None,
    warn: Callable[[str], None],
) -> dict[str, object]:
    """All figures of a model on held-out music, as the JSON report. Raises UsageError for unusable data or models.

    `answers_only` leaves out likelihood, baselines and speed, which take most of the time.

    Of data that knows a `train` folder only the rest is used. With `train_data` the baselines are counted on it and
    copying is measured against it. `calls` are chosen by `seed` and answered by the `instrument` that
    plays a program, or by the bare program.
    """
    torch.set_num_threads(max(1, min(4, torch.get_num_threads())))
    net = load_net(weights)
    corpus = open_data(data, warn=warn, distinct=False)
    if corpus.vocabulary != net.vocabulary:
        raise UsageError("data and model have other time grids", where=str(data[0]), cure="prepare the data again")
    named = any("/train/" in name or "/valid/" in name for name in corpus.names)
    pieces = [piece for piece in range(len(corpus)) if not named or corpus.splits[piece] != "train"]
    if not pieces:
        raise UsageError("nothing but training pieces", where=str(data[0]), cure="give a folder of held-out pieces")
    trained = open_data(train_data, warn=warn, distinct=True) if train_data else None
    likelihood = {} if answers_only else _likelihood(net, corpus, pieces, trained)
    torch.set_num_threads(1)
    compiled = ensure_program(weights)
    program: torch.jit.ScriptModule = torch.jit.load(str(compiled))  # type: ignore[no-untyped-call]
    player = ProgramPlayer(program, _TOP_P) if instrument is None else instrument(compiled)
    answered = exchanges(player, corpus, pieces, count=calls, seed=seed)
    report: dict[str, object] = {"model": weights.stem, "pieces": len(pieces), **likelihood}
    report["continuations"] = summary(answered) | {"seed": seed, "settings": player.settings}
    report["copying"] = _copying(trained, answered)
    if not answers_only:
        played = {"ms_per_note_in_answers": round(1000 * player.note_s(), 4)}
        eager = net_nats(weights, corpus, pieces)
        report["speed"] = speed(program) | played | _program_loss(eager, program, corpus, pieces)
    return report


def _likelihood(net: NoteNet, corpus: Corpus, pieces: Sequence[int], trained: Corpus | None) -> dict[str, object]:
    found = measure(net, corpus, pieces)
    if trained is None:
        baselines = Baselines.load(vocabulary=corpus.vocabulary)
    else:
        baselines = Baselines.count(trained, trained.pieces("train"))
    return {
        "notes": found.notes,
        "nats_per_note": round(found.per_note, 4),
        "parts": {name: round(part, 4) for name, part in zip(PARTS, found.parts, strict=True)},
        "nats_per_second": round(sum(found.nats) / max(found.seconds, 1e-9), 3),
        "baselines": {name: round(nats, 4) for name, nats in baselines.nats(corpus, pieces).items()},
    }


def _copying(trained: Corpus | None, answered: Sequence[Exchange]) -> dict[str, object]:
    if trained is None:
        return {"measured": False, "cure": "give the training music with --train-data"}
    pieces = trained.pieces("train")
    answers = [pair.answer for pair in answered]
    return {"measured": True, **copying(trained, pieces, answers, [pair.truth for pair in answered])}


def net_nats(weights: Path, corpus: Corpus, pieces: Sequence[int]) -> float:
    """Nats per note of the fp32 net on the notes that the program is compared on."""
    return measure(load_net(weights), corpus, [_sample_piece(corpus, pieces)], notes_each=_CHECKED_NOTES).per_note


def _sample_piece(corpus: Corpus, pieces: Sequence[int]) -> int:
    """The piece whose length is nearest to the notes wanted."""
    return min(pieces, key=lambda piece: abs(corpus.span(piece)[1] - corpus.span(piece)[0] - _CHECKED_NOTES))


@torch.inference_mode()
def _program_loss(
    eager: float, program: torch.jit.ScriptModule, corpus: Corpus, pieces: Sequence[int]
) -> dict[str, float]:
    """How many nats per note the program loses against the fp32 net."""
    piece = _sample_piece(corpus, pieces)
    begin, end = corpus.span(piece)
    rows = torch.from_numpy(corpus.rows[begin : min(end, begin + _CHECKED_NOTES)].astype(np.int64))[None]
    nats, _ = program.score(program.initial_state(1), rows, corpus.note_classes[piece])
    return {"program_loss_nats": round(float(nats.sum(-1).mean()) - eager, 5)}


@torch.inference_mode()
def speed(program: torch.jit.ScriptModule, notes: int = 16, calls: int = 100) -> dict[str, float]:
    """Milliseconds per sampled note on one thread after 512 notes: median and 99th percentile over calls of `notes`."""
    torch.set_num_threads(1)
    generator = torch.Generator().manual_seed(1)
    rows = torch.tensor([[[12, 55 + 2 * (index % 12), 20, 70] for index in range(_SPEED_CONTEXT)]])
    state = program.feed(program.initial_state(1), rows, 0)
    spent = []
    for index in range(calls + 10):
        uniforms = torch.rand(1, notes, 4, generator=generator)
        start_s = time.perf_counter()
        program.sample(state, uniforms, -1, 0, {})
        if index >= 10:
            spent.append(1000 * (time.perf_counter() - start_s) / notes)
    return {
        "ms_per_note_p50": round(float(np.percentile(spent, 50)), 4),
        "ms_per_note_p99": round(float(np.percentile(spent, 99)), 4),
    }
