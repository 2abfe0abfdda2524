"""Our own notes coming back: a DAW that routes our output into our input must not make us answer ourselves."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from typing import Final

from daw_bridge.music.messages import NoteOff, NoteOn

EARLIEST_S: Final = 0.0005
LATEST_S: Final = 0.25
"""An echo comes back within this time of the note that was sent ..."""
LATEST_THRU_S: Final = 0.06
"""... and that of a note passed through within this."""
ROW: Final = 3
"""So many in a row, equally late, are certain."""
SPREAD_S: Final = 0.03
REPORT_AGAIN_S: Final = 5.0
SENT_KEPT: Final = 256


@dataclass(slots=True)
class _SentNote:
    sent_s: float
    channel: int
    pitch: int
    velocity: int
    thru: bool
    echoed: bool = False


class EchoGuard:
    """Recognises echoes by pitch, velocity and lateness.

    A note like one of an answer that has just been sent is taken for its echo at once: it must not stop the answer. A
    note like one passed through may well be the player repeating it: there a row of them is needed, each sooner than
    anyone repeats a key.
    """

    def __init__(self) -> None:
        self._sent: deque[_SentNote] = deque(maxlen=SENT_KEPT)
        self._lateness_s: deque[float] = deque(maxlen=ROW)
        self._swallowed: dict[tuple[str, int, int], int] = {}
        self._told_s = float("-inf")
        self._echo_s = float("-inf")

    def sent(self, message: NoteOn, now_s: float, *, thru: bool) -> None:
        """A note-on of ours went out."""
        self._sent.append(_SentNote(now_s, message.channel, message.pitch, message.velocity, thru))

    def is_echo(self, port: str, message: NoteOn, now_s: float) -> bool:
        """Whether a note-on that came in is one of ours; its note-off is then one, too."""
        key = (port, message.channel, message.pitch)
        match = self._match(message, now_s)
        if match is not None:
            match.echoed = True
            self._lateness_s.append(now_s - match.sent_s)
        else:
            self._lateness_s.clear()
        if match is None or (match.thru and not self._in_a_row()):
            # A note shortened by the off of an echo is better than one whose own off is taken for that of an echo.
            self._swallowed.pop(key, None)
            return False
        self._echo_s = now_s
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
        if not self._in_a_row() or now_s != self._echo_s:
            return None
        told_s, self._told_s = self._told_s, now_s
        if now_s - told_s < REPORT_AGAIN_S:
            return None
        late_ms = 1000 * sum(self._lateness_s) / len(self._lateness_s)
        return (
            f"our own notes come back {late_ms:.0f} ms later and are left out;"
            " take our output off the way into our input"
        )

    def _match(self, message: NoteOn, now_s: float) -> _SentNote | None:
        for sent in reversed(self._sent):
            late_s = now_s - sent.sent_s
            if late_s > LATEST_S:
                return None
            if sent.echoed or (sent.pitch, sent.velocity) != (message.pitch, message.velocity):
                continue
            if late_s >= EARLIEST_S and (
                not sent.thru or (late_s <= LATEST_THRU_S and sent.channel == message.channel)
            ):
                return sent
        return None

    def _in_a_row(self) -> bool:
        late_s = self._lateness_s
        return len(late_s) == ROW and max(late_s) - min(late_s) <= SPREAD_S
