"""What is said on the wire is understood as it was meant, and nonsense gets its reason."""

from __future__ import annotations

import struct
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daw_bridge.control import commands, page, pushes
from daw_bridge.control.codec import (
    MAX_DEPTH,
    MAX_MESSAGES,
    MAX_PACKET,
    PacketError,
    decode_command,
    decode_push,
    encode,
    encode_command,
    encode_push,
    messages_of,
)
from daw_bridge.control.commands import COMMANDS, Do, Play, ReadParameter, Released, SetParameter
from daw_bridge.control.pushes import PUSHES, ParameterValue
from daw_bridge.control.schema import (
    ACTIONS,
    PARAMETERS,
    ROUTE_FIELDS,
    Argument,
    Kind,
    Parameter,
    action_rows,
    arguments_of,
    parameter_rows,
    rows_of,
)


def other_value(parameter: Parameter) -> float | int | str | bool:
    """A legal value that is not the default."""
    match parameter.kind:
        case Kind.BOOL:
            return not parameter.default
        case Kind.CHOICE:
            return parameter.choices[-1]
        case Kind.TEXT:
            return "D minor"
        case Kind.FLOAT:
            return round((parameter.minimum + parameter.maximum) / 2.0, 4)
        case Kind.INT:
            return int(parameter.minimum) + 1


def example(item: Argument) -> object:
    """A legal argument that is not the lowest."""
    if item.tag == "s":
        return "word"
    if item.is_bool:
        return True
    return int(min(item.maximum, max(item.minimum, 3))) if item.tag == "i" else min(item.maximum, 0.25)


def bundle(*elements: bytes) -> bytes:
    return b"#bundle\0" + bytes(7) + b"\1" + b"".join(struct.pack(">i", len(item)) + item for item in elements)


@pytest.mark.parametrize("parameter", [item for item in PARAMETERS if item.live], ids=lambda item: item.name)
def test_every_live_parameter_travels_both_ways(parameter: Parameter) -> None:
    value = other_value(parameter)
    command = SetParameter(parameter.name, value)
    assert decode_command(encode_command(command)) == command
    assert decode_command(encode(f"/aiart/{parameter.name}")) == ReadParameter(parameter.name)
    push = ParameterValue(parameter.name, value)
    assert decode_push(encode_push(push)) == push


@pytest.mark.parametrize("parameter", [item for item in PARAMETERS if not item.live], ids=lambda item: item.name)
def test_what_is_chosen_at_start_is_told_but_not_taken(parameter: Parameter) -> None:
    push = ParameterValue(parameter.name, parameter.default)
    assert decode_push(encode_push(push)) == push
    with pytest.raises(PacketError, match="when the bridge starts"):
        decode_command(encode(f"/aiart/{parameter.name}", (parameter.default,)))


@pytest.mark.parametrize("address", COMMANDS)
def test_every_further_command_travels(address: str) -> None:
    cls = COMMANDS[address]
    command = cls(*(example(item) for item in arguments_of(cls)))
    assert decode_command(encode_command(command)) == command


@pytest.mark.parametrize("address", PUSHES)
def test_every_push_travels(address: str) -> None:
    cls = PUSHES[address]
    push = cls(*(example(item) for item in arguments_of(cls)))
    assert decode_push(encode_push(push)) == push


@pytest.mark.parametrize("action", [item.name for item in ACTIONS])
def test_an_action_is_a_button(action: str) -> None:
    address = f"/aiart/do/{action}"
    assert decode_command(encode(address)) == Do(action)
    assert decode_command(encode(address, (1.0,))) == Do(action)
    assert decode_command(encode(address, (0,))) == Released()


def test_no_address_means_two_things() -> None:
    asked = [row.address for row in [*parameter_rows(), *action_rows(), *rows_of(COMMANDS)]]
    pushed = [row.address for row in [*parameter_rows(), *rows_of(PUSHES)]]
    assert len(asked) == len(set(asked))
    assert len(pushed) == len(set(pushed))


def test_a_choice_is_taken_by_its_place_too() -> None:
    assert decode_command(encode("/aiart/mode", (2.0,))) == SetParameter("mode", "manual")


def test_a_packet_without_type_tags_has_no_arguments() -> None:
    assert decode_command(b"/aiart/do/panic\0") == Do("panic")


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (encode("/aiart/nope", (1,)), "unknown address"),
        (encode("/other/temperature", (1,)), "unknown address"),
        (encode("/aiart/do/nope"), "unknown action"),
        (encode("/aiart/temperature", ("hot",)), "temperature is a number"),
        (encode("/aiart/temperature", (2.5,)), "goes from 0 to 2"),
        (encode("/aiart/temperature", (float("nan"),)), "goes from 0 to 2"),
        (encode("/aiart/temperature", (1.0, 1.0)), "1 wanted"),
        (encode("/aiart/bars", (1.5,)), "whole number"),
        (encode("/aiart/mode", ("maybe",)), "one of pause, bars, manual"),
        (encode("/aiart/mode", (7,)), "choices 0 to 2"),
        (encode("/aiart/key", ("H moll",)), "H moll"),
        (encode("/aiart/key", ("x" * 300,)), "at most 256"),
        (encode("/aiart/thru", (3,)), "on or off"),
        (encode("/aiart/do/panic", ("now",)), "pressed"),
        (encode("/aiart/do/panic", (1, 1)), "at most 1"),
        (encode("/aiart/play", (60,)), "3 to 4 wanted"),
        (encode("/aiart/play", (60, 0, 1.0)), "velocity goes from 1 to 127"),
        (encode("/aiart/play", (60, 90, float("inf"))), "duration goes from"),
        (b"/aiart/temperature\0\0,f\0\0\0\0", "malformed"),
        (b"/aiart/temperature\0\0,b\0\0\0\0\0\1", "argument type 'b'"),
        (b"/aiart/temperature\0\0xyz\0", "malformed"),
        (b"/aiart/temperature", "without an end"),
        (b"/aiart/\xff\xfe\0\0", "not ASCII"),
    ],
)
def test_nonsense_is_refused_with_its_reason(data: bytes, reason: str) -> None:
    with pytest.raises(PacketError, match=reason):
        decode_command(data)


def test_bundles_are_unpacked_in_order() -> None:
    one, two = encode("/aiart/do/stop"), encode("/aiart/do/panic")
    assert messages_of(bundle(one, bundle(two, one))) == [one, two, one]


@pytest.mark.parametrize(
    "packet",
    [
        b"",
        b"hello",
        b"#bundle\0",
        bundle() + b"\xff\xff\xff\xfc",
        bundle() + b"\0\0\0\0",
        bundle() + b"\0\0",
        bundle() + b"\x7f\xff\xff\xff",
        bundle(*[encode("/aiart/do/stop")] * (MAX_MESSAGES + 1)),
        b"/" * (MAX_PACKET + 1),
    ],
)
def test_packets_that_are_no_osc_or_too_much(packet: bytes) -> None:
    with pytest.raises(PacketError):
        messages_of(packet)


def test_a_nest_of_bundles_is_not_followed_down() -> None:
    packet = encode("/aiart/do/stop")
    for _ in range(MAX_DEPTH):
        packet = bundle(packet)
    assert len(messages_of(packet)) == 1
    with pytest.raises(PacketError, match="nested"):
        messages_of(bundle(packet))


@given(st.binary(max_size=200) | st.binary(max_size=60).map(lambda tail: b"/aiart/temperature\0\0," + tail))
def test_any_bytes_are_understood_or_refused(packet: bytes) -> None:
    try:
        for message in messages_of(packet):
            assert decode_command(message) is not None
    except PacketError:
        return


@given(
    note=st.integers(0, 127),
    velocity=st.integers(1, 127),
    duration=st.floats(0.015625, 60, width=32),
    channel=st.integers(1, 16),
)
def test_played_notes_arrive_as_they_were_sent(note: int, velocity: int, duration: float, channel: int) -> None:
    heard = decode_command(encode_command(Play(note, velocity, duration, channel)))
    assert isinstance(heard, Play)
    assert (heard.note, heard.velocity, heard.channel) == (note, velocity, channel)
    assert heard.duration == pytest.approx(duration, rel=1e-6)


def test_the_page_is_current() -> None:
    docs = Path(__file__).parents[2] / "docs"
    assert (docs / "osc.md").read_text(encoding="utf-8") == page.page(), (
        "run: python -m daw_bridge.control.page docs/osc.md"
    )
    assert (docs / "touchosc-layout.json").read_text(encoding="utf-8") == page.layout()
    for name in (*(item.name for item in PARAMETERS), *(f"route/N/{item.name}" for item in ROUTE_FIELDS)):
        assert f"`/aiart/{name}`" in page.page()


def test_modules_agree_on_their_unions() -> None:
    assert set(COMMANDS.values()) | {SetParameter, ReadParameter, Do, Released} == set(commands.Command.__args__)
    assert set(PUSHES.values()) | {ParameterValue} == set(pushes.Push.__args__)
