"""What the link to the bridge tells the app, as Textual messages."""

from __future__ import annotations

from textual.message import Message

from daw_bridge.control.commands import Command
from daw_bridge.control.pushes import Push


class Pushed(Message):
    """The bridge said something; in order."""

    def __init__(self, pushes: list[Push]) -> None:
        super().__init__()
        self.pushes = pushes


class LinkFound(Message):
    """The bridge answers: after a loss, its whole state follows."""


class LinkLost(Message):
    """The bridge has not answered for a while; it is called again until it does."""


class BridgeEnded(Message):
    """The bridge this screen started has ended by itself; `last_words` is what it said."""

    def __init__(self, last_words: str) -> None:
        super().__init__()
        self.last_words = last_words


class Wanted(Message):
    """A widget wants the bridge to do something."""

    def __init__(self, command: Command) -> None:
        super().__init__()
        self.command = command
