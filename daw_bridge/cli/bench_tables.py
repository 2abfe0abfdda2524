"""The figures of `bench` for a person and for a script."""

from __future__ import annotations

import platform
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any, Final

from daw_bridge.cli.output import print_table
from daw_bridge.live.bench.peer import Compared
from daw_bridge.live.bench.scene import Conditions, Measured
from daw_bridge.live.bench.spread import Spread

MEASURES: Final = {
    "first_note_ms": "call over to first note heard",
    "output_error_ms": "note-on handed to the driver after it was due",
    "delivery_ms": "driver to the other end",
    "model_share_ms": "waiting for the model",
    "first_draw_ms": "model asked to its first note",
    "thru_ms": "key to key heard through",
}
_BARS_FIRST: Final = "bar line to first note heard"


@dataclass(frozen=True, slots=True)
class ScreenCost:
    """A 99th percentile without and with the screen attached, in ms."""

    scene: str
    over: str
    measure: str
    alone_ms: float
    beside_ms: float


def screen_costs(runs: Sequence[Measured]) -> list[ScreenCost]:
    """What the screen costs, measure by measure: every run beside one is compared with the same run alone."""
    costs = []
    for beside in runs:
        same = replace(beside.conditions, screen=False)
        alone = next((run for run in runs if run.conditions == same), None)
        if not beside.conditions.screen or alone is None:
            continue
        for name, spread in beside.spreads.items():
            before = alone.spreads[name]
            if before.p99 is not None and spread.p99 is not None:
                costs.append(ScreenCost(same.scene, place(same), measure(beside, name), before.p99, spread.p99))
    return costs


def document(model: str, runs: Sequence[Measured], compared: Sequence[Compared]) -> dict[str, Any]:
    """Everything, for `--json`."""
    return {
        "machine": {
            "system": platform.platform(),
            "processor": platform.machine(),
            "python": platform.python_version(),
        },
        "model": model,
        "runs": [asdict(run) | {"whole": run.whole} for run in runs],
        "screen": [asdict(cost) for cost in screen_costs(runs)],
        "compared": [asdict(each) for each in compared],
    }


def print_figures(runs: Sequence[Measured], compared: Sequence[Compared]) -> None:
    """A table of distributions, then a line for each scene, its late turns, and the comparisons."""
    header = ["scene", "over", "measure, ms", "p50", "p99", "p99.9", "worst", "n"]
    rows = []
    for run in runs:
        for name, spread in run.spreads.items():
            rows.append([run.conditions.scene, place(run.conditions), measure(run, name), *_row(spread)])
    print_table(header, rows)
    for run in runs:
        print(_sentence(run))
        for late in run.late:
            print(f"  turn {late.turn}: {_late(late.handed_over_ms, late.heard_ms, lost=late.lost)}")
    for cost in screen_costs(runs):
        print(
            f"{cost.scene} over {cost.over}, {cost.measure}: p99 {cost.alone_ms:.2f} ms alone, "
            f"{cost.beside_ms:.2f} ms with the screen ({cost.beside_ms - cost.alone_ms:+.2f})"
        )
    for each in compared:
        print(
            f"{each.tier}: {each.ours_ms.p50:.2f} ms a note ({each.steered_ms.p50:.2f} steered as on stage), notochord "
            f"(random weights, two events a note): {each.theirs_ms.p50:.2f} ms; {each.ratio:.1f} times faster"
        )


def place(conditions: Conditions) -> str:
    """Where and beside what, in a few words."""
    words = [conditions.over]
    if conditions.period is not None:
        words.append(f"-p {conditions.period} {conditions.server}")
    if conditions.busy:
        words.append(f"+{conditions.busy} busy")
    if conditions.screen:
        words.append("+tui")
    return " ".join(words)


def measure(run: Measured, name: str) -> str:
    """What a distribution is of."""
    return _BARS_FIRST if name == "first_note_ms" and run.conditions.scene == "bars" else MEASURES[name]


def _row(spread: Spread) -> list[str]:
    values = (spread.p50, spread.p99, spread.p99_9, spread.worst)
    return [*("-" if value is None else f"{value:.2f}" for value in values), str(spread.count)]


def _sentence(run: Measured) -> str:
    counts = run.counts
    speed = (
        f"{run.model_ms_per_note:.2f} ms for each note after the first, {run.notes_per_s:.0f} notes/s"
        if run.model_ms_per_note is not None and run.notes_per_s is not None
        else "no time at all"
    )
    parts = [
        f"{counts['notes_sent']} notes and {counts['releases_sent']} releases sent, "
        f"{counts['notes_heard']} and {counts['releases_heard']} heard",
        f"lost {counts['lost_out']} out, {counts['lost_in']} in",
        f"{counts['hanging']} hanging",
        f"{counts['faults']} faults",
    ]
    if run.turns:
        parts.insert(0, f"{run.answered} of {run.turns} calls answered")
        parts.append(f"{counts['prepared_used']} answers prepared, {counts['waited_for']} waited for")
        parts.append(f"{counts['misses']} misses")
        answering = ", ".join(f"{count} by {name}" for name, count in run.tiers.items())
        parts.append(f"{answering or 'no answers'} at {speed}")
    return f"{run.conditions.scene} over {place(run.conditions)}: {', '.join(parts)}"


def _late(handed_over_ms: float | None, heard_ms: float | None, *, lost: bool) -> str:
    heard = "no note heard" if heard_ms is None else f"first note heard after {heard_ms:.1f} ms"
    if handed_over_ms is None:
        return f"{heard}, none was sent in time"
    return f"{heard}, handed over after {handed_over_ms:.1f} ms{' and lost on the way' if lost else ''}"
