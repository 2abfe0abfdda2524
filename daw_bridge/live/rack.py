"""The ports in use, by the names the engine knows them by, and the side thread that notices when one goes away.

Listing ports may hold the interpreter lock for a while, so it happens once a second and never in the playing thread.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from typing import Final

from daw_bridge.engine.events import Event, PlayerLeft, PortLost, PortReturned
from daw_bridge.io.ports import InPort, MidiSystem, OutPort, PortLostError
from daw_bridge.music.messages import Message, decode

LOOK_S: Final = 1.0
STEADY_S: Final = 0.5
"""A port must stay for so long before it counts as returned."""

_POLL_ENDS_S: Final = 0.05
"""After a port is marked as lost the playing thread may be in the middle of using it; then it is let go."""


class InSlot:
    """An input as the engine knows it (`key`), whichever port stands behind it at the moment."""

    def __init__(self, key: str, port: InPort) -> None:
        self.key = key
        self.port = port
        self.lost = False
        self.feeders: frozenset[str] | None = None

    def poll(self) -> list[tuple[float, Message]]:
        """Messages with their arrival; none while the port is lost."""
        if self.lost:
            return []
        return [(stamp_s, decode(data)) for stamp_s, data in self.port.poll()]


class OutSlot:
    """An output as the engine knows it (`key`); `copies` (a synth) are played along and never missed."""

    def __init__(self, key: str, port: OutPort, copies: Sequence[OutPort] = ()) -> None:
        self.key = key
        self.port = port
        self.copies = list(copies)
        self.lost = False

    def send(self, data: bytes) -> bool:
        """Whether the message was handed to the driver; a failure marks the slot as lost."""
        self._copy(data)
        if self.lost:
            return False
        try:
            self.port.send(data)
        except PortLostError:
            self.lost = True
        return not self.lost

    def flush(self) -> None:
        """Hand over what a burst kept back."""
        if not self.lost:
            try:
                self.port.flush()
            except PortLostError:
                self.lost = True

    def _copy(self, data: bytes) -> None:
        for copy in list(self.copies):
            try:
                copy.send(data)
            except PortLostError:
                self.copies.remove(copy)


class PortRack:
    """All slots of a running bridge. The playing thread polls and sends; the keeper's thread replaces lost ports."""

    def __init__(
        self, system: MidiSystem, inputs: Sequence[InSlot], outputs: Sequence[OutSlot], steady_s: float = STEADY_S
    ) -> None:
        self.system = system
        self.inputs = tuple(inputs)
        self.outputs = {slot.key: slot for slot in outputs}
        self._submit: Callable[[Event], None] | None = None
        self._steady_s = steady_s
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._keep, name="port-keeper", daemon=True)
        self._told: set[str] = set()

    def start(self, submit: Callable[[Event], None]) -> None:
        """Begin to look after the ports; losses and returns are told through `submit`."""
        self.tell(submit)
        for listened in self.inputs:
            self._look_who_plays(listened)
        self._thread.start()

    def tell(self, submit: Callable[[Event], None]) -> None:
        """Where losses and returns are told."""
        self._submit = submit

    def close(self) -> None:
        """Stop looking and give every port back, delivered to the last message."""
        self._stop.set()
        if self._thread.is_alive():
            self._thread.join(2 * LOOK_S)
        for played in self.outputs.values():
            played.port.close()
            for copy in played.copies:
                copy.close()
        for listened in self.inputs:
            listened.port.close()

    def look(self) -> None:
        """Look once whether every port is there, and replace what was lost if it can be."""
        for listened in self.inputs:
            self._look_after(listened)
            self._look_who_plays(listened)
        for played in self.outputs.values():
            self._look_after(played)

    def _keep(self) -> None:
        while not self._stop.wait(LOOK_S):
            self.look()

    def _look_after(self, slot: InSlot | OutSlot) -> None:
        if not slot.lost and not slot.port.present():
            slot.lost = True
        if not slot.lost:
            return
        key = slot.key
        if key not in self._told:
            self._told.add(key)
            self._tell(PortLost(key))
        time.sleep(_POLL_ENDS_S)
        if not self._replace(slot):
            return
        if self._stop.wait(self._steady_s) or not slot.port.present():
            return
        slot.lost = False
        self._told.discard(key)
        self._tell(PortReturned(key))

    def _look_who_plays(self, slot: InSlot) -> None:
        """Tell when one who was connected to a virtual port is so no more: a killed program sends no note-offs."""
        before, slot.feeders = slot.feeders, None if slot.lost else slot.port.feeders()
        if before and slot.feeders is not None and before - slot.feeders:
            self._tell(PlayerLeft(slot.key))

    def _tell(self, event: Event) -> None:
        if self._submit is not None:
            self._submit(event)

    def _replace(self, slot: InSlot | OutSlot) -> bool:
        if isinstance(slot, InSlot):
            fresh_in = self.system.reopen_in(slot.port)
            if fresh_in is None:
                return False
            slot.port = fresh_in
            return True
        fresh_out = self.system.reopen_out(slot.port)
        if fresh_out is None:
            return False
        slot.port = fresh_out
        return True
