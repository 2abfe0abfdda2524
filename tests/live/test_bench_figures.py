"""The figures of the bench: percentiles, what was lost on the way, whose fault a late turn is, the scenes on memory."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from daw_bridge.cli.bench import main
from daw_bridge.cli.bench_picture import gathered
from daw_bridge.cli.bench_tables import ScreenCost, screen_costs
from daw_bridge.engine.continuation import SamplingControls
from daw_bridge.engine.events import Fault, MidiArrived, Sent, TurnCalled, TurnStreamed
from daw_bridge.errors import MissingPartError, UsageError
from daw_bridge.live.bench.company import COLUMNS, ROWS, START_LIMIT_S, STILL_S, Drawn, until_up
from daw_bridge.live.bench.delivery import Passing, delivered, of_hex
from daw_bridge.live.bench.log import BridgeLog
from daw_bridge.live.bench.scene import Conditions, LateTurn, measured
from daw_bridge.live.bench.spread import Spread
from daw_bridge.live.player import CALL_NOTES, Heard, Performance, Player
from daw_bridge.music.messages import Message, NoteOff, NoteOn, decode, encode
from daw_bridge.music.notes import Note


def test_percentiles_are_of_the_nearest_rank_and_every_value_has_its_bin() -> None:
    spread = Spread.of([float(value) for value in range(1000, 0, -1)])
    assert (spread.count, spread.p50, spread.p99, spread.p99_9, spread.worst) == (1000, 500.0, 990.0, 999.0, 1000.0)
    assert sum(count for _, count in spread.bins) == 1000
    assert Spread.of([3.1]) == Spread(1, 3.1, 3.1, 3.1, 3.1, ((3.0, 1),))
    assert Spread.of([-0.1, 0.1, 0.2, -4.0]).bins == ((-4.0, 1), (-0.25, 1), (0.0, 2))
    assert Spread.of([1.0, -4.0]).worst == -4.0
    assert Spread.of([]) == Spread(0, None, None, None, None)


def test_a_histogram_shows_the_bulk_and_tells_of_what_lies_beyond() -> None:
    first, counts, beyond = gathered(Spread.of([1.0] * 500 + [2.0] * 500 + [400.0]))
    assert (first, beyond) == (4, 1)
    assert (counts[0], counts[4], counts[-1], sum(counts)) == (500, 500, 1, 1001)


def passings(*digits: str) -> list[Passing]:
    return of_hex([(number / 10, each) for number, each in enumerate(digits)])


def test_a_lost_message_and_one_too_many_are_found_among_equal_ones() -> None:
    sent = passings("903c40", "803c40", "903c40", "803c40", "904040", "804040")
    received = passings("903c40", "803c40", "803c40", "904040", "904040", "804040")
    delivery = delivered(sent, received)
    assert [passing.data.hex() for passing in delivery.lost] == ["903c40"]
    assert [passing.data.hex() for passing in delivery.surplus] == ["904040"]
    assert len(delivery.arrived) == 5
    assert all(here.data == there.data for here, there in delivery.arrived)


NOTES = (Note(1.0, 60, 0.1, 90), Note(1.2, 62, 0.1, 90))


def answered(log: BridgeLog, turn: int, start_s: float, *, waited_s: float = 0.0, handed_over_s: float = 0.0) -> None:
    """A turn of two notes, the first handed over so long after `start_s`."""
    controls = SamplingControls()
    called = TurnCalled(turn, turn, (), (), start_s, start_s, 1, controls, 1.0, False)
    log.done([called], start_s)
    log.done([TurnStreamed(turn, turn, 0, NOTES[:1], controls, "lstm", 0.004)], start_s + waited_s)
    log.done([TurnStreamed(turn, turn, 1, NOTES[1:], controls, "lstm", 0.002)], start_s + waited_s)
    for number, pitch in enumerate((60 + turn, 70 + turn)):
        due_s = start_s + 0.2 * number
        log.done([Sent(NoteOn(0, pitch, 90), due_s, due_s + handed_over_s, turn)], due_s)
        log.done([Sent(NoteOff(0, pitch), due_s + 0.1, due_s + 0.1, turn)], due_s)


def heard_all(log: BridgeLog, *but: int) -> list[tuple[float, str]]:
    """What the other end hears 2 ms later, without some messages."""
    messages = enumerate((each.actual_s + 0.002, encode(each.message).hex()) for each in log.sent)
    return [message for number, message in messages if number not in but]


def test_a_turn_whose_first_note_was_lost_is_told_apart_from_one_that_was_late() -> None:
    log = BridgeLog()
    answered(log, 1, 10.0, handed_over_s=0.001)
    answered(log, 2, 20.0, handed_over_s=0.001)
    answered(log, 3, 30.0, waited_s=0.05, handed_over_s=0.06)
    turns = [Heard(10.0, 10.003), Heard(20.0, 20.203), Heard(30.0, 30.062), Heard(40.0, None)]
    performance = Performance(turns, notes_on=5, notes_off=6, hanging=0, heard=heard_all(log, 4))
    found = measured(Conditions("pause", "jack", 128, "ordinary"), performance, log)
    assert found.late == (
        LateTurn(2, 1.0, 203.0, lost=True),
        LateTurn(3, 60.0, 62.0, lost=False),
        LateTurn(4, None, None, lost=False),
    )
    assert (found.turns, found.answered, found.whole) == (4, 3, False)
    assert (found.counts["notes_sent"], found.counts["lost_out"], found.counts["surplus_out"]) == (6, 1, 0)
    assert (found.counts["prepared_used"], found.counts["waited_for"]) == (2, 1)
    assert found.spreads["model_share_ms"].worst == pytest.approx(50.0)
    assert found.spreads["delivery_ms"].p50 == pytest.approx(2.0)
    assert found.spreads["output_error_ms"].count == 6
    assert found.model_ms_per_note == pytest.approx(2.0)
    assert (found.spreads["first_draw_ms"].count, found.spreads["first_draw_ms"].p50) == (3, 4.0)
    assert found.tiers == {"lstm": 3}


def test_the_balance_of_both_ways_decides_whether_a_run_is_whole() -> None:
    log = BridgeLog()
    answered(log, 1, 10.0)
    log.heard(MidiArrived(NoteOn(0, 50, 80)), 9.0)
    played = [(9.0, "903250")]
    performance = Performance([Heard(10.0, 10.002)], played=played, heard=heard_all(log))
    assert measured(Conditions("pause", "memory"), performance, log).whole
    performance.played.append((9.1, "803240"))
    unheard = measured(Conditions("pause", "memory"), performance, log)
    assert (unheard.counts["lost_in"], unheard.whole) == (1, False)
    log.done([Fault("miss", "late"), Fault("port", "gone")], 11.0)
    assert [
        measured(Conditions("pause", "memory"), performance, log).counts[name] for name in ("misses", "faults")
    ] == [
        1,
        1,
    ]


def test_what_the_screen_costs_is_the_difference_to_the_same_run_without_it() -> None:
    runs = []
    for screen, late_s in ((False, 0.0005), (True, 0.00075)):
        log = BridgeLog()
        answered(log, 1, 10.0, handed_over_s=late_s)
        conditions = Conditions("pause", "jack", 128, "ordinary", screen=screen)
        runs.append(measured(conditions, Performance([Heard(10.0, 10.003)], heard=heard_all(log)), log))
    other = Conditions("bars", "jack", 128, "ordinary", screen=True)
    runs.append(measured(other, Performance(), BridgeLog()))
    costs = {cost.measure: cost for cost in screen_costs(runs)}
    assert costs["note-on handed to the driver after it was due"] == ScreenCost(
        "pause", "jack -p 128 ordinary", "note-on handed to the driver after it was due", 0.5, 0.75
    )
    assert {cost.scene for cost in costs.values()} == {"pause"}


def test_the_music_waits_until_the_screen_is_drawn_and_still() -> None:
    now_s = [0.0]
    drawn = Drawn(lambda: now_s[0])
    writes = {1.0: 20, 1.5: 2 * ROWS * COLUMNS, 2.5: 500}

    def sleep(for_s: float) -> None:
        before_s = now_s[0]
        now_s[0] += for_s
        for at_s, count in writes.items():
            if before_s < at_s <= now_s[0]:
                drawn.add(count)

    until_up(drawn, lambda: True, sleep)
    assert 2.5 + STILL_S < now_s[0] < 2.7 + STILL_S


def test_a_screen_that_ends_or_stays_empty_is_not_waited_for_for_ever() -> None:
    now_s = [0.0]

    def sleep(for_s: float) -> None:
        now_s[0] += for_s

    with pytest.raises(MissingPartError, match="ended by itself"):
        until_up(Drawn(lambda: now_s[0]), lambda: now_s[0] < 1.0, sleep)
    with pytest.raises(MissingPartError, match="not up after"):
        until_up(Drawn(lambda: now_s[0]), lambda: True, sleep)
    assert now_s[0] == pytest.approx(START_LIMIT_S + 1.0, abs=0.2)


class Deaf:
    """A port that keeps what is sent to it, and never has anything to tell."""

    name = "deaf"

    def __init__(self) -> None:
        self.sent: list[Message] = []

    def send(self, data: bytes) -> bool:
        self.sent.append(decode(data))
        return True

    def poll(self) -> list[tuple[float, bytes]]:
        return []


def test_a_musician_whom_nobody_answers_lifts_all_keys_once_more() -> None:
    now_s, port = [0.0], Deaf()

    def sleep(duration_s: float) -> None:
        now_s[0] += max(duration_s, 0.0005)

    performance = Player(port, port, 0.25, lambda: now_s[0], sleep).perform(1)
    assert [turn.first_s for turn in performance.turns] == [None]
    keys = {message.pitch for message in port.sent if isinstance(message, NoteOn)}
    lifted = [message.pitch for message in port.sent[2 * CALL_NOTES :] if isinstance(message, NoteOff)]
    assert lifted == sorted(keys)


SCENES = ["--over", "memory", "--model", "memory"]


def test_a_script_gets_the_documented_keys(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    picture = tmp_path / "bench.png"
    assert main([*SCENES, "--turns", "2", "--json", "--picture", str(picture)]) == 0
    document = json.loads(capsys.readouterr().out)
    assert set(document) == {"machine", "model", "runs", "screen", "compared"}
    pause, bars, thru = document["runs"]
    for run in (pause, bars):
        assert (run["turns"], run["answered"], run["counts"]["hanging"], run["whole"]) == (2, 2, 0, True)
        assert set(run["spreads"]) == {"first_note_ms", "output_error_ms", "model_share_ms", "first_draw_ms"}
        counts = run["counts"]
        assert run["spreads"]["output_error_ms"]["count"] == counts["notes_sent"] == counts["notes_heard"] > 0
    assert [run["conditions"]["scene"] for run in document["runs"]] == ["pause", "bars", "thru"]
    assert thru["spreads"]["thru_ms"]["count"] == 40
    assert picture.read_bytes().startswith(b"\x89PNG")


def test_a_person_gets_a_table(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([*SCENES, "--turns", "1", "--scenes", "thru"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].split()[-5:] == ["p50", "p99", "p99.9", "worst", "n"]
    assert lines[1].startswith("thru   memory  key to key heard through")
    assert "10 notes and 10 releases sent, 10 and 10 heard, lost 0 out, 0 in" in lines[-1]


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--turns", "0"], "--turns is 1 to"),
        (["--turns", "-3"], "--turns is 1 to"),
        (["--period", "100"], "--period is a power of two"),
        (["--load", "-1"], "--load is 0 to"),
        (["--scenes", "pause,opera"], "no scene 'opera'"),
        (["--scenes", ","], "no scene named"),
        (["--picture", "/nowhere/at/all.png"], "no such folder"),
    ],
)
def test_wrong_options_are_refused_before_anything_starts(options: list[str], said: str) -> None:
    with pytest.raises(UsageError, match=said):
        main(options)


@pytest.mark.parametrize(
    ("python", "said"), [("", "Notochord is not installed"), ("/nowhere/python", "cannot be started")]
)
def test_another_program_that_is_not_there_is_missed_before_anything_is_measured(
    python: str, said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("daw_bridge.live.bench.stage.over_memory", lambda *_: pytest.fail("measured"))
    monkeypatch.setattr("daw_bridge.cli.bench.COMPARED", ("memory",))
    with pytest.raises(MissingPartError, match=said):
        main([*SCENES, "--turns", "1", "--compare", "notochord", "--compare-python", python])
