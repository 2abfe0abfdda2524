"""The page for cables and controllers: ports, channels, and what each knob steers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar, Final

from rich.text import Text
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical, VerticalScroll
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
from daw_bridge.control.rig import Rig
from daw_bridge.control.schema import ACTIONS, BY_NAME, PARAMETERS, ROUTE_FIELDS, ROUTING, SEVERAL
from daw_tui import palette
from daw_tui.bridge_view import BridgeView
from daw_tui.messages import Wanted
from daw_tui.screens import live
from daw_tui.screens.page import Page
from daw_tui.widgets.key_strip import KeyCap
from daw_tui.widgets.parameter import ParameterSlider, controller_name
from daw_tui.widgets.port_matrix import PortMatrix
from daw_tui.widgets.route_list import RouteList

ROUTED: Final = ("listen", *(item.name for item in ROUTE_FIELDS if item.name not in ("use", "listen")))
"""What the chosen route says."""
_OF_ROUTES: Final = ("listen", "in_port", "key_low", "key_high", "transpose")
"""What is shown of a route alone: the rule for everything else has none of it, or it stands on the live page."""
PLAYED: Final = ("split", "split_note", "split_port", "split_channel", "drums")
SLIDERS: Final = tuple(
    item.name for item in PARAMETERS if item.live and item.name not in (*live.SLIDERS, *ROUTED, *PLAYED)
)
"""What no other place has room for."""

_RIG: Final = ROUTING.union(SEVERAL)
"""The parameters that the matrix and the routes are read from."""
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
        targets += sorted(name for name in (*view.mappings, view.learning) if name.startswith("route/"))
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
        name = Text(target.replace("_", " ").replace("/", " "), style=palette.RESPONSE if action else palette.TEXT)
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
    """Ports and channels, routes, and controllers."""

    KEYS: ClassVar[tuple[KeyCap, ...]] = (
        ("enter", "toggle", "noop"),
        ("o", "thru", "noop"),
        ("n", "new route", "new_route"),
        ("del", "forget", "noop"),
        ("space", "your turn", "do('take_turn')"),
        ("p", "panic", "do('panic')"),
        ("?", "help", "help"),
    )

    def __init__(self) -> None:
        super().__init__(id="routing")
        self._matrix = PortMatrix()
        self._routes = RouteList()
        self._about = Static(id="ports")
        self._head = Label("ANSWER AND THRU", classes="head")
        self._controllers = ControllerTable()
        self._view: BridgeView | None = None

    def compose(self) -> ComposeResult:
        """The parts."""
        with VerticalScroll(id="cables", can_focus=False):
            yield Label("PORTS AND CHANNELS", classes="head first")
            yield self._matrix
            yield self._about
            yield Label("ROUTES", classes="head")
            yield self._routes
            yield self._head
            for name in ROUTED:
                alone = name in _OF_ROUTES
                slider = ParameterSlider(BY_NAME[f"route/1/{name}" if alone else name], id=f"slider-{_own(name)}")
                slider.display = not alone
                yield slider
            yield Label("SPLIT AND DRUMS", classes="head")
            for name in PLAYED:
                yield ParameterSlider(BY_NAME[name])
            yield Label("FURTHER", classes="head")
            for name in SLIDERS:
                yield ParameterSlider(BY_NAME[name])
        with Vertical(id="learning"):
            yield Label("CONTROLLERS", classes="head first")
            yield Label("enter, then move a knob or press a pad", classes="field")
            yield self._controllers

    def changed(self, view: BridgeView, pushes: Sequence[Push]) -> None:
        """Follow."""
        self._view = view
        named = {push.name for push in pushes if isinstance(push, ParameterValue)}
        everything = any(isinstance(push, StateComplete) for push in pushes)
        if everything or named & _RIG or any(isinstance(push, Connection | Welcome) for push in pushes):
            self._show_rig(view)
        if everything or named or any(isinstance(push, MappingSet | Learning) for push in pushes):
            live.show_sliders(self, view, None)
        if any(isinstance(push, MappingSet | Learning | Preset | StateComplete) for push in pushes):
            self._controllers.show(view)

    def on_route_list_chosen(self) -> None:
        """Another route's sliders."""
        if self._view is not None:
            self._show_rig(self._view)
            live.show_sliders(self, self._view, None)

    def action_new_route(self) -> None:
        """A route more."""
        self._routes.action_new()

    def entered(self) -> None:
        """Begin at the controllers."""
        self._controllers.focus()

    def _show_rig(self, view: BridgeView) -> None:
        rig = Rig(view.values)
        self._routes.show(rig)
        route = self._routes.chosen
        self._matrix.show(rig, route, view.values, view.connections)
        self._about.update(_about(view))
        self._head.update("ANSWER AND THRU" if route == 0 else f"ROUTE {route}")
        for name in ROUTED:
            slider = self.query_one(f"#slider-{_own(name)}", ParameterSlider)
            slider.display = route > 0 or name not in _OF_ROUTES
            slider.point_at(BY_NAME[name if route == 0 and name not in _OF_ROUTES else f"route/{route or 1}/{name}"])


def _own(name: str) -> str:
    """What the slider of a route's field is called in this page."""
    return f"route-{name}" if name in _OF_ROUTES else name


def _about(view: BridgeView) -> Text:
    """What the marks mean, and what is lost."""
    text = Text.assemble(
        ("● call  ◉ call and thru  ○ thru  · neither", palette.DIM),
        (f"   by {view.welcome.api or '?'}", palette.DIM),
        no_wrap=True,
        overflow="ellipsis",
    )
    lost = [connection.name for connection in view.connections.values() if not connection.attached]
    if lost:
        text.append(f"\nlost: {', '.join(lost)}", style=palette.BAD)
    return text
