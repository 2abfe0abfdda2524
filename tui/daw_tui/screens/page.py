"""What all pages have in common: they are told of the bridge's state and never ask for it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar, Final

from textual.containers import Container

from daw_bridge.control.pushes import Push
from daw_tui.bridge_view import BridgeView
from daw_tui.widgets.key_strip import KeyCap

PAGES: Final = ("live", "routing", "takes", "compose", "presets", "cover")
"""All pages in the order of their keys, from 1."""


class Page(Container):
    """One page of the app."""

    KEYS: ClassVar[tuple[KeyCap, ...]] = ()
    """The key caps shown at the bottom while this page is up."""

    def changed(self, view: BridgeView, pushes: Sequence[Push]) -> None:
        """The bridge said `pushes`; `view` is its state after them."""

    def frame(self, view: BridgeView, clock_s: float, elapsed_s: float) -> None:
        """Time has passed: called several times a second while this page is up."""

    def entered(self) -> None:
        """The page is shown now."""
