"""Whose turn it is, in letters that are read across the stage; beside it bar, beat, tempo and lock."""

from __future__ import annotations

import math

from rich.console import RenderableType
from rich.table import Table
from rich.text import Text
from textual.widget import Widget

from daw_bridge.control.pushes import Transport, Turn
from daw_tui import palette
from daw_tui.widgets.big_text import big

_SOURCES = {"midi": "midi clock", "internal": "own clock"}


class TransportBar(Widget):
    """Shows a turn and a transport."""

    DEFAULT_CSS = """
    TransportBar { height: 5; padding: 1 2; background: $surface; }
    """

    def __init__(self) -> None:
        super().__init__()
        self._turn = Turn("idle", 0)
        self._transport: Transport | None = None
        self._beat: float | None = None
        self._connected = False
        self._begun = False
        self._shown: tuple[object, ...] = ()

    def show(self, turn: Turn, transport: Transport | None, beat: float | None, connected: bool) -> None:
        """Show these; nothing is painted unless it looks different."""
        quarter = None if beat is None else int(beat // 1)
        look = (
            turn,
            transport and (transport.rolling, round(transport.tempo, 1), transport.locked),
            quarter,
            connected,
        )
        self._turn, self._transport, self._beat, self._connected = turn, transport, beat, connected
        if look != self._shown:
            self._shown = look
            self._begun = self._begun or connected
            self.refresh()

    def render(self) -> RenderableType:
        """The three lines."""
        word, colour = self._turn.state, palette.STATE_COLOURS.get(self._turn.state, palette.IDLE)
        if not self._connected:
            word, colour = ("offline", palette.BAD) if self._begun else ("starting", palette.THINKING)
        table = Table.grid(expand=True, padding=0)
        table.add_column(width=44, no_wrap=True)
        table.add_column(ratio=1, no_wrap=True, overflow="crop")
        table.add_column(width=22, no_wrap=True, justify="right")
        left = big(word)
        middle = self._position()
        right = self._facts()
        for line in range(3):
            table.add_row(Text(left[line], style=f"bold {colour}"), middle[line], right[line])
        return table

    def _position(self) -> list[Text]:
        if self._transport is None or self._beat is None or not self._rolling or self.size.width < 88:
            return [Text("")] * 3
        per_bar = self._transport.beats_per_bar
        bar, beat = _place(self._transport, self._beat)
        text = f"{bar}.{beat}"
        lines = [Text(line, style=palette.TEXT) for line in big(text)]
        for index in range(min(per_bar, 8)):
            lines[1].append("   " if index == 0 else " ")
            lines[1].append("●" if index < beat else "○", style=palette.CALL if index < beat else palette.DIM)
        return lines

    @property
    def _rolling(self) -> bool:
        return self._connected and self._transport is not None and self._transport.rolling

    def _facts(self) -> list[Text]:
        if not self._connected and not self._begun:
            return [Text(""), Text("one moment…", style=palette.DIM), Text("")]
        if not self._connected:
            return [Text("the bridge is away", style=palette.DIM), Text("reconnecting…", style=palette.BAD), Text("")]
        turn = Text.assemble(("turn ", palette.DIM), (str(self._turn.turn), f"bold {palette.TEXT}"))
        transport = self._transport
        if transport is None:
            return [Text("free time", style=palette.DIM), Text(""), turn]
        tempo = Text.assemble((f"{transport.tempo:.1f}", f"bold {palette.TEXT}"), (" bpm", palette.DIM))
        source = _SOURCES.get(transport.source, transport.source)
        if not transport.rolling:
            lock = Text(f"■ {source}", style=palette.DIM)
        elif transport.locked:
            lock = Text(f"◆ {source}", style=palette.GOOD)
        else:
            lock = Text(f"◇ {source}, searching", style=palette.RESPONSE)
        if self.size.width < 88 and self._beat is not None and self._rolling:
            bar, beat = _place(transport, self._beat)
            tempo = Text.assemble((f"{bar}.{beat}", f"bold {palette.TEXT}"), ("  ", ""), tempo)
        return [tempo, lock, turn]


def _place(transport: Transport, quarters: float) -> tuple[int, int]:
    """The bar and the beat in it, counted from one, as the time signature counts them."""
    beat = math.floor(quarters * transport.beat_unit / 4)
    return beat // transport.beats_per_bar + 1, beat % transport.beats_per_bar + 1
