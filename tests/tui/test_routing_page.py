"""The routing page: cells that are toggled, routes that are made, pointed at, changed and forgotten."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from daw_bridge.control.rig import Rig
from daw_bridge.control.schema import BY_NAME, choices_of
from daw_bridge.engine import events
from daw_tui.screens.routing import ROUTED, ControllerTable, RoutingPage
from daw_tui.widgets.parameter import ParameterSlider
from daw_tui.widgets.port_matrix import PortMatrix
from daw_tui.widgets.route_list import RouteList
from tests.tui.stage import Stage, on_stage


def at_the_page(play: Callable[[Stage], Awaitable[None]], size: tuple[int, int] = (120, 40)) -> None:
    """Play on the routing page of a bridge with two inputs and two outputs."""

    async def go() -> None:
        async with on_stage(size) as stage:
            for name, value in (("in_port", "Keys\nPads"), ("port", "DAW\nA synth with a long name")):
                stage.bridge.submit(events.ParameterSet(name, value))
            await stage.press("2")
            await stage.until(lambda: rig(stage).outputs == ("DAW", "A synth with a long name"))
            await play(stage)

    asyncio.run(go())


def rig(stage: Stage) -> Rig:
    return Rig(stage.app.view.values)


def shown(widget: PortMatrix | RouteList) -> list[str]:
    return widget.render().plain.splitlines()


@pytest.mark.parametrize("size", [(80, 24), (120, 40)])
def test_cells_of_several_ports_are_toggled(size: tuple[int, int]) -> None:
    async def play(stage: Stage) -> None:
        matrix = stage.app.query_one(PortMatrix)
        matrix.focus()
        await stage.press("down", "enter")
        await stage.until(lambda: not rig(stage).cell(2, 5).listen)
        await stage.press(*["right"] * 5, "enter")
        await stage.until(lambda: rig(stage).cell(2, 5).listen)
        assert not rig(stage).cell(2, 6).listen
        assert rig(stage).cell(1, 6).listen
        await stage.press("o")
        await stage.until(lambda: rig(stage).cell(2, 5).thru)
        assert shown(matrix)[2].split()[1:7] == ["Pads", "·", "·", "·", "·", "·"]
        assert "◉" in shown(matrix)[2]
        assert max(len(line) for line in shown(matrix)) <= matrix.size.width
        assert "A synth wit…" in shown(matrix)[5]

    at_the_page(play, size)


def test_the_answer_is_sent_to_a_channel_of_another_port() -> None:
    async def play(stage: Stage) -> None:
        matrix = stage.app.query_one(PortMatrix)
        matrix.focus()
        await stage.press("down", "down", "down", *["right"] * 3, "enter")
        await stage.until(lambda: stage.app.view.values["out_port"] == 2)
        assert stage.app.view.values["out_channel"] == 3
        await stage.pilot.click(matrix, offset=(14 + 5 + 3 * 6 + 2, 4))
        await stage.until(lambda: stage.app.view.values["out_channel"] == 7)
        assert stage.app.view.values["out_port"] == 1
        await stage.pilot.click(matrix, offset=(14 + 4, 1))
        await stage.until(lambda: not rig(stage).cell(1, 1).listen)

    at_the_page(play)


def test_a_route_is_made_changed_and_forgotten() -> None:
    async def play(stage: Stage) -> None:
        routes = stage.app.query_one(RouteList)
        routes.focus()
        await stage.press("n")
        await stage.until(lambda: routes.chosen == 1)
        assert shown(routes) == ["▸ 1 everything       → DAW ch 1", "  · everything else  → DAW ch 1"]
        for name in ROUTED:
            parameter = BY_NAME[f"route/1/{name}"]
            own = "route-" if name in ("listen", "in_port", "key_low", "key_high", "transpose") else ""
            slider = stage.app.query_one(f"#slider-{own}{name}", ParameterSlider)
            assert slider.display
            assert slider.parameter is parameter
            most = choices_of(parameter)[-1] if choices_of(parameter) else parameter.maximum
            slider.focus()
            await stage.press("home" if parameter.default == most else "end")
            wanted = slider.value
            assert wanted != parameter.default
            await stage.until(lambda: stage.app.view.values[parameter.name] == wanted)  # noqa: B023
        routes.focus()
        await stage.press("down")
        assert stage.app.query_one("#slider-out_port", ParameterSlider).parameter is BY_NAME["out_port"]
        assert not stage.app.query_one("#slider-route-listen", ParameterSlider).display
        await stage.press("up", "backspace")
        await stage.until(lambda: not rig(stage).routes)
        assert routes.chosen == 0

    at_the_page(play)


def test_a_field_of_a_route_is_learned_like_any_parameter() -> None:
    async def play(stage: Stage) -> None:
        stage.app.query_one(RouteList).focus()
        await stage.press("n")
        await stage.until(lambda: stage.app.query_one(RouteList).chosen == 1)
        stage.app.query_one("#slider-route-transpose", ParameterSlider).focus()
        await stage.press("m")
        await stage.until(lambda: events.LearnStarted("route/1/transpose") in stage.bridge.submitted)
        stage.bridge.submit(events.MappingSet(events.ControllerMap("route/1/transpose", "cc", 1, 9)))
        table = stage.app.query_one(ControllerTable)
        await stage.until(lambda: "route/1/transpose" in {row.value for row in table.rows})
        assert str(table.get_cell("route/1/transpose", "target")) == "route 1 transpose"

    at_the_page(play)


def test_a_lost_port_is_seen_by_its_name() -> None:
    async def play(stage: Stage) -> None:
        stage.bridge.server.heard(events.PortLost("out"), 0.0)
        await stage.until(lambda: "lost: AI Out" in str(stage.app.query_one(RoutingPage).query_one("#ports").render()))
        assert shown(stage.app.query_one(PortMatrix))[4].startswith("○ DAW")

    at_the_page(play)


def test_when_all_routes_are_in_use_it_is_said() -> None:
    async def play(stage: Stage) -> None:
        for number in range(1, 17):
            stage.bridge.submit(events.ParameterSet(f"route/{number}/use", True))
        await stage.until(lambda: len(rig(stage).routes) == 16)
        stage.app.query_one(RouteList).focus()
        before = len(stage.bridge.submitted)
        await stage.press("n")
        assert len(stage.bridge.submitted) == before
        assert any("all 16 routes are in use" in toast.message for toast in stage.app._notifications)

    at_the_page(play)
