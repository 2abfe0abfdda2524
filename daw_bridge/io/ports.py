"""What a MIDI port is to the instrument, and how a name given by a person finds one.

A backend is one file (`ports_rtmidi`, `ports_memory`, `ports_synth`) and offers these protocols.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Sequence
from typing import Final, Protocol

from daw_bridge.errors import BridgeError, UsageError

CLIENT_NAME: Final = "aiart-bridge"
"""The name under which our virtual ports appear to other programs."""

_ALSA_ADDRESS: Final = re.compile(r" \d+:\d+$")
_WINDOWS_INDEX: Final = re.compile(r" \d+$")


class PortLostError(BridgeError):
    """The port is gone: unplugged, its program ended, or the MIDI system stopped."""


class InPort(Protocol):
    """Where the musician's messages come from. Polled from one thread only."""

    @property
    def name(self) -> str:
        """The name the player knows it by."""
        ...

    def poll(self) -> list[tuple[float, bytes]]:
        """All messages since the last call, each with its arrival on the time.monotonic axis, oldest first."""
        ...

    def present(self) -> bool:
        """Whether the other end still exists; may list ports, so it is asked from a side thread."""
        ...

    def feeders(self) -> frozenset[str] | None:
        """Who is connected to this virtual port; None for another, or where nobody knows. From a side thread, too."""
        ...

    def close(self) -> None:
        """Give the port back. Closing twice is allowed."""
        ...


class OutPort(Protocol):
    """Where our messages go. Written to from one thread only."""

    @property
    def name(self) -> str:
        """The name the player knows it by."""
        ...

    def send(self, data: bytes) -> None:
        """Hand one complete message to the driver, or keep it for `flush` in a burst. Raises PortLostError."""
        ...

    def flush(self) -> None:
        """Hand over what a burst kept back, as far as the driver's buffer is safe. Raises PortLostError."""
        ...

    def present(self) -> bool:
        """Whether the other end still exists; may list ports, so it is asked from a side thread."""
        ...

    def close(self) -> None:
        """Deliver what was sent and give the port back. Closing twice is allowed."""
        ...


class MidiSystem(Protocol):
    """One way to reach MIDI ports: a driver interface of the machine, or memory."""

    @property
    def api(self) -> str:
        """Its name in `--midi-api` and the ready line."""
        ...

    @property
    def ordinary(self) -> bool:
        """Whether a server delivers the messages that is known to have no real-time priority: it may lose them."""
        ...

    @property
    def path_s(self) -> float:
        """How long messages wait for the driver on their way in and out together, on average; 0 where they do not."""
        ...

    def sources(self) -> list[str]:
        """Ports that can be listened to."""
        ...

    def destinations(self) -> list[str]:
        """Ports that can be played to."""
        ...

    def open_in(self, name: str) -> InPort:
        """Connect to the source that `name` matches, else open a virtual port. Raises MissingPartError."""
        ...

    def open_out(self, name: str) -> OutPort:
        """Connect to the destination that `name` matches, else open a virtual port. Raises MissingPartError."""
        ...

    def close(self) -> None:
        """Let go of what listing ports has opened; ports stay open."""
        ...

    def reopen_in(self, lost: InPort) -> InPort | None:
        """A fresh port in place of a lost one, or None while it is still away. Disposes of the lost one."""
        ...

    def reopen_out(self, lost: OutPort) -> OutPort | None:
        """A fresh port in place of a lost one, or None while it is still away. Disposes of the lost one."""
        ...


def base_name(listed: str) -> str:
    """A listed name without the numbers that change when a device is plugged in again (ALSA's client:port)."""
    return _ALSA_ADDRESS.sub("", listed)


def port_part(listed: str) -> str:
    """What stands after `client:` in a listed name."""
    return base_name(listed).split(":", 1)[-1]


def match_port(wanted: str, listed: Sequence[str]) -> str | None:
    """The listed port that `wanted` means, or None.

    In order: the exact name (ALSA numbers and Windows' index may be left out), the part after `client:`, a prefix in
    any case if only one port has it.
    """
    forms: tuple[Callable[[str], str], ...] = (
        str,
        base_name,
        port_part,
        lambda name: _WINDOWS_INDEX.sub("", name),
    )
    for form in forms:
        for name in listed:
            if _composed(form(name)) == _composed(wanted):
                return name
    prefixed = _prefixed(wanted, listed)
    return prefixed[0] if len(prefixed) == 1 else None


def the_port(wanted: str, listed: Sequence[str], option: str) -> str | None:
    """As `match_port`; raises UsageError when the beginning of a name leaves it open which of several is meant."""
    found = match_port(wanted, listed)
    if found is None:
        several = _prefixed(wanted, listed)
        if len(several) > 1:
            names = ", ".join(f'"{name}"' for name in several)
            raise UsageError(f"may be any of {names}", where=f'{option} "{wanted}"', cure="write more of the name")
    return found


def _prefixed(wanted: str, listed: Sequence[str]) -> list[str]:
    """The ports whose name, or part after `client:`, begins so."""
    start = _composed(wanted).casefold()
    if not start:
        return []
    found = []
    for name in listed:
        whole, part = _composed(name).casefold(), _composed(port_part(name)).casefold()
        if whole.startswith(start) or part.startswith(start):
            found.append(name)
    return found


def _composed(name: str) -> str:
    """A name with its accents as one letter each: systems write them in two ways."""
    return unicodedata.normalize("NFC", name)
