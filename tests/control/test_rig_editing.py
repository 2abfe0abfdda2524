"""What a toggle in the matrix sets, and that the engine then listens as the matrix says."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from daw_bridge.control.rig import LISTEN, THRU, Rig, note_name
from daw_bridge.engine.parameters import MOST_ROUTES, Value
from daw_bridge.engine.values import Values

PORTS: dict[str, Value] = {"in_port": "Keys\nPads", "port": "DAW\nDrum machine"}


def rig(**fields: Value) -> Rig:
    return Rig(Values({**PORTS, **fields}).all)


def after(values: Values, port: int, channel: int, field: str = LISTEN) -> Rig:
    """Toggle, and read again."""
    for name, value in Rig(values.all).toggled(port, channel, field):
        values.set(name, value)
    return Rig(values.all)


def test_everything_is_listened_to_at_first() -> None:
    assert all(rig().cell(port, channel).listen for port in (1, 2) for channel in range(1, 17))
    assert not rig().cell(1, 1).thru
    assert rig(in_channel=3).cell(2, 3).listen
    assert not rig(in_channel=3).cell(2, 4).listen


def test_one_channel_of_one_port_is_left_out_and_let_in_again() -> None:
    values = Values(PORTS)
    left_out = after(values, 2, 5)
    assert not left_out.cell(2, 5).listen
    assert left_out.cell(1, 5).listen
    assert left_out.cell(2, 4).listen
    assert after(values, 2, 5).routes == ()


def test_only_one_channel_of_a_port_is_listened_to() -> None:
    values = Values(PORTS)
    after(values, 2, 0)
    only = after(values, 2, 10)
    assert [channel for channel in range(1, 17) if only.cell(2, channel).listen] == [10]
    assert [only.scope_text(route) for route in (*only.routes, 0)] == ["Pads", "Pads  ch 10", "everything else"]
    assert only.effect_text(1) == "no call"
    assert only.effect_text(2) == "→ DAW ch 10"


def test_a_new_route_answers_where_the_table_did() -> None:
    values = Values({**PORTS, "out_port": 2, "out_channel": 7, "transpose": 5})
    changed = after(values, 1, 3, THRU)
    assert changed.effect_text(1) == "→ Drum machine ch 7  thru DAW same ch"
    assert values.whole("route/1/transpose") == 5


def test_a_route_is_added_for_everything_until_there_are_no_more() -> None:
    values = Values(PORTS)
    for number in range(1, MOST_ROUTES + 1):
        added, changes = Rig(values.all).added()
        assert added == number
        assert changes[-1] == (f"route/{number}/use", True)
        for name, value in changes:
            values.set(name, value)
    with pytest.raises(ValueError, match="all 16 routes are in use"):
        Rig(values.all).added()
    assert Rig(values.all).scope_text(1) == "everything"


def test_a_route_is_told_with_its_keys() -> None:
    split = rig(**{"route/2/use": True, "route/2/in_port": 1, "route/2/key_high": 59})
    assert split.scope_text(2) == "Keys  C-1 to B3"
    assert note_name(60) == "C4"


CELLS = st.lists(st.tuples(st.integers(1, 2), st.integers(0, 16), st.sampled_from((LISTEN, THRU))), max_size=12)


@settings(max_examples=40, deadline=None)
@given(CELLS)
def test_a_toggle_changes_what_was_toggled_and_no_other_cell(cells: list[tuple[int, int, str]]) -> None:
    values = Values(PORTS)
    for port, channel, field in cells:
        before = Rig(values.all)
        now = after(values, port, channel, field)
        assert now.listens(port, channel, field) != before.listens(port, channel, field)
        if channel:
            for other in range(1, 17):
                if other != channel:
                    assert now.cell(port, other) == before.cell(port, other)
            other_field = THRU if field == LISTEN else LISTEN
            assert now.listens(port, channel, other_field) == before.listens(port, channel, other_field)
        assert all(now.cell(3 - port, other) == before.cell(3 - port, other) for other in range(1, 17))
