"""A take on disk: what is recorded is read back whole, whatever happens to the process or the disk."""

from __future__ import annotations

import errno
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from daw_bridge.engine.continuation import SamplingControls
from daw_bridge.engine.events import (
    Fault,
    MidiArrived,
    ParameterChanged,
    Performed,
    Sent,
    TransportChanged,
    TurnCalled,
    TurnEnded,
    TurnKept,
    TurnStreamed,
)
from daw_bridge.engine.parameters import defaults
from daw_bridge.errors import UsageError
from daw_bridge.io import takes
from daw_bridge.io.append_log import BACKLOG_LIMIT_BYTES, RETRY_S, AppendLog
from daw_bridge.io.take_format import DamagedLineError, ModelIdentity, decode_line, encode_line
from daw_bridge.io.take_reading import find_take, read_take, take_files
from daw_bridge.io.takes import TakeRecorder, identify_model
from daw_bridge.music.messages import Clock, NoteOff, NoteOn, Other
from daw_bridge.music.notes import Note

CALL = (Note(0.1 + 0.2, 60, 0.25, 90), Note(1 / 3, 64, 0.1, 80, 3))
ANSWER = (Note(1.0, 67, 0.5, 70), Note(1.5, 65, 1e-3, 1), Note(2.0, 127, 0.25, 127))
CONTROLS = SamplingControls(temperature=0.7, key="D minor")


def settings() -> dict[str, float | int | str | bool]:
    return {**defaults(), "seed": 11}


@pytest.fixture
def faults() -> list[Fault]:
    return []


@pytest.fixture
def recorder(tmp_path: Path, faults: list[Fault]) -> Iterator[TakeRecorder]:
    recorder = TakeRecorder.open(
        tmp_path, settings(), ModelIdentity("lstm", "lstm.safetensors", "ab" * 32), faults.append
    )
    yield recorder
    if recorder._thread.is_alive():
        recorder.close()


def called(turn: int = 1) -> TurnCalled:
    return TurnCalled(turn, 7, CALL, CALL + CALL, 0.9, 1.0, 99, CONTROLS, 1.0, False)


def streamed(first: int, notes: tuple[Note, ...], controls: SamplingControls = CONTROLS) -> TurnStreamed:
    return TurnStreamed(1, 7, first, notes, controls, "lstm", 0.003)


def wait_until(happened: Callable[[], bool]) -> None:
    """The writer is a real thread: give it a moment of real time."""
    limit_s = time.monotonic() + 5.0
    while not happened():
        assert time.monotonic() < limit_s, "nothing happened for 5 s"
        threading.Event().wait(0.01)


def test_a_turn_reads_back_as_it_was_recorded(recorder: TakeRecorder, faults: list[Fault]) -> None:
    recorder.heard(MidiArrived(NoteOn(0, 60, 90)), 0.3)
    recorder.heard(MidiArrived(NoteOff(0, 60, 3)), 0.55)
    recorder.heard(MidiArrived(Other(b"\xf0\x01\xf7"), "keys"), 0.56)
    recorder.done((called(),), 0.9)
    recorder.done((streamed(0, ANSWER[:2]), Sent(NoteOn(0, 67, 70), 1.0, 1.0004, 1)), 0.95)
    recorder.done((streamed(2, ANSWER[2:], SamplingControls()),), 1.2)
    recorder.done((Sent(NoteOff(0, 67), 1.5, 1.5001, 1), TurnEnded(1, ANSWER, "done", 0.0004)), 2.3)
    recorder.heard(Performed("keep"), 2.4)
    recorder.done((TurnKept(1),), 2.4)
    recorder.done((Fault("miss", "late"), TransportChanged(True, 0.0, 93.0, False, "internal")), 2.5)
    recorder.close()

    take = read_take(recorder.file)
    assert take.complete
    assert take.notes == ()
    assert take.header.seed == 11
    assert take.header.model == ModelIdentity("lstm", "lstm.safetensors", "ab" * 32)
    assert take.settings == settings()
    assert take.tempo_bpm == 93.0
    assert take.incoming == (
        (0.3, "in", NoteOn(0, 60, 90)),
        (0.55, "in", NoteOff(0, 60, 3)),
        (0.56, "keys", Other(b"\xf0\x01\xf7")),
    )
    assert take.outgoing == (Sent(NoteOn(0, 67, 70), 1.0, 1.0004, 1), Sent(NoteOff(0, 67), 1.5, 1.5001, 1))
    assert take.faults == (Fault("miss", "late"),)
    (turn,) = take.turns
    assert turn.called == called()
    (part,) = turn.parts
    assert tuple(drawn.note for drawn in part.drawn) == ANSWER
    assert turn.tiers == ("lstm",)
    assert [drawn.controls for drawn in part.drawn] == [CONTROLS, CONTROLS, SamplingControls()]
    assert turn.ended == TurnEnded(1, ANSWER, "done", 0.0004)
    assert turn.kept
    assert faults == []


def test_a_brief_reading_tells_the_same_of_the_turns(recorder: TakeRecorder) -> None:
    recorder.heard(MidiArrived(NoteOn(0, 60, 90)), 0.3)
    recorder.done((called(), streamed(0, ANSWER), TurnEnded(1, ANSWER, "done"), TurnKept(1)), 0.9)
    recorder.close()
    brief, whole = read_take(recorder.file, brief=True), read_take(recorder.file)
    assert brief.turns[0].called.call == CALL
    assert (brief.turns[0].ended, brief.turns[0].kept) == (whole.turns[0].ended, True)
    assert (brief.header, brief.complete, brief.notes) == (whole.header, True, ())
    assert brief.incoming == ()


def test_notes_drawn_anew_take_the_place_of_those_never_sent(recorder: TakeRecorder) -> None:
    recorder.done((called(), streamed(0, ANSWER)), 0.9)
    recorder.done((streamed(1, CALL[:1]),), 1.1)
    recorder.close()
    (turn,) = read_take(recorder.file).turns
    assert tuple(drawn.note for drawn in turn.parts[0].drawn) == (ANSWER[0], CALL[0])


def test_questions_asked_anew_and_repetitions_belong_to_their_turn(recorder: TakeRecorder) -> None:
    again = replace(called(), ask_id=8, start_s=2.0)
    recorder.done((called(), streamed(0, ANSWER[:1]), again), 0.9)
    recorder.done((replace(streamed(0, ANSWER[1:]), ask_id=8),), 1.0)
    recorder.done((TurnEnded(1, ANSWER, "done"), TurnEnded(1, ANSWER, "stopped")), 2.0)
    recorder.close()
    (turn,) = read_take(recorder.file).turns
    assert [(part.called.ask_id, len(part.drawn)) for part in turn.parts] == [(7, 1), (8, 2)]
    assert turn.ended == TurnEnded(1, ANSWER, "done")
    assert turn.repeats == (TurnEnded(1, ANSWER, "stopped"),)


def test_a_turn_is_on_disk_at_once_and_the_rest_soon(recorder: TakeRecorder) -> None:
    recorder.done((called(),), 0.9)
    wait_until(lambda: b'"called"' in recorder.file.read_bytes())
    recorder.heard(MidiArrived(NoteOn(0, 60, 90)), 1.0)
    wait_until(lambda: b'"in"' in recorder.file.read_bytes())
    take = read_take(recorder.file)
    assert not take.complete
    assert len(take.notes) == 1
    assert "no end mark" in take.notes[0]


def test_clock_pulses_share_lines(recorder: TakeRecorder) -> None:
    for pulse in range(48):
        recorder.heard(MidiArrived(Clock()), pulse / 48)
    recorder.done((ParameterChanged("tempo", 60.0),), 1.0)
    recorder.close()
    assert recorder.file.read_bytes().count(b"\n") <= 6
    assert read_take(recorder.file).end_s >= 47 / 48


def test_the_real_time_side_costs_microseconds(recorder: TakeRecorder) -> None:
    event = MidiArrived(NoteOn(0, 60, 90))
    begin_s = time.perf_counter()
    for _ in range(10_000):
        recorder.heard(event, 0.0)
    assert (time.perf_counter() - begin_s) / 10_000 < 100e-6


def test_a_flood_sheds_messages_and_no_turn(
    tmp_path: Path, faults: list[Fault], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(takes, "QUEUE_LIMIT", 5)
    monkeypatch.setattr(takes, "IDLE_S", 60.0)
    recorder = TakeRecorder.open(tmp_path, settings(), ModelIdentity("memory"), faults.append)
    for pitch in range(100):
        recorder.heard(MidiArrived(NoteOn(0, pitch, 1)), 0.0)
    recorder.done((called(),), 0.9)
    recorder.close()
    take = read_take(recorder.file)
    assert len(take.incoming) == 5
    assert len(take.turns) == 1
    assert any("95 messages were not recorded" in note for note in take.notes)


def test_what_cannot_be_written_down_costs_itself_only(recorder: TakeRecorder, faults: list[Fault]) -> None:
    recorder.done((ParameterChanged("tempo", float("nan")), called()), 0.9)
    recorder.close()
    assert len(read_take(recorder.file).turns) == 1
    assert [fault.kind for fault in faults] == ["take"]


class FullDisk:
    """A disk with room for some bytes; more can be freed."""

    def __init__(self, room: int) -> None:
        self.room = room

    def write(self, descriptor: int, data: bytes) -> int:
        if not self.room:
            raise OSError(errno.ENOSPC, "No space left on device")
        some = os.write(descriptor, data[: self.room])
        self.room -= some
        return some


def test_a_full_disk_is_said_once_and_made_up_for_later(tmp_path: Path) -> None:
    disk, clock_s, troubles = FullDisk(55), [0.0], list[str]()
    log = AppendLog(tmp_path / "a.take", troubles.append, write=disk.write, clock=lambda: clock_s[0])
    lines = [encode_line({"type": "do", "at_s": 0.5 * index}) for index in range(4)]
    for index, line in enumerate(lines):
        clock_s[0] = float(index)
        log.add(line)
        log.flush()
    assert [trouble.split(";")[0] for trouble in troubles] == ["the disk is full"]

    disk.room = 10_000
    clock_s[0] += RETRY_S
    log.flush()
    assert (tmp_path / "a.take").read_bytes() == b"".join(lines)
    assert troubles[1:] == ["it is being written again"]
    log.close()


def test_a_disk_that_stays_full_loses_counted_records_only(tmp_path: Path) -> None:
    disk, troubles = FullDisk(0), list[str]()
    log = AppendLog(tmp_path / "a.take", troubles.append, write=disk.write)
    line = b"x" * 1_000_000
    taken = sum(log.add(line) for _ in range(100))
    assert taken == BACKLOG_LIMIT_BYTES // len(line)
    assert log.add(line, needed=True)
    log.close()
    assert troubles[-1] == f"it is cut short, {taken + 1} records are lost"


def test_a_folder_that_cannot_be_used_stops_us_at_start(tmp_path: Path, faults: list[Fault]) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(UsageError, match="--takes-dir"):
        TakeRecorder.open(tmp_path / "file", settings(), ModelIdentity("memory"), faults.append)


KILLED = """
import os, signal, sys
from pathlib import Path
from daw_bridge.engine.continuation import SamplingControls
from daw_bridge.engine.events import TurnCalled, TurnEnded
from daw_bridge.engine.parameters import defaults
from daw_bridge.io.take_format import ModelIdentity
from daw_bridge.io.takes import TakeRecorder
recorder = TakeRecorder.open(Path(sys.argv[1]), {**defaults(), "seed": 1}, ModelIdentity("memory"), print)
for turn in range(1, 21):
    recorder.done((TurnCalled(turn, turn, (), (), 0.0, 0.0, turn, SamplingControls(), 1.0, False),), 0.0)
    recorder.done((TurnEnded(turn, (), "done"),), 0.0)
while b'"turn":20,"reason"' not in recorder.file.read_bytes():
    pass
os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="no SIGKILL on this system")
def test_kill_9_leaves_every_turn_on_disk(tmp_path: Path) -> None:
    ended = subprocess.run([sys.executable, "-c", KILLED, str(tmp_path)], timeout=30, check=False)
    assert ended.returncode == -signal.SIGKILL
    take = read_take(find_take("last", tmp_path))
    assert [turn.number for turn in take.turns] == list(range(1, 21))
    assert all(turn.ended is not None for turn in take.turns)
    assert not take.complete


def test_every_cut_of_a_take_reads_as_far_as_it_is_whole(recorder: TakeRecorder, tmp_path: Path) -> None:
    recorder.done((called(), streamed(0, ANSWER), TurnEnded(1, ANSWER, "done")), 0.9)
    recorder.close()
    whole = recorder.file.read_bytes()
    first = whole.index(b"\n") + 1
    cut = tmp_path / "cut.take"
    for length in range(first, len(whole), 7):
        cut.write_bytes(whole[:length])
        take = read_take(cut)
        assert read_take(cut, brief=True).length_s == take.length_s
        ends_whole = whole[:length].endswith(b"\n")
        assert ("cut short" in " ".join(take.notes)) != ends_whole
        assert len(take.turns) == (b'"called"' in whole[: whole[:length].rfind(b"\n") + 1])


def test_a_damaged_line_costs_itself(recorder: TakeRecorder) -> None:
    for pitch in (60, 61, 62):
        recorder.heard(MidiArrived(NoteOn(0, pitch, 90)), 0.3)
    recorder.close()
    data = bytearray(recorder.file.read_bytes())
    data[data.index(b"903d5a")] = ord("8")
    recorder.file.write_bytes(data)
    take = read_take(recorder.file)
    assert [message for _, _, message in take.incoming] == [NoteOn(0, 60, 90), NoteOn(0, 62, 90)]
    assert take.notes == ("1 damaged line left out",)


@pytest.mark.parametrize("contents", [b"", b"MThd\x00\x00\x00\x06", b"hello\n", b"\xff" * 1000, b"{}\n"])
def test_a_file_that_is_no_take_is_refused_in_one_line(tmp_path: Path, contents: bytes) -> None:
    file = tmp_path / "not.take"
    file.write_bytes(contents)
    with pytest.raises(UsageError, match="not a take file") as refused:
        read_take(file)
    assert "\n" not in str(refused.value)
    assert str(file) in str(refused.value)


def test_a_take_of_a_later_format_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "new.take"
    file.write_bytes(encode_line({"type": "take", "format": "aiart-bridge-take", "version": 2}))
    with pytest.raises(UsageError, match="format version 2"):
        read_take(file)


def test_a_line_is_json_and_knows_itself() -> None:
    record = {"type": "fault", "text": 'ü "quoted" \\ \n', "at_s": 0.1}
    line = encode_line(record)
    assert decode_line(line) == record
    for position in range(len(line) - 1):
        broken = bytearray(line)
        broken[position] ^= 1
        with pytest.raises(DamagedLineError):
            decode_line(bytes(broken))


def test_takes_are_found_by_path_id_beginning_and_last(tmp_path: Path) -> None:
    for name in ("20260101-120000-aaa111", "20260101-130000-bbb222", "20260202-120000-bbb333"):
        (tmp_path / f"{name}.take").write_bytes(b"")
    files = take_files(tmp_path)
    assert find_take("last", tmp_path) == files[2]
    assert find_take("aaa", tmp_path) == files[0]
    assert find_take("20260101-13", tmp_path) == files[1]
    assert find_take(str(files[1]), tmp_path / "elsewhere") == files[1]
    with pytest.raises(UsageError, match="may be 2 takes"):
        find_take("bbb", tmp_path)
    with pytest.raises(UsageError, match="no take 'zzz'"):
        find_take("zzz", tmp_path)
    with pytest.raises(UsageError, match="there is no take there yet"):
        find_take("last", tmp_path / "empty")


def test_a_model_is_identified_by_its_contents(tmp_path: Path) -> None:
    file = tmp_path / "m.safetensors"
    file.write_bytes(b"abc")
    assert identify_model("m", file).sha256 == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    assert identify_model("memory", None) == ModelIdentity("memory")
