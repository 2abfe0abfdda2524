"""The page for cables and controllers: ports, channels, and what each knob steers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar, Final

from rich.text import Text
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.widgets import DataTable, Label, Static

from daw_bridge.control.commands import Learn, LearnStop, Unlearn
from daw_bridge.control.pushes import (
    Connection,
    Learning,
    MappingSet,
    ParameterValue,
    Preset,
    Push,
    StateComplete,
    Welcome,
)
from daw_bridge.control.schema import ACTIONS, BY_NAME, PARAMETERS
from daw_tui import palette
from daw_tui.bridge_view import BridgeView
from daw_tui.messages import Wanted
from daw_tui.screens import live
from daw_tui.screens.page import Page
from daw_tui.widgets.channel_matrix import ROWS, ChannelMatrix
from daw_tui.widgets.key_strip import KeyCap
from daw_tui.widgets.parameter import ParameterSlider, controller_name

SLIDERS: Final = tuple(
    item.name
    for item in PARAMETERS
    if item.live and item.name not in live.SLIDERS and item.name not in (row[0] for row in ROWS)
)
"""What the live page has no room for."""

_PRESET_TARGETS: Final = ("preset_next", "preset_previous")


class ControllerTable(DataTable[Text]):
    """Every target with the controller that steers it."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("m,enter", "learn", "learn", show=False),
        Binding("backspace,delete", "forget", "forget", show=False),
    ]

    def __init__(self) -> None:
        super().__init__(cursor_type="row", zebra_stripes=False, cell_padding=1, id="controllers")
        self._learning = ""

    def on_mount(self) -> None:
        """Make the columns."""
        self.add_column("target", key="target", width=18)
        self.add_column("steered by", key="source", width=14)
        self.add_column("channel", key="channel", width=7)

    def show(self, view: BridgeView) -> None:
        """Show the state."""
        self._learning = view.learning
        targets = [item.name for item in PARAMETERS if item.live] + [item.name for item in ACTIONS]
        targets += [*_PRESET_TARGETS, *(f"preset:{preset.name}" for preset in view.presets)]
        known = {str(key.value) for key in self.rows}
        for stale in known - set(targets):
            self.remove_row(stale)
        for target in targets:
            cells = self._cells(view, target)
            if target not in known:
                self.add_row(*cells, key=target)
                continue
            for column, cell in zip(("target", "source", "channel"), cells, strict=True):
                if self.get_cell(target, column) != cell:
                    self.update_cell(target, column, cell)

    def _cells(self, view: BridgeView, target: str) -> tuple[Text, Text, Text]:
        mapping = view.mappings.get(target)
        action = target not in BY_NAME
        name = Text(target.replace("_", " "), style=palette.RESPONSE if action else palette.TEXT)
        if target == view.learning:
            return (name, Text("move it now", style=f"bold {palette.THINKING}"), Text(""))
        if mapping is None:
            return (name, Text("·", style=palette.DIM), Text(""))
        channel = "any" if mapping.channel == 0 else str(mapping.channel)
        source = Text(controller_name(mapping), style=f"bold {palette.CALL}")
        if (mapping.low, mapping.high) != (0.0, 1.0):
            source.append(f" {mapping.low:.0%}-{mapping.high:.0%}", style=palette.DIM)
        return (name, source, Text(channel))

    @property
    def target(self) -> str:
        """The target under the cursor."""
        if not self.row_count:
            return ""
        return str(self.coordinate_to_cell_key(self.cursor_coordinate).row_key.value)

    def action_learn(self) -> None:
        """Wait for a controller for the target under the cursor; once more to stop."""
        waiting = self._learning == self.target
        self.post_message(Wanted(LearnStop() if waiting else Learn(self.target)))

    def action_forget(self) -> None:
        """Untie the target under the cursor."""
        self.post_message(Wanted(Unlearn(self.target)))


class RoutingPage(Page):
    """Ports, channel matrix and controllers."""

    KEYS: ClassVar[tuple[KeyCap, ...]] = (
        ("tab", "next", "focus_next"),
        ("enter", "learn", "focus_controllers"),
        ("backspace", "forget", "forget_controller"),
        ("space", "your turn", "do('take_turn')"),
        ("p", "panic", "do('panic')"),
        ("?", "help", "help"),
    )

    def __init__(self) -> None:
        super().__init__(id="routing")
        self._ports = Static(id="ports")
        self._channels = ChannelMatrix()
        self._controllers = ControllerTable()

    def compose(self) -> ComposeResult:
        """The parts."""
        with Vertical(id="cables"):
            yield Label("PORTS", classes="head first")
            yield self._ports
            yield Label("CHANNELS", classes="head")
            yield self._channels
            yield Label("SOUND AND THRU", classes="head")
            for name in SLIDERS:
                yield ParameterSlider(BY_NAME[name])
        with Vertical(id="learning"):
            yield Label("CONTROLLERS", classes="head")
            yield Label("enter, then move a knob or press a pad", classes="field")
            yield self._controllers

    def changed(self, view: BridgeView, pushes: Sequence[Push]) -> None:
        """Follow."""
        if any(isinstance(push, ParameterValue | StateComplete | MappingSet | Learning) for push in pushes):
            self._channels.show(int(view.values["in_channel"]), int(view.values["out_channel"]))
            live.show_sliders(self, view, None)
        if any(isinstance(push, MappingSet | Learning | Preset | StateComplete) for push in pushes):
            self._controllers.show(view)
        if any(isinstance(push, Connection | Welcome | StateComplete) for push in pushes):
            self._ports.update(_ports(view))

    def entered(self) -> None:
        """Begin at the controllers."""
        self._controllers.focus()


def _ports(view: BridgeView) -> Text:
    lines = []
    for role, connection in view.connections.items():
        mark, colour, word = ("●", palette.GOOD, "attached") if connection.attached else ("○", palette.BAD, "lost")
        lines.append(
            Text.assemble(
                (f"{role:<5}", palette.DIM),
                (f"{mark} ", colour),
                (f"{connection.name:<26} ", palette.TEXT),
                (word, colour),
            )
        )
    api = view.welcome.api or "?"
    lines.append(Text(f"by {api}; chosen at start with --in-port and --port", style=palette.DIM))
    return Text("\n").join(lines)
