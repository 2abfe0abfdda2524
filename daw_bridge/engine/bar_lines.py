"""Bars mode: calls close and answers begin on the bar lines of the transport."""

from __future__ import annotations

from collections.abc import Callable

from daw_bridge.engine.counts import Counts
from daw_bridge.engine.events import Action, Fault
from daw_bridge.engine.floor import Floor
from daw_bridge.engine.grid import Grid
from daw_bridge.engine.history import History
from daw_bridge.engine.prepare import Preparer
from daw_bridge.engine.reply import Move, TurnState
from daw_bridge.engine.transport import Transport
from daw_bridge.engine.values import Values


class BarLines:
    """Follows the grid while the mode is `bars` and the transport rolls; does nothing else."""

    def __init__(
        self,
        values: Values,
        transport: Transport,
        floor: Floor,
        preparer: Preparer,
        history: History,
        counts: Counts,
        emit: Callable[[Action], None],
    ) -> None:
        self._values = values
        self._transport = transport
        self._floor = floor
        self._preparer = preparer
        self._history = history
        self._counts = counts
        self._emit = emit
        self._grid = Grid(transport, values)
        self._told_to_wait = False

    @property
    def wanted(self) -> bool:
        """Whether turns are taken on bar lines."""
        return self._values.word("mode") == "bars"

    @property
    def pick_up_s(self) -> float:
        """The tolerance around a line."""
        return self._grid.pick_up_s

    def deadline_s(self) -> float | None:
        """When `follow` is due at the latest."""
        grid, floor = self._grid, self._floor
        if not self.wanted or not self._transport.rolling or not grid.entered or self._awaits_line:
            return None
        if not grid.calling or not floor.listening:
            return grid.line_s
        if floor.prepared is None:
            return grid.lead_s if floor.capture.began_s < grid.closing_s else grid.line_s
        return grid.closing_s

    def begin(self, now_s: float) -> None:
        """The musician plays and the transport stands: our own starts, the DAW's is waited for."""
        if self._transport.source == "internal":
            # Nothing is to be heard of this beat: it begins with the first note.
            self._transport.start(now_s)
        elif not self._told_to_wait:
            self._told_to_wait = True
            self._emit(Fault("clock", "bars mode waits for the DAW to roll: start it, or set clock to internal"))

    def heed_settings(self, now_s: float) -> None:
        """Where the settings ask for another grid, it is followed from now on."""
        if self._grid.changed:
            self._floor.drop_speculation()
            self._grid.enter(now_s)

    def leave(self) -> bool:
        """The beat has broken off; returns whether turns were on the grid."""
        followed = self.wanted or self._grid.entered
        self._told_to_wait = False
        self._grid.leave()
        return followed

    def enter(self, now_s: float) -> None:
        """The beat goes on elsewhere."""
        if self.wanted and self._transport.rolling:
            self._grid.enter(now_s)
            if self._grid.calling:
                self._open_call(now_s - self._grid.pick_up_s, now_s)

    def follow(self, now_s: float) -> bool:
        """Do what is due; returns whether there may be more to do."""
        grid, floor = self._grid, self._floor
        if not self.wanted or not self._transport.rolling:
            grid.leave()
            return False
        if not grid.entered:
            grid.enter(now_s)
        # What is struck after the closing is on the line, and no call of this half.
        if grid.calling and floor.listening and floor.capture.began_s < grid.closing_s:
            if now_s >= grid.lead_s:
                self._prepare(now_s)
            if now_s >= grid.closing_s:
                self._close_call(now_s)
                return True
        if now_s < grid.line_s or self._awaits_line:
            return False
        line_s = grid.line_s
        grid.cross()
        if grid.calling:
            self._open_call(line_s - grid.pick_up_s, now_s)
        return True

    @property
    def _awaits_line(self) -> bool:
        """Whether an answer begins on the next line: it is not crossed before."""
        prepared = self._floor.prepared
        return (
            self._floor.state is TurnState.THINKING
            and prepared is not None
            and self._grid.calling
            and prepared.start_beat == self._grid.line_beat
        )

    def _prepare(self, now_s: float) -> None:
        """Have an answer to the call as it stands, on the line as it lies."""
        grid, floor = self._grid, self._floor
        if floor.prepared is not None and self._preparer.fits(floor.prepared, floor.strokes):
            return
        floor.drop_prepared()
        call, speculative = floor.capture.call(grid.line_s), now_s < grid.closing_s
        caller = floor.capture.caller(call)
        floor.prepared = self._preparer.on_line(
            floor.call_turn, call, caller, grid, floor.strokes, speculative=speculative
        )

    def _close_call(self, now_s: float) -> None:
        prepared = self._floor.prepared
        if prepared is not None:
            self._counts.prepared_used += int(prepared.answer.ask.speculative)
            self._floor.capture.take(now_s)
            prepared.taken = True
            self._floor.move(Move.CLOSED)

    def _open_call(self, from_s: float, now_s: float) -> None:
        """A half of the musician begins: what was played before its pick-up is heard, but not answered."""
        floor = self._floor
        self._history.add(0, floor.capture.take(now_s, before_s=from_s))
        floor.listened = 0
        if floor.listening and floor.capture.empty:
            floor.drop_prepared()
            floor.move(Move.DROPPED)
