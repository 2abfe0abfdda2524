"""Small displays: the latency of the last answers, the level of each port, and how the session goes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from rich.text import Text
from textual.widget import Widget

from daw_bridge.control.pushes import Connection, Counts, Latency
from daw_tui import palette

_BARS: Final = "▁▂▃▄▅▆▇█"
DECAY_PER_S: Final = 1.6


class LatencyMeter(Widget):
    """The last answers as bars against the budget, with the figures below."""

    DEFAULT_CSS = """
    LatencyMeter { height: 4; width: 1fr; padding: 0 1; }
    """

    def __init__(self) -> None:
        super().__init__()
        self._last: tuple[float, ...] = ()
        self._latency: Latency | None = None
        self._budget_ms = 20.0

    def show(self, latencies_ms: Sequence[float], latency: Latency | None, budget_ms: float) -> None:
        """Show these."""
        last = tuple(latencies_ms)
        if (last, latency, budget_ms) != (self._last, self._latency, self._budget_ms):
            self._last, self._latency, self._budget_ms = last, latency, budget_ms
            self.refresh()

    def render(self) -> Text:
        """Title, bars, two lines of figures."""
        width = max(8, self.size.width)
        title = Text.assemble(("latency", palette.DIM), (f"  budget {self._budget_ms:.0f} ms", palette.DIM))
        bars = Text()
        for value_ms in self._last[-width:]:
            height = min(7, max(0, int(value_ms / self._budget_ms * 8)))
            colour = palette.BAD if value_ms > self._budget_ms else palette.GOOD
            bars.append(_BARS[height], style=colour)
        bars.append("▁" * max(0, width - len(self._last)), style=palette.LINE)
        if self._latency is None:
            return Text("\n").join([title, bars, Text("no answer yet", style=palette.DIM)])
        latency = self._latency
        figures = Text.assemble(
            (f"{latency.last_ms:.1f} ms  ", f"bold {palette.TEXT}"),
            ("p50 ", palette.DIM),
            (f"{latency.p50_ms:.1f}  ", palette.TEXT),
            ("p99 ", palette.DIM),
            (f"{latency.p99_ms:.1f}", palette.TEXT),
        )
        tier = Text.assemble(
            ("by ", palette.DIM),
            (latency.tier, f"bold {palette.RESPONSE}"),
            (f" in {latency.model_ms:.1f} ms", palette.DIM),
        )
        return Text("\n").join([title, bars, figures, *([tier] if latency.tier else [])])


class LevelMeters(Widget):
    """A bar per port that falls back by itself; a lost port is said."""

    DEFAULT_CSS = """
    LevelMeters { height: auto; min-height: 2; max-height: 4; width: 1fr; padding: 0 1; }
    """

    def __init__(self) -> None:
        super().__init__()
        self._levels: dict[str, float] = {}
        self._connections: dict[str, Connection] = {}
        self._shown: tuple[object, ...] = ()

    def hit(self, port: str, level: float) -> None:
        """A note of this strength passed a port."""
        self._levels[port] = max(self._levels.get(port, 0.0), level)

    def show(self, connections: Mapping[str, Connection], elapsed_s: float) -> None:
        """Show the ports; levels fall for the time that has passed."""
        taller = len(_roles(connections)) != len(_roles(self._connections))
        self.set_class(len(_roles(connections)) > 2, "-many")
        self._connections = dict(connections)
        for port, level in list(self._levels.items()):
            self._levels[port] = max(0.0, level - DECAY_PER_S * elapsed_s)
        look = (tuple(self._connections.values()), tuple(round(level, 2) for level in self._levels.values()))
        if look != self._shown:
            self._shown = look
            self.refresh(layout=taller)

    def render(self) -> Text:
        """A line a port."""
        lines = []
        for role in _roles(self._connections):
            connection = self._connections.get(role)
            name = connection.name if connection else "no port"
            lost = connection is not None and not connection.attached
            colour = palette.CALL if role.startswith("in") else palette.RESPONSE
            track = max(6, self.size.width - 5 - 13)
            level = self._levels.get(role, 0.0)
            if role == "in":
                level = max(level, self._levels.get("osc", 0.0))
            full = round(level * track)
            lines.append(
                Text.assemble(
                    (f"{role:<5}", palette.DIM),
                    ("▮" * full, palette.BRIGHT if level > 0.95 else colour),
                    ("▮" * (track - full), palette.LINE),
                    (" lost" if lost else f" {name}", palette.BAD if lost else palette.TEXT),
                    no_wrap=True,
                    overflow="ellipsis",
                )
            )
        return Text("\n").join(lines)


def _roles(connections: Mapping[str, Connection]) -> tuple[str, ...]:
    """The inputs, then the outputs; one of each where nothing is known yet. Four have room."""
    known = [role for role in connections if role.startswith(("in", "out"))] or ["in", "out"]
    return tuple(sorted(known)[:4])


class SessionCounts(Widget):
    """Turns, speculation, misses and faults in figures."""

    DEFAULT_CSS = """
    SessionCounts { height: 2; width: 1fr; padding: 0 1; }
    """

    def __init__(self) -> None:
        super().__init__()
        self._counts = Counts(0, 0, 0, 0, 0, 0, 0)

    def show(self, counts: Counts) -> None:
        """Show these."""
        if counts != self._counts:
            self._counts = counts
            self.refresh()

    def render(self) -> Text:
        """Two lines."""
        counts = self._counts
        return Text.assemble(
            ("answers ", palette.DIM),
            (f"{counts.used}", f"bold {palette.TEXT}"),
            ("  asked ", palette.DIM),
            (f"{counts.asked}\n", f"bold {palette.TEXT}"),
            ("misses ", palette.DIM),
            (f"{counts.misses}", f"bold {palette.BAD if counts.misses else palette.GOOD}"),
            ("   faults ", palette.DIM),
            (f"{counts.faults}", f"bold {palette.BAD if counts.faults else palette.GOOD}"),
        )
