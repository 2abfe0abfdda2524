"""Who has the floor: the state of the turn, what was played since the last call was taken, and the answer prepared."""

from __future__ import annotations

from collections.abc import Callable

from daw_bridge.engine.asking import Asker
from daw_bridge.engine.capture import Capture
from daw_bridge.engine.counts import Counts
from daw_bridge.engine.events import Action, TurnStateChanged
from daw_bridge.engine.prepare import Prepared
from daw_bridge.engine.reply import Move, TurnState, after


class Floor:
    """What every way of taking turns shares. `strokes` counts all that was played, `listened` what models were told."""

    def __init__(self, asker: Asker, counts: Counts, emit: Callable[[Action], None]) -> None:
        self._asker = asker
        self._counts = counts
        self._emit = emit
        self.state = TurnState.IDLE
        self.turn = 0
        self.call_turn = 0
        self.capture = Capture()
        self.strokes = 0
        self.listened = 0
        self.prepared: Prepared | None = None

    @property
    def listening(self) -> bool:
        """Whether a call is being played."""
        return self.state is TurnState.LISTENING

    def move(self, move: Move) -> None:
        """Go on to the state that follows; a new one is told."""
        before, self.state = self.state, after(self.state, move)
        if before is not self.state:
            self._emit(TurnStateChanged(self.state.value, self.turn))

    def drop_prepared(self) -> None:
        """What was prepared answers nothing that was played."""
        if self.prepared is not None:
            self.prepared = None
            self._counts.prepared_dropped += 1
            self._asker.cancel()

    def drop_speculation(self) -> None:
        """As before, if the call is not over."""
        if self.listening:
            self.drop_prepared()
