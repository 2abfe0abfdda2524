"""Whatever comes in as a packet, the music plays on: errors are counted, memory does not grow.

`AIART_FUZZ_PACKETS=200000` runs the long version; `pytest -s` prints its figures.
"""

from __future__ import annotations

import os
import random
import struct
import sys
import time
import tracemalloc
from collections.abc import Iterator
from typing import Final

import pytest

from daw_bridge.control.client import ControlClient
from daw_bridge.control.codec import PacketError, decode_command, encode, messages_of
from daw_bridge.control.pushes import Counts, StateComplete
from daw_bridge.control.schema import PARAMETERS
from daw_bridge.engine import events
from daw_bridge.music.messages import NoteOff, NoteOn
from tests.control.real_engine import EngineDesk

PACKETS: Final = int(os.environ.get("AIART_FUZZ_PACKETS", "4000"))
GROWTH: Final = 2_000_000
"""Bytes that may be held after the storm beyond what was held before (caches of the interpreter)."""


def packets(count: int) -> Iterator[bytes]:
    """Random bytes, damaged messages, wrong types and values, huge ones, nests of bundles."""
    dice = random.Random(20)
    # No legal packet takes the keys away from the music: thru stays on, and no key is learned.
    good = [encode(f"/aiart/{item.name}", (item.default,)) for item in PARAMETERS if item.name != "thru"]
    good += [encode("/aiart/play", (60, 90, 0.01)), encode("/aiart/do/panic"), encode("/aiart/learn", ("x",))]
    good += [encode("/aiart/preset/recall", ("x",)), encode("/aiart/learn/set", ("tempo", "cc", 1, 1))]
    for _ in range(count):
        packet = dice.choice(good)
        match dice.randrange(8):
            case 0:
                yield dice.randbytes(dice.randrange(120))
            case 1:
                yield packet[: dice.randrange(len(packet))]
            case 2:
                spoilt = bytearray(packet)
                for _ in range(dice.randrange(1, 6)):
                    spoilt[dice.randrange(len(spoilt))] = dice.randrange(256)
                yield bytes(spoilt)
            case 3:
                name = dice.choice(PARAMETERS).name
                yield encode(f"/aiart/{name}", (dice.choice((1e30, "x" * dice.randrange(400), -1, float("nan"))),))
            case 4:
                yield b"/aiart/" + dice.randbytes(dice.choice((10, 1000, 20_000)))
            case 5:
                for _ in range(dice.randrange(1, 40)):
                    packet = b"#bundle\0" + bytes(8) + struct.pack(">i", len(packet)) + packet
                yield packet
            case 6:
                size = dice.choice((-4, -1, 0, 3, 2**31 - 1))
                yield b"#bundle\0" + bytes(8) + struct.pack(">i", size) + packet
            case _:
                tags = bytes(dice.choice(b"ifdhsbrmtTFNI[]") for _ in range(dice.randrange(12)))
                head = b"/aiart/temperature\0\0," + tags
                yield head + bytes(4 - len(head) % 4) + dice.randbytes(dice.randrange(60))


def test_the_codec_understands_or_refuses_every_packet() -> None:
    refused = 0
    for packet in packets(PACKETS):
        try:
            for message in messages_of(packet):
                decode_command(message)
        except PacketError:
            refused += 1
    assert refused > PACKETS // 2


@pytest.fixture
def desk() -> Iterator[EngineDesk]:
    desk = EngineDesk()
    yield desk
    desk.stop()


def test_the_music_plays_on_under_a_storm_of_packets(desk: EngineDesk) -> None:
    desk.feed(events.ParameterSet("thru", True))
    keys = [(36 + index % 50, 20 + index % 90) for index in range(200)]
    with ControlClient(*desk.server.address) as storm, ControlClient(*desk.server.address) as calm:
        calm.hello()
        calm.do("panic")
        tracemalloc.start()
        try:
            send_all(storm, calm, PACKETS // 10, desk, [])
            before = tracemalloc.get_traced_memory()[0]
            send_all(storm, calm, PACKETS, desk, keys)
            grown = tracemalloc.get_traced_memory()[0] - before
        finally:
            tracemalloc.stop()
        assert grown < GROWTH
        state = calm.hello(timeout_s=5.0)
        counts = next(push for push in state if isinstance(push, Counts))
        assert counts.packet_errors > PACKETS // 4
        assert any(isinstance(push, StateComplete) for push in state)
    desk.stop()
    sys.stdout.write(f"\n{PACKETS} packets: {counts.packet_errors} errors counted, {grown / 1000:.0f} kB more memory\n")
    struck = [send.message for send in desk.sent if isinstance(send.message, NoteOn)]
    assert len(struck) >= len(keys)
    sounding: dict[tuple[int, int], int] = {}
    for send in desk.sent:
        match send.message:
            case NoteOn(channel, pitch):
                sounding[channel, pitch] = sounding.get((channel, pitch), 0) + 1
            case NoteOff(channel, pitch):
                sounding[channel, pitch] = max(0, sounding.get((channel, pitch), 0) - 1)
    assert not any(sounding.values())


def send_all(
    storm: ControlClient, calm: ControlClient, count: int, desk: EngineDesk, keys: list[tuple[int, int]]
) -> None:
    """The storm, with keys played into it at even distances; slow enough for the socket to take most of it."""
    every = max(1, count // max(1, len(keys)))
    for index, packet in enumerate(packets(count)):
        storm.send_packet(packet)
        if index % every == 0 and index // every < len(keys):
            pitch, velocity = keys[index // every]
            desk.feed(events.MidiArrived(NoteOn(0, pitch, velocity)))
            desk.feed(events.MidiArrived(NoteOff(0, pitch)))
        if index % 50 == 0:
            time.sleep(0.002)
            storm.poll()
            calm.poll()
