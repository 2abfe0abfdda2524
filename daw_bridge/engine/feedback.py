"""Our own notes coming back: a DAW that routes our output into our input must not make us answer ourselves."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from typing import Final

from daw_bridge.music.messages import NoteOff, NoteOn

EARLIEST_S: Final = 0.0005
LATEST_S: Final = 0.25
"""An echo comes back within this time of the note that was sent ..."""
LATEST_THRU_S: Final = 0.06
"""... and that of a note passed through within this."""
ROW: Final = 3
"""So many in a row, equally late, are certain; so many that stay away end a certainty."""
LONG_ROW: Final = 6
"""So many are needed where a note has stayed away before: a player may double one or two."""
SPREAD_S: Final = 0.03
REPORT_AGAIN_S: Final = 5.0
SENT_KEPT: Final = 256


@dataclass(slots=True)
class _SentNote:
    number: int
    sent_s: float
    port: str
    channel: int
    pitch: int
    velocity: int
    thru: bool
    echoed: set[str] = field(default_factory=set)


@dataclass(slots=True)
class _Loop:
    """What is known of the way from one of our outputs into one of our inputs.

    `judged` is the newest note of which it is known whether it came back, `missing` how many have not, in a row. Then
    the way is taken for `free`, until a long row proves the contrary.
    """

    judged: int = 0
    missing: int = 0
    proven: bool = False
    free: bool = False

    def judge(self, note: _SentNote, port: str) -> None:
        self.judged = note.number
        self.missing = 0 if port in note.echoed else self.missing + 1
        if self.missing >= (ROW if self.proven else 1):
            self.proven, self.free = False, True

    def prove(self) -> None:
        self.missing, self.proven, self.free = 0, True, False


class EchoGuard:
    """Recognises echoes by pitch, velocity and lateness, on inputs where there may be any.

    A loop brings everything back. As long as it is not known that there is none, a note like one of an answer that has
    just been sent is taken for its echo at once: it must not stop the answer. Once a note of an answer has not come
    back, a note like ours is the player's, in unison with us, until a long row of them has come equally late. A note
    like one passed through may well be the player repeating it: there a row is always needed, each sooner than anyone
    repeats a key.
    """

    def __init__(self) -> None:
        self._sent: deque[_SentNote] = deque(maxlen=SENT_KEPT)
        self._number = 0
        self._loops: dict[tuple[str, str], _Loop] = {}
        self._lateness_s: dict[str, deque[float]] = {}
        self._swallowed: dict[tuple[str, int, int], int] = {}
        self._told_s = float("-inf")
        self._echo: tuple[str, float] = ("", float("-inf"))

    def sent(self, message: NoteOn, now_s: float, *, thru: bool, port: str = "out") -> None:
        """A note-on of ours went out."""
        self._number += 1
        note = _SentNote(self._number, now_s, port, message.channel, message.pitch, message.velocity, thru)
        self._sent.append(note)

    def is_echo(self, port: str, message: NoteOn, now_s: float) -> bool:
        """Whether a note-on that came in is one of ours; its note-off is then one, too."""
        key = (port, message.channel, message.pitch)
        match = self._match(port, message, now_s)
        if not self._comes_back(port, match, now_s):
            # A note shortened by the off of an echo is better than one whose own off is taken for that of an echo.
            self._swallowed.pop(key, None)
            return False
        self._echo = (port, now_s)
        self._swallowed[key] = self._swallowed.get(key, 0) + 1
        return True

    def is_echo_off(self, port: str, message: NoteOff) -> bool:
        """Whether a note-off belongs to an echo."""
        key = (port, message.channel, message.pitch)
        count = self._swallowed.get(key, 0)
        if count:
            self._swallowed[key] = count - 1
            if count == 1:
                del self._swallowed[key]
        return bool(count)

    def to_report(self, now_s: float) -> str | None:
        """What the player should know, once for each spell of feedback."""
        port, echo_s = self._echo
        if now_s != echo_s or not self._in_a_row(port):
            return None
        told_s, self._told_s = self._told_s, now_s
        if now_s - told_s < REPORT_AGAIN_S:
            return None
        lateness_s = self._lateness_s[port]
        late_ms = 1000 * sum(lateness_s) / len(lateness_s)
        return (
            f"our own notes come back {late_ms:.0f} ms later and are left out;"
            " take our output off the way into our input"
        )

    def _comes_back(self, port: str, match: _SentNote | None, now_s: float) -> bool:
        lateness_s = self._lateness_s.setdefault(port, deque(maxlen=LONG_ROW))
        if match is None:
            lateness_s.clear()
            return False
        match.echoed.add(port)
        loop = self._loops.setdefault((match.port, port), _Loop())
        for note in self._sent:
            if note.number > loop.judged and note.port == match.port and not note.thru:
                if now_s - note.sent_s <= LATEST_S:
                    break
                loop.judge(note, port)
        if loop.missing:
            lateness_s.clear()
        lateness_s.append(now_s - match.sent_s)
        if self._in_a_row(port, LONG_ROW if loop.free else ROW):
            loop.prove()
            return True
        return not (loop.free or match.thru)

    def _match(self, port: str, message: NoteOn, now_s: float) -> _SentNote | None:
        for sent in reversed(self._sent):
            late_s = now_s - sent.sent_s
            if late_s > LATEST_S:
                return None
            if port in sent.echoed or (sent.pitch, sent.velocity) != (message.pitch, message.velocity):
                continue
            if late_s >= EARLIEST_S and (
                not sent.thru or (late_s <= LATEST_THRU_S and sent.channel == message.channel)
            ):
                return sent
        return None

    def _in_a_row(self, port: str, length: int = ROW) -> bool:
        late_s = list(self._lateness_s[port])[-length:]
        return len(late_s) == length and max(late_s) - min(late_s) <= SPREAD_S
