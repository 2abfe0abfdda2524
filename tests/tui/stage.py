"""An app attached to a scripted bridge, and the waiting for what comes over the wire."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass

from textual.pilot import Pilot

from daw_tui.app import StageApp
from tests.tui.scripted_bridge import Clock, ScriptedBridge


@dataclass(frozen=True)
class Stage:
    """The app, the hand on its keys, and the bridge it is attached to."""

    app: StageApp
    pilot: Pilot[int]
    bridge: ScriptedBridge

    async def until(self, met: Callable[[], bool]) -> None:
        """Wait until something is so."""
        for _ in range(200):
            if met():
                await self.pilot.pause()
                return
            # The bridge's clock goes on, so that what it holds back for its rate is sent.
            self.bridge.clock.now_s += 0.035
            await self.pilot.pause(0.02)
        raise AssertionError("it did not happen")

    async def press(self, *keys: str) -> None:
        """Press keys, and let them be carried out."""
        await self.pilot.press(*keys)
        await self.pilot.pause()


@asynccontextmanager
async def on_stage(size: tuple[int, int] = (120, 40)) -> AsyncIterator[Stage]:
    """An app that is connected, on a terminal of a size."""
    bridge = ScriptedBridge(Clock())
    try:
        app = StageApp(bridge.server.address, clock=bridge.clock)
        async with app.run_test(size=size) as pilot:
            stage = Stage(app, pilot, bridge)
            await stage.until(lambda: app.connected and bool(app.view.welcome.model))
            yield stage
    finally:
        bridge.stop()
