"""Moving the notes of a file a little, and changing their velocities: all its other events stay where they are."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping

from daw_bridge.music.midifile import Piece, PieceNote
from daw_bridge.music.smf import END_OF_TRACK, Smf, SmfEvent, SmfTrack

_NOTES = (0x80, 0x90)


def moved(piece: Piece, velocities: Mapping[PieceNote, int], shifts: Mapping[PieceNote, int]) -> Smf:
    """The file with new velocities for some notes and others shifted by some ticks, at both their ends.

    A note never crosses a program change, controller or bend of its channel, and keys struck one after the other stay
    so; where that leaves too little room a note moves less, or ends earlier.
    """
    changed = {note.track for note in (*velocities, *shifts)}
    by_track: defaultdict[int, list[PieceNote]] = defaultdict(list)
    for note in piece.notes:
        by_track[note.track].append(note)
    tracks = tuple(
        _moved_track(track, by_track[number], velocities, shifts) if number in changed else track
        for number, track in enumerate(piece.smf.tracks)
    )
    return Smf(piece.smf.format, piece.smf.division, tracks, piece.smf.warnings)


def _moved_track(
    track: SmfTrack, notes: list[PieceNote], velocities: Mapping[PieceNote, int], shifts: Mapping[PieceNote, int]
) -> SmfTrack:
    ticks = [event.tick for event in track.events]
    data = [event.data for event in track.events]
    earliest, latest = _bounds(track)
    keys: defaultdict[tuple[int, int], list[PieceNote]] = defaultdict(list)
    for note in sorted(notes, key=lambda note: note.on_index):
        keys[note.channel, note.pitch].append(note)
        if note in velocities:
            status, pitch, _ = data[note.on_index]
            data[note.on_index] = bytes((status, pitch, velocities[note]))
    for row in keys.values():
        _move_key(row, shifts, ticks, earliest, latest)
    end = len(ticks) - 1 if data and data[-1] == END_OF_TRACK else len(ticks)
    # sorted() is stable: what shares a tick keeps the file's order.
    order = sorted(range(end), key=ticks.__getitem__)
    events = [SmfEvent(ticks[index], data[index]) for index in order]
    if end < len(ticks):
        events.append(SmfEvent(max(ticks), END_OF_TRACK))
    return SmfTrack(tuple(events))


def _move_key(
    row: list[PieceNote], shifts: Mapping[PieceNote, int], ticks: list[int], earliest: list[int], latest: list[int]
) -> None:
    """Move the notes of one key of one channel, in the order in which they are struck; changes `ticks`."""
    before: PieceNote | None = None
    for number, note in enumerate(row):
        shift = shifts.get(note, 0)
        if shift:
            low, high = earliest[note.on_index], latest[note.on_index]
            if before is not None:
                low = max(low, ticks[before.on_index] + 1)
                apart = before.off_tick <= note.on_tick
                if not apart:
                    low = max(low, note.on_tick)
            if number + 1 < len(row) and row[number + 1].on_tick < note.off_tick:
                high = min(high, note.on_tick)
            on_tick = min(max(note.on_tick + shift, low), high) if low <= high else note.on_tick
            ticks[note.on_index] = on_tick
            if note.off_index >= 0:
                ticks[note.off_index] = max(note.off_tick + on_tick - note.on_tick, on_tick + 1)
        if before is not None and before.off_index >= 0 and before.off_tick <= note.on_tick:
            ticks[before.off_index] = min(ticks[before.off_index], ticks[note.on_index])
        before = note


def _bounds(track: SmfTrack) -> tuple[list[int], list[int]]:
    """For every event the ticks between which it may lie without crossing a message of its channel that is no note."""
    last = [0] * 16
    earliest = []
    for tick, data in track.events:
        channel = data[0] & 0x0F
        earliest.append(last[channel] if data[0] < 0xF0 else tick)
        if data[0] < 0xF0 and data[0] & 0xF0 not in _NOTES:
            last[channel] = tick
    following = [1 << 62] * 16
    latest = []
    for tick, data in reversed(track.events):
        channel = data[0] & 0x0F
        latest.append(following[channel] if data[0] < 0xF0 else tick)
        if data[0] < 0xF0 and data[0] & 0xF0 not in _NOTES:
            following[channel] = tick
    return earliest, latest[::-1]
