"""A take as a Standard MIDI File: what was played to us on one track, what we answered on the other, as it sounded."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from daw_bridge.io.take_reading import Take
from daw_bridge.music.messages import Message, NoteOff, NoteOn, encode
from daw_bridge.music.smf import Smf, SmfEvent, SmfTrack, make_track, meter_event, name_event, tempo_event

CALL_TRACK: Final = "call"
RESPONSE_TRACK: Final = "response"
TICKS_PER_BEAT: Final = 960
DEFAULT_TEMPO_BPM: Final = 120.0
_FINEST_TICK_S: Final = 0.0005

Timed = tuple[float, Message]


def smf_of_take(take: Take) -> Smf:
    """The take from its first message on, at its own tempo if it had one; every channel message, pedals included.

    A note that was still sounding when the take stopped ends where the take does.
    """
    call = [(at_s, message) for at_s, _, message in take.incoming]
    response = [(sent.actual_s, sent.message) for sent in take.outgoing if sent.turn]
    origin_s = min((at_s for at_s, _ in (*call, *response)), default=take.header.started_s)
    end_s = max((at_s for at_s, _ in (*call, *response)), default=origin_s)
    tempo_bpm = take.tempo_bpm or DEFAULT_TEMPO_BPM
    beat_s = 60.0 / tempo_bpm
    ticks = TICKS_PER_BEAT
    while beat_s / ticks > _FINEST_TICK_S and ticks * 2 < 0x8000:
        ticks *= 2
    ticks_per_s = ticks / beat_s
    beats_per_bar = int(take.settings.get("beats_per_bar", 4))
    beat_unit = int(take.settings.get("beat_unit", 4))
    conductor = make_track([tempo_event(0, round(60e6 / tempo_bpm)), meter_event(0, beats_per_bar, beat_unit)])
    tracks = (
        _track(name, part, origin_s, end_s, ticks_per_s)
        for name, part in ((CALL_TRACK, call), (RESPONSE_TRACK, response))
    )
    return Smf(1, ticks, (conductor, *tracks))


def _track(name: str, timed: Iterable[Timed], origin_s: float, end_s: float, ticks_per_s: float) -> SmfTrack:
    def tick(at_s: float) -> int:
        return round((at_s - origin_s) * ticks_per_s)

    events = [name_event(0, name)]
    sounding: dict[tuple[int, int], list[int]] = {}
    for at_s, message in sorted(timed, key=lambda row: row[0]):
        data = encode(message)
        if not data or not 0x80 <= data[0] < 0xF0:
            continue
        at = tick(at_s)
        if isinstance(message, NoteOn):
            sounding.setdefault((message.channel, message.pitch), []).append(at)
        elif isinstance(message, NoteOff):
            struck = sounding.get((message.channel, message.pitch))
            # On one tick a file's note-offs come first: a shorter note than a tick would never end.
            at = max(at, struck.pop(0) + 1) if struck else at
        events.append(SmfEvent(at, data))
    for (channel, pitch), struck in sounding.items():
        events += [SmfEvent(max(tick(end_s), at + 1), encode(NoteOff(channel, pitch))) for at in struck]
    return make_track(events)
