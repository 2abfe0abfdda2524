"""The page of presets: whole sets of controls under a name, recalled by key, list or program change."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar, Final

from rich.text import Text
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.widgets import Input, Label, OptionList, Static
from textual.widgets.option_list import Option

from daw_bridge.control.commands import Learn, PresetRecall, PresetRemove, PresetSave
from daw_bridge.control.pushes import Learning, MappingSet, Preset, Push, StateComplete, Welcome
from daw_tui import palette
from daw_tui.bridge_view import BridgeView
from daw_tui.messages import Wanted
from daw_tui.screens.page import Page
from daw_tui.widgets.key_strip import KeyCap
from daw_tui.widgets.parameter import controller_name

_NAME: Final = 23
"""Cells for the name of a preset: what is learned for it has room beside it on a narrow screen."""


class PresetList(OptionList):
    """The presets in order."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("m", "learn", "learn", show=False),
        Binding("backspace,delete", "remove", "remove", show=False),
    ]

    def _chosen(self) -> str:
        if self.highlighted is None:
            return ""
        return str(self.get_option_at_index(self.highlighted).id)

    def action_learn(self) -> None:
        """Wait for a controller or program change that recalls the preset."""
        if self._chosen():
            self.post_message(Wanted(Learn(f"preset:{self._chosen()}")))

    def action_remove(self) -> None:
        """Forget the preset."""
        if self._chosen():
            self.post_message(Wanted(PresetRemove(self._chosen())))


class PresetsPage(Page):
    """The list, and a line to save the present controls."""

    KEYS: ClassVar[tuple[KeyCap, ...]] = (
        ("enter", "recall", "focus_presets"),
        ("[", "previous", "preset(-1)"),
        ("]", "next", "preset(1)"),
        ("m", "learn", "focus_presets"),
        ("backspace", "remove", "focus_presets"),
        ("?", "help", "help"),
    )

    def __init__(self) -> None:
        super().__init__(id="presets")
        self._list = PresetList(id="preset-list")
        self._field = Input(placeholder="a name, then enter", max_length=40, id="preset-name", compact=True)

    def compose(self) -> ComposeResult:
        """The parts."""
        with Vertical(id="preset-side"):
            yield Label("PRESETS", classes="head")
            yield self._list
        with Vertical(id="preset-save"):
            yield Label("SAVE THE CONTROLS AS THEY ARE", classes="head")
            yield self._field
            yield Static(
                "A preset holds every control that can change while playing: how daring the answer is, its length, "
                "key and range, who decides on the turns, channels and sound.\n\n"
                "\\[ and ] go through the list on any page. With m, the next controller, pad or program change that "
                "is moved recalls the preset.",
                id="preset-help",
            )

    def changed(self, view: BridgeView, pushes: Sequence[Push]) -> None:
        """Follow."""
        if not any(isinstance(push, Preset | MappingSet | Learning | StateComplete | Welcome) for push in pushes):
            return
        presets = self._list
        here = presets.highlighted
        presets.clear_options()
        for preset in view.presets:
            target = f"preset:{preset.name}"
            tag = "move it now" if view.learning == target else controller_name(view.mappings.get(target))
            colour = palette.RESPONSE if preset.current else palette.TEXT
            name = Text(preset.name, style=colour)
            name.truncate(_NAME, overflow="ellipsis", pad=True)
            mark = ("● " if preset.current else "  ", palette.RESPONSE)
            line = Text.assemble(mark, name, " ", (tag, palette.CALL), no_wrap=True, overflow="ellipsis")
            presets.add_option(Option(line, id=preset.name))
        if view.presets:
            current = next((index for index, preset in enumerate(view.presets) if preset.current), 0)
            presets.highlighted = current if here is None else min(here, len(view.presets) - 1)

    def entered(self) -> None:
        """Begin at the list, or at the name when there is none."""
        (self._list if self._list.option_count else self._field).focus()

    def on_option_list_option_selected(self, event: OptionList.OptionSelected) -> None:
        """Recall."""
        self.post_message(Wanted(PresetRecall(str(event.option.id))))

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Save."""
        if event.value.strip():
            self.post_message(Wanted(PresetSave(event.value.strip())))
            event.input.value = ""
            self._list.focus()
