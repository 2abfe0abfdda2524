"""Which MIDI system is used: the one asked for, or the first of this machine that works."""

from __future__ import annotations

import sys
from typing import Final

from daw_bridge.errors import MissingPartError
from daw_bridge.io.ports import MidiSystem
from daw_bridge.io.ports_memory import MemorySystem

_NATIVE: Final = {"linux": ("jack", "alsa"), "darwin": ("coreaudio", "jack"), "win32": ("winmm",)}


def native_apis() -> tuple[str, ...]:
    """The APIs tried on this machine, the preferred one first."""
    return _NATIVE.get(sys.platform, ("jack", "alsa"))


def choose_system(midi_api: str) -> MidiSystem:
    """The system for `--midi-api`; `auto` is the first of this machine's that works.

    Raises MissingPartError when the one asked for is not there, or for `auto` none.
    """
    if midi_api == "memory":
        return MemorySystem()
    if midi_api != "auto":
        return _open_native(midi_api)
    reasons = []
    for api in native_apis():
        try:
            return _open_native(api)
        except MissingPartError as error:
            reasons.append(error.what)
    raise MissingPartError(
        f"no MIDI system works here ({'; '.join(reasons)})",
        where="--midi-api auto",
        cure="`aiart-bridge doctor` says what to start; --midi-api memory plays without one, from OSC and the screen",
    )


def _open_native(api: str) -> MidiSystem:
    try:
        from daw_bridge.io.ports_rtmidi import open_system
    except ImportError as error:
        raise MissingPartError(
            f"python-rtmidi cannot be loaded ({error})",
            where=f"--midi-api {api}",
            cure="install it with `pip install python-rtmidi`, or use --midi-api memory",
        ) from error
    return open_system(api)
