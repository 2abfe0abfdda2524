"""`compose` as a person runs it, with the model that needs no file."""

from __future__ import annotations

import io
import json
import sys
from pathlib import Path
from typing import Any

import mido
import pytest

from daw_bridge.cli.main import compose
from daw_bridge.music.midifile import read_piece, write_bytes
from daw_bridge.music.smf import Smf, SmfEvent, make_track, meter_event, tempo_event
from tests.offline.composing import piece

MEMORY = ("--model", "memory", "--seed", "5")


@pytest.fixture
def song(tmp_path: Path) -> Path:
    path = tmp_path / "song.mid"
    write_bytes(path, piece().smf.to_bytes())
    return path


def report(capsys: pytest.CaptureFixture[str]) -> dict[str, Any]:
    said: dict[str, Any] = json.loads(capsys.readouterr().out)
    return said


def test_a_file_goes_on_and_the_report_says_how(song: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "out.mid"
    assert compose([str(song), "-o", str(out), "--bars", "4", "--json", *MEMORY]) == 0
    said = report(capsys)
    assert {key: said[key] for key in ("model", "seed", "start_bar", "bars", "meter", "key", "outputs")} == {
        "model": "memory",
        "seed": 5,
        "start_bar": 9,
        "bars": 4.0,
        "meter": "4/4",
        "key": "C major",
        "outputs": [str(out)],
    }
    before, after = mido.MidiFile(str(song)), mido.MidiFile(str(out))
    assert [list(track) for track in after.tracks[:3]] == [list(track) for track in before.tracks]
    added = sum(message.type == "note_on" for message in after.tracks[3])
    assert added == said["notes_added"] > 0


def test_the_same_seed_writes_the_same_file(song: Path, tmp_path: Path) -> None:
    first, second = tmp_path / "1.mid", tmp_path / "2.mid"
    for out in (first, second):
        assert compose([str(song), "-o", str(out), *MEMORY]) == 0
    assert first.read_bytes() == second.read_bytes()


def test_variations_differ_and_are_ranked(song: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "v.mid"
    assert compose([str(song), "-o", str(out), "--variations", "5", "--json", *MEMORY]) == 0
    ranked = report(capsys)["variations"]
    scores = [variation["score"] for variation in ranked]
    assert [variation["rank"] for variation in ranked] == [1, 2, 3, 4, 5]
    assert scores == sorted(scores, reverse=True)
    assert len({(tmp_path / f"v-{rank}.mid").read_bytes() for rank in range(1, 6)}) == 5
    again = tmp_path / "again.mid"
    assert compose([str(song), "-o", str(again), "--model", "memory", "--seed", str(ranked[2]["seed"])]) == 0
    assert again.read_bytes() == (tmp_path / "v-3.mid").read_bytes()


def test_a_folder_is_done_in_parallel_and_a_bad_file_is_reported(
    song: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "in"
    (folder / "sub").mkdir(parents=True)
    for name in ("a.mid", "sub/b.mid"):
        (folder / name).write_bytes(song.read_bytes())
    (folder / "bad.mid").write_bytes(b"MThd")
    out = tmp_path / "out"
    assert compose([str(folder), "-o", str(out), "--json", "--jobs", "1", *MEMORY]) == 1
    captured = capsys.readouterr()
    said = json.loads(captured.out)
    assert [Path(done["file"]).name for done in said["files"]] == ["a.mid", "b.mid"]
    assert [Path(failed["file"]).name for failed in said["failed"]] == ["bad.mid"]
    assert captured.err.count("\n") == 1
    assert (out / "a.mid").exists()
    assert (out / "sub" / "b.mid").exists()


def test_standard_input_to_standard_output(
    song: Path, monkeypatch: pytest.MonkeyPatch, capfdbinary: pytest.CaptureFixture[bytes]
) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(song.read_bytes())))
    assert compose(["-", "-o", "-", *MEMORY]) == 0
    written = capfdbinary.readouterr().out
    assert len(mido.MidiFile(file=io.BytesIO(written)).tracks) == 4


def test_infill_and_picture(song: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out, picture = tmp_path / "i.mid", tmp_path / "i.png"
    arguments = [str(song), "-o", str(out), "-o", str(picture), "--infill", "3:4", "--track", "Melody", "--json"]
    assert compose([*arguments, *MEMORY]) == 0
    said = report(capsys)
    assert (said["start_bar"], said["bars"], said["notes_removed"]) == (3, 2.0, 8)
    assert picture.read_bytes().startswith(b"\x89PNG")


def test_analyse_says_what_the_piece_is(song: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert compose([str(song), "--analyse", "--json"]) == 0
    said = report(capsys)
    assert (said["key"], said["bars"], said["tempo_first"], said["meters"]) == (
        "C major",
        8,
        120.0,
        ["4/4 from bar 1"],
    )
    assert [chord[0] for chord in said["chords"]] == list("CFGCCFGC")
    assert [part["name"] for part in said["parts"]] == ["Melody", "Chords"]
    assert compose([str(song), "--analyse"]) == 0
    assert "part 1" in capsys.readouterr().out


ODD = {
    "empty": b"",
    "not midi": b"this is a letter, not a song" * 9,
    "header alone": b"MThd\x00\x00\x00\x06\x00\x00\x00\x01\x01\xe0",
    "wrong header": b"MThX\x00\x00\x00\x06\x00\x00\x00\x01\x01\xe0" + b"MTrk",
    "zero division": Smf(0, 0, (make_track([SmfEvent(0, b"\x90\x3c\x40")]),)).to_bytes(),
    "type 2": Smf(2, 480, (make_track([SmfEvent(0, b"\x90\x3c\x40")]),)).to_bytes(),
    "no notes": Smf(1, 480, (make_track([tempo_event(0, 500_000)]),)).to_bytes(),
}


@pytest.mark.parametrize("name", ODD)
def test_what_cannot_be_used_is_one_line_and_status_2(
    name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "odd.mid"
    path.write_bytes(ODD[name])
    assert compose([str(path), "-o", str(tmp_path / "out.mid"), *MEMORY]) == 2
    error = capsys.readouterr().err
    assert error.count("\n") == 1
    assert "odd.mid" in error
    assert not (tmp_path / "out.mid").exists()


def strange(*events: SmfEvent) -> bytes:
    return Smf(
        0, 480, (make_track([*events, *(note for at in range(8) for note in key(at * 480, 60 + at))]),)
    ).to_bytes()


def key(tick: int, pitch: int) -> tuple[SmfEvent, SmfEvent]:
    return SmfEvent(tick, bytes((0x90, pitch, 70))), SmfEvent(tick + 400, bytes((0x80, pitch, 0)))


STRANGE = {
    "tempo 0": strange(tempo_event(0, 0)),
    "no metre": strange(meter_event(0, 0, 4)),
    "a bar of 255 whole notes": strange(meter_event(0, 255, 1)),
    "a year of rest": strange(*key(60_000_000 * 480 // 480, 70)),
    "ten thousand notes in a second": strange(*(note for at in range(10_000) for note in key(at // 11, at % 128))),
    "cut off": strange()[:-20],
    "junk at the end": strange() + b"garbage" * 9,
    "notes that never end": Smf(
        0, 480, (make_track([SmfEvent(at * 480, bytes((0x90, 60 + at, 64))) for at in range(4)]),)
    ).to_bytes(),
}


@pytest.mark.parametrize("name", STRANGE)
def test_strange_files_give_music_that_makes_sense(name: str, tmp_path: Path) -> None:
    path, out = tmp_path / "strange.mid", tmp_path / "out.mid"
    path.write_bytes(STRANGE[name])
    assert compose([str(path), "-o", str(out), "--bars", "2", *MEMORY]) == 0
    before, after = read_piece(path), read_piece(out)
    new = [note for note in after.notes if note.track == len(after.smf.tracks) - 1]
    assert new
    bar = before.meter.bar_ticks(before.end_tick)
    assert -bar / 8 <= new[0].on_tick - before.end_tick <= bar + 1


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--bars", "0"], "from 1"),
        (["--infill", "4:2"], "FIRST:LAST"),
        (["--range", "C5:C3"], "downwards"),
        (["--infill", "2:3", "--from", "2"], "leave one of them out"),
        (["-o", "x.doc"], "choose one of"),
        (["--track", "Oboe"], "Melody"),
        (["--key", "H moll"], "D minor"),
        (["--tempo-map"], "unknown option"),
    ],
)
def test_wrong_requests_say_what_is_right(
    song: Path, arguments: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert compose([str(song), *arguments, *MEMORY]) == 2
    error = capsys.readouterr().err
    assert said in error
    assert error.count("\n") == 1


def test_the_input_is_never_overwritten(song: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before = song.read_bytes()
    assert compose([str(song), "-o", str(song), *MEMORY]) == 2
    assert "overwrite" in capsys.readouterr().err
    assert song.read_bytes() == before
