"""The bridge's side of the wire: a thread that takes commands in and pushes the state out.

As an observer it is called by the real-time thread; there it only appends to a bounded queue. Everything else is done
in its own thread, which looks at that queue about fifty times a second while anyone is subscribed.
"""

from __future__ import annotations

import heapq
import select
import socket
import threading
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from daw_bridge.control import commands
from daw_bridge.control.codec import (
    MAX_PACKET,
    PacketError,
    decode_command,
    encode_push,
    messages_of,
)
from daw_bridge.control.peers import allowed_peers, bound
from daw_bridge.control.pushes import Error, ParameterValue, Push, Welcome
from daw_bridge.control.schema import VERSION, Value
from daw_bridge.control.telemetry import Telemetry
from daw_bridge.engine import events
from daw_bridge.engine.mapping_table import table_of
from daw_bridge.engine.route_table import tables_of
from daw_bridge.music.messages import NoteOff, NoteOn

SILENCE_S: Final = 10.0
"""A subscriber that says nothing for so long is forgotten."""
MAX_SUBSCRIBERS: Final = 16
MAX_OBSERVED: Final = 8192
"""What the engine said and the thread has not read yet; the oldest is dropped and counted."""
MAX_PACKETS_A_ROUND: Final = 256
MAX_PENDING_RELEASES: Final = 1024
ERRORS_A_SECOND: Final = 30
"""Refusals answered to all senders together; more are only counted."""

_ROUND_S: Final = 0.02
_IDLE_ROUND_S: Final = 0.25
_TICK_S: Final = 1.0

Endpoint = tuple[str, int]


@dataclass(frozen=True, slots=True)
class BridgeInfo:
    """What a subscriber is told of the bridge: versions, MIDI system, model, and its ports by role."""

    program: str = ""
    api: str = ""
    model: str = ""
    connections: tuple[tuple[str, str], ...] = ()


class ControlServer:
    """An OSC server over UDP; implements `engine.events.Observer`.

    `submit` hands an event to the engine's thread; `values` gives the parameters as they are; `keep` is called from
    the server's thread with `midi_map`, `presets` or `route` and their new contents, to be saved. Port 0 takes a free
    one. Raises UsageError when the address cannot be used.
    """

    def __init__(
        self,
        host: str,
        port: int,
        peers: str,
        *,
        submit: Callable[[events.Event], None],
        values: Callable[[], Mapping[str, Value]],
        info: BridgeInfo | None = None,
        keep: Callable[[str, Any], None] | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._submit = submit
        self._values = values
        self._keep = keep
        self._clock = clock
        self._allowed = allowed_peers(host, peers)
        self._socket = bound(host, port)
        info = info or BridgeInfo()
        welcome = Welcome(VERSION, info.program, info.api, info.model)
        self._telemetry = Telemetry(welcome, values, dict(info.connections), clock())
        self._observed: deque[tuple[bool, Any, float]] = deque(maxlen=MAX_OBSERVED)
        self._subscribers: dict[Endpoint, float] = {}
        self._releases: list[tuple[float, int, int]] = []
        self._errors_left = float(ERRORS_A_SECOND)
        self._errors_s = clock()
        self._tick_s = clock()
        self._stopping = False
        self._wake_in, self._wake_out = socket.socketpair()
        self._thread = threading.Thread(target=self._run, name="osc", daemon=True)

    @property
    def address(self) -> Endpoint:
        """Host and port that are listened on."""
        host, port = self._socket.getsockname()[:2]
        return str(host), int(port)

    def start(self) -> None:
        """Begin to listen and push."""
        self._thread.start()

    def stop(self) -> None:
        """Release what clients play, say the last changes, and close. May be called twice."""
        if self._stopping:
            return
        self._stopping = True
        if self._thread.is_alive():
            self._wake_out.send(b"x")
            self._thread.join(timeout=2.0)
        self._socket.close()
        self._wake_in.close()
        self._wake_out.close()

    def heard(self, event: events.Event, now_s: float) -> None:
        """Observer: an event went into the engine."""
        self._observed.append((True, event, now_s))

    def done(self, actions: Sequence[events.Action | events.Sent], now_s: float) -> None:
        """Observer: actions were carried out."""
        for action in actions:
            self._observed.append((False, action, now_s))

    def _run(self) -> None:
        while not self._stopping:
            wait_s = _ROUND_S if self._subscribers else _IDLE_ROUND_S
            if self._releases:
                wait_s = min(wait_s, max(0.0, self._releases[0][0] - self._clock()))
            readable, _, _ = select.select([self._socket, self._wake_in], [], [], wait_s)
            if self._socket in readable:
                self._read_packets()
            self._round()
        for _, pitch, channel in self._releases:
            self._submit(events.MidiArrived(NoteOff(channel, pitch), "osc"))
        self._releases.clear()

    def _round(self) -> None:
        now_s = self._clock()
        while self._releases and self._releases[0][0] <= now_s:
            _, pitch, channel = heapq.heappop(self._releases)
            self._submit(events.MidiArrived(NoteOff(channel, pitch), "osc"))
        self._take_observed()
        for endpoint in [peer for peer, seen_s in self._subscribers.items() if now_s - seen_s > SILENCE_S]:
            del self._subscribers[endpoint]
        if now_s - self._tick_s >= _TICK_S:
            self._tick_s = now_s
            self._telemetry.tick(now_s)
        ready = self._telemetry.due(now_s)
        if self._subscribers:
            for push in ready:
                self._send(push, self._subscribers)

    def _take_observed(self) -> None:
        rerouted = False
        if len(self._observed) >= MAX_OBSERVED:
            self._telemetry.lost_events += 1
        for _ in range(len(self._observed)):
            incoming, item, at_s = self._observed.popleft()
            if incoming:
                self._telemetry.heard(item, at_s)
                continue
            self._telemetry.done(item, at_s)
            if self._keep is not None:
                match item:
                    case events.MappingsChanged(mappings, ""):
                        self._keep("midi_map", {mapping.target: table_of(mapping) for mapping in mappings})
                    case events.PresetsChanged(presets, _):
                        self._keep("presets", {name: dict(values) for name, values in presets})
                    case events.ParameterChanged(name):
                        rerouted = rerouted or name.startswith("route/")
        if rerouted and self._keep is not None:
            self._keep("route", tables_of(self._values()))

    def _read_packets(self) -> None:
        for _ in range(MAX_PACKETS_A_ROUND):
            try:
                packet, peer = self._socket.recvfrom(MAX_PACKET + 1)
            except BlockingIOError:
                return
            except OSError:
                # A datagram we sent came back as unreachable (Windows and Linux report it here): not our sender's.
                continue
            endpoint: Endpoint = (str(peer[0]), int(peer[1]))
            if endpoint[0] not in self._allowed:
                self._telemetry.packet_refused()
                continue
            try:
                messages = messages_of(packet)
            except PacketError as error:
                self._refuse(error, endpoint)
                continue
            for message in messages:
                self._take(message, endpoint)

    def _take(self, message: bytes, endpoint: Endpoint) -> None:
        if endpoint in self._subscribers:
            self._subscribers[endpoint] = self._clock()
        try:
            self._carry_out(decode_command(message), endpoint)
        except PacketError as error:
            self._refuse(error, endpoint)

    def _carry_out(self, command: commands.Command, endpoint: Endpoint) -> None:
        match command:
            case commands.Hello(reply_port):
                self._subscribe(_reply_to(endpoint, reply_port))
            case commands.Bye(reply_port):
                self._subscribers.pop(_reply_to(endpoint, reply_port), None)
            case commands.Ping(reply_port):
                peer = _reply_to(endpoint, reply_port)
                if peer not in self._subscribers:
                    # Silent for too long, or the bridge is a new one: whoever pings believes to be subscribed.
                    self._subscribe(peer)
                self._subscribers[peer] = self._clock()
                self._send(self._telemetry.time(self._clock()), (peer,))
            case commands.ReadParameter(name):
                self._send(ParameterValue(name, self._values()[name]), (endpoint,))
            case commands.Play(note, velocity, duration, channel):
                self._play(note, velocity, duration, channel - 1)
            case commands.Released():
                pass
            case _:
                self._submit(_event(command))

    def _subscribe(self, endpoint: Endpoint) -> None:
        if endpoint not in self._subscribers and len(self._subscribers) >= MAX_SUBSCRIBERS:
            raise PacketError(f"{MAX_SUBSCRIBERS} clients are subscribed already", "/aiart/hello")
        self._take_observed()
        self._subscribers[endpoint] = self._clock()
        for push in self._telemetry.snapshot(self._clock()):
            self._send(push, (endpoint,))

    def _play(self, pitch: int, velocity: int, duration_s: float, channel: int) -> None:
        if len(self._releases) >= MAX_PENDING_RELEASES:
            raise PacketError(f"{MAX_PENDING_RELEASES} notes are sounding already", "/aiart/play")
        self._submit(events.MidiArrived(NoteOn(channel, pitch, velocity), "osc"))
        heapq.heappush(self._releases, (self._clock() + duration_s, pitch, channel))

    def _refuse(self, error: PacketError, endpoint: Endpoint) -> None:
        self._telemetry.packet_refused()
        now_s = self._clock()
        self._errors_left = min(float(ERRORS_A_SECOND), self._errors_left + (now_s - self._errors_s) * ERRORS_A_SECOND)
        self._errors_s = now_s
        if self._errors_left >= 1.0:
            self._errors_left -= 1.0
            self._send(Error(error.reason[:200], error.address[:100]), (endpoint,))

    def _send(self, push: Push, endpoints: Sequence[Endpoint] | Mapping[Endpoint, float]) -> None:
        data = encode_push(push)
        for endpoint in endpoints:
            try:
                self._socket.sendto(data, endpoint)
            except OSError:
                # A full buffer or a subscriber that is gone; its silence ends the subscription.
                continue


def _event(command: commands.Command) -> events.Event:
    match command:
        case commands.SetParameter(name, value):
            return events.ParameterSet(name, value)
        case commands.Do(action):
            return events.Performed(action)
        case commands.Sound(note, velocity, duration, channel):
            return events.Auditioned(channel - 1, note, velocity, duration)
        case commands.Learn(target):
            return events.LearnStarted(target)
        case commands.LearnStop():
            return events.LearnStopped()
        case commands.SetMapping(target, source, channel, number, low, high, curve, pickup):
            mapping = events.ControllerMap(target, source, channel, number, low, high, curve, pickup)
            return events.MappingSet(mapping)
        case commands.Unlearn(target):
            return events.MappingRemoved(target)
        case commands.PresetSave(name):
            return events.PresetSaved(name)
        case commands.PresetRecall(name):
            return events.PresetRecalled(name)
        case commands.PresetRemove(name):
            return events.PresetRemoved(name)
        case commands.PresetStep(by):
            return events.PresetStepped(by)
        case _:
            raise TypeError(f"{type(command).__name__} is answered by the server itself")


def _reply_to(endpoint: Endpoint, reply_port: int) -> Endpoint:
    return (endpoint[0], reply_port) if reply_port else endpoint
