"""Pictures of every page for the docs: `python -m tests.tui.pictures docs/screens`, or some of them by name."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, Final

from textual.pilot import Pilot
from textual.widgets import Input, Static

from daw_bridge.engine import events
from daw_bridge.engine.parameters import Value
from daw_tui.app import StageApp
from daw_tui.roll import Roll
from daw_tui.screens import takes as takes_page
from daw_tui.screens.takes import TakesPage
from daw_tui.widgets.cell_picture import CellPicture
from daw_tui.widgets.meters import LevelMeters
from daw_tui.widgets.piano_roll import PianoRoll
from tests.tui.cell_picture import draw, screen_segments
from tests.tui.scripted_bridge import CALL, RESPONSE, Clock, ScriptedBridge

SAMPLE_COVER: Final = Path(__file__).with_name("sample-cover.png")
SIZES: Final = ((80, 24), (120, 40))
LATENCIES_MS: Final = (4.2, 3.9, 5.1, 4.4, 3.7, 8.9, 4.1, 4.6, 3.8, 4.0, 12.4, 4.3, 4.1, 3.9, 5.7, 4.2, 4.0, 4.8, 4.1)

ROUTES: Final[tuple[dict[str, Value], ...]] = (
    {"in_port": 2, "listen": False},
    {"in_port": 2, "in_channel": 10, "out_port": 2, "out_channel": 10, "velocity_curve": 0.4},
    {"in_port": 1, "key_high": 47, "listen": False, "thru": True, "thru_channel": 3},
)

Stage = Callable[[Pilot[int], ScriptedBridge], Awaitable[None]]


async def live(pilot: Pilot[int], bridge: ScriptedBridge) -> None:
    """The answer is under way."""
    bridge.perform(until_s=6.9)
    bridge.say(events.Fault("feedback", "our own notes come back from the DAW: they are not taken for a call"))
    await settled(pilot, bridge)
    await struck(pilot, "in", "out")


async def listening(pilot: Pilot[int], bridge: ScriptedBridge) -> None:
    """The musician plays; a controller is being learned."""
    bridge.perform(until_s=2.9)
    bridge.submit(events.LearnStarted("density"))
    await settled(pilot, bridge)
    await struck(pilot, "in")


async def routing(pilot: Pilot[int], bridge: ScriptedBridge) -> None:
    """Two inputs and two outputs, with three routes; some controllers are learned, one is waited for."""
    bridge.submit(events.ParameterSet("in_port", "Keystation\nPads"))
    bridge.submit(events.ParameterSet("port", "AI Out\nDrum machine"))
    for number, fields in enumerate(ROUTES, start=1):
        for name, value in {**fields, "use": True}.items():
            bridge.submit(events.ParameterSet(f"route/{number}/{name}", value))
    await pilot.press("2")
    bridge.submit(events.LearnStarted("density"))
    await settled(pilot, bridge)


async def presets(pilot: Pilot[int], bridge: ScriptedBridge) -> None:
    """Three presets, the second recalled."""
    for name in ("opening, sparse", "second set", "finale"):
        bridge.submit(events.PresetSaved(name))
    bridge.submit(events.PresetRecalled("second set"))
    bridge.submit(events.MappingSet(events.ControllerMap("preset:finale", "program", 1, 5)))
    await settled(pilot, bridge)
    await pilot.press("5")
    await settled(pilot, bridge)


async def compose(pilot: Pilot[int], bridge: ScriptedBridge) -> None:
    """A result is shown."""
    await pilot.press("4")
    app = pilot.app
    app.query_one("#compose-file", Input).value = "ballad.mid"
    app.query_one("#compose-roll", PianoRoll).show_roll(sample_roll())
    app.query_one("#compose-report", Static).update("ballad-continued.mid   in 2.4 s   lstm  D minor  64 notes added")
    await settled(pilot, bridge)


async def cover(pilot: Pilot[int], bridge: ScriptedBridge) -> None:
    """A cover is shown."""
    await pilot.press("6")
    app = pilot.app
    app.query_one("#cover-file", Input).value = "ballad.mid"
    app.query_one("#cover-picture", CellPicture).show_file(SAMPLE_COVER)
    app.query_one("#cover-report", Static).update("ballad.png   in 7.9 s   landscape, paint, full")
    await settled(pilot, bridge)


async def takes(pilot: Pilot[int], bridge: ScriptedBridge) -> None:
    """Three takes are listed."""
    await pilot.press("3")
    page = pilot.app.query_one(TakesPage)
    for _ in range(200):
        await pilot.pause(0.02)
        if len(page.takes) == 3 and all(roll.size.width for roll in page.query(PianoRoll)):
            break
    await settled(pilot, bridge)


async def help_page(pilot: Pilot[int], bridge: ScriptedBridge) -> None:
    """All keys."""
    bridge.perform(until_s=6.9)
    await settled(pilot, bridge)
    await pilot.press("question_mark")
    await settled(pilot, bridge)


async def offline(pilot: Pilot[int], bridge: ScriptedBridge) -> None:
    """The bridge is away."""
    bridge.perform(until_s=6.9)
    await settled(pilot, bridge)
    bridge.stop()
    bridge.clock.now_s += 4.0
    app = pilot.app
    assert isinstance(app, StageApp)
    while app.connected:
        await pilot.pause(0.05)
    await pilot.pause(0.2)


STAGES: Final[dict[str, Stage]] = {
    "live": live,
    "listening": listening,
    "routing": routing,
    "takes": takes,
    "compose": compose,
    "presets": presets,
    "cover": cover,
    "help": help_page,
    "offline": offline,
}


def sample_roll() -> Roll:
    """The scripted turn as a roll."""
    return takes_page.take_roll(sample_take(0))


def sample_take(seed: int) -> dict[str, Any]:
    """A take as `takes show --json` tells it."""

    def entries(score: tuple[tuple[float, int, float, int], ...], later_s: float) -> list[dict[str, float]]:
        return [
            {"onset_s": on + later_s, "pitch": pitch + seed * 3 - 3, "duration_s": length, "velocity": velocity}
            for on, pitch, length, velocity in score
        ]

    return {
        "turn_list": [
            {
                "turn": turn + 1,
                "kept": turn == 1,
                "call": entries(CALL, 8.6 * turn),
                "response": entries(RESPONSE, 8.6 * turn),
                "ended": "done",
                "tiers": ["lstm"],
            }
            for turn in range(2 + seed)
        ]
    }


async def sample_json(arguments: list[str], on_words: object = None) -> Any:
    """`takes list` and `takes show` without a folder of takes."""
    del on_words
    names = ("20261120-201512-k3f9", "20261120-194403-a81c", "20261119-223010-77be")
    if arguments[1] == "show":
        return sample_take(names.index(Path(arguments[2]).stem))
    return {
        "folder": "takes",
        "takes": [
            {
                "id": name,
                "file": f"takes/{name}.take",
                "started": f"{name[:4]}-{name[4:6]}-{name[6:8]}T{name[9:11]}:{name[11:13]}:00+00:00",
                "length_s": 190.0 - 40 * index,
                "turns": 2 + index,
                "kept": 1,
                "model": "lstm",
                "complete": index != 2,
                **sample_take(index),
            }
            for index, name in enumerate(names)
        ][::-1],
    }


async def settled(pilot: Pilot[int], bridge: ScriptedBridge) -> None:
    """What was said has come over and is drawn; what was held back for its rate, too."""
    await _come_over(pilot, bridge)
    bridge.clock.now_s += 0.04
    await _come_over(pilot, bridge)


async def struck(pilot: Pilot[int], *ports: str) -> None:
    """The meters as they stand right after a hard note, when the time since the last frame has been seen off."""
    meters = pilot.app.query_one(LevelMeters)
    for port in ports:
        await pilot.pause(0.2)
        meters.hit(port, 0.9)
    await pilot.pause(0.2)


async def _come_over(pilot: Pilot[int], bridge: ScriptedBridge) -> None:
    app = pilot.app
    assert isinstance(app, StageApp)
    mark = bridge.mark()
    for _ in range(250):
        await pilot.pause(0.02)
        if any(abs(note.onset_s - mark) < 0.01 for note in app.view.roll.notes):
            break
    await pilot.pause(0.12)


async def picture(stage: Stage, size: tuple[int, int], target: Path | None = None) -> str:
    """A page as SVG; with a target also written there, as SVG and PNG."""
    clock = Clock()
    bridge = ScriptedBridge(clock)
    try:
        app = StageApp(bridge.server.address, clock=clock)
        async with app.run_test(size=size, tooltips=False) as pilot:
            for _ in range(100):
                await pilot.pause(0.02)
                if app.connected:
                    break
            for field in app.query(Input):
                field.cursor_blink = False
            for name, number in (("temperature", 74), ("length", 71), ("top_p", 1)):
                source = "cc14" if number < 32 else "cc"
                bridge.submit(events.MappingSet(events.ControllerMap(name, source, 1, number)))
            for name, value in (("temperature", 1.15), ("imitation", 0.35), ("key", "D minor"), ("density", 0.25)):
                bridge.submit(events.ParameterSet(name, value))
            bridge.submit(events.MappingSet(events.ControllerMap("take_turn", "note", 10, 36)))
            bridge.latencies(LATENCIES_MS)
            await settled(pilot, bridge)
            await stage(pilot, bridge)
            svg = app.export_screenshot(title="aiart-bridge tui")
            if target is not None:
                target.with_suffix(".svg").write_text(svg, encoding="utf-8")
                draw(screen_segments(app), size, target.with_suffix(".png"))
            return svg
    finally:
        bridge.stop()


def main(folder: Path) -> None:
    """Write all pictures, and PNG ones where rsvg-convert is installed."""
    vars(takes_page)["run_json"] = sample_json
    folder.mkdir(parents=True, exist_ok=True)
    wanted = sys.argv[2:] or list(STAGES)
    for name in wanted:
        for width, height in SIZES:
            asyncio.run(picture(STAGES[name], (width, height), folder / f"{name}-{width}x{height}"))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
