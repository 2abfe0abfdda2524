"""The bridge as master: its clock, its metronome, its count-in; followed by our own follower."""

from __future__ import annotations

import itertools
import random

import pytest

from daw_bridge.engine.clock_follow import ClockFollower
from daw_bridge.engine.clock_out import CLOCK_PORT
from daw_bridge.engine.events import LinkAsked, LinkReported, PortLost, PortReturned, Sent, TurnCalled
from daw_bridge.engine.metronome import ACCENT_PITCH, CLICK_PITCH, METRONOME_PORT
from daw_bridge.music.messages import Clock, Continue, Message, NoteOff, NoteOn, SongPosition, Start, Stop
from tests.support.world import World, sounding


def master(**settings: object) -> World:
    """Its first pulse is at 0."""
    chosen = {"clock": "internal", "clock_port": "Clock", "tempo": 120.0, **settings}
    return World(**chosen).set(0.0, "bars", chosen.get("bars", 2))  # type: ignore[arg-type]


def clicking(**settings: object) -> World:
    return World(**{"clock": "internal", "metronome_port": "Click", **settings})  # type: ignore[arg-type]


def on(world: World, port: str) -> list[Sent]:
    return [sent for sent in world.sent if sent.port == port]


def words(world: World) -> list[tuple[float, Message]]:
    """What the clock says beside its pulses."""
    return [(round(sent.wanted_s, 4), sent.message) for sent in on(world, CLOCK_PORT) if sent.message != Clock()]


def pulses(world: World, from_s: float, to_s: float) -> list[float]:
    return [
        sent.wanted_s for sent in on(world, CLOCK_PORT) if sent.message == Clock() and from_s <= sent.wanted_s < to_s
    ]


def clicks(world: World) -> list[tuple[float, int]]:
    return [
        (round(sent.wanted_s, 4), sent.message.pitch)
        for sent in on(world, METRONOME_PORT)
        if isinstance(sent.message, NoteOn)
    ]


def test_pulses_go_on_before_the_start_and_never_drift() -> None:
    world = master().do(5.0, "start").until(605.0)
    assert len(pulses(world, 0.0, 5.0)) == pytest.approx(5.0 * 48, abs=1)
    rolling = pulses(world, 5.0, 605.0)
    assert len(rolling) == 600 * 48
    # The first follows the start by a millisecond, all others are on their places.
    assert rolling[0] == pytest.approx(5.001)
    assert max(abs(moment - 5.0 - index / 48) for index, moment in enumerate(rolling[1:], 1)) < 1e-6


def test_start_halt_and_continue_are_told_with_their_position() -> None:
    world = master().do(1.0, "start").do(3.1, "halt").do(4.0, "continue").do(6.0, "start").until(7.0)
    assert words(world) == [
        (1.0, Start()),
        (3.1, Stop()),
        (pytest.approx(4.023), SongPosition(17)),
        (pytest.approx(4.023), Continue()),
        (6.0, Stop()),
        (6.0, Start()),
    ]


def test_a_count_in_is_heard_and_the_song_starts_after_it() -> None:
    world = master(count_in=2, metronome="count_in", mode="bars", bars=1)
    world.do(1.0, "start").play(5.0, "C4 D4 E4", step_s=0.5).until(20.0)
    assert words(world) == [(pytest.approx(4.998), Start())]
    assert clicks(world) == [(1.0 + beat / 2, CLICK_PITCH if beat % 4 else ACCENT_PITCH) for beat in range(8)]
    (called,) = world.of(TurnCalled)
    assert called.start_s == pytest.approx(7.0)


def test_what_is_played_into_the_count_in_is_no_call() -> None:
    world = master(count_in=4, mode="bars", bars=1).do(1.0, "start").play(1.5, "C4 D4 E4", step_s=0.3).until(30.0)
    assert not world.of(TurnCalled)
    assert not sounding(world.sent)


def test_our_own_follower_locks_to_our_clock() -> None:
    """Sent 1.5 ms of jitter late or early: the beat is as exact as that of any other clock."""
    errors_s = []
    for seed, tempo_bpm in itertools.product(range(4), (60.0, 120.0, 174.0)):
        chance = random.Random(seed)
        world = master(tempo=tempo_bpm).do(4.0, "start").until(4.0 + 16 * 60.0 / tempo_bpm)
        follower = ClockFollower()
        for sent in on(world, CLOCK_PORT):
            late_s = chance.gauss(0.0, 0.0015) if sent.message == Clock() else -0.002
            follower.feed(sent.message, sent.wanted_s + late_s)
            beat = (sent.wanted_s - 4.0) * tempo_bpm / 60.0
            if beat > 8.0:
                assert follower.locked
                errors_s.append(abs(follower.time_of(beat) - sent.wanted_s))
    assert sorted(errors_s)[int(0.99 * len(errors_s))] <= 0.002


def test_a_change_of_tempo_moves_the_pulses_still_to_come() -> None:
    world = master().do(1.0, "start").set(3.0, "tempo", 60.0).until(9.0)
    sent = pulses(world, 1.0, 9.0)
    # Four beats at 120, then a second a beat.
    assert sent[4 * 24] == pytest.approx(3.0)
    assert sent[5 * 24] == pytest.approx(4.0)
    assert sent[9 * 24] == pytest.approx(8.0)


def test_a_follower_is_where_we_are_after_stops_and_changes_of_tempo() -> None:
    for seed in range(20):
        chance = random.Random(seed)
        world, follower = master(), ClockFollower()
        moment_s = 1.0
        for _ in range(8):
            moment_s += chance.uniform(0.5, 3.0)
            action = chance.choice(("start", "halt", "continue", "tempo"))
            if action == "tempo":
                world.set(moment_s, "tempo", chance.uniform(60.0, 180.0))
            else:
                world.do(moment_s, action)
        world.do(moment_s + 1.0, "continue").until(moment_s + 12.0)
        for sent in on(world, CLOCK_PORT):
            follower.feed(sent.message, sent.wanted_s)
        assert follower.rolling
        last_s = world.sent[-1].wanted_s
        assert follower.beat_at(last_s) == pytest.approx(world.engine.state.beat, abs=0.02), seed


def test_no_clock_is_sent_unless_it_is_wanted_nor_while_the_daw_gives_it() -> None:
    assert not on(World(clock="internal").do(1.0, "start").until(5.0), CLOCK_PORT)
    world = master(clock="auto").do(0.5, "start").midi(2.0, Start()).clock(2.0, 8, 120.0).until(5.0)
    assert words(world) == [(0.5, Start()), (2.0, Stop())]
    assert not pulses(world, 2.01, 5.0)


def test_every_click_is_released_whatever_happens() -> None:
    world = clicking().do(1.0, "start").do(1.51, "halt").do(2.0, "start").do(2.01, "panic").until(3.02)
    world.set(3.03, "metronome_channel", 3).close()
    assert [type(sent.message) for sent in on(world, METRONOME_PORT)].count(NoteOn) == 5
    assert not sounding(on(world, METRONOME_PORT))


def test_a_click_is_owed_to_a_port_that_was_lost() -> None:
    world = clicking().do(1.0, "start").event(1.02, PortLost(METRONOME_PORT)).until(3.2)
    assert clicks(world) == [(1.0, ACCENT_PITCH)]
    world.event(3.3, PortReturned(METRONOME_PORT)).until(3.4)
    assert not sounding(on(world, METRONOME_PORT))


def test_the_metronome_is_silent_by_default_and_no_part_of_the_music() -> None:
    assert not on(World(clock="internal").do(1.0, "start").until(5.0), METRONOME_PORT)
    world = clicking().do(1.0, "start").play(1.1, "C4 E4 G4").until(9.0)
    played = [called.context for called in world.of(TurnCalled)]
    assert played
    assert all(note.pitch in (60, 64, 67) for context in played for note in context)


def test_the_metronome_clicks_to_the_clock_of_the_daw() -> None:
    world = World(metronome="on", clock="midi", beats_per_bar=3).midi(1.0, Start()).clock(1.0, 7, 60.0).until(6.5)
    assert clicks(world) == [
        (pytest.approx(1.0 + beat, abs=0.002), CLICK_PITCH if beat % 3 else ACCENT_PITCH) for beat in range(6)
    ]


def test_the_metronome_counts_eighths_where_the_signature_does() -> None:
    world = World(metronome="on", beats_per_bar=7, beat_unit="8", tempo=120.0).do(1.0, "start").until(4.4)
    assert clicks(world) == [
        (pytest.approx(1.0 + 0.25 * beat, abs=0.002), CLICK_PITCH if beat % 7 else ACCENT_PITCH) for beat in range(14)
    ]


def test_a_bar_of_seven_eighths_is_counted_in() -> None:
    world = World(count_in=1, mode="bars", bars=1, beats_per_bar=7, beat_unit="8", tempo=120.0).do(1.0, "start")
    world.play(2.75, "C4 E4", step_s=0.5).until(12.0)
    (called,) = world.of(TurnCalled)
    assert called.start_s == pytest.approx(4.5)


def test_a_link_session_gives_the_beat_and_is_asked_for_what_the_player_wants() -> None:
    world = World(clock="link", mode="bars", bars=1)
    world.event(1.0, LinkReported(1.0, 0.0, 120.0, playing=False)).do(1.5, "start").set(1.6, "tempo", 90.0)
    # It begins to play one beat before its bar line.
    world.event(2.0, LinkReported(1.99, -1.0, 120.0, playing=True)).play(2.49, "C4 D4 E4", step_s=0.5).until(12.0)
    assert world.of(LinkAsked) == [LinkAsked(playing=True), LinkAsked(tempo_bpm=90.0)]
    (called,) = world.of(TurnCalled)
    assert called.start_s == pytest.approx(4.49)
    assert world.onsets()[0][0] == pytest.approx(4.49)


def test_a_jump_of_the_link_session_ends_the_answer() -> None:
    world = World(clock="link", mode="bars", bars=1).event(1.0, LinkReported(1.0, 0.0, 120.0, playing=True))
    world.play(1.0, "C4 D4 E4", step_s=0.5).event(3.5, LinkReported(3.5, 17.0, 120.0, playing=True)).until(3.6)
    assert world.states()[-1] == "idle"
    assert not sounding(world.sent)


def test_notes_go_off_on_every_port() -> None:
    world = clicking(clock_port="Clock").do(1.0, "start").play(1.2, "C4 E4 G4").until(2.55).close()
    assert not sounding(world.sent)
    assert NoteOff in {type(sent.message) for sent in on(world, METRONOME_PORT)}


def test_on_the_beat_of_the_daw_all_goes_out_by_its_way_earlier() -> None:
    world = World(clock="midi", mode="bars", bars=1, latency_ms=3.0, metronome="on", quantise="1/4")
    world.midi(1.0, Start()).clock(1.0, 16, 120.0).play(1.0, "C4 D4 E4", step_s=0.5).until(8.0)
    assert world.onsets()[0][0] == pytest.approx(2.997, abs=0.0005)
    assert all((moment + 0.003) % 0.5 == pytest.approx(0.0, abs=0.001) for moment, _ in world.onsets()[1:])
    moments = [moment for moment, _ in clicks(world)]
    assert moments[0] == pytest.approx(1.0, abs=0.004)
    assert moments[1:8] == pytest.approx([1.497 + beat / 2 for beat in range(7)], abs=0.0005)
    ours = World(clock="internal", mode="bars", bars=1, latency_ms=3.0).do(1.0, "start")
    assert ours.play(1.0, "C4 D4 E4", step_s=0.5).until(8.0).onsets()[0][0] == 3.0
