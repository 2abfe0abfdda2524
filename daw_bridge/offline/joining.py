"""Two pieces in one file with empty bars between them, so that a passage can lead from one to the other."""

from __future__ import annotations

from collections.abc import Iterator

from daw_bridge.music.midifile import Piece
from daw_bridge.music.smf import (
    END_OF_TRACK,
    META_KEY,
    META_METER,
    META_TEMPO,
    Smf,
    SmfEvent,
    SmfTrack,
    make_track,
    meter_event,
    tempo_event,
)

_CONDUCTOR = (META_TEMPO, META_METER, META_KEY)


def joined(first: Piece, second: Piece, bars: int) -> tuple[Smf, int, int]:
    """The first piece, `bars` empty bars in which the tempo goes over, the second piece; and the gap's bars.

    These are its first and its last, counted from 1. Every track of either piece keeps its events; ticks are those of
    the first.
    """
    beat = first.meter.ticks_per_beat
    gap_bar = first.meter.next_bar(first.end_tick, 0.5 * beat)
    gap_start, start = first.meter.bar_start(gap_bar), first.meter.bar_start(gap_bar + bars)
    scale = beat / second.meter.ticks_per_beat
    conductor = [
        *_conducted(first, 0, 1.0),
        *_tempo_ramp(first, second, gap_start, start),
        meter_event(start, second.meter.meters[0].beats, second.meter.meters[0].unit),
        *_conducted(second, start, scale),
    ]
    tracks = [make_track(conductor)]
    tracks += [track for track in _played(first, 0, 1.0) if len(track.events) > 1]
    tracks += [track for track in _played(second, start, scale) if len(track.events) > 1]
    return Smf(1, beat, tuple(tracks)), gap_bar + 1, gap_bar + bars


def _conducted(piece: Piece, start: int, scale: float) -> Iterator[SmfEvent]:
    for track in piece.smf.tracks:
        for event in track.events:
            if event.meta_kind in _CONDUCTOR:
                yield SmfEvent(start + round(event.tick * scale), event.data)


def _played(piece: Piece, start: int, scale: float) -> Iterator[SmfTrack]:
    """The tracks without what the conductor has taken, moved to where the piece begins now."""
    for track in piece.smf.tracks:
        kept = [
            SmfEvent(start + round(event.tick * scale), event.data)
            for event in track.events
            if event.meta_kind not in _CONDUCTOR and event.data != END_OF_TRACK
        ]
        end = max((event.tick for event in kept), default=start)
        yield SmfTrack((*kept, SmfEvent(end, END_OF_TRACK)))


def _tempo_ramp(first: Piece, second: Piece, gap_start: int, start: int) -> Iterator[SmfEvent]:
    """A tempo for every beat of the gap, in equal ratios from the last of the first piece to the second's."""
    beat = first.meter.ticks_per_beat
    begin_us = first.tempo.tick_length_s(gap_start) * beat * 1e6
    end_us = second.tempo.tick_length_s(0) * second.meter.ticks_per_beat * 1e6
    beats = max((start - gap_start) // beat, 1)
    for number in range(beats):
        share = number / beats
        yield tempo_event(gap_start + number * beat, _tempo_us(begin_us ** (1.0 - share) * end_us**share))
    yield tempo_event(start, _tempo_us(end_us))


def _tempo_us(value: float) -> int:
    return min(max(round(value), 1), 0xFFFFFF)
