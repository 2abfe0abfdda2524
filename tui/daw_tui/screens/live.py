"""The page for the stage: whose turn it is, what was played, and every control of the answer."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar, Final

from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical, VerticalScroll

from daw_bridge.control.pushes import Learning, Level, MappingSet, ParameterValue, Push, StateComplete
from daw_bridge.control.schema import BY_NAME
from daw_tui.bridge_view import BridgeView
from daw_tui.screens.page import Page
from daw_tui.widgets.key_strip import KeyCap
from daw_tui.widgets.meters import LatencyMeter, LevelMeters, SessionCounts
from daw_tui.widgets.parameter import ParameterSlider
from daw_tui.widgets.piano_roll import PianoRoll
from daw_tui.widgets.transport_bar import TransportBar

SLIDERS: Final = (
    "temperature",
    "top_p",
    "density",
    "imitation",
    "tonality",
    "variety",
    "follow_velocity",
    "key",
    "length",
    "budget_ms",
    "mode",
    "gap_beats",
    "bars",
    "start_on",
    "overlap",
    "quantise",
    "swing",
    "metronome",
    "count_in",
    "pitch_low",
    "pitch_high",
    "max_polyphony",
    "best_of",
    "transpose",
    "clock",
    "tempo",
    "beats_per_bar",
    "beat_unit",
)


class LivePage(Page):
    """Transport, piano roll, sliders and meters."""

    KEYS: ClassVar[tuple[KeyCap, ...]] = (
        ("space", "your turn", "do('take_turn')"),
        ("s", "stop", "do('stop')"),
        ("p", "panic", "do('panic')"),
        ("l", "loop", "do('loop')"),
        ("v", "vary", "do('vary')"),
        ("k", "keep", "do('keep')"),
        ("u", "undo", "do('undo')"),
        ("a", "play", "piano"),
        ("?", "help", "help"),
    )

    def __init__(self, view: BridgeView) -> None:
        super().__init__(id="live")
        self.connected = False
        self._transport = TransportBar()
        self._stage_roll = PianoRoll(view.roll, id="stage-roll")
        self._latency = LatencyMeter()
        self._levels = LevelMeters()
        self._session = SessionCounts()

    def compose(self) -> ComposeResult:
        """The parts."""
        yield self._transport
        yield self._stage_roll
        with Horizontal(id="desk"):
            with VerticalScroll(id="sliders", can_focus=False):
                for name in SLIDERS:
                    yield ParameterSlider(BY_NAME[name])
            with Vertical(id="meters"):
                yield self._latency
                yield self._levels
                yield self._session

    def changed(self, view: BridgeView, pushes: Sequence[Push]) -> None:
        """Sliders and meters follow."""
        everything = any(isinstance(push, StateComplete | Learning | MappingSet) for push in pushes)
        named = {push.name for push in pushes if isinstance(push, ParameterValue)}
        show_sliders(self, view, None if everything else named)
        for push in pushes:
            if isinstance(push, Level):
                self._levels.hit(push.port, push.level)
        self._latency.show(view.latencies_ms, view.latency, float(view.values["budget_ms"]))
        self._session.show(view.counts)

    def frame(self, view: BridgeView, clock_s: float, elapsed_s: float) -> None:
        """The roll scrolls, the beat goes on, levels fall."""
        bar_lines_s = view.bar_lines_s(clock_s, self._stage_roll.window_s)
        self._stage_roll.show(view.now_s(clock_s), bar_lines_s, _hint(view) if self.connected else "")
        self._transport.show(view.turn, view.transport, view.beat(clock_s), self.connected)
        self._levels.show(view.connections, elapsed_s)

    def entered(self) -> None:
        """Begin at the first slider."""
        self.query(ParameterSlider).first().focus()

    def zoom(self, factor: float) -> None:
        """Show more or less time in the roll."""
        self._stage_roll.window_s = min(60.0, max(2.5, self._stage_roll.window_s * factor))


def _hint(view: BridgeView) -> str:
    """What to do first."""
    if view.welcome.api == "memory":
        return "press a: the letters are a piano, no MIDI needed"
    port = view.connections.get("in")
    return f"play into {port.name}, then leave a gap" if port is not None and view.values["mode"] == "pause" else ""


def show_sliders(page: Page, view: BridgeView, names: set[str] | None) -> None:
    """Bring the sliders of a page up to date: those named, or all of them."""
    for slider in page.query(ParameterSlider):
        name = slider.parameter.name
        if names is None or name in names:
            slider.show(view.values[name], view.mappings.get(name), view.learning == name)
