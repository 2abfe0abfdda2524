"""Our two cores beside the literature on the piano-roll benchmarks: the report of `models benchmark`."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import torch

from daw_models.data.rolls import read_rolls
from daw_models.nets.rolls import FAMILIES
from daw_models.train.rolls import plan_for, train_on_rolls

CONVENTION = "nats per frame over frames 2..T, 88 independent keys, padding not counted, mean over all frames"


@dataclass(frozen=True)
class Published:
    """What others report on the test pieces, in nats per frame, by benchmark."""

    net: str
    source: str
    nats: Mapping[str, str]


LITERATURE = (
    Published("LSTM", "as reported by several papers", {"jsb": "8.3-8.5", "nottingham": "3.25"}),
    Published("TCN", "Bai, Kolter and Koltun 2018, arXiv 1803.01271", {"jsb": "8.10", "nottingham": "3.07"}),
    Published("RRU", "Zakovskis et al. 2021, arXiv 2108.00527", {"jsb": "7.72", "nottingham": "2.92"}),
)


def benchmark(
    data: Path, sets: Sequence[str], *, minutes: float | None = None, say: Callable[[str], None]
) -> dict[str, object]:
    """Train both cores on every benchmark named and report what they reach, the literature beside it.

    `minutes` is the longest time for one net on one benchmark. Raises UsageError for data that cannot be used.
    """
    benches = [read_rolls(data, name) for name in sets]
    torch.set_num_threads(1)
    reached: dict[str, object] = {}
    for rolls in benches:
        results = [
            train_on_rolls(rolls, family, plan_for(rolls, family), minutes=minutes, say=say) for family in FAMILIES
        ]
        reached[rolls.name] = {result.family: result.as_json() for result in results}
    published = [{"net": entry.net, "source": entry.source, **entry.nats} for entry in LITERATURE]
    return {"convention": CONVENTION, "ours": reached, "literature": published}


def lines(report: Mapping[str, object]) -> Iterator[str]:
    """The report as a Markdown table."""
    ours, published = report["ours"], report["literature"]
    assert isinstance(ours, dict)
    assert isinstance(published, list)
    yield f"{report['convention']}."
    yield ""
    yield f"| net | {' | '.join(ours)} | judged on |"
    yield f"| --- |{' --- |' * len(ours)} --- |"
    for family in FAMILIES:
        entries = [entry[family] for entry in ours.values()]
        weights = "/".join(f"{entry['weights'] / 1e6:.2f}" for entry in entries)
        name = f"our {family} core ({weights} million weights)"
        for split, judge in (("valid", "valid, each half at the epoch that the other chose"), ("test", "test")):
            if all(entry[split] is not None for entry in entries):
                yield f"| {name} | {' | '.join(f'{entry[split]:.2f}' for entry in entries)} | {judge} |"
    for entry in published:
        figures = " | ".join(str(entry.get(name, "-")) for name in ours)
        yield f"| {entry['net']} | {figures} | test; {entry['source']} |"
