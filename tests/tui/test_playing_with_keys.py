"""What a player does at the screen reaches the bridge, and what the bridge says is seen."""

from __future__ import annotations

import asyncio
import os
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from textual.widgets import Input

from daw_bridge.control.schema import ACTIONS, PARAMETERS, Parameter, Value, choices_of
from daw_bridge.engine import events
from daw_bridge.errors import BridgeError
from daw_bridge.io.priority import STEPPED_BACK
from daw_bridge.music.messages import NoteOff, NoteOn
from daw_tui.bridge_view import BridgeView
from daw_tui.cli_jobs import run_json
from daw_tui.screens import takes
from daw_tui.screens.dialogs import ACTION_KEYS, Help, Question
from daw_tui.screens.live import SLIDERS
from daw_tui.screens.page import PAGES
from daw_tui.screens.routing import ControllerTable
from daw_tui.widgets.cell_picture import CellPicture
from daw_tui.widgets.log_strip import LogStrip
from daw_tui.widgets.parameter import ParameterSlider
from tests.tui.pictures import sample_json
from tests.tui.stage import Stage, on_stage

LIVE = [item for item in PARAMETERS if item.live]


def last_set(stage: Stage) -> events.ParameterSet | None:
    found = [event for event in stage.bridge.submitted if isinstance(event, events.ParameterSet)]
    return found[-1] if found else None


def test_every_live_parameter_is_moved_by_key() -> None:
    async def play() -> None:
        async with on_stage() as stage:
            for parameter in LIVE:
                wanted = await move(stage, parameter)
                assert wanted != parameter.default, parameter.name
                await stage.until(lambda: last_set(stage) == events.ParameterSet(parameter.name, wanted))  # noqa: B023
                await stage.until(lambda: stage.app.view.values[parameter.name] == wanted)  # noqa: B023

    asyncio.run(play())


async def move(stage: Stage, parameter: Parameter) -> Value:
    """Move a parameter as a player would; returns its new value."""
    await stage.press("1" if parameter.name in SLIDERS else "2")
    slider = stage.app.query_one(f"#slider-{parameter.name}", ParameterSlider)
    slider.focus()
    await stage.press("end" if parameter.default != _most(parameter) else "home")
    return slider.value


def _most(parameter: Parameter) -> object:
    choices = choices_of(parameter)
    return choices[-1] if choices else parameter.maximum


def test_every_action_has_a_key() -> None:
    async def play() -> None:
        async with on_stage((80, 24)) as stage:
            await stage.press(*(ACTION_KEYS[item.name] for item in ACTIONS))
            await stage.until(lambda: len(performed(stage)) == len(ACTIONS))
            assert performed(stage) == [events.Performed(item.name) for item in ACTIONS]

    asyncio.run(play())


def performed(stage: Stage) -> list[events.Event]:
    return [event for event in stage.bridge.submitted if isinstance(event, events.Performed)]


def test_sliders_move_by_steps_fine_steps_typing_and_mouse() -> None:
    async def play() -> None:
        async with on_stage() as stage:
            slider = stage.app.query_one("#slider-temperature", ParameterSlider)
            slider.focus()
            await stage.press("right")
            assert slider.value == 1.05
            await stage.press("shift+left")
            assert slider.value == 1.04
            await stage.press("enter", "0", ".", "4", "enter")
            assert slider.value == 0.4
            await stage.press("enter", "9", "enter")
            assert slider.value == 0.4
            await stage.press("d")
            assert slider.value == 1.0
            await stage.pilot.click(slider, offset=(18, 0))
            assert float(slider.value) < 0.5
            await stage.until(lambda: stage.app.view.values["temperature"] == slider.value)

    asyncio.run(play())


def test_figures_that_are_typed_do_not_change_the_page() -> None:
    async def play() -> None:
        async with on_stage() as stage:
            stage.app.query_one("#slider-tempo", ParameterSlider).focus()
            await stage.press("enter", "1", "4", "2", "enter")
            assert stage.app.page.id == "live"
            await stage.until(lambda: last_set(stage) == events.ParameterSet("tempo", 142.0))
            await stage.press("2")
            assert stage.app.page.id == "routing"

    asyncio.run(play())


@pytest.mark.parametrize("size", [(80, 24), (120, 40)])
def test_all_pages_are_reached_and_show_the_way_back(size: tuple[int, int]) -> None:
    async def play() -> None:
        async with on_stage(size) as stage:
            for number, page in enumerate(PAGES, start=1):
                await stage.press("escape", str(number))
                assert stage.app.page.id == page
            await stage.press("escape", "question_mark")
            assert isinstance(stage.app.screen, Help)
            await stage.press("escape", "1")
            assert stage.app.page.id == "live"

    asyncio.run(play())


def test_a_controller_is_learned_and_forgotten() -> None:
    async def play() -> None:
        async with on_stage() as stage:
            await stage.press("2")
            table = stage.app.query_one(ControllerTable)
            await stage.until(lambda: table.row_count > 30)
            await stage.press("down", "enter")
            await stage.until(lambda: events.LearnStarted("top_p") in stage.bridge.submitted)
            await stage.until(lambda: stage.app.view.learning == "top_p")
            stage.bridge.submit(events.MappingSet(events.ControllerMap("top_p", "cc", 1, 74)))
            await stage.until(lambda: "top_p" in stage.app.view.mappings)
            assert str(table.get_cell("top_p", "source")) == "CC74"
            await stage.press("backspace")
            await stage.until(lambda: "top_p" not in stage.app.view.mappings)

    asyncio.run(play())


def test_presets_are_saved_recalled_stepped_and_removed() -> None:
    async def play() -> None:
        async with on_stage() as stage:
            await stage.press("5", *"warm", "enter")
            await stage.until(lambda: [item.name for item in stage.app.view.presets] == ["warm"])
            await stage.press("right_square_bracket", "enter")
            await stage.until(lambda: events.PresetRecalled("warm") in stage.bridge.submitted)
            assert events.PresetStepped(1) in stage.bridge.submitted
            await stage.press("backspace")
            await stage.until(lambda: not stage.app.view.presets)

    asyncio.run(play())


def test_the_computer_keyboard_is_a_piano() -> None:
    async def play() -> None:
        async with on_stage() as stage:
            await stage.press("a", "a", "x", "d", "space")
            await stage.until(lambda: events.Performed("take_turn") in stage.bridge.submitted)
            struck = [event.message for event in stage.bridge.submitted if isinstance(event, events.MidiArrived)]
            assert struck == [NoteOn(0, 60, 92), NoteOn(0, 76, 92)]
            stage.bridge.clock.now_s += 1.0
            await stage.until(lambda: events.MidiArrived(NoteOff(0, 76), "osc") in stage.bridge.submitted)
            await stage.press("escape", "s")
            await stage.until(lambda: events.Performed("stop") in stage.bridge.submitted)

    asyncio.run(play())


def test_letters_in_a_field_are_letters() -> None:
    async def play() -> None:
        async with on_stage() as stage:
            await stage.press("4", *"spq.mid")
            assert stage.app.query_one("#compose-file", Input).value == "spq.mid"
            assert not [event for event in stage.bridge.submitted if isinstance(event, events.Performed)]
            await stage.press("escape", "p")
            await stage.until(lambda: events.Performed("panic") in stage.bridge.submitted)

    asyncio.run(play())


def test_a_file_that_is_not_there_is_said() -> None:
    async def play() -> None:
        async with on_stage() as stage:
            await stage.press("4", *"none.mid", "enter")
            assert "no such file" in str(stage.app.query_one("#compose-report").render())

    asyncio.run(play())


def test_a_cover_is_asked_for_by_a_file_that_is_there() -> None:
    async def play() -> None:
        async with on_stage() as stage:
            await stage.press("6", *"none.mid", "enter")
            assert "no such file" in str(stage.app.query_one("#cover-report").render())

    asyncio.run(play())


def test_a_picture_fills_the_page_two_pixels_a_cell(tmp_path: Path) -> None:
    red_over_blue = Image.new("RGB", (64, 64), (0, 0, 255))
    red_over_blue.paste((255, 0, 0), (0, 0, 64, 32))
    red_over_blue.save(tmp_path / "cover.png")

    async def play() -> None:
        async with on_stage() as stage:
            await stage.press("6")
            picture = stage.app.query_one(CellPicture)
            await stage.until(lambda: picture.size.height > 4)
            picture.show_file(tmp_path / "cover.png")
            lines = [picture.render_line(y) for y in range(picture.size.height)]
            middle = [next(one for one in line if one.text == "▀").style for line in (lines[1], lines[-2])]
            assert [str(style.color.name) for style in middle if style and style.color] == ["#ff0000", "#0000ff"]
            with pytest.raises(BridgeError, match="cannot be shown"):
                picture.show_file(tmp_path / "nosuch.png")

    asyncio.run(play())


def test_a_lost_bridge_is_calm_and_comes_back() -> None:
    async def play() -> None:
        async with on_stage() as stage:
            stage.bridge.perform(until_s=5.0)
            await stage.until(lambda: len(stage.app.view.roll.notes) > 10)
            host_port = stage.bridge.server.address
            stage.bridge.stop()
            stage.bridge.clock.now_s += 30.0
            await stage.until(lambda: not stage.app.connected)
            assert "does not answer" in stage.app.query_one(LogStrip).text
            await stage.press("s", "right")
            assert "not connected" in stage.app.query_one(LogStrip).text
            again = _again(stage, host_port)
            try:
                await stage.until(lambda: stage.app.connected)
                await stage.until(lambda: "connected again" in stage.app.query_one(LogStrip).text)
            finally:
                again.stop()

    asyncio.run(play())


def _again(stage: Stage, address: tuple[str, int]):  # type: ignore[no-untyped-def]
    from daw_bridge.control.server import ControlServer

    bridge = stage.bridge
    server = ControlServer(*address, "", submit=bridge.submit, values=lambda: bridge.values, clock=bridge.clock)
    server.start()
    return server


def test_faults_are_seen_with_their_number() -> None:
    async def play() -> None:
        async with on_stage() as stage:
            for _ in range(3):
                stage.bridge.say(events.Fault("port", "the input port is gone"))
            stage.bridge.server.heard(events.PortLost("in"), 0.0)
            await stage.until(lambda: "(3 times)" in stage.app.query_one(LogStrip).text)
            await stage.until(lambda: not stage.app.view.connections["in"].attached)

    asyncio.run(play())


def test_a_newer_bridge_may_say_unknown_things() -> None:
    from daw_bridge.control.client import read_pushes
    from daw_bridge.control.codec import encode

    view = BridgeView()
    pushes = read_pushes(encode("/aiart/turn", ("listening", 4))) + read_pushes(encode("/aiart/aura", (1,)))
    for push in pushes:
        view.take(push, 0.0)
    assert view.turn.state == "listening"


def test_a_take_is_chosen_and_played_back(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(takes, "run_json", sample_json)

    async def play() -> None:
        async with on_stage() as stage:
            await stage.press("3")
            await stage.until(lambda: len(stage.app.query_one(takes.TakesPage).takes) == 3)
            await stage.until(lambda: stage.app.query_one(takes.TakesPage).chosen is not None)
            await stage.press("enter")
            await stage.until(lambda: any(isinstance(event, events.Auditioned) for event in stage.bridge.submitted))
            sounded = next(event for event in stage.bridge.submitted if isinstance(event, events.Auditioned))
            assert sounded.pitch in (59, 47)
            await stage.press("enter", "x")
            assert isinstance(stage.app.screen, Question)
            await stage.press("escape")

    asyncio.run(play())


def test_the_take_of_this_very_session_is_not_deleted(monkeypatch: pytest.MonkeyPatch) -> None:
    async def this_session(arguments: list[str], on_words: object = None) -> Any:
        told = await sample_json(arguments, on_words)
        if arguments[1] == "list":
            told["takes"][-1] |= {"complete": False, "started": datetime.now(UTC).isoformat()}
        return told

    monkeypatch.setattr(takes, "run_json", this_session)

    async def play() -> None:
        async with on_stage() as stage:
            await stage.press("3")
            page = stage.app.query_one(takes.TakesPage)
            await stage.until(lambda: page.chosen is not None)
            assert [take.state for take in page.takes] == ["recording", "", "cut short"]
            await stage.press("x")
            assert not isinstance(stage.app.screen, Question)
            await stage.press("down", "x")
            assert isinstance(stage.app.screen, Question)

    asyncio.run(play())


NICENESS = """
import atexit, os, pathlib
told = pathlib.Path(__file__).with_name("niceness")
atexit.register(lambda: told.write_text(str(os.getpriority(os.PRIO_PROCESS, 0))))
"""


@pytest.mark.skipif(sys.platform == "win32", reason="niceness is known elsewhere")
def test_a_job_of_the_screen_goes_after_the_music(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "sitecustomize.py").write_text(NICENESS, "utf-8")
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(tmp_path), *sys.path]))
    told = asyncio.run(run_json(["takes", "list", "--takes-dir", str(tmp_path)]))
    assert told == {"folder": str(tmp_path), "takes": []}
    ours = os.getpriority(os.PRIO_PROCESS, 0)
    assert int((tmp_path / "niceness").read_text("utf-8")) == max(ours, STEPPED_BACK)
