"""`aiart-bridge cover --live`: a picture in the terminal that answers what is played into the bridge."""

from __future__ import annotations

import shutil
import sys
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Final, Protocol, TextIO

from daw_bridge.cli.output import note
from daw_bridge.control.client import ControlClient
from daw_bridge.control.commands import Hello
from daw_bridge.control.pushes import NoteBegan, Push
from daw_bridge.errors import UsageError

RATE_HZ: Final = 20.0
_PING_S: Final = 1.0
_SILENT_S: Final = 3.5
_KEPT: Final = 2000
_ENTER: Final = "\x1b[?1049h\x1b[?25l\x1b[2J"
_LEAVE: Final = "\x1b[0m\x1b[?25h\x1b[?1049l"
_HOME: Final = "\x1b[H"
_TO_END: Final = "\x1b[0m\x1b[K"


class Shows(Protocol):
    """A picture that hears notes: see `daw_models.cover.live.LivePicture`."""

    def hear(self, side: str, pitch: int, velocity: int) -> None:
        """A note began."""

    def show(self, now_s: float) -> Any:
        """The picture now, uint8 [size, size, 3]."""


@dataclass(slots=True)
class LiveLoop:
    """One picture after another, as fast as it is painted but not above `rate_hz`."""

    picture: Shows
    draw: Callable[[Any, str], object]
    clock: Callable[[], float] = time.monotonic
    rate_hz: float = RATE_HZ
    shown_s: deque[float] = field(default_factory=lambda: deque(maxlen=_KEPT))
    heard: int = 0
    last_word_s: float = 0.0

    def step(self, poll: Callable[[float], list[Push]]) -> None:
        """Wait for the next picture's moment, taking in what is played, and draw it."""
        due_s = (self.shown_s[-1] + 1.0 / self.rate_hz) if self.shown_s else self.clock()
        while True:
            now_s = self.clock()
            self._take(poll(max(0.0, due_s - now_s)), now_s)
            if self.clock() >= due_s:
                break
        now_s = self.clock()
        self.shown_s.append(now_s)
        self.draw(self.picture.show(now_s), self._words(now_s))

    def silent(self, now_s: float) -> bool:
        """Whether the bridge has said nothing for so long that it must be gone."""
        return now_s - self.last_word_s > _SILENT_S

    def rate(self) -> float:
        """Pictures a second, over the last ones."""
        recent = list(self.shown_s)[-40:]
        return (len(recent) - 1) / (recent[-1] - recent[0]) if len(recent) > 1 and recent[-1] > recent[0] else 0.0

    def _take(self, pushes: list[Push], now_s: float) -> None:
        if pushes:
            self.last_word_s = now_s
        for push in pushes:
            if isinstance(push, NoteBegan):
                self.heard += 1
                self.picture.hear(push.side, push.pitch, push.velocity)

    def _words(self, now_s: float) -> str:
        if self.silent(now_s):
            return "waiting for the bridge"
        return f"{self.rate():.0f} pictures a second, {self.heard} notes heard; Ctrl-C leaves"


def run_live(picture: Shows, host: str, port: int, *, out: TextIO = sys.stdout, seconds: float | None = None) -> int:
    """Show the picture until Ctrl-C, or for so many seconds. Raises BridgeError when no bridge answers at the start."""
    if not out.isatty():
        raise UsageError("--live draws in a terminal", cure="run it in one, or use --video to write a file")
    with ControlClient(host, port) as client:
        client.hello()
        loop = LiveLoop(picture, lambda shown, words: out.write(_on_screen(shown, words)), last_word_s=time.monotonic())
        started_s = time.monotonic()
        spoken_s = started_s
        with _whole_terminal(out):
            try:
                while seconds is None or time.monotonic() - started_s < seconds:
                    loop.step(client.poll)
                    out.flush()
                    if time.monotonic() - spoken_s > _PING_S:
                        spoken_s = time.monotonic()
                        if loop.silent(spoken_s):
                            client.send(Hello())
                        else:
                            client.ping()
            except KeyboardInterrupt:
                seconds = 0.0
    note(f"{len(loop.shown_s)} pictures at {loop.rate():.1f} a second, {loop.heard} notes heard")
    return 0


def _on_screen(shown: Any, words: str) -> str:
    """A picture fitted into the terminal as half-block cells, with a line of words below."""
    import numpy as np
    from PIL import Image

    from daw_models.cover.video import half_blocks

    columns, rows = shutil.get_terminal_size()
    side = max(2, min(columns, 2 * (rows - 1)))
    fitted = Image.fromarray(shown).resize((side, side - side % 2), Image.Resampling.BOX)
    margin = " " * ((columns - side) // 2)
    lines = [margin + line + _TO_END for line in half_blocks(np.asarray(fitted)).split("\n")]
    return _HOME + "\n".join([*lines, f"{words[:columns]}{_TO_END}"])


@contextmanager
def _whole_terminal(out: TextIO) -> Iterator[None]:
    """Take the alternate screen, and give the terminal back as it was whatever happens."""
    out.write(_ENTER)
    try:
        yield
    finally:
        out.write(_LEAVE)
        out.flush()
