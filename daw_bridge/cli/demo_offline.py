"""The demonstration without waiting: the same engine and call, jumping from deadline to deadline."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from daw_bridge.cli.demo_stage import Performance, Watcher, call_messages, paired
from daw_bridge.engine.continuation import Continuer
from daw_bridge.engine.engine import Engine, EngineSettings
from daw_bridge.engine.events import MidiArrived, Sent
from daw_bridge.engine.parameters import Value
from daw_bridge.errors import BridgeError
from daw_bridge.music.phrase import Phrase
from daw_bridge.offline.drive import OfflineDriver

_STEP_S: Final = 1.0
_LONGEST_S: Final = 75.0


def perform_offline(call: Phrase, settings: Mapping[str, Value], continuer: Continuer) -> Performance:
    """Play `call` into an engine in virtual time, until its first turn has ended. Raises BridgeError if none does."""
    watcher = Watcher()
    driver = OfflineDriver(Engine(EngineSettings(dict(settings))), continuer, observers=(watcher,))
    for at_s, message in call_messages(call):
        driver.put(at_s, MidiArrived(message))
    until_s = call.length_s
    while watcher.ended is None and until_s < call.length_s + _LONGEST_S:
        until_s += _STEP_S
        driver.run(until_s)
    sent: list[Sent] = driver.close()
    if watcher.called is None:
        raise BridgeError("the bridge did not answer", cure="try another --call")
    response = paired((item.actual_s, item.message) for item in sent if item.turn == watcher.called.turn)
    return Performance(
        call=call,
        response=Phrase.of(response),
        over_s=watcher.called.over_s,
        tiers=tuple(watcher.tiers),
        faults=tuple(watcher.faults),
    )
