"""A client and a server on loopback, with the engine's side played by a list."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest

from daw_bridge.control.client import ControlClient
from daw_bridge.control.codec import encode
from daw_bridge.control.commands import Hello, Learn, PresetSave, ReadParameter
from daw_bridge.control.pushes import (
    Connection,
    Counts,
    Error,
    FaultSeen,
    Latency,
    NoteBegan,
    NoteEnded,
    ParameterValue,
    Preset,
    Push,
    StateComplete,
    Turn,
    Welcome,
)
from daw_bridge.control.server import BridgeInfo, ControlServer
from daw_bridge.engine import events
from daw_bridge.engine.continuation import SamplingControls
from daw_bridge.engine.parameters import PARAMETERS, defaults
from daw_bridge.errors import BridgeError, UsageError
from daw_bridge.music.messages import NoteOff, NoteOn
from daw_bridge.music.notes import Note


class Desk:
    """A server with what it submitted and what it wanted kept."""

    def __init__(self) -> None:
        self.submitted: list[events.Event] = []
        self.kept: list[tuple[str, dict[str, Any]]] = []
        self.values = defaults()
        self.server = ControlServer(
            "127.0.0.1",
            0,
            "",
            submit=self.submitted.append,
            values=lambda: self.values,
            info=BridgeInfo("1.0", "memory", "lstm", (("in", "AI In"), ("out", "AI Out"))),
            keep=lambda section, table: self.kept.append((section, table)),
        )
        self.server.start()


@pytest.fixture
def desk() -> Iterator[Desk]:
    desk = Desk()
    yield desk
    desk.server.stop()


@pytest.fixture
def client(desk: Desk) -> Iterator[ControlClient]:
    with ControlClient(*desk.server.address) as client:
        yield client


def pushed(client: ControlClient, wanted: Callable[[Push], bool], timeout_s: float = 2.0) -> Push:
    """The first push that is wanted."""
    deadline_s = time.monotonic() + timeout_s
    while (left_s := deadline_s - time.monotonic()) > 0:
        for push in client.poll(left_s):
            if wanted(push):
                return push
    raise AssertionError("not pushed")


def until(
    met: Callable[[], bool], client: ControlClient, timeout_s: float = 2.0, into: list[Push] | None = None
) -> None:
    """Read until something is met; what is pushed goes into a list."""
    deadline_s = time.monotonic() + timeout_s
    while not met():
        assert time.monotonic() < deadline_s
        pushes = client.poll(0.005)
        if into is not None:
            into.extend(pushes)


def test_hello_is_answered_with_the_whole_state(client: ControlClient) -> None:
    state = client.hello()
    assert isinstance(state[0], Welcome)
    assert isinstance(state[-1], StateComplete)
    told = {push.name: push.value for push in state if isinstance(push, ParameterValue)}
    assert told == defaults()
    assert {push.role: push.name for push in state if isinstance(push, Connection)} == {"in": "AI In", "out": "AI Out"}
    assert [push for push in state if isinstance(push, Turn)] == [Turn("idle", 0)]


def test_a_value_goes_in_and_its_change_is_pushed(desk: Desk, client: ControlClient) -> None:
    client.hello()
    client.set("temperature", 0.5)
    until(lambda: bool(desk.submitted), client)
    assert desk.submitted == [events.ParameterSet("temperature", 0.5)]
    desk.server.done([events.ParameterChanged("temperature", 0.5)], time.monotonic())
    assert pushed(client, lambda push: push == ParameterValue("temperature", 0.5))


def test_a_stream_of_changes_is_thinned_and_ends_with_the_last(desk: Desk, client: ControlClient) -> None:
    client.hello()
    began_s = time.monotonic()
    for step in range(500):
        desk.server.done([events.ParameterChanged("density", step / 500)], time.monotonic())
        if step % 100 == 0:
            client.poll(0.02)
    seen: list[Push] = []
    while not any(push == ParameterValue("density", 0.998) for push in seen):
        assert time.monotonic() - began_s < 20.0
        seen += [push for push in client.poll(0.1) if isinstance(push, ParameterValue)]
    assert len(seen) <= 2 + 30 * (time.monotonic() - began_s)


def test_a_turn_as_a_subscriber_sees_it(desk: Desk, client: ControlClient) -> None:
    client.hello()
    now_s = time.monotonic()
    called = events.TurnCalled(1, 7, (), (), now_s, now_s, 1, SamplingControls(), 1.0, False)
    streamed = events.TurnStreamed(1, 7, 0, (), SamplingControls(), "lstm", 0.002)
    desk.server.heard(events.MidiArrived(NoteOn(0, 60, 100)), now_s)
    desk.server.done([events.NoteHeard(Note(now_s, 60, 0.5, 100), 1), called, streamed], now_s)
    desk.server.done([events.Sent(NoteOn(0, 64, 90), now_s, now_s + 0.004, 1)], now_s)
    desk.server.done([events.NotePlayed(Note(now_s, 64, 0.25, 90), 1)], now_s)
    latency = pushed(client, lambda push: isinstance(push, Latency))
    assert isinstance(latency, Latency)
    assert latency.last_ms == pytest.approx(4.0, abs=0.01)
    assert latency.tier == "lstm"
    desk.server.done([events.Fault("miss", "late"), events.Fault("miss", "late again")], now_s)
    fault = pushed(client, lambda push: isinstance(push, FaultSeen))
    assert fault == FaultSeen("miss", "late again", 2)


def test_an_answer_asked_of_several_models_counts_once(desk: Desk, client: ControlClient) -> None:
    client.hello()
    asked = events.Ask(7, 1, (), 0.0, 0.3, 1, SamplingControls(), level=1)
    desk.server.done([asked, replace(asked, level=2), replace(asked, ask_id=8)], time.monotonic())
    assert pushed(client, lambda push: isinstance(push, Counts) and push.asked == 2)


def test_notes_come_with_their_sides_and_times(desk: Desk, client: ControlClient) -> None:
    client.hello()
    now_s = time.monotonic()
    desk.server.heard(events.MidiArrived(NoteOn(2, 48, 100)), now_s)
    desk.server.done([events.KeyStruck(NoteOn(2, 60, 100), 3)], now_s)
    desk.server.done([events.NotePlayed(Note(now_s, 64, 0.25, 90), 3)], now_s)
    began = pushed(client, lambda push: isinstance(push, NoteBegan))
    assert isinstance(began, NoteBegan)
    assert (began.side, began.pitch, began.channel) == ("call", 60, 3)
    assert 0 <= began.onset_s < 5
    desk.server.done([events.NotePlayed(Note(now_s, 65, 0.25, 90), 3)], now_s)
    ended = pushed(client, lambda push: isinstance(push, NoteEnded))
    assert isinstance(ended, NoteEnded)
    assert (ended.side, ended.pitch, ended.duration_s, ended.turn) == ("response", 65, 0.25, 3)


def test_a_played_note_is_pressed_and_released(desk: Desk, client: ControlClient) -> None:
    client.play(60, 90, 0.05)
    until(lambda: len(desk.submitted) == 2, client)
    assert desk.submitted == [
        events.MidiArrived(NoteOn(0, 60, 90), "osc"),
        events.MidiArrived(NoteOff(0, 60), "osc"),
    ]


def test_stopping_releases_what_a_client_holds(desk: Desk, client: ControlClient) -> None:
    client.play(60, 90, 30.0)
    until(lambda: bool(desk.submitted), client)
    desk.server.stop()
    assert desk.submitted[-1] == events.MidiArrived(NoteOff(0, 60), "osc")


def test_actions_learning_and_presets_reach_the_engine(desk: Desk, client: ControlClient) -> None:
    client.do("panic")
    client.send(Learn("temperature"))
    client.send(PresetSave("warm"))
    until(lambda: len(desk.submitted) == 3, client)
    assert desk.submitted == [
        events.Performed("panic"),
        events.LearnStarted("temperature"),
        events.PresetSaved("warm"),
    ]


def test_learned_controllers_and_presets_are_kept(desk: Desk, client: ControlClient) -> None:
    client.hello()
    mapping = events.ControllerMap("temperature", "cc", 1, 74)
    desk.server.done([events.MappingsChanged((mapping,))], time.monotonic())
    desk.server.done([events.PresetsChanged((("warm", (("temperature", 1.2),)),), "warm")], time.monotonic())
    assert pushed(client, lambda push: push == Preset("warm", 0, True))
    assert desk.kept[0][0] == "midi_map"
    assert desk.kept[0][1]["temperature"]["number"] == 74
    assert desk.kept[1] == ("presets", {"warm": {"temperature": 1.2}})


def test_nonsense_is_answered_counted_and_changes_nothing(desk: Desk, client: ControlClient) -> None:
    client.hello()
    client.send_packet(encode("/aiart/temperature", ("hot",)))
    client.send_packet(b"\0\0\0")
    told: list[Push] = []
    until(lambda: any(isinstance(push, Counts) and push.packet_errors == 2 for push in told), client, into=told)
    assert Error("temperature is a number, not 'hot'", "/aiart/temperature") in told
    assert desk.submitted == []


def test_asking_for_a_value_without_being_subscribed(client: ControlClient) -> None:
    client.send(ReadParameter("bars"))
    assert pushed(client, lambda push: push == ParameterValue("bars", 2))


def test_answers_can_go_to_another_port(desk: Desk, client: ControlClient) -> None:
    with ControlClient(*desk.server.address) as listener:
        port = listener._socket.getsockname()[1]
        client.send(Hello(port))
        assert pushed(listener, lambda push: isinstance(push, StateComplete))


def test_after_bye_it_is_quiet(desk: Desk, client: ControlClient) -> None:
    client.hello()
    client.close()
    with ControlClient(*desk.server.address) as other:
        other.hello()
        desk.server.done([events.ParameterChanged("density", 0.5)], time.monotonic())
        assert pushed(other, lambda push: push == ParameterValue("density", 0.5))


def test_a_ping_to_a_bridge_that_knows_nothing_of_it_brings_the_state(desk: Desk, client: ControlClient) -> None:
    client.ping()
    assert pushed(client, lambda push: isinstance(push, StateComplete))
    desk.server.done([events.ParameterChanged("density", 0.25)], time.monotonic())
    assert pushed(client, lambda push: push == ParameterValue("density", 0.25))


def test_a_missing_bridge_is_one_clear_line() -> None:
    with ControlClient(port=9) as client, pytest.raises(BridgeError, match=r"no bridge answers at 127\.0\.0\.1:9"):
        client.hello(timeout_s=0.1)


def test_a_taken_port_is_one_clear_line(desk: Desk) -> None:
    with pytest.raises(UsageError, match="--osc-port"):
        ControlServer("127.0.0.1", desk.server.address[1], "", submit=desk.submitted.append, values=defaults)


def test_the_network_is_let_in_only_with_a_list() -> None:
    with pytest.raises(UsageError, match="--osc-peers"):
        ControlServer("0.0.0.0", 0, "", submit=lambda _: None, values=defaults)
    with pytest.raises(UsageError, match="no such address"):
        ControlServer("0.0.0.0", 0, "nowhere.invalid", submit=lambda _: None, values=defaults)
    server = ControlServer("0.0.0.0", 0, "10.0.0.7, 10.0.0.8", submit=lambda _: None, values=defaults)
    server.stop()


def test_every_parameter_has_a_value_on_the_wire(client: ControlClient) -> None:
    assert list(client.values()) == [parameter.name for parameter in PARAMETERS]
