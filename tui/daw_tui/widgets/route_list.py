"""The routes, one a line: what each is for and what it does. The last is the rule for everything else."""

from __future__ import annotations

from typing import ClassVar

from rich.text import Text
from textual import events
from textual.binding import Binding, BindingType
from textual.message import Message
from textual.widget import Widget

from daw_bridge.control.commands import SetParameter
from daw_bridge.control.rig import Rig
from daw_tui import palette
from daw_tui.messages import Wanted


class RouteList(Widget, can_focus=True):
    """`chosen` is the number of the route whose sliders are shown, 0 for everything else."""

    DEFAULT_CSS = """
    RouteList { height: auto; width: 1fr; }
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up", "go(-1)", show=False),
        Binding("down", "go(1)", show=False),
        Binding("n", "new", "new route", show=False),
        Binding("backspace,delete", "remove", "remove", show=False),
    ]

    class Chosen(Message):
        """Another route is to be shown."""

    def __init__(self) -> None:
        super().__init__()
        self._rig: Rig | None = None
        self._awaited = 0
        self.chosen = 0

    def show(self, rig: Rig) -> None:
        """Show the routes in use; the one that was just made is chosen as soon as it is there."""
        taller = self._rig is None or len(self._rig.routes) != len(rig.routes)
        self._rig = rig
        if self._awaited in rig.routes:
            self.chosen, self._awaited = self._awaited, 0
        elif self.chosen not in rig.routes:
            self.chosen = 0
        self.refresh(layout=taller)

    def render(self) -> Text:
        """A line a route."""
        rig = self._rig
        if rig is None:
            return Text("")
        lines = []
        scopes = {route: rig.scope_text(route) for route in self._routes}
        width = max(len(text) for text in scopes.values())
        for route in self._routes:
            under = route == self.chosen
            colour = palette.BRIGHT if under and self.has_focus else palette.TEXT if under else palette.DIM
            lines.append(
                Text.assemble(
                    ("▸" if under else " ", palette.CALL),
                    (f"{route or '·'!s:>2} ", palette.DIM),
                    (f"{scopes[route]:<{width}}  ", f"bold {colour}" if under else colour),
                    (rig.effect_text(route), palette.RESPONSE if under else palette.DIM),
                    no_wrap=True,
                    overflow="ellipsis",
                )
            )
        return Text("\n").join(lines)

    def action_go(self, by: int) -> None:
        """The route above or below; out of the list at its ends."""
        at = self._routes.index(self.chosen) + by
        if not 0 <= at < len(self._routes):
            self.app.action_focus_next() if by > 0 else self.app.action_focus_previous()
            return
        self._choose(self._routes[at])

    def action_new(self) -> None:
        """A route more."""
        if self._rig is None:
            return
        try:
            number, changes = self._rig.added()
        except ValueError as error:
            self.notify(str(error), severity="warning", timeout=3)
            return
        self._awaited = number
        for name, value in changes:
            self.post_message(Wanted(SetParameter(name, value)))

    def action_remove(self) -> None:
        """The chosen route counts no more."""
        if self.chosen:
            self.post_message(Wanted(SetParameter(f"route/{self.chosen}/use", False)))

    def on_click(self, event: events.Click) -> None:
        """Choose the route under the mouse."""
        if 0 <= event.y < len(self._routes):
            self._choose(self._routes[event.y])

    @property
    def _routes(self) -> tuple[int, ...]:
        return (*(self._rig.routes if self._rig is not None else ()), 0)

    def _choose(self, route: int) -> None:
        self.chosen = route
        self.refresh()
        self.post_message(self.Chosen())
