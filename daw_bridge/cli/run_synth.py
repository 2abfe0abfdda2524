"""The synth beside the output port: opened if it is asked for and can be had, and kept at its settings."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from daw_bridge.engine.events import Action, Event, ParameterChanged, Sent
from daw_bridge.engine.parameters import Value
from daw_bridge.errors import MissingPartError
from daw_bridge.io.ports_synth import SynthPort, open_synth


def open_synths(settings: Mapping[str, Value], say: Callable[[str], None]) -> tuple[SynthPort, ...]:
    """The synth of the settings; none when it is off, or when a part of it is missing, which is said once.

    Raises UsageError when the SoundFont or the device that is named does not exist.
    """
    if not settings["synth"]:
        return ()
    try:
        synth = open_synth(settings)
    except MissingPartError as missing:
        say(f"the answer is not heard here: {missing}")
        return ()
    say(f"sound through {synth.name}, {synth.latency_s * 1000:.1f} ms after the note")
    return (synth,)


class SynthFollower:
    """An `engine.events.Observer` that hands changed settings on to a synth."""

    def __init__(self, synth: SynthPort) -> None:
        self._synth = synth

    def heard(self, event: Event, now_s: float) -> None:
        """What comes in is not the synth's."""

    def done(self, actions: Sequence[Action | Sent], now_s: float) -> None:
        """Follow what has changed."""
        del now_s
        for action in actions:
            if type(action) is ParameterChanged:
                self._synth.change(action.name, action.value)
