"""OSC packets to commands and pushes, and back; no sockets.

Whatever is malformed, unknown, of a wrong type or out of range raises `PacketError` with the reason. Bundles are
unpacked here, bounded in depth and number, because the library's own unpacking follows a negative size for ever.
Time tags of bundles are not waited for: everything is taken at once.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from dataclasses import fields
from typing import Any, Final

from pythonosc.osc_message import OscMessage, ParseError
from pythonosc.osc_message_builder import OscMessageBuilder

from daw_bridge.control import commands, pushes
from daw_bridge.control.commands import COMMANDS, Command, Do, ReadParameter, Released, SetParameter
from daw_bridge.control.pushes import ADDRESSES, PUSHES, ParameterValue, Push
from daw_bridge.control.schema import (
    ACTION_NAMES,
    BY_NAME,
    DO_PREFIX,
    PREFIX,
    builder,
    on_wire,
    parse_parameter,
)

MAX_PACKET: Final = 16_384
"""Longest packet read, in bytes."""
MAX_DEPTH: Final = 4
"""Bundles inside bundles."""
MAX_MESSAGES: Final = 256
"""Messages in one packet."""

_BUNDLE: Final = b"#bundle\x00"
_BUNDLE_HEAD: Final = 16
_SIZES: Final = {"i": 4, "f": 4, "d": 8, "h": 8, "s": 0, "T": 0, "F": 0}
_BUILD_COMMAND: Final = {address: builder(cls) for address, cls in COMMANDS.items()}
_BUILD_PUSH: Final = {address: builder(cls) for address, cls in PUSHES.items()}
_COMMAND_ADDRESS: Final = {cls: address for address, cls in COMMANDS.items()}


class PacketError(Exception):
    """A packet that means nothing here: the reason, and its address as far as it could be read."""

    def __init__(self, reason: str, address: str = "") -> None:
        super().__init__(reason)
        self.reason = reason
        self.address = address


def messages_of(packet: bytes) -> list[bytes]:
    """The messages of a packet, bundles unpacked. Raises PacketError when it is not OSC, too big or too deep."""
    if len(packet) > MAX_PACKET:
        raise PacketError(f"packet of {len(packet)} bytes, at most {MAX_PACKET} are read")
    found: list[bytes] = []
    _unpack(packet, 0, found)
    return found


def _unpack(packet: bytes, depth: int, found: list[bytes]) -> None:
    if packet.startswith(b"/"):
        if len(found) >= MAX_MESSAGES:
            raise PacketError(f"more than {MAX_MESSAGES} messages in one packet")
        found.append(packet)
        return
    if not packet.startswith(_BUNDLE) or len(packet) < _BUNDLE_HEAD:
        raise PacketError("neither an OSC message nor a bundle")
    if depth >= MAX_DEPTH:
        raise PacketError(f"bundles nested more than {MAX_DEPTH} deep")
    position = _BUNDLE_HEAD
    while position < len(packet):
        if position + 4 > len(packet):
            raise PacketError("bundle cut short")
        (size,) = struct.unpack_from(">i", packet, position)
        position += 4
        if size <= 0 or position + size > len(packet):
            raise PacketError(f"bundle with an element of {size} bytes")
        _unpack(packet[position : position + size], depth + 1, found)
        position += size


def decode_message(data: bytes) -> tuple[str, tuple[object, ...]]:
    """Address and arguments of one message. Raises PacketError."""
    address = _address(data)
    try:
        tags = _tags(data, address)
        values = tuple(OscMessage(data))
    except (ParseError, ValueError, IndexError, struct.error, OverflowError) as error:
        raise PacketError("malformed OSC message", address) from error
    return address, tuple(
        _seven_digits(value) if tag == "f" else value for tag, value in zip(tags, values, strict=True)
    )


def _seven_digits(value: float) -> float:
    """A 32-bit float as its sender wrote it: 0.8, not 0.800000011920929."""
    return float(f"{value:.7g}")


def _address(data: bytes) -> str:
    end = data.find(b"\0")
    if end < 0:
        raise PacketError("address without an end")
    try:
        return data[:end].decode("ascii")
    except UnicodeDecodeError:
        raise PacketError("address is not ASCII") from None


def _tags(data: bytes, address: str) -> str:
    """The type tags behind the comma; a message without any has no arguments (older senders leave them out).

    The library takes arguments that are cut off for zeros, so their sizes are added up here.
    """
    start = (len(address) // 4 + 1) * 4
    if start >= len(data):
        return ""
    end = data.find(b"\0", start)
    if data[start : start + 1] != b"," or end < 0:
        raise ValueError("no type tags")
    tags = data[start + 1 : end].decode("ascii")
    strange = set(tags) - _SIZES.keys()
    if strange:
        raise PacketError(f"argument type {min(strange)!r} is not used here", address)
    position = (end // 4 + 1) * 4
    for tag in tags:
        position = (data.index(b"\0", position) // 4 + 1) * 4 if tag == "s" else position + _SIZES[tag]
    if position != len(data):
        raise ValueError("arguments are cut short or too long")
    return tags


def decode_command(data: bytes) -> Command:
    """The command in one message. Raises PacketError with the reason."""
    address, values = decode_message(data)
    try:
        return _command(address, values)
    except ValueError as error:
        raise PacketError(str(error), address) from None


def _command(address: str, values: tuple[object, ...]) -> Command:
    build = _BUILD_COMMAND.get(address)
    if build is not None:
        command: Command = build(values)
        return command
    if address.startswith(DO_PREFIX):
        return _action(address.removeprefix(DO_PREFIX), values)
    name = address.removeprefix(PREFIX)
    parameter = BY_NAME.get(name)
    if parameter is None or not address.startswith(PREFIX):
        raise ValueError("unknown address")
    if not values:
        return ReadParameter(name)
    if len(values) > 1:
        raise ValueError(f"{len(values)} arguments given, 1 wanted")
    if not parameter.live:
        raise ValueError(f"{name} can be chosen only when the bridge starts ({parameter.option})")
    return SetParameter(name, parse_parameter(parameter, values[0]))


def _action(action: str, values: tuple[object, ...]) -> Command:
    if action not in ACTION_NAMES:
        raise ValueError("unknown action")
    if len(values) > 1:
        raise ValueError(f"{len(values)} arguments given, at most 1 wanted")
    pressed = values[0] if values else 1
    if not isinstance(pressed, int | float) or not 0 <= pressed <= 1:
        raise ValueError("a button is pressed (1) or released (0)")
    return Do(action) if pressed else Released()


def decode_push(data: bytes) -> Push:
    """The push in one message. Raises PacketError with the reason."""
    address, values = decode_message(data)
    build = _BUILD_PUSH.get(address)
    try:
        if build is not None:
            push: Push = build(values)
            return push
        parameter = BY_NAME.get(address.removeprefix(PREFIX))
        if parameter is None or len(values) != 1:
            raise ValueError("unknown address")
        return ParameterValue(parameter.name, parse_parameter(parameter, values[0]))
    except ValueError as error:
        raise PacketError(str(error), address) from None


def encode(address: str, values: Sequence[Any] = ()) -> bytes:
    """One OSC message."""
    message = OscMessageBuilder(address)
    for value in values:
        wire = on_wire(value)
        message.add_arg(wire, {float: "f", int: "i", str: "s"}[type(wire)])
    return message.build().dgram


def encode_push(push: Push) -> bytes:
    """The message of a push."""
    if isinstance(push, ParameterValue):
        return encode(PREFIX + push.name, (push.value,))
    return encode(ADDRESSES[type(push)], _values(push))


def encode_command(command: Command) -> bytes:
    """The message of a command."""
    match command:
        case SetParameter(name, value):
            return encode(PREFIX + name, (value,))
        case ReadParameter(name):
            return encode(PREFIX + name)
        case Do(action):
            return encode(DO_PREFIX + action)
        case Released():
            raise ValueError("a release says nothing by itself")
        case _:
            return encode(_COMMAND_ADDRESS[type(command)], _values(command))


def _values(item: commands.Command | pushes.Push) -> list[Any]:
    return [getattr(item, field.name) for field in fields(item)]
