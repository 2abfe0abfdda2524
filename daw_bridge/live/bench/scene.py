"""What `bench` can measure: the scenes, how the bridge is set for each, and the figures that come of it."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from daw_bridge.engine.parameters import Value, defaults
from daw_bridge.live.bench.delivery import Delivery, Passing, delivered, of_hex
from daw_bridge.live.bench.grid_player import BEATS_PER_BAR
from daw_bridge.live.bench.log import BridgeLog
from daw_bridge.live.bench.spread import Spread
from daw_bridge.live.player import Performance

GAP_S: Final = 0.25
LATE_MS: Final = 20.0
"""A first note later than this is told of by itself."""

SCENES: Final = ("pause", "bars", "thru")
THRU_NOTES_A_TURN: Final = 10

_SETTINGS: Final[Mapping[str, Mapping[str, Value]]] = {
    # 0.5 beats at 120 beats a minute are the gap.
    "pause": {"mode": "pause", "gap_beats": 2 * GAP_S, "tempo": 120.0},
    "bars": {"mode": "bars", "bars": 1, "beats_per_bar": BEATS_PER_BAR, "clock": "midi"},
    "thru": {"mode": "manual", "thru": True},
}


@dataclass(frozen=True, slots=True)
class Conditions:
    """Where and beside what a scene is measured. `period` in frames; `server` is the kind of JACK server."""

    scene: str
    over: str
    period: int | None = None
    server: str = ""
    busy: int = 0
    screen: bool = False


@dataclass(frozen=True, slots=True)
class LateTurn:
    """A turn whose first note was heard late or never: when, after what was wanted, it was handed over and heard.

    `lost` tells that the bridge sent it in time and the transport did not deliver it.
    """

    turn: int
    handed_over_ms: float | None
    heard_ms: float | None
    lost: bool


@dataclass(frozen=True, slots=True)
class Measured:
    """One scene. `first_note_ms` and `delivery_ms` are seen from outside, the other times are the bridge's own log."""

    conditions: Conditions
    turns: int
    answered: int
    spreads: Mapping[str, Spread]
    model_ms_per_note: float | None
    notes_per_s: float | None
    counts: Mapping[str, int]
    tiers: Mapping[str, int]
    late: tuple[LateTurn, ...] = ()

    @property
    def whole(self) -> bool:
        """Whether every call was answered and every message arrived, once."""
        kept = ("hanging", "lost_out", "surplus_out", "lost_in", "surplus_in")
        balanced = self.counts["notes_sent"] == self.counts["releases_sent"]
        return balanced and self.answered == self.turns and not any(self.counts[name] for name in kept)


def settings_of(scene: str, model: str, midi_api: str) -> dict[str, Value]:
    """The bridge's settings for a scene; the same seed each time."""
    return {**defaults(), **_SETTINGS[scene], "midi_api": midi_api, "model": model, "seed": 1}


def measured(conditions: Conditions, heard: Performance, log: BridgeLog, own_faults: int = 0) -> Measured:
    """The figures of a scene from what was heard outside and what the bridge has noted."""
    given = log.handed_over()
    outward = delivered(given, of_hex(heard.heard))
    inward = delivered(of_hex(heard.played), log.arrived)
    first_ms = [(turn.first_s - turn.over_s) * 1000 for turn in heard.turns if turn.first_s is not None]
    shares_ms = [trace.model_share_s * 1000 for trace in log.turns.values() if trace.model_share_s is not None]
    spreads = {
        "first_note_ms": Spread.of(first_ms),
        "output_error_ms": Spread.of(log.errors_ms()),
        "model_share_ms": Spread.of(shares_ms),
        "first_draw_ms": Spread.of([drawn_s * 1000 for drawn_s in log.first_draws_s]),
    }
    if conditions.over != "memory":
        spreads["delivery_ms"] = Spread.of([time_s * 1000 for time_s in outward.times_s])
    if conditions.scene == "thru":
        through = delivered(of_hex(heard.played), of_hex(heard.heard))
        spreads = {"thru_ms": Spread.of([time_s * 1000 for time_s in through.times_s])}
    per_note_s = log.model_s / log.model_notes if log.model_notes else None
    return Measured(
        conditions=conditions,
        turns=len(heard.turns),
        answered=len(first_ms),
        spreads=spreads,
        model_ms_per_note=None if per_note_s is None else round(per_note_s * 1000, 4),
        notes_per_s=None if not per_note_s else round(1 / per_note_s, 1),
        counts=_counts(heard, log, outward, inward) | {"faults": log.faults + own_faults},
        tiers=dict(log.tiers),
        late=late_turns(heard, log, given, outward.lost),
    )


def _counts(heard: Performance, log: BridgeLog, outward: Delivery, inward: Delivery) -> dict[str, int]:
    shares_s = [trace.model_share_s for trace in log.turns.values() if trace.model_share_s is not None]
    sent_on = sum(passing.strikes for passing in log.handed_over())
    return {
        "notes_sent": sent_on,
        "releases_sent": outward.sent - sent_on,
        "notes_heard": heard.notes_on,
        "releases_heard": heard.notes_off,
        "hanging": heard.hanging,
        "lost_out": len(outward.lost),
        "surplus_out": len(outward.surplus),
        "lost_in": len(inward.lost),
        "surplus_in": len(inward.surplus),
        "prepared_used": sum(share_s == 0 for share_s in shares_s),
        "waited_for": sum(share_s > 0 for share_s in shares_s),
        "misses": log.misses,
    }


def late_turns(
    heard: Performance, log: BridgeLog, given: Sequence[Passing], lost: Collection[Passing]
) -> tuple[LateTurn, ...]:
    """The turns that were late, each with what the bridge's own log says of its first note."""
    first = {passing.turn: passing for passing in reversed(given) if passing.turn and passing.strikes}
    found = []
    for number, turn in enumerate(heard.turns, 1):
        heard_ms = None if turn.first_s is None else (turn.first_s - turn.over_s) * 1000
        if heard_ms is not None and heard_ms <= LATE_MS:
            continue
        own = min(log.turns.values(), key=lambda trace: abs(trace.start_s - turn.over_s), default=None)
        stroke = None if own is None or abs(own.start_s - turn.over_s) > GAP_S else first.get(own.turn)
        handed_ms = None if stroke is None else (stroke.at_s - turn.over_s) * 1000
        found.append(LateTurn(number, _rounded(handed_ms), _rounded(heard_ms), stroke in lost))
    return tuple(found)


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 3)
