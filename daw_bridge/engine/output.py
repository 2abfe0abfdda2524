"""The way out: every note-on passes the ledger, every note-off is owed to it.

For each key of each channel the wire carries on, off, on, off and never two of a kind in a row.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Final

from daw_bridge.engine.events import Send
from daw_bridge.engine.ledger import Ledger, Voice
from daw_bridge.engine.schedule import Release, Schedule
from daw_bridge.music.messages import ALL_NOTES_OFF, ALL_SOUND_OFF, SUSTAIN, ControlChange, Message, NoteOff, NoteOn
from daw_bridge.music.notes import CHANNELS

BURST: Final = 64
"""Messages of a panic that leave together; what is more is spread, or drivers drop it without a word."""
BURST_EVERY_S: Final = 0.001


class Output:
    """Sends, and releases what it has sent. `on_release` hears of every voice that has ended, with its moment."""

    def __init__(self, emit: Callable[[Send], None], on_release: Callable[[Voice, float], None]) -> None:
        self._emit = emit
        self._on_release = on_release
        self._ledger = Ledger()
        self._schedule = Schedule()
        self._used_channels: set[int] = set()
        self._lost = False
        self._owed: list[Voice] = []

    @property
    def next_s(self) -> float | None:
        """When the next scheduled message is due."""
        return self._schedule.next_s

    @property
    def sounding(self) -> int:
        """How many notes sound."""
        return len(self._ledger)

    def owns(self, owner: int) -> bool:
        """Whether notes of `owner` sound."""
        return self._ledger.owns(owner)

    def strike(self, owner: int, note_on: NoteOn, wanted_s: float, off_s: float | None = None) -> int:
        """Send a note-on, ending what sounds on its key first. Returns the voice; its off is sent at `off_s`, if given.

        While the port is lost nothing is sent and the voice is 0, which may be released like any other.
        """
        before = self._ledger.at(note_on.channel, note_on.pitch)
        if before is not None:
            self.release(before.number, wanted_s)
        if self._lost:
            return 0
        voice = self._ledger.enter(owner, note_on.channel, note_on.pitch, note_on.velocity, wanted_s)
        self._used_channels.add(note_on.channel)
        self._emit(Send(note_on, wanted_s, owner))
        if off_s is not None:
            self._schedule.put(off_s, Release(voice.number), owner)
        return voice.number

    def release(self, number: int, now_s: float, velocity: int = 64) -> None:
        """Send the note-off of a voice, unless it was sent before."""
        voice = self._ledger.leave(number)
        if voice is None:
            return
        if self._lost:
            self._owed.append(voice)
        else:
            self._emit(Send(NoteOff(voice.channel, voice.pitch, velocity), now_s, voice.owner))
        self._on_release(voice, now_s)

    def release_owner(self, owner: int, now_s: float) -> None:
        """Silence everything of one owner, and nothing else."""
        self._schedule.drop(owner)
        for voice in self._ledger.sounding(owner):
            self.release(voice.number, now_s)

    def release_all(self, now_s: float) -> None:
        """Silence everything, owed notes of a lost port included, whatever it takes."""
        self._lost = False
        self._settle_owed(now_s)
        self._schedule.drop()
        for voice in self._ledger.sounding():
            self.release(voice.number, now_s)

    def send(self, message: Message, now_s: float, owner: int = 0) -> None:
        """Send something that is not a note."""
        if not self._lost:
            self._emit(Send(message, now_s, owner))

    def panic(self, now_s: float) -> None:
        """Note-offs for all that sounds, then pedal up, all notes off and all sound off on each channel, paced."""
        self._schedule.drop()
        sent = 0
        for voice in self._ledger.sounding():
            if sent < BURST:
                self.release(voice.number, now_s)
            else:
                self._schedule.put(now_s + sent // BURST * BURST_EVERY_S, Release(voice.number), voice.owner)
            sent += 1
        for message in _silence(self._used_channels):
            if sent < BURST:
                self.send(message, now_s)
            else:
                self._schedule.put(now_s + sent // BURST * BURST_EVERY_S, message)
            sent += 1

    def advance(self, now_s: float) -> None:
        """Send what is due."""
        while (due := self._schedule.pop(now_s)) is not None:
            if isinstance(due.what, Release):
                self.release(due.what.voice, due.due_s)
            else:
                self.send(due.what, due.due_s, due.owner)

    def lose_port(self) -> None:
        """The port is gone: note-offs are kept until it is back, note-ons are not."""
        self._lost = True

    def regain_port(self, now_s: float) -> None:
        """The port is back: what its receiver still holds from before and has ended since is released."""
        self._lost = False
        self._settle_owed(now_s)

    def _settle_owed(self, now_s: float) -> None:
        for voice in self._owed:
            self._emit(Send(NoteOff(voice.channel, voice.pitch), now_s, voice.owner))
        self._owed.clear()


def _silence(used_channels: Iterable[int]) -> Iterable[ControlChange]:
    used = sorted(used_channels)
    for channel in (*used, *(channel for channel in range(CHANNELS) if channel not in used)):
        for controller in (SUSTAIN, ALL_NOTES_OFF, ALL_SOUND_OFF):
            yield ControlChange(channel, controller, 0)
