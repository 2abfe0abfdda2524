"""Editing a MIDI file so that what is kept stays identical, event for event."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import Final

from daw_bridge.music.midifile import Piece, PieceNote
from daw_bridge.music.notes import CHANNELS, DRUM_CHANNEL
from daw_bridge.music.smf import END_OF_TRACK, Smf, SmfEvent, SmfTrack, make_track, name_event

_CARRIED_CONTROLLERS: Final = (0, 32, 7, 10, 11, 91, 93)
"""Bank, volume, pan, expression, reverb, chorus: what makes a part sound as it does."""


def with_track(smf: Smf, name: str, events: Iterable[SmfEvent]) -> Smf:
    """The file with one more track at its end; a type 0 file becomes type 1, its track untouched."""
    return Smf(1, smf.division, (*smf.tracks, make_track([name_event(0, name), *events])), smf.warnings)


def without_notes(smf: Smf, notes: Iterable[PieceNote]) -> Smf:
    """The file less the note-ons and note-offs of these notes."""
    gone: dict[int, set[int]] = {}
    for note in notes:
        gone.setdefault(note.track, set()).update((note.on_index, note.off_index))
    tracks = tuple(
        SmfTrack(tuple(event for index, event in enumerate(track.events) if index not in gone[number]))
        if number in gone
        else track
        for number, track in enumerate(smf.tracks)
    )
    return Smf(smf.format, smf.division, tracks, smf.warnings)


def with_events(smf: Smf, track: int, events: Iterable[SmfEvent]) -> Smf:
    """The file with events put into one track, after what stands on the same tick; its end moves only if it must."""
    added = make_track(events).events[:-1]
    old = smf.tracks[track]
    kept = old.events[:-1] if old.events and old.events[-1].data == END_OF_TRACK else old.events
    # sorted() is stable: the old events keep their order and come first on a tick.
    merged = sorted((*kept, *added), key=lambda event: event.tick)
    end = max(old.end_tick, merged[-1].tick if merged else 0)
    tracks = list(smf.tracks)
    tracks[track] = SmfTrack((*merged, SmfEvent(end, END_OF_TRACK)))
    return Smf(smf.format, smf.division, tuple(tracks), smf.warnings)


def cut_after(piece: Piece, tick: int, parts: Collection[tuple[int, int]]) -> Smf:
    """The file with the given (track, channel) parts silent from `tick` on.

    Their notes that sound across it end there, their pedals come up there; other parts and all meta events stay.
    """
    gone = [note for note in piece.notes if (note.track, note.channel) in parts and note.on_tick >= tick]
    crossing = [
        note
        for note in piece.notes
        if (note.track, note.channel) in parts and note.on_tick < tick < note.off_tick and note.off_index >= 0
    ]
    dropped: dict[int, set[int]] = {}
    for note in gone:
        dropped.setdefault(note.track, set()).update((note.on_index, note.off_index))
    moved = {(note.track, note.off_index) for note in crossing}
    tracks = []
    for number, track in enumerate(piece.smf.tracks):
        channels = {channel for of_track, channel in parts if of_track == number}
        tracks.append(
            _cut_track(track, number, tick, channels, dropped.get(number, set()), moved) if channels else track
        )
    return Smf(piece.smf.format, piece.smf.division, tuple(tracks), piece.smf.warnings)


def _cut_track(
    track: SmfTrack,
    number: int,
    tick: int,
    channels: set[int],
    dropped: set[int],
    moved: set[tuple[int, int]],
) -> SmfTrack:
    kept: list[SmfEvent] = []
    at_cut: list[SmfEvent] = []
    pedals: dict[int, bool] = {}
    for index, event in enumerate(track.events):
        status, channel = event.data[0] & 0xF0, event.data[0] & 0x0F
        ours = event.data[0] < 0xF0 and channel in channels
        if index in dropped:
            continue
        if (number, index) in moved:
            at_cut.append(SmfEvent(tick, event.data))
        elif ours and event.tick >= tick and status not in (0x80, 0x90):
            continue
        else:
            kept.append(event)
            if ours and status == 0xB0 and event.data[1] == 64:
                pedals[channel] = event.data[2] >= 64
    at_cut += [SmfEvent(tick, bytes((0xB0 | channel, 64, 0))) for channel, down in pedals.items() if down]
    if not at_cut:
        return SmfTrack(tuple(kept))
    before = [event for event in kept if event.tick < tick]
    after = [event for event in kept if event.tick >= tick]
    if not after:
        after = [SmfEvent(tick, END_OF_TRACK)]
    return SmfTrack((*before, *at_cut, *after))


def free_channel(piece: Piece, drums: bool) -> int | None:
    """A channel no event of the file uses, the drum channel for drums; None when all are in use."""
    if drums:
        return DRUM_CHANNEL
    used = {event.data[0] & 0x0F for track in piece.smf.tracks for event in track.events if event.data[0] < 0xF0}
    for channel in range(CHANNELS):
        if channel not in used and channel != DRUM_CHANNEL:
            return channel
    return None


def sound_of_part(piece: Piece, track: int, channel: int, to_channel: int, program: int) -> list[SmfEvent]:
    """Events at tick 0 that give `to_channel` the part's sound; `program` of -1 takes the part's own."""
    state: dict[int, int] = {}
    for event in piece.smf.tracks[track].events:
        if event.data[0] == 0xB0 | channel and event.data[1] in _CARRIED_CONTROLLERS:
            state[event.data[1]] = event.data[2]
    own = piece.programs.get((track, channel), -1)
    chosen = own if program < 0 else program
    if program >= 0:
        state.pop(0, None)
        state.pop(32, None)
    events = [
        SmfEvent(0, bytes((0xB0 | to_channel, controller, state[controller])))
        for controller in _CARRIED_CONTROLLERS
        if controller in state
    ]
    if chosen >= 0:
        events.append(SmfEvent(0, bytes((0xC0 | to_channel, chosen))))
    return events
