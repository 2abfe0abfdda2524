"""Several ports and routes: what is heard, what is passed, where answers go."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from daw_bridge.engine.events import NoteHeard, PortLost, PortReturned, TurnCalled
from daw_bridge.engine.parameters import ROUTING
from daw_bridge.engine.routing import Router
from daw_bridge.engine.values import Values
from daw_bridge.music.messages import SUSTAIN, ControlChange, NoteOff, NoteOn, ProgramChange
from tests.support.studio import PORTS, places, play, route, studio
from tests.support.world import Tune, World, sounding

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
