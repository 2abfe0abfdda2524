"""`aiart-bridge takes`: list, show, export and replay, on takes recorded by the real recorder."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from daw_bridge.cli.main import main
from daw_bridge.engine.continuation import DRAWING, SamplingControls
from daw_bridge.engine.events import (
    Fault,
    MidiArrived,
    Sent,
    TransportChanged,
    TurnCalled,
    TurnEnded,
    TurnForgotten,
    TurnKept,
    TurnStreamed,
)
from daw_bridge.engine.memory import PhraseMemory
from daw_bridge.engine.parameters import defaults
from daw_bridge.io.take_export import smf_of_take
from daw_bridge.io.take_format import ModelIdentity
from daw_bridge.io.take_reading import read_take
from daw_bridge.io.takes import TakeRecorder
from daw_bridge.music.calls import CALLS
from daw_bridge.music.messages import ControlChange, NoteOff, NoteOn
from daw_bridge.music.midifile import read_piece
from daw_bridge.music.notes import Note
from tests.models.model_builders import tiny_file

Captured = pytest.CaptureFixture[str]

WARM, COOL = SamplingControls(temperature=1.2), SamplingControls(temperature=0.4, pitch_low=60)


def answers(call: tuple[Note, ...], start_s: float, seed: int) -> tuple[tuple[Note, ...], tuple[Note, ...]]:
    stream = PhraseMemory().begin(call, start_s=start_s, seed=seed)
    return stream.next(5, WARM), stream.next(4, COOL)


def record(
    folder: Path,
    *,
    turns: int = 2,
    wrong: bool = False,
    tempo_bpm: float | None = None,
    model: ModelIdentity = ModelIdentity("memory"),  # noqa: B008  # frozen
) -> Path:
    """A take of the phrase memory, or of who is said to have played like it, answering a melody.

    `wrong` falsifies one recorded note.
    """
    faults: list[Fault] = []
    recorder = TakeRecorder.open(folder, {**defaults(), "seed": 3}, model, faults.append)
    context: tuple[Note, ...] = ()
    if tempo_bpm is not None:
        recorder.done((TransportChanged(True, 0.0, tempo_bpm, False, "internal"),), 99.0)
    for turn in range(1, turns + 1):
        begin_s = 100.0 + 20.0 * turn
        call = tuple(note.shifted(begin_s) for note in CALLS["ode"])
        over_s = call[-1].end_s + 0.4
        for note in call:
            recorder.heard(MidiArrived(NoteOn(0, note.pitch, note.velocity)), note.onset_s)
            recorder.heard(MidiArrived(NoteOff(0, note.pitch)), note.end_s)
        context += call
        first, second = answers(context, over_s, turn)
        recorder.done((TurnCalled(turn, turn, call, context, over_s, over_s, turn, WARM, 1.0, False),), over_s)
        recorder.done((TurnStreamed(turn, turn, 0, first, WARM, model.name, 0.0),), over_s)
        told = (*second[:-1], Note(second[-1].onset_s, 1, 0.1, 1)) if wrong and turn == 2 else second
        recorder.done((TurnStreamed(turn, turn, 5, told, COOL, model.name, 0.0),), over_s)
        for note in first + second:
            recorder.done((Sent(NoteOn(0, note.pitch, note.velocity), note.onset_s, note.onset_s + 0.001, turn),), 0.0)
            recorder.done((Sent(NoteOff(0, note.pitch), note.end_s, note.end_s + 0.001, turn),), 0.0)
        recorder.done((TurnEnded(turn, first + second, "done", 0.001),), over_s + 5.0)
    recorder.done((TurnKept(2), TurnForgotten(1)), 200.0)
    recorder.close()
    assert faults == []
    return recorder.file


def test_a_list_may_hold_the_newest_takes_only_and_their_notes(tmp_path: Path, capsys: Captured) -> None:
    for day, turns in enumerate((2, 3, 2), 1):
        file = record(tmp_path, turns=turns)
        file.rename(file.with_name(f"2026010{day}-{file.name}"))
    assert main(["takes", "list", "--takes-dir", str(tmp_path), "--last", "2", "--turns", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)["takes"]
    assert [entry["turns"] for entry in told] == [3, 2]
    for entry in told:
        assert main(["takes", "show", entry["file"], "--takes-dir", str(tmp_path), "--json"]) == 0
        whole = json.loads(capsys.readouterr().out)["turn_list"]
        assert [(turn["call"], turn["response"]) for turn in entry["turn_list"]] == [
            (turn["call"], turn["response"]) for turn in whole
        ]
    assert main(["takes", "list", "--takes-dir", str(tmp_path), "--last", "-1"]) == 2


def test_list_names_takes_and_json_says_all(tmp_path: Path, capsys: Captured) -> None:
    file = record(tmp_path)
    assert main(["takes", "list", "--takes-dir", str(tmp_path)]) == 0
    table = capsys.readouterr().out.splitlines()
    assert table[0].split() == ["take", "started", "length", "turns", "kept", "model"]
    assert table[1].split()[0] == file.stem.rpartition("-")[2]
    assert main(["takes", "list", "--takes-dir", str(tmp_path), "--json"]) == 0
    (take,) = json.loads(capsys.readouterr().out)["takes"]
    assert (take["turns"], take["notes_in"], take["notes_out"], take["kept"]) == (2, 30, 18, 1)
    assert take["complete"]


def test_an_empty_folder_is_no_error(tmp_path: Path, capsys: Captured) -> None:
    assert main(["takes", "list", "--takes-dir", str(tmp_path / "none")]) == 0
    captured = capsys.readouterr()
    assert captured.out == ""
    assert "no takes in" in captured.err


def test_list_passes_over_a_file_that_is_no_take(tmp_path: Path, capsys: Captured) -> None:
    record(tmp_path)
    (tmp_path / "20200101-000000-aaaaaa.take").write_text("hello\n")
    assert main(["takes", "list", "--takes-dir", str(tmp_path)]) == 0
    captured = capsys.readouterr()
    assert len(captured.out.splitlines()) == 2
    assert captured.err.count("\n") == 1
    assert "not a take file" in captured.err


def test_show_tells_of_every_turn(tmp_path: Path, capsys: Captured) -> None:
    record(tmp_path)
    assert main(["takes", "show", "last", "--takes-dir", str(tmp_path)]) == 0
    shown = capsys.readouterr().out
    assert "E4 E4 F4 G4 G4 F4 ..." in shown
    assert "2*" in shown
    assert "1.0 ms" in shown
    assert main(["takes", "show", "last", "--takes-dir", str(tmp_path), "--json"]) == 0
    take = json.loads(capsys.readouterr().out)
    assert [turn["turn"] for turn in take["turn_list"]] == [1, 2]
    assert take["turn_list"][0]["call"][0]["pitch"] == 64
    assert take["settings"]["seed"] == 3


@pytest.mark.parametrize("tempo_bpm", [None, 93.0, 20.0, 400.0])
def test_export_puts_call_and_response_on_their_tracks_to_the_millisecond(
    tmp_path: Path, capsys: Captured, tempo_bpm: float | None
) -> None:
    file = record(tmp_path, tempo_bpm=tempo_bpm)
    out = tmp_path / "out.mid"
    assert main(["takes", "export", str(file), "-o", str(out)]) == 0
    assert "2 turns, 30 notes played, 18 notes answered" in capsys.readouterr().out
    piece, take = read_piece(out), read_take(file)
    assert [track.name for track in piece.smf.tracks] == ["", "call", "response"]
    origin_s = take.incoming[0][0]
    for number, wanted in (
        (1, [note for turn in take.turns for note in turn.called.call]),
        (2, [note.shifted(0.001) for turn in take.turns if turn.ended for note in turn.ended.played]),
    ):
        written = sorted(piece.seconds_note(note) for note in piece.notes if note.track == number)
        assert len(written) == len(wanted)
        for got, note in zip(written, sorted(wanted), strict=True):
            assert (got.pitch, got.velocity) == (note.pitch, note.velocity)
            assert abs(got.onset_s - (note.onset_s - origin_s)) < 0.001
            assert abs(got.end_s - (note.end_s - origin_s)) < 0.002


def test_export_keeps_pedals_and_ends_what_still_sounds(tmp_path: Path) -> None:
    faults: list[Fault] = []
    recorder = TakeRecorder.open(tmp_path, {**defaults(), "seed": 3}, ModelIdentity("memory"), faults.append)
    recorder.heard(MidiArrived(ControlChange(0, 64, 127)), 10.0)
    recorder.heard(MidiArrived(NoteOn(0, 60, 90)), 10.0)
    recorder.heard(MidiArrived(NoteOff(0, 60)), 10.00001)
    recorder.done((Sent(NoteOn(2, 72, 90), 11.0, 11.0, 1), Sent(NoteOn(0, 60, 1), 11.0, 11.0, 0)), 11.0)
    recorder.close()
    _, call, response = smf_of_take(read_take(recorder.file)).tracks
    assert [event.data for event in call.events[1:-1]] == [b"\xb0\x40\x7f", b"\x90\x3c\x5a", b"\x80\x3c\x40"]
    assert [event.data for event in response.events[1:-1]] == [b"\x92\x48\x5a", b"\x82\x48\x40"]


def test_replay_gives_the_same_notes(tmp_path: Path, capsys: Captured) -> None:
    record(tmp_path)
    assert main(["takes", "replay", "last", "--takes-dir", str(tmp_path)]) == 0
    assert capsys.readouterr().out.splitlines() == [
        "turn 1: the same 9 notes (memory)",
        "turn 2: the same 9 notes (memory)",
    ]


def test_replay_says_where_an_answer_differs(tmp_path: Path, capsys: Captured) -> None:
    record(tmp_path, wrong=True)
    assert main(["takes", "replay", "last", "--takes-dir", str(tmp_path)]) == 1
    assert "turn 2: note 9 of 9 differs: C#-1 at" in capsys.readouterr().out
    assert main(["takes", "replay", "last", "--takes-dir", str(tmp_path), "--json"]) == 1
    told = json.loads(capsys.readouterr().out)
    assert not told["same"]
    assert [(difference["turn"], difference["note"]) for difference in told["differences"]] == [(2, 8)]
    assert main(["takes", "replay", "last", "--takes-dir", str(tmp_path), "--turn", "1"]) == 0


@pytest.mark.parametrize("drawing", ["1", DRAWING])
def test_replay_says_when_models_drew_notes_otherwise(
    tmp_path: Path, capsys: Captured, monkeypatch: pytest.MonkeyPatch, drawing: str
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    weights = tiny_file(tmp_path / "tiny.safetensors")
    monkeypatch.setattr("daw_bridge.io.takes.DRAWING", drawing)
    record(tmp_path / "takes", model=ModelIdentity("tiny", str(weights)))
    assert main(["takes", "replay", "last", "--takes-dir", str(tmp_path / "takes"), "--json"]) == 1
    heard = capsys.readouterr()
    assert json.loads(heard.out)["model_changed"] == (drawing == "1")
    assert ("models drew notes otherwise then (drawing 1, now" in heard.err) == (drawing == "1")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["show", "nothing"], "there is no take there yet"),
        (["replay", "TAKE", "--turn", "9"], "its turns are 1 to 2"),
        (["export", "TAKE"], "name it with -o OUT.mid"),
        ([], "required"),
    ],
)
def test_wrong_use_is_one_line(tmp_path: Path, capsys: Captured, arguments: list[str], said: str) -> None:
    file = record(tmp_path / "takes")
    arguments = [str(file) if argument == "TAKE" else argument for argument in arguments]
    folder = ["--takes-dir", str(tmp_path / "none")] if arguments else []
    assert main(["takes", *arguments, *folder]) == 2
    complaint = capsys.readouterr().err
    assert said in complaint
    assert complaint.count("\n") == 1


def test_a_take_cut_short_is_used_as_far_as_it_goes(tmp_path: Path, capsys: Captured) -> None:
    file = record(tmp_path)
    data = file.read_bytes()
    file.write_bytes(data[: data.rindex(b'"ended"') + 20])
    assert main(["takes", "export", str(file), "-o", str(tmp_path / "out.mid")]) == 0
    captured = capsys.readouterr()
    assert captured.err.count("\n") == 1
    assert "cut short" in captured.err
    assert len(read_piece(tmp_path / "out.mid").notes) == 48
