"""A melody bar by bar, and an accompaniment written beside it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from daw_bridge.errors import UsageError
from daw_bridge.music.editing import free_channel, sound_of_part, with_track
from daw_bridge.music.harmony import Key, estimate_key, parse_key
from daw_bridge.music.midifile import Piece, note_events
from daw_bridge.music.notes import Note
from daw_bridge.music.parts import Part, main_part, parts_of
from daw_bridge.music.smf import Smf
from daw_bridge.offline.drawing import Stretch, on_ticks
from daw_bridge.offline.harmonize import Bar

MOST_BARS: Final = 512


def melody_bars(piece: Piece, melody: Part, key_name: str) -> tuple[list[Bar], Key]:
    """The melody's bars, from its first note to its last, and its key. Raises UsageError for drums and the endless."""
    if melody.drums:
        raise UsageError("drums have no harmony", cure="name the melody with --track")
    first = int(piece.meter.bar_at(melody.notes[0].on_tick))
    last = int(piece.meter.bar_at(max(note.off_tick for note in melody.notes) - 1))
    if last - first >= MOST_BARS:
        raise UsageError(f"the melody has more than {MOST_BARS} bars", cure="give a shorter one")
    notes = [piece.seconds_note(note) for note in melody.notes]
    bars = []
    for number in range(first, last + 1):
        start_s, end_s = (piece.tempo.seconds(piece.meter.bar_start(bar)) for bar in (number, number + 1))
        inside = tuple(note for note in notes if start_s - 1e-6 <= note.onset_s < end_s - 1e-6)
        bars.append(Bar(start_s, end_s, inside))
    return bars, parse_key(key_name) if key_name not in ("off", "auto") else estimate_key(notes)


def accompanied(piece: Piece, notes: Sequence[Note], program: int) -> Smf:
    """The file with the accompaniment on a track of its own."""
    lead = main_part(parts_of(piece), piece.end_tick)
    channel = free_channel(piece, drums=False)
    channel = lead.channel if channel is None else channel
    end_tick = round(piece.tempo.tick(max(note.end_s for note in notes))) + 1
    rows = on_ticks(notes, piece, Stretch.of(piece, 0, end_tick), channel=channel, grid=None)
    sound = sound_of_part(piece, lead.track, lead.channel, channel, max(program, 0))
    return with_track(piece.smf, "chords", [*sound, *note_events(rows)])
