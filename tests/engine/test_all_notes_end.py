"""Whatever arrives in whatever order, every note-on is followed by exactly one note-off."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from daw_bridge.engine.events import (
    AnswerArrived,
    AnswerFailed,
    Event,
    LinkReported,
    MidiArrived,
    NotePlayed,
    ParameterSet,
    Performed,
    PlayerLeft,
    PortLost,
    PortReturned,
    TurnEnded,
)
from daw_bridge.engine.parameters import ACTION_NAMES, PARAMETERS, Kind, Parameter
from daw_bridge.music.messages import (
    Clock,
    Continue,
    ControlChange,
    NoteOff,
    NoteOn,
    Other,
    ProgramChange,
    SongPosition,
    Start,
    Stop,
)
from daw_bridge.music.notes import Note
from tests.support.world import Broken, Tune, World, sounding

CHANNELS = st.sampled_from((0, 1, 9))
PITCHES = st.sampled_from((36, 60, 61, 72, 74, 76))


def _value(parameter: Parameter) -> st.SearchStrategy[object]:
    match parameter.kind:
        case Kind.BOOL:
            return st.booleans()
        case Kind.CHOICE:
            return st.sampled_from(parameter.choices)
        case Kind.TEXT:
            return st.sampled_from(("off", "auto", "D minor"))
        case Kind.INT:
            return st.integers(int(parameter.minimum), int(parameter.maximum))
        case _:
            return st.floats(parameter.minimum, parameter.maximum)


LIVE = [parameter for parameter in PARAMETERS if parameter.live]
MESSAGES = st.one_of(
    st.builds(NoteOn, CHANNELS, PITCHES, st.sampled_from((1, 64, 100, 127))),
    st.builds(NoteOn, CHANNELS, PITCHES, st.sampled_from((64, 100))),
    st.builds(NoteOff, CHANNELS, PITCHES),
    st.builds(NoteOff, CHANNELS, PITCHES),
    st.builds(ControlChange, CHANNELS, st.sampled_from((1, 64, 64, 120, 121, 123)), st.sampled_from((0, 127))),
    st.builds(ProgramChange, CHANNELS, st.integers(0, 127)),
    st.sampled_from((Clock(), Clock(), Start(), Continue(), Stop(), SongPosition(16), Other(b"\xe0\x00\x40"))),
)
NOTES = st.builds(Note, st.floats(-5, 40), PITCHES, st.floats(0, 30), st.integers(1, 127))
PORTS = st.sampled_from(("in", "out", "keys", "metronome"))
LINK = st.builds(LinkReported, st.just(0.0), st.floats(-4, 40), st.floats(60, 180), st.booleans())
EVENTS: st.SearchStrategy[Event] = st.one_of(
    st.builds(MidiArrived, MESSAGES, st.sampled_from(("in", "in", "keys"))),
    st.builds(MidiArrived, MESSAGES, st.just("in")),
    st.builds(MidiArrived, MESSAGES, st.just("in")),
    st.builds(Performed, st.sampled_from(sorted(ACTION_NAMES))),
    st.sampled_from(LIVE).flatmap(
        lambda parameter: st.builds(ParameterSet, st.just(parameter.name), _value(parameter))
    ),
    st.builds(PortLost, PORTS),
    st.builds(PortReturned, PORTS),
    st.builds(PlayerLeft, PORTS),
    st.builds(AnswerArrived, st.integers(1, 9), st.integers(0, 9), st.tuples(NOTES), st.just("stray")),
    st.builds(AnswerFailed, st.integers(1, 9), st.just("stray"), st.integers(0, 1)),
    LINK,
)
PAUSES_S = st.sampled_from((0.0, 0.0, 0.001, 0.02, 0.02, 0.1, 0.25, 1.0, 3.0))
MODELS = st.sampled_from((Tune, Broken, None))


@settings(max_examples=150, deadline=None)
@given(
    script=st.lists(st.tuples(PAUSES_S, EVENTS), min_size=1, max_size=60),
    mode=st.sampled_from(("pause", "bars", "manual")),
    overlap=st.sampled_from(("yield", "layer")),
    thru=st.booleans(),
    latency_s=st.sampled_from((0.0, 0.01, 0.4)),
    broken=st.booleans(),
    metronome=st.sampled_from(("auto", "on")),
    quantise=st.sampled_from(("off", "1/4", "1/16t")),
    backup_latency_s=st.sampled_from((None, 0.003, 0.4)),
    rest_s=st.sampled_from((0.0, 0.3, 2.0, 100.0)),
)
def test_every_note_on_has_exactly_one_note_off(
    script: list[tuple[float, Event]],
    mode: str,
    overlap: str,
    thru: bool,
    latency_s: float,
    broken: bool,
    metronome: str,
    quantise: str,
    backup_latency_s: float | None,
    rest_s: float,
) -> None:
    world = World(
        Broken() if broken else Tune(),
        latency_s=latency_s,
        mode=mode,
        overlap=overlap,
        thru=thru,
        tempo=240.0,
        bars=1,
        metronome=metronome,
        quantise=quantise,
        backups=() if backup_latency_s is None else ((Tune(name="next"), backup_latency_s),),
        clock_port="Clock",
    )
    moment_s = 0.0
    for pause_s, event in script:
        moment_s += pause_s
        world.event(moment_s, event)
    world.until(moment_s + rest_s)
    sounding(world.sent)
    world.close()
    assert sounding(world.sent) == set()
    assert not world.engine.state.sounding
    # What the log says was played is what went out.
    played = sum(len(ended.played) for ended in world.of(TurnEnded))
    assert played == len(world.of(NotePlayed))
    answered = sum(1 for sent in world.sent if isinstance(sent.message, NoteOn) and sent.turn)
    assert played == answered


@settings(max_examples=60, deadline=None)
@given(script=st.lists(st.tuples(PAUSES_S, EVENTS), min_size=1, max_size=40))
def test_what_was_done_late_is_done_as_if_on_time(script: list[tuple[float, Event]]) -> None:
    """An engine that is only woken by events sends the same messages, wanted at the same moments."""
    worlds = (World(Tune(), mode="pause"), World(Tune(), mode="pause"))
    moment_s = 0.0
    for pause_s, event in script:
        moment_s += pause_s
        if isinstance(event, AnswerArrived | AnswerFailed):
            continue
        for world in worlds:
            world.event(moment_s, event)
    for moment in range(int(moment_s) + 40):
        worlds[1].until(moment * 1.0)
    worlds[0].until(moment_s + 40.0)
    worlds[1].until(moment_s + 40.0)
    assert [(sent.message, sent.wanted_s) for sent in worlds[0].sent] == [
        (sent.message, sent.wanted_s) for sent in worlds[1].sent
    ]
