"""Which port a name given by a person means, when messages arrived, and how fast they may leave."""

from __future__ import annotations

import itertools
import random

import pytest

from daw_bridge.errors import UsageError
from daw_bridge.io.arrival import ArrivalClock
from daw_bridge.io.pacing import WINDOW_BYTES, WINDOW_S, BurstPacer
from daw_bridge.io.ports import match_port, the_port

ALSA = ["Midi Through:Midi Through Port-0 14:0", "USB Piano:USB Piano MIDI 1 20:0", "USB Piano:USB Piano MIDI 2 20:1"]
JACK = ["ardour:Call/midi_out 1", "aiart-bridge-out:AI Out", "system:midi_capture_1"]
WINDOWS = ["Microsoft GS Wavetable Synth 0", "loopMIDI Port 1"]


@pytest.mark.parametrize(
    ("wanted", "listed", "meant"),
    [
        ("USB Piano:USB Piano MIDI 1 20:0", ALSA, ALSA[1]),
        ("USB Piano:USB Piano MIDI 1", ALSA, ALSA[1]),
        ("USB Piano MIDI 2", ALSA, ALSA[2]),
        ("midi through", ALSA, ALSA[0]),
        ("USB Piano", ALSA, None),
        ("AI Out", JACK, JACK[1]),
        ("system", JACK, JACK[2]),
        ("loopMIDI Port", WINDOWS, WINDOWS[1]),
        ("loopmidi", WINDOWS, WINDOWS[1]),
        ("AI In", JACK, None),
        ("", JACK, None),
        ("anything", [], None),
        ("Fl\u00fcgel", ["Fluegel", "Flu\u0308gel"], "Flu\u0308gel"),
        ("鍵盤", ["client:鍵盤 1", "other"], "client:鍵盤 1"),
        ("twins", ["twins 20:0", "twins 24:0"], "twins 20:0"),
        ("twins 24:0", ["twins 20:0", "twins 24:0"], "twins 24:0"),
        ("x" * 300, JACK, None),
    ],
)
def test_a_name_finds_its_port(wanted: str, listed: list[str], meant: str | None) -> None:
    assert match_port(wanted, listed) == meant


def test_a_beginning_that_several_ports_have_is_refused_with_their_names() -> None:
    with pytest.raises(UsageError) as refused:
        the_port("usb piano", ALSA, "--in-port")
    assert str(refused.value) == (
        f'--in-port "usb piano": may be any of "{ALSA[1]}", "{ALSA[2]}"; write more of the name'
    )
    assert the_port("AI In", JACK, "--in-port") is None
    assert the_port("system", JACK, "--in-port") == JACK[2]


def test_an_exact_name_wins_over_the_part_after_the_client() -> None:
    assert match_port("keys", ["synth:keys", "keys"]) == "keys"


def test_late_polls_move_no_stamp() -> None:
    """Twenty notes 10 ms apart, read at wildly late moments, keep their spacing to the microsecond."""
    chance = random.Random(1)
    clock = ArrivalClock()
    arrivals = [5.0 + 0.01 * note for note in range(20)]
    drained_s, stamps, polled_s, waiting = 4.9999, [], 5.0002, list(arrivals)
    before = arrivals[0]
    while waiting:
        read = [at for at in waiting if at <= polled_s]
        deltas = [later - earlier for earlier, later in itertools.pairwise([before, *read])]
        stamps.extend(clock.stamps(deltas, drained_s=drained_s, polled_s=polled_s))
        before = read[-1] if read else before
        waiting = waiting[len(read) :]
        drained_s = polled_s
        polled_s += chance.choice((0.0005, 0.0005, 0.09))
    gaps = [later - earlier for earlier, later in itertools.pairwise(stamps)]
    assert gaps == pytest.approx([0.01] * 19, abs=1e-3)
    assert gaps[5:] == pytest.approx([0.01] * 14, abs=1e-9)


def test_stamps_are_never_in_the_future_nor_before_an_empty_queue() -> None:
    chance = random.Random(2)
    clock = ArrivalClock()
    drained_s, last = 0.0, float("-inf")
    for _ in range(2000):
        polled_s = drained_s + chance.expovariate(200)
        # Whatever the driver says, dropped messages and a drifting clock included.
        deltas = [chance.choice((0.0, 0.001, 0.004, 3.0, -1.0)) for _ in range(chance.randint(1, 3))]
        stamps = clock.stamps(deltas, drained_s=drained_s, polled_s=polled_s)
        assert last - 1e-9 <= stamps[0]
        assert stamps == sorted(stamps)
        assert stamps[-1] <= polled_s + 1e-9
        assert drained_s - 1e-9 <= stamps[-1]
        last, drained_s = stamps[-1], polled_s


def test_a_whole_phrase_read_at_once_keeps_its_rhythm() -> None:
    """The thread was kept away for two seconds, before it had read anything."""
    stamps = ArrivalClock().stamps([0.0, 0.25, 0.5, 0.125], drained_s=5.0, polled_s=7.0)
    assert stamps == pytest.approx([6.125, 6.375, 6.875, 7.0])


def test_a_driver_clock_that_drifts_is_followed() -> None:
    clock = ArrivalClock()
    worst_s = 0.0
    for note in range(36_000):
        arrived_s = 0.1 * (note + 1)
        (stamp,) = clock.stamps([0.1 * 1.0002], drained_s=arrived_s - 0.0005, polled_s=arrived_s + 0.0005)
        worst_s = max(worst_s, abs(stamp - arrived_s))
    assert worst_s <= 0.0011


def test_a_burst_is_held_to_what_a_cycle_can_carry() -> None:
    pacer = BurstPacer()
    sent_at = []
    now_s = 0.0
    for _ in range(5000):
        while not pacer.admit(3, now_s):
            now_s += 0.0005
        sent_at.append(now_s)
    for start in sent_at[:: len(sent_at) // 50]:
        inside = sum(start <= at < start + WINDOW_S for at in sent_at)
        assert inside * 7 <= 16_000
    assert now_s < 0.2


def test_a_message_larger_than_a_window_still_leaves() -> None:
    pacer = BurstPacer()
    assert pacer.admit(WINDOW_BYTES * 2, 0.0)
    assert not pacer.admit(3, 0.001)
    assert pacer.admit(3, WINDOW_S)
