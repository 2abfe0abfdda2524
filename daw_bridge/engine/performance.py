"""The playing of one response: its notes struck when they are due, and what became of them."""

from __future__ import annotations

from typing import Final

from daw_bridge.engine.answer import Answer
from daw_bridge.engine.ledger import Voice
from daw_bridge.engine.output import Output
from daw_bridge.engine.routing import Caller, Router
from daw_bridge.music.notes import Note

LATEST_S: Final = 0.1
"""A note later than this is left out, except the first."""
STARVED_S: Final = 0.02
"""A note that comes so long after its moment is heard to stumble."""
SHORTEST_S: Final = 0.02


class Performance:
    """One turn's response. `sounded` are its notes as they went out, `meant` as the model drew them, both in time.

    `starved` tells that notes came from the model after their moment.
    """

    def __init__(self, turn: int, call: tuple[Note, ...], caller: Caller, start_s: float, answer: Answer) -> None:
        self.turn = turn
        self.call = call
        self.caller = caller
        self.start_s = start_s
        self.answer = answer
        self.first_late_s: float | None = None
        self.left_out = 0
        self.starved = False
        self._struck_s: dict[int, float] = {}
        self._striking: dict[int, tuple[Note, float]] = {}
        self._sounded: list[Note] = []
        self._meant: list[Note] = []

    @property
    def sounded(self) -> tuple[Note, ...]:
        """The notes that have ended, in order of onset."""
        return tuple(sorted(self._sounded))

    @property
    def meant(self) -> tuple[Note, ...]:
        """The same notes in the model's pitches."""
        return tuple(sorted(self._meant))

    def play(self, now_s: float, handed_s: float, output: Output, router: Router) -> bool:
        """Strike what is due; `handed_s` is when it reaches the driver. Returns whether anything was."""
        struck = False
        while (due_s := self.answer.next_s) is not None and due_s <= now_s:
            note = self.answer.pop()
            struck = True
            drawn_s = self.answer.placement.to_clock_s(note.onset_s)
            late_s = now_s - max(due_s, drawn_s) if self.first_late_s is not None else 0.0
            self.starved = self.starved or late_s > STARVED_S
            if late_s > LATEST_S:
                self.left_out += 1
                continue
            if self._struck_s.get(note.pitch) == due_s:
                # Two strokes of one key that the grid has drawn together are one.
                continue
            self._struck_s[note.pitch] = due_s
            if self.first_late_s is None:
                self.first_late_s = max(handed_s - self.answer.placed_s(self.start_s), 0.0)
            off_s = self._off_s(note, due_s - drawn_s, now_s)
            way = router.answer(self.caller)
            note_on = way.struck(note, self.caller.channel)
            output.choose_program(way.program, note_on.channel, now_s, port=way.out)
            voice = output.strike(self.turn, note_on, due_s, off_s, port=way.out)
            if voice:
                self._striking[voice] = (note, now_s)
        return struck

    def _off_s(self, note: Note, moved_s: float, now_s: float) -> float:
        """When a note is released that is played `moved_s` after its drawn moment: as long as it was drawn."""
        off_s = self.answer.placement.to_clock_s(note.end_s) + moved_s
        if moved_s and not self.answer.ending.free:
            off_s = min(off_s, self.answer.silent_s)
        return max(off_s, now_s + SHORTEST_S)

    def released(self, voice: Voice, now_s: float) -> Note | None:
        """A voice has ended; returns the note as it sounded, None when it is not of this response."""
        found = self._striking.pop(voice.number, None)
        if found is None:
            return None
        note, struck_s = found
        duration_s = max(now_s - struck_s, 0.001)
        sounded = Note(struck_s, voice.pitch, duration_s, voice.velocity, voice.channel)
        self._sounded.append(sounded)
        self._meant.append(Note(struck_s, note.pitch, duration_s, note.velocity, note.channel))
        return sounded
