"""The way out: every note-on passes the ledger, every note-off is owed to it.

For each key of each channel of each port the wire carries on, off, on, off and never two of a kind in a row.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Final

from daw_bridge.engine.events import Send
from daw_bridge.engine.ledger import Ledger, Voice
from daw_bridge.engine.schedule import Release, Schedule
from daw_bridge.music.messages import (
    ALL_NOTES_OFF,
    ALL_SOUND_OFF,
    SUSTAIN,
    ControlChange,
    Message,
    NoteOff,
    NoteOn,
    ProgramChange,
)
from daw_bridge.music.notes import CHANNELS

BURST: Final = 64
"""Messages of a panic that leave together; what is more is spread, or drivers drop it without a word."""
BURST_EVERY_S: Final = 0.001


class Output:
    """Sends, and releases what it has sent. `on_release` hears of every voice that has ended, with its moment.

    `ports` are the keys of the output ports; a message goes to the first unless another is named.
    """

    def __init__(
        self,
        emit: Callable[[Send], None],
        on_release: Callable[[Voice, float], None],
        ports: Sequence[str] = ("out",),
    ) -> None:
        self._emit = emit
        self._on_release = on_release
        self._ports = tuple(ports)
        self._ledger = Ledger()
        self._schedule = Schedule()
        self._used: set[tuple[str, int]] = set()
        self._programs: dict[tuple[str, int], int] = {}
        self._lost: set[str] = set()
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

    def strike(
        self, owner: int, note_on: NoteOn, wanted_s: float, off_s: float | None = None, port: str = "out"
    ) -> int:
        """Send a note-on, ending what sounds on its key first. Returns the voice; its off is sent at `off_s`, if given.

        While the port is lost nothing is sent and the voice is 0, which may be released like any other.
        """
        before = self._ledger.at(note_on.channel, note_on.pitch, port)
        if before is not None:
            self.release(before.number, wanted_s)
        if port in self._lost:
            return 0
        voice = self._ledger.enter(owner, note_on.channel, note_on.pitch, note_on.velocity, wanted_s, port)
        self._used.add((port, note_on.channel))
        self._emit(Send(note_on, wanted_s, owner, port))
        if off_s is not None:
            self._schedule.put(off_s, Release(voice.number), owner)
        return voice.number

    def release(self, number: int, now_s: float, velocity: int = 64) -> None:
        """Send the note-off of a voice, unless it was sent before."""
        voice = self._ledger.leave(number)
        if voice is None:
            return
        if voice.port in self._lost:
            self._owed.append(voice)
        else:
            self._emit(Send(NoteOff(voice.channel, voice.pitch, velocity), now_s, voice.owner, voice.port))
        self._on_release(voice, now_s)

    def release_owner(self, owner: int, now_s: float) -> None:
        """Silence everything of one owner, and nothing else."""
        self._schedule.drop(owner)
        for voice in self._ledger.sounding(owner):
            self.release(voice.number, now_s)

    def release_all(self, now_s: float) -> None:
        """Silence everything, owed notes of lost ports included, whatever it takes."""
        for port in tuple(self._lost):
            self.regain_port(now_s, port)
        self._schedule.drop()
        for voice in self._ledger.sounding():
            self.release(voice.number, now_s)

    def send(self, message: Message, now_s: float, owner: int = 0, port: str = "out") -> None:
        """Send something that is not a note."""
        if port not in self._lost:
            self._emit(Send(message, now_s, owner, port))

    def choose_program(self, program: int, channel: int, now_s: float, port: str = "out") -> None:
        """Choose a sound on a channel, unless it was chosen before; -1 leaves it as it is."""
        place = (port, channel)
        if program >= 0 and self._programs.get(place) != program and port not in self._lost:
            self._programs[place] = program
            self.send(ProgramChange(channel, program), now_s, port=port)

    def forget_programs(self) -> None:
        """Sounds are to be chosen anew."""
        self._programs.clear()

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
        for port, message in self._silence():
            if sent < BURST:
                self.send(message, now_s, port=port)
            else:
                self._schedule.put(now_s + sent // BURST * BURST_EVERY_S, message, port=port)
            sent += 1

    def advance(self, now_s: float) -> None:
        """Send what is due."""
        while (due := self._schedule.pop(now_s)) is not None:
            if isinstance(due.what, Release):
                self.release(due.what.voice, due.due_s)
            else:
                self.send(due.what, due.due_s, due.owner, due.port)

    def lose_port(self, port: str = "out") -> None:
        """The port is gone: note-offs are kept until it is back, note-ons are not."""
        self._lost.add(port)

    def regain_port(self, now_s: float, port: str = "out") -> None:
        """The port is back: what its receiver still holds from before and has ended since is released."""
        self._lost.discard(port)
        self._programs = {place: program for place, program in self._programs.items() if place[0] != port}
        owed, self._owed = self._owed, []
        for voice in owed:
            if voice.port == port:
                self._emit(Send(NoteOff(voice.channel, voice.pitch), now_s, voice.owner, port))
            else:
                self._owed.append(voice)

    def _silence(self) -> Iterable[tuple[str, ControlChange]]:
        everywhere = [(port, channel) for port in self._ports for channel in range(CHANNELS)]
        used = [place for place in everywhere if place in self._used]
        for port, channel in (*used, *(place for place in everywhere if place not in self._used)):
            for controller in (SUSTAIN, ALL_NOTES_OFF, ALL_SOUND_OFF):
                yield port, ControlChange(channel, controller, 0)
