"""One slider for one parameter: arrows, mouse or typing; it shows which controller steers it."""

from __future__ import annotations

from typing import ClassVar, Final

from rich.text import Text
from textual import events
from textual.binding import Binding, BindingType
from textual.widget import Widget

from daw_bridge.control.commands import Learn, LearnStop, SetParameter, Unlearn
from daw_bridge.control.pushes import MappingSet
from daw_bridge.control.rig import note_name
from daw_bridge.control.schema import (
    Kind,
    Parameter,
    Value,
    choices_of,
    next_value,
    parse_parameter,
    position_of,
    value_at,
)
from daw_tui import palette
from daw_tui.messages import Wanted

LABEL: Final = 17
VALUE: Final = 10
TAG: Final = 5
_STEPS: Final = 40
_FINE_STEPS: Final = 200
_KEYS: Final = ("pitch_low", "pitch_high", "key_low", "key_high", "split_note")
"""What is a key of the keyboard."""
_WORDS: Final = {
    ("in_port", 0): "all",
    ("in_channel", 0): "all",
    ("out_channel", 0): "same",
    ("thru_channel", 0): "same",
    ("split_channel", 0): "same",
    ("program", -1): "as it is",
}
"""What a figure means that is none."""
_TYPED: Final = frozenset("0123456789.-+")


class ParameterSlider(Widget, can_focus=True):
    """A line: label, track, value and the controller that was learned for it."""

    DEFAULT_CSS = """
    ParameterSlider { height: 1; width: 1fr; }
    ParameterSlider:focus { background: $panel; }
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("left", "step(-1)", "less", show=False),
        Binding("right", "step(1)", "more", show=False),
        Binding("shift+left", "fine(-1)", "a little less", show=False),
        Binding("shift+right", "fine(1)", "a little more", show=False),
        Binding("home", "to_end(0)", "least", show=False),
        Binding("end", "to_end(1)", "most", show=False),
        Binding("enter", "accept", "next, or type a figure", show=False),
        Binding("d", "default", "default", show=False),
        Binding("m", "learn", "learn a controller", show=False),
        Binding("backspace", "backspace", "forget the controller", show=False),
        Binding("up", "app.focus_previous", show=False),
        Binding("down", "app.focus_next", show=False),
    ]

    def __init__(self, parameter: Parameter, id: str | None = None) -> None:
        super().__init__(id=id or f"slider-{parameter.name}")
        self._mapping: MappingSet | None = None
        self._learning = False
        self._typed: str | None = None
        self.parameter = parameter
        self.value: Value = parameter.default
        self._explain()

    def point_at(self, parameter: Parameter) -> None:
        """Be the slider of a parameter from now on; `show` says where it stands."""
        if parameter is not self.parameter:
            self.parameter, self.value, self._typed = parameter, parameter.default, None
            self._explain()
            self.refresh()

    def _explain(self) -> None:
        parameter = self.parameter
        self.tooltip = f"{parameter.help}\nheard {parameter.heard.value}; d default, m learn"

    def show(self, value: Value, mapping: MappingSet | None, learning: bool) -> None:
        """Show what the bridge says."""
        if (value, mapping, learning) != (self.value, self._mapping, self._learning):
            self.value, self._mapping, self._learning = value, mapping, learning
            self.refresh()

    def render(self) -> Text:
        """The line."""
        focused = self.has_focus
        label = Text(f" {self._label:<{LABEL - 1}}", style=palette.TEXT if focused else palette.DIM)
        track = max(4, self.size.width - LABEL - VALUE - TAG)
        return Text.assemble(label, self._track(track), self._value(), self._tag(), no_wrap=True, overflow="crop")

    @property
    def _label(self) -> str:
        return self.parameter.name.rpartition("/")[2].replace("_", " ")

    def _track(self, width: int) -> Text:
        colour = palette.CALL if self.has_focus else palette.mixed(palette.CALL, palette.RAISED, 0.75)
        place = position_of(self.parameter, self.value)
        at = round(place * (width - 1))
        zero = 0
        if self.parameter.minimum < 0 < self.parameter.maximum and not choices_of(self.parameter):
            zero = round(position_of(self.parameter, 0) * (width - 1))
        first, last = min(zero, at), max(zero, at)
        return Text.assemble(
            ("─" * first, palette.LINE),
            ("━" * (last - first if at == last else 0), colour),
            ("●", f"bold {palette.BRIGHT if self.has_focus else colour}"),
            ("━" * (last - first if at == first else 0), colour),
            ("─" * (width - 1 - last), palette.LINE),
        )

    def _value(self) -> Text:
        if self._typed is not None:
            return Text(f" {self._typed + '▏':<{VALUE - 1}}", style=f"bold {palette.BRIGHT}")
        return Text(f" {shown_value(self.parameter, self.value):<{VALUE - 1}}", style=f"bold {palette.TEXT}")

    def _tag(self) -> Text:
        if self._learning:
            return Text(f"{'move!':<{TAG}}", style=f"bold {palette.THINKING}")
        return Text(f"{controller_name(self._mapping):<{TAG}}", style=palette.DIM)

    def _want(self, value: Value) -> None:
        # Shown at once, so that the hand feels no lag; the bridge's own word follows and counts.
        self.value = value
        self.refresh()
        self.post_message(Wanted(SetParameter(self.parameter.name, value)))

    def action_step(self, by: int) -> None:
        """One step along the track, or to the next choice."""
        choices = choices_of(self.parameter)
        if choices:
            here = choices.index(self.value) if self.value in choices else 0
            self._want(choices[min(len(choices) - 1, max(0, here + by))])
            return
        self._move(by, _STEPS)

    def action_fine(self, by: int) -> None:
        """A small step."""
        self._move(by, _FINE_STEPS)

    def _move(self, by: int, steps: int) -> None:
        span = self.parameter.maximum - self.parameter.minimum
        step = span / steps
        if self.parameter.kind is Kind.INT:
            step = max(1.0, round(step))
        number = float(self.value) + by * step
        self._want(self._rounded(min(self.parameter.maximum, max(self.parameter.minimum, number))))

    def _rounded(self, number: float) -> Value:
        return round(number) if self.parameter.kind is Kind.INT else round(number, 4)

    def action_to_end(self, place: int) -> None:
        """To the least or the most."""
        self._want(value_at(self.parameter, float(place)))

    def action_default(self) -> None:
        """Back to the default."""
        self._want(self.parameter.default)

    def action_accept(self) -> None:
        """Go to the next choice; or begin to type a figure, and take it when it is typed."""
        if choices_of(self.parameter):
            self._want(next_value(self.parameter, self.value))
            return
        typed, self._typed = self._typed, "" if self._typed is None else None
        if typed:
            try:
                number = float(typed)
                self._want(parse_parameter(self.parameter, int(number) if number == int(number) else number))
            except ValueError as error:
                self.notify(str(error), severity="warning", timeout=3)
        self.refresh()

    def action_learn(self) -> None:
        """Wait for a controller; once more to stop waiting."""
        self.post_message(Wanted(LearnStop() if self._learning else Learn(self.parameter.name)))

    def action_backspace(self) -> None:
        """Take back a typed figure, or untie the controller."""
        if self._typed:
            self._typed = self._typed[:-1]
            self.refresh()
        elif self._mapping is not None:
            self.post_message(Wanted(Unlearn(self.parameter.name)))

    def on_key(self, event: events.Key) -> None:
        """While a figure is typed, keys belong to it."""
        if self._typed is None:
            return
        if event.key == "escape":
            self._typed = None
        elif event.character is not None and event.character in _TYPED:
            self._typed = (self._typed + event.character)[: VALUE - 3]
        else:
            return
        self.refresh()
        event.stop()
        event.prevent_default()

    def on_blur(self) -> None:
        """What was typed and not taken is dropped."""
        self._typed = None

    def on_mouse_down(self, event: events.MouseDown) -> None:
        """Take hold of the track."""
        self.capture_mouse()
        self._drag(event.x)

    def on_mouse_move(self, event: events.MouseMove) -> None:
        """Drag."""
        if self.app.mouse_captured is self:
            self._drag(event.x)

    def on_mouse_up(self) -> None:
        """Let go."""
        self.release_mouse()

    def _drag(self, x: int) -> None:
        track = max(4, self.size.width - LABEL - VALUE - TAG)
        if LABEL <= x < LABEL + track:
            value = value_at(self.parameter, (x - LABEL) / (track - 1))
            if value != self.value:
                self._want(value)


def shown_value(parameter: Parameter, value: Value) -> str:
    """A value as the player reads it."""
    if isinstance(value, bool):
        return "on" if value else "off"
    own_name = parameter.name.rpartition("/")[2]
    if (own_name, value) in _WORDS:
        return _WORDS[own_name, int(value)]
    if own_name in _KEYS:
        return f"{value} {note_name(int(value))}"
    digits = 2 if parameter.maximum < 100 else 1
    figure = f"{value:.{digits}f}" if isinstance(value, float) else str(value)
    unit = parameter.unit if parameter.unit in ("ms", "bpm") else ""
    return f"{figure} {unit}".rstrip()[: VALUE - 1]


def controller_name(mapping: MappingSet | None) -> str:
    """`CC74`, `CC1+` with its fine part, `n60`, `PC5`; empty without one."""
    if mapping is None:
        return ""
    kind = {"cc": "CC", "cc14": "CC", "note": "n", "program": "PC"}.get(mapping.source, "?")
    return f"{kind}{mapping.number}{'+' if mapping.source == 'cc14' else ''}"
