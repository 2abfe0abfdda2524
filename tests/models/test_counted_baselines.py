"""The baselines are proper chances, and better the more they look at."""

from pathlib import Path

import numpy as np
import pytest

from daw_bridge.errors import UsageError
from daw_models.data.corpus import Corpus
from daw_models.train.baselines import ORDER, SHIPPED, Baselines
from tests.models.model_builders import corpus_of, music, scale_run

NOTES = 60


@pytest.fixture(scope="module")
def scales() -> Corpus:
    """Scales of three keys, each a piece, and noise."""
    return corpus_of([scale_run(NOTES + index, 40 + index % 3) for index in range(16)] + [music(NOTES, 1)])


def test_a_chain_beats_counting_where_there_is_order(scales: Corpus) -> None:
    nats = Baselines.count(scales, scales.pieces("train")).nats(scales, scales.pieces("valid"))
    assert nats["markov"] < 0.3 * nats["marginal"]
    assert nats["memory"] < nats["marginal"]
    assert all(np.isfinite(list(nats.values())))


@pytest.mark.parametrize(("part", "lowest", "kinds"), [(0, 0, 551), (1, 0, 128), (2, 0, 551), (3, 1, 127)])
def test_chances_sum_to_one(scales: Corpus, part: int, lowest: int, kinds: int) -> None:
    baselines = Baselines.count(scales, scales.pieces("train"), at_least=(1, 1, 2, 3))
    for piece in (scale_run(9, 41), music(9, 1)):
        values = piece.clip(0, 550)
        total = np.zeros(ORDER + 1)
        for value in range(lowest, lowest + kinds):
            values[-1, part] = value
            total += [chance[-1] for chance in baselines.chances(part, values)]
        assert total == pytest.approx(1.0)


def test_counts_survive_their_file(scales: Corpus, tmp_path: Path) -> None:
    counted = Baselines.count(scales, scales.pieces("train"), at_least=(1, 2, 2, 2))
    counted.save(tmp_path / "counts.npz")
    loaded = Baselines.load(tmp_path / "counts.npz")
    assert loaded.nats(scales, scales.pieces("valid")) == counted.nats(scales, scales.pieces("valid"))


def test_the_shipped_counts_know_music() -> None:
    assert SHIPPED.stat().st_size < 1_500_000
    corpus = corpus_of([scale_run(NOTES, 60)])
    nats = Baselines.load().nats(corpus, [0])
    assert nats["markov"] < nats["marginal"]


def test_a_damaged_table_is_named(tmp_path: Path) -> None:
    (tmp_path / "counts.npz").write_bytes(b"PK\3\4 broken")
    with pytest.raises(UsageError, match=r"counts\.npz: baseline counts cannot be read"):
        Baselines.load(tmp_path / "counts.npz")
