"""Several ports, routes, the split keyboard, drums and touch: what is heard, what is passed, where answers go."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from daw_bridge.engine.events import NoteHeard, PortLost, PortReturned, Sent, TurnCalled, TurnEnded
from daw_bridge.engine.parameters import ROUTING, Value
from daw_bridge.engine.routing import Caller, Router
from daw_bridge.engine.values import Values
from daw_bridge.music.messages import SUSTAIN, ControlChange, NoteOff, NoteOn, Other, ProgramChange
from daw_bridge.music.notes import DRUM_CHANNEL, Note
from tests.support.world import Tune, World, pitch, sounding

PORTS = {"in_port": "Keys\nPads", "port": "DAW\nSynth"}


def route(number: int, **fields: Value) -> dict[str, Value]:
    """A route in use."""
    return {f"route/{number}/{key}": value for key, value in {"use": True, **fields}.items()}


def studio(*routes: dict[str, Value], model: Tune | None = None, **more: Value) -> World:
    """Two inputs and two outputs, under some routes."""
    return World(model, **{**PORTS, **{key: value for each in routes for key, value in each.items()}, **more})


def play(world: World, at_s: float, names: str, *, port: str = "in", channel: int = 0, step_s: float = 0.25) -> World:
    """A melody on an input port."""
    for index, name in enumerate(names.split()):
        onset_s = at_s + index * step_s
        world.midi(onset_s, NoteOn(channel, pitch(name), 80), port)
        world.midi(onset_s + 0.2, NoteOff(channel, pitch(name)), port)
    return world


def places(sent: list[Sent]) -> set[tuple[str, int]]:
    """Where notes were struck."""
    return {(item.port, item.message.channel) for item in sent if isinstance(item.message, NoteOn)}


# Several ports


def test_one_keyboard_and_one_output_are_as_before() -> None:
    world = World().play(1.0, "C4 D4 E4").until(20.0)
    assert places(world.sent) == {("out", 0)}
    assert {sent.port for sent in world.sent} == {"out"}


def test_all_inputs_feed_one_call() -> None:
    world = studio()
    play(world, 1.0, "C4 D4")
    play(world, 1.5, "E4 F4", port="in2", channel=3).until(20.0)
    (called,) = world.of(TurnCalled)
    assert [(note.pitch, note.channel) for note in called.call] == [(60, 0), (62, 0), (64, 3), (65, 3)]


def test_the_same_key_on_two_inputs_is_two_keys() -> None:
    world = studio(mode="manual").midi(1.0, NoteOn(0, 60, 80), "in").midi(1.1, NoteOn(0, 60, 90), "in2")
    world.midi(1.2, NoteOff(0, 60), "in2").midi(1.5, NoteOff(0, 60), "in").until(2.0)
    heard = [(round(item.note.duration_s, 3), item.note.velocity) for item in world.of(NoteHeard)]
    assert heard == [(0.1, 90), (0.5, 80)]


def test_each_input_has_its_own_answering_place() -> None:
    rules = (route(1, in_port=1, out_port=1, out_channel=3), route(2, in_port=2, out_port=2, out_channel=5, program=9))
    keys = play(studio(*rules), 1.0, "C4 D4 E4").until(20.0)
    assert places(keys.sent) == {("out", 2)}
    pads = play(studio(*rules), 1.0, "C4 D4 E4", port="in2").until(20.0)
    assert places(pads.sent) == {("out2", 4)}
    assert pads.sent[0].message == ProgramChange(4, 9)
    assert pads.sent[0].port == "out2"


def test_a_call_of_several_inputs_is_answered_where_most_of_it_was_played() -> None:
    world = studio(route(1, in_port=2, out_port=2))
    play(world, 1.0, "C4 D4 E4", port="in2")
    play(world, 1.1, "C5", port="in").until(20.0)
    assert places(world.sent) == {("out2", 0)}


def test_the_output_that_goes_away_is_owed_its_own_note_offs_only() -> None:
    world = studio(route(1, in_port=2, listen=False, thru=True, thru_port=2), thru=True, mode="manual")
    world.midi(1.0, NoteOn(0, 60, 80), "in").midi(1.0, NoteOn(0, 60, 80), "in2")
    world.event(1.5, PortLost("out2")).midi(2.0, NoteOff(0, 60), "in").midi(2.0, NoteOff(0, 60), "in2").until(2.1)
    assert [(sent.port, sent.actual_s) for sent in world.sent if isinstance(sent.message, NoteOff)] == [("out", 2.0)]
    world.event(3.0, PortReturned("out2")).until(3.1)
    assert not sounding(world.sent)
    assert [action for action in world.faults() if action == "port"] == ["port", "port"]


def test_a_lost_input_is_named_where_there_are_several() -> None:
    world = studio().event(1.0, PortLost("in2")).until(1.1)
    assert world.texts() == ['the input port "Pads" is gone; waiting for it to return']
    assert World().event(1.0, PortLost("in")).until(1.1).texts() == ["the input port is gone; waiting for it to return"]


def test_panic_silences_every_output() -> None:
    world = studio().do(1.0, "panic").until(2.0)
    silenced = {(sent.port, sent.message.channel) for sent in world.sent if isinstance(sent.message, ControlChange)}
    assert silenced == {(port, channel) for port in ("out", "out2") for channel in range(16)}


# Who is listened to


def test_a_channel_of_a_port_can_be_left_out_and_another_let_in() -> None:
    world = studio(route(1, in_port=2, listen=False), route(2, in_port=2, in_channel=5))
    play(world, 1.0, "C4", port="in2")
    play(world, 1.0, "D4", port="in2", channel=4)
    play(world, 1.0, "E4", port="in", channel=7).until(20.0)
    assert sorted(item.note.pitch for item in world.of(NoteHeard)) == [62, 64]


def test_the_most_particular_route_counts() -> None:
    values = Values(
        {
            **PORTS,
            **route(1, in_port=1),
            **route(2, in_channel=3),
            **route(3, in_port=1, in_channel=3),
            **route(4, key_low=90, key_high=99),
            **route(5, in_port=1, in_channel=3),
        }
    )
    router = Router(values)
    found = [router.way(port, channel, key).route for port, channel, key in (
        ("in", 0, 60), ("in", 2, 60), ("in2", 2, 60), ("in2", 0, 60), ("in", 2, 95), ("in2", 8, 95),
    )]  # fmt: skip
    assert found == [1, 3, 2, 0, 4, 4]


def test_what_is_played_from_the_screen_goes_the_way_of_the_first_input() -> None:
    world = studio(route(1, in_port=1, out_port=2))
    play(world, 1.0, "C4 D4 E4", port="osc").until(20.0)
    assert places(world.sent) == {("out2", 0)}


# Changing it while notes sound


def test_a_passed_key_is_released_where_it_was_struck_when_its_route_moves() -> None:
    world = studio(route(1, in_port=1, thru=True, thru_port=1)).midi(1.0, NoteOn(0, 60, 80))
    world.set(1.1, "route/1/thru_port", 2).midi(1.2, NoteOff(0, 60)).midi(1.3, NoteOn(0, 60, 80)).until(1.35)
    world.midi(1.4, NoteOff(0, 60)).until(1.5)
    assert not sounding(world.sent)
    ends = [(round(sent.actual_s, 3), sent.port) for sent in world.sent]
    assert ends == [(1.0, "out"), (1.2, "out"), (1.3, "out2"), (1.4, "out2")]


def test_a_passed_key_is_released_at_once_when_it_is_passed_no_more() -> None:
    for name, value in (("route/1/thru", False), ("route/1/use", False), ("route/1/in_channel", 5)):
        world = studio(route(1, in_port=1, thru=True, thru_port=2)).midi(1.0, NoteOn(0, 60, 80))
        world.set(1.1, name, value).until(1.2)
        assert [(sent.actual_s, sent.port) for sent in world.sent] == [(1.0, "out2"), (1.1, "out2")]


def test_a_passed_pedal_comes_up_where_it_went_down() -> None:
    down, up = ControlChange(0, SUSTAIN, 127), ControlChange(0, SUSTAIN, 0)
    world = studio(thru=True).midi(1.0, down).set(1.1, "thru_port", 2).midi(1.2, down).midi(1.3, up).until(1.4)
    assert [(sent.port, sent.message) for sent in world.sent] == [
        ("out", down), ("out", up), ("out2", down), ("out2", up),
    ]  # fmt: skip
    lost = studio(thru=True).midi(1.0, down).event(2.0, PortLost("in")).until(2.1)
    assert [sent.message for sent in lost.sent] == [down, up]
    off = studio(thru=True).midi(1.0, down).set(2.0, "thru", False).until(2.1)
    assert [sent.message for sent in off.sent] == [down, up]


def test_an_answer_that_is_sent_elsewhere_leaves_nothing_behind() -> None:
    world = studio(model=Tune(length_s=0.6)).play(1.0, "C4 D4 E4").set(2.4, "out_port", 2).set(2.9, "out_channel", 7)
    world.until(20.0)
    assert not sounding(world.sent)
    assert places(world.sent) == {("out", 0), ("out2", 0), ("out2", 6)}


def test_an_output_that_is_not_there_is_said_and_the_first_one_plays() -> None:
    world = World().set(0.5, "out_port", 3).play(1.0, "C4 D4 E4").until(20.0)
    assert places(world.sent) == {("out", 0)}
    assert world.texts() == ["out_port is 3, but there is only one output port; the first one plays"]


SETTABLE = sorted(name for name in ROUTING if name.count("/") == 0 or name.startswith(("route/1/", "route/2/")))
EVENTS = st.lists(
    st.tuples(
        st.sampled_from(("on", "off", "pedal", "set", "lose", "return", "panic", "wait")),
        st.sampled_from(("in", "in2")),
        st.sampled_from((0, 9)),
        st.integers(57, 63),
        st.sampled_from(SETTABLE),
        st.floats(0.0, 1.0),
    ),
    max_size=60,
)


@settings(max_examples=60, deadline=None)
@given(EVENTS)
def test_whatever_is_rerouted_every_note_ends_where_it_began(
    script: list[tuple[str, str, int, int, str, float]],
) -> None:
    from daw_bridge.engine.mapping_targets import value_at
    from daw_bridge.engine.parameters import BY_NAME

    world, moment_s = studio(thru=True, model=Tune(length_s=0.5), overlap="layer"), 1.0
    for kind, port, channel, key, name, place in script:
        moment_s += 0.05 + (place if kind == "wait" else 0.0)
        match kind:
            case "on":
                world.midi(moment_s, NoteOn(channel, key, 90), port)
            case "off":
                world.midi(moment_s, NoteOff(channel, key), port)
            case "pedal":
                world.midi(moment_s, ControlChange(channel, SUSTAIN, round(place) * 127), port)
            case "set":
                world.set(moment_s, name, value_at(BY_NAME[name], place))
            case "lose" | "return":
                outward = "out" if port == "in" else "out2"
                world.event(moment_s, PortLost(outward) if kind == "lose" else PortReturned(outward))
            case "panic":
                world.do(moment_s, "panic")
    world.until(moment_s + 1.0).close()
    assert not sounding(world.sent)
    pedals: dict[tuple[str, int], int] = {}
    for sent in world.sent:
        if isinstance(sent.message, ControlChange) and sent.message.controller == SUSTAIN:
            pedals[sent.port, sent.message.channel] = sent.message.value
    if not any(kind == "lose" for kind, *_ in script):
        assert not any(pedals.values())


# The split keyboard


def test_the_left_hand_plays_through_and_the_right_hand_calls() -> None:
    world = studio(split="right", split_note=60, split_channel=4, split_port=2).play(1.0, "C3 B3 C4 E4").until(20.0)
    assert [item.note.pitch for item in world.of(NoteHeard)] == [60, 64]
    through = [(sent.port, sent.message) for sent in world.sent[:4]]
    assert through == [
        ("out2", NoteOn(3, 48, 80)), ("out2", NoteOff(3, 48)), ("out2", NoteOn(3, 59, 80)), ("out2", NoteOff(3, 59)),
    ]  # fmt: skip


def test_the_hands_may_be_the_other_way_round() -> None:
    world = World(split="left").play(1.0, "C3 E3 C4").until(20.0)
    assert [item.note.pitch for item in world.of(NoteHeard)] == [48, 52]
    assert (round(world.sent[0].actual_s, 3), world.sent[0].message) == (1.5, NoteOn(0, 60, 80))


def test_the_hand_that_plays_through_neither_holds_the_call_open_nor_stops_the_answer() -> None:
    world = World(split="right").play(1.0, "C4 D4 E4").midi(1.0, NoteOn(0, 40, 80)).until(20.0)
    (ended,) = world.of(TurnEnded)
    assert ended.reason == "done"
    world = World(split="right").play(1.0, "C4 D4 E4").play(2.5, "C2 E2").until(20.0)
    assert world.of(TurnEnded)[0].reason == "done"


def test_the_pedal_acts_on_both_hands() -> None:
    world = World(split="right", split_channel=2).play(1.0, "C4 D4 E4").pedal(1.1, True).pedal(6.0, False).until(6.9)
    assert [sent.message for sent in world.sent][:2] == [ControlChange(1, SUSTAIN, 127), ControlChange(1, SUSTAIN, 0)]
    assert world.until(20.0).onsets()[0][0] == pytest.approx(6.5, abs=0.01)


def test_moving_the_split_while_a_key_is_held_releases_it() -> None:
    world = World(split="right").midi(1.0, NoteOn(0, 50, 80)).set(1.5, "split_note", 40).midi(2.0, NoteOff(0, 50))
    assert world.until(2.1).score() == [(1.0, "on", 50), (1.5, "off", 50)]


# Drums


def drums(world: World, from_s: float, beats: int) -> World:
    """A bass drum and a hi-hat."""
    for beat in range(beats):
        for offset_s, key in ((0.0, 36), (0.25, 42)):
            world.midi(from_s + beat * 0.5 + offset_s, NoteOn(DRUM_CHANNEL, key, 100))
            world.midi(from_s + beat * 0.5 + offset_s + 0.05, NoteOff(DRUM_CHANNEL, key))
    return world


def test_drums_are_answered_by_drums_on_their_channel_and_never_transposed() -> None:
    world = drums(World(Tune(pitches=(36, 38)), transpose=7, program=4), 1.0, 4).until(20.0)
    (called,) = world.of(TurnCalled)
    assert called.drums
    assert places(world.sent) == {("out", DRUM_CHANNEL)}
    assert {key for _, key in world.onsets()} == {36, 38}
    assert not [sent for sent in world.sent if isinstance(sent.message, ProgramChange)]


def test_drums_can_be_no_call_at_all() -> None:
    world = drums(World(drums="ignore"), 1.0, 12).play(1.0, "C4 D4 E4").until(20.0)
    (called,) = world.of(TurnCalled)
    assert {note.channel for note in called.call} == {0}
    assert not called.drums


def test_drums_of_their_own_stay_out_of_the_keys_call() -> None:
    world = World(drums="own").play(1.0, "C4 D4 E4 F4")
    drums(world, 1.1, 6).until(20.0)
    called = world.of(TurnCalled)[0]
    assert [note.pitch for note in called.call] == [60, 62, 64, 65]
    assert world.of(TurnEnded)[0].reason == "done"


def test_drums_of_their_own_are_answered_out_of_what_drums_played() -> None:
    world = World(drums="own").play(1.0, "C4 D4 E4")
    drums(world, 6.0, 4).until(20.0)
    keys, kit = world.of(TurnCalled)
    assert (keys.drums, kit.drums) == (False, True)
    assert {note.channel for note in kit.context} == {DRUM_CHANNEL}


def test_keys_do_not_wait_for_a_drummer_who_never_stops() -> None:
    world = World(drums="own")
    drums(world, 1.0, 30).play(4.0, "C4 D4 E4").until(12.0)
    called = world.of(TurnCalled)[0]
    assert [note.pitch for note in called.call] == [60, 62, 64]
    assert not sounding(world.until(30.0).close().sent)


def test_a_key_struck_while_the_model_thinks_about_drums_begins_a_call_of_its_own() -> None:
    world = drums(World(drums="own", budget_ms=500.0, latency_s=0.7), 1.0, 4).until(3.31)
    assert world.states()[-1] == "thinking"
    world.play(3.32, "C4 D4 E4").until(12.0)
    assert [note.pitch for note in world.of(TurnCalled)[0].call] == [60, 62, 64]


# Touch


def test_the_touch_of_the_answer_is_bent_and_kept_within_its_limits() -> None:
    def touched(velocity: int, **fields: Value) -> int:
        return Router(Values(fields)).answer(Caller()).touch(velocity)

    assert [touched(velocity) for velocity in (1, 2, 64, 126, 127)] == [1, 2, 64, 126, 127]
    assert [touched(velocity, velocity_low=70, velocity_high=70) for velocity in (1, 64, 127)] == [70, 70, 70]
    assert [touched(velocity, velocity_low=40, velocity_high=90) for velocity in (1, 64, 127)] == [40, 65, 90]
    assert touched(64, velocity_curve=1.0) > touched(64, velocity_curve=0.3) > 64 > touched(64, velocity_curve=-0.5)
    assert [touched(velocity, velocity_curve=-1.0) for velocity in (1, 127)] == [1, 127]


@given(st.integers(1, 127), st.floats(-1.0, 1.0), st.integers(1, 127), st.integers(1, 127))
def test_any_touch_is_a_velocity(velocity: int, curve: float, low: int, high: int) -> None:
    way = Router(Values({"velocity_curve": curve, "velocity_low": low, "velocity_high": high})).answer(Caller())
    assert min(low, high) <= way.struck(Note(0.0, 60, 0.1, velocity), 0).velocity <= max(low, high)


def test_the_touch_changes_with_the_next_note() -> None:
    world = World(Tune(velocity=100)).play(1.0, "C4 D4 E4").set(2.3, "velocity_high", 50).until(20.0)
    velocities = [sent.message.velocity for sent in world.sent if isinstance(sent.message, NoteOn)]
    assert velocities[0] == 100
    assert max(velocities[1:]) <= 50


def test_what_has_no_channel_is_passed_as_it_is() -> None:
    world = studio(thru=True, thru_channel=5, thru_port=2).midi(1.0, Other(b"\xf0\x7d\x01\xf7")).until(1.1)
    assert [(sent.port, sent.message) for sent in world.sent] == [("out2", Other(b"\xf0\x7d\x01\xf7"))]


def test_a_route_for_drums_says_itself_where_their_answer_goes() -> None:
    for fields, place in (({"in_channel": 10}, ("out2", 2)), ({"in_port": 1}, ("out2", DRUM_CHANNEL))):
        world = studio(route(1, out_port=2, out_channel=3, **fields), model=Tune(pitches=(36, 38)))
        assert places(drums(world, 1.0, 4).until(20.0).sent) == {place}


# The keyboard goes away


def test_a_keyboard_that_says_it_is_there_and_falls_silent_has_its_keys_lifted() -> None:
    world = World(thru=True, mode="manual")
    for beat in range(8):
        world.midi(1.0 + 0.3 * beat, Other(b"\xfe"))
    world.midi(2.0, NoteOn(0, 60, 80)).midi(2.1, ControlChange(0, SUSTAIN, 127)).until(10.0)
    # The last sign of life was at 3.1 s.
    assert [(round(sent.actual_s, 3), sent.message) for sent in world.sent] == [
        (2.0, NoteOn(0, 60, 80)),
        (2.1, ControlChange(0, SUSTAIN, 127)),
        (4.1, NoteOff(0, 60)),
        (4.1, ControlChange(0, SUSTAIN, 0)),
    ]
    assert [item.note.duration_s for item in world.of(NoteHeard)] == [pytest.approx(2.1)]
    assert world.texts() == ["nothing more comes from the keyboard on the input port"]


def test_a_keyboard_that_never_says_so_may_hold_its_keys_in_silence() -> None:
    world = World(thru=True, mode="manual").midi(2.0, NoteOn(0, 60, 80)).until(20.0)
    assert [sent.message for sent in world.sent] == [NoteOn(0, 60, 80)]


def test_active_sensing_is_neither_passed_on_nor_music() -> None:
    world = World(thru=True).midi(1.0, Other(b"\xfe")).until(1.5)
    assert not world.sent


# A pedal that never comes up


def test_a_pedal_that_never_comes_up_is_waited_for_once() -> None:
    world = World().play(1.0, "C4 D4 E4").pedal(1.1, True).until(40.0)
    first = world.onsets()[0][0]
    assert first == pytest.approx(1.7 + 10.0 + 0.5)
    world.play(50.0, "C4 D4 E4").until(80.0)
    again = next(moment for moment, _ in world.onsets() if moment > 50.0)
    assert again == pytest.approx(50.7 + 0.5)
    world.pedal(85.0, False).pedal(90.0, True).play(90.0, "C4 D4 E4").pedal(93.0, False).until(110.0)
    held = next(moment for moment, _ in world.onsets() if moment > 90.0)
    assert held == pytest.approx(93.5)


def test_a_turn_is_taken_by_hand_under_a_held_pedal() -> None:
    world = World(mode="manual").play(1.0, "C4 D4 E4").pedal(1.1, True).do(2.0, "take_turn").until(10.0)
    assert world.onsets()[0][0] == pytest.approx(2.0)
