"""Where a tick of a MIDI file lies in seconds and in bars: its tempo map and its metre map."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from daw_bridge.music.smf import META_METER, Smf

_LONGEST_BAR: Final = 64
"""Quarter notes; what says it has longer bars is damaged."""
DEFAULT_TEMPO_US: Final = 500_000
"""Microseconds per beat where a file names no tempo (120 bpm)."""


@dataclass(frozen=True, slots=True)
class TempoMap:
    """Ticks and seconds of one file, both counted from its beginning.

    Three columns of equal length, one row per tempo: the tick and second it begins at, seconds per tick in it.
    """

    ticks: tuple[int, ...]
    starts_s: tuple[float, ...]
    tick_lengths_s: tuple[float, ...]

    @classmethod
    def of(cls, tempi: Iterable[tuple[int, int]], ticks_per_beat: int) -> TempoMap:
        """From (tick, microseconds per beat); a tempo of zero is no tempo and is passed over."""
        rows: dict[int, int] = {0: DEFAULT_TEMPO_US}
        for tick, tempo_us in sorted(tempi, key=lambda row: row[0]):
            if tempo_us > 0:
                rows[tick] = tempo_us
        ticks = tuple(rows)
        lengths_s = tuple(tempo_us / 1e6 / ticks_per_beat for tempo_us in rows.values())
        starts_s = [0.0]
        for index in range(1, len(ticks)):
            starts_s.append(starts_s[-1] + (ticks[index] - ticks[index - 1]) * lengths_s[index - 1])
        return cls(ticks, tuple(starts_s), lengths_s)

    @classmethod
    def fixed(cls, tick_s: float) -> TempoMap:
        """Every tick lasts `tick_s` seconds (SMPTE division)."""
        return cls((0,), (0.0,), (tick_s,))

    def seconds(self, tick: float) -> float:
        """The second a tick falls on."""
        row = bisect_right(self.ticks, tick) - 1
        row = max(row, 0)
        return self.starts_s[row] + (tick - self.ticks[row]) * self.tick_lengths_s[row]

    def tick(self, at_s: float) -> float:
        """The tick, with its fraction, that falls on a second."""
        row = max(bisect_right(self.starts_s, at_s) - 1, 0)
        return self.ticks[row] + (at_s - self.starts_s[row]) / self.tick_lengths_s[row]

    def tick_length_s(self, tick: float) -> float:
        """Seconds a tick lasts at `tick`."""
        return self.tick_lengths_s[max(bisect_right(self.ticks, tick) - 1, 0)]


@dataclass(frozen=True, slots=True)
class Meter:
    """`beats` over `unit`, in force from `tick`, which begins bar number `bar` (counted from zero)."""

    tick: int
    bar: int
    beats: int = 4
    unit: int = 4


@dataclass(frozen=True, slots=True)
class MeterMap:
    """Ticks and bars of one file. A time signature always begins a bar."""

    meters: tuple[Meter, ...]
    ticks_per_beat: int

    @classmethod
    def of(cls, signatures: Iterable[tuple[int, int, int]], ticks_per_beat: int) -> MeterMap:
        """From (tick, beats, unit); senseless signatures (no beats, no unit) are passed over."""
        meters = [Meter(0, 0)]
        for tick, beats, unit in sorted(signatures, key=lambda row: row[0]):
            if not 1 <= unit <= 64 or not 0 < beats * 4 <= _LONGEST_BAR * unit:
                continue
            last = meters[-1]
            if tick == last.tick:
                meters[-1] = Meter(tick, last.bar, beats, unit)
            elif (beats, unit) != (last.beats, last.unit):
                bar_ticks = _bar_ticks(last, ticks_per_beat)
                meters.append(Meter(tick, last.bar + max(1, round((tick - last.tick) / bar_ticks)), beats, unit))
        return cls(tuple(meters), ticks_per_beat)

    def at(self, tick: float) -> Meter:
        """The metre in force at a tick."""
        return self.meters[max(bisect_right([meter.tick for meter in self.meters], tick) - 1, 0)]

    def bar_ticks(self, tick: float) -> float:
        """Ticks of a bar at `tick`."""
        return _bar_ticks(self.at(tick), self.ticks_per_beat)

    def beat_ticks(self, tick: float) -> float:
        """Ticks of the metre's own beat at `tick`."""
        return self.ticks_per_beat * 4 / self.at(tick).unit

    def bar_at(self, tick: float) -> float:
        """The bar a tick lies in, counted from zero, with its fraction."""
        meter = self.at(tick)
        return meter.bar + (tick - meter.tick) / _bar_ticks(meter, self.ticks_per_beat)

    def bar_start(self, bar: int) -> int:
        """The tick on which bar `bar` (from zero) begins; bars go on past the end of the file."""
        meter = self.meters[0]
        for candidate in self.meters:
            if candidate.bar <= bar:
                meter = candidate
        return meter.tick + round((bar - meter.bar) * _bar_ticks(meter, self.ticks_per_beat))

    def next_bar(self, tick: float, tolerance_ticks: float = 0.0) -> int:
        """The number of the first bar whose line is not before `tick`, give or take the tolerance."""
        bar = max(int(self.bar_at(max(tick - tolerance_ticks, 0.0))), 0)
        while self.bar_start(bar) < tick - tolerance_ticks:
            bar += 1
        return bar


def _bar_ticks(meter: Meter, ticks_per_beat: int) -> float:
    return ticks_per_beat * 4 * meter.beats / meter.unit


def ticks_per_beat(division: int) -> int:
    """Ticks of a quarter note; in SMPTE division, of half a second. Raises ValueError for a senseless division."""
    if division & 0x8000:
        return max(round(0.5 / smpte_tick_s(division)), 1)
    if division == 0:
        raise ValueError("the header's division is zero: the file does not say how long a tick is")
    return division


def smpte_tick_s(division: int) -> float:
    """Seconds of a tick of an SMPTE division word. Raises ValueError for a rate that does not exist."""
    frames, per_frame = 256 - (division >> 8), division & 0xFF
    if frames not in (24, 25, 29, 30) or per_frame == 0:
        raise ValueError(f"the header's division names {frames} SMPTE frames of {per_frame} ticks; that does not exist")
    # 29 stands for 30 frames drop: 29.97 frames a second.
    return 1.0 / ((30000 / 1001 if frames == 29 else frames) * per_frame)


def tempo_map(smf: Smf) -> TempoMap:
    """The tempo map of a file. Raises ValueError when its division makes no sense."""
    if smf.division & 0x8000:
        return TempoMap.fixed(smpte_tick_s(smf.division))
    tempi = (
        (event.tick, int.from_bytes(event.meta_payload, "big"))
        for track in smf.tracks
        for event in track.events
        if event.data[:3] == b"\xff\x51\x03"
    )
    return TempoMap.of(tempi, ticks_per_beat(smf.division))


def meter_map(smf: Smf) -> MeterMap:
    """The metre map of a file. Raises ValueError when its division makes no sense."""
    signatures = []
    for track in smf.tracks:
        for event in track.events:
            if event.data[0] == 0xFF and event.data[1] == META_METER and len(event.meta_payload) >= 2:
                beats, power = event.meta_payload[:2]
                signatures.append((event.tick, beats, 1 << power if power < 7 else 0))
    return MeterMap.of(signatures, ticks_per_beat(smf.division))
