"""`aiart-bridge demo`: a whole call and response, without hardware and without waiting where it may."""

from __future__ import annotations

import json
import wave
from pathlib import Path

import pytest

from daw_bridge.cli.demo_stage import (
    IN_PORT,
    OUT_PORT,
    MemoryStage,
    PortStage,
    Watcher,
    call_messages,
    paired,
    perform,
)
from daw_bridge.cli.main import main
from daw_bridge.engine.parameters import defaults
from daw_bridge.errors import BridgeError, MissingPartError
from daw_bridge.io.ports_memory import MemorySystem
from daw_bridge.live.wiring import Bridge, load_tier
from daw_bridge.music.calls import CALLS
from daw_bridge.music.messages import Message, NoteOff, NoteOn
from daw_bridge.music.midifile import read_piece, write_phrases
from daw_bridge.music.notes import Note
from daw_bridge.music.phrase import Phrase

Captured = pytest.CaptureFixture[str]


def fast(out: Path, *more: str) -> int:
    """The demonstration without waiting and, unless asked for, without a cover."""
    return main(["demo", "--fast", "--model", "memory", "--out", str(out), "--cover-size", "0", *more])


def test_the_demo_leaves_call_response_both_and_says_where(tmp_path: Path, capsys: Captured) -> None:
    assert fast(tmp_path / "out") == 0
    said = capsys.readouterr().out
    for name in ("call.mid", "response.mid", "call-and-response.mid"):
        assert str(tmp_path / "out" / name) in said
    both = read_piece(tmp_path / "out" / "call-and-response.mid")
    assert [track.name for track in both.smf.tracks] == ["", "call", "response"]
    call, response = ([both.seconds_note(note) for note in both.notes if note.track == track] for track in (1, 2))
    assert [note.pitch for note in call] == [note.pitch for note in CALLS["ode"]]
    assert len(response) >= 3
    assert min(note.onset_s for note in response) > max(note.end_s for note in call)
    alone = read_piece(tmp_path / "out" / "response.mid")
    assert alone.notes[0].on_tick == 0
    assert len(alone.notes) == len(response)


def test_the_demo_leaves_a_cover(tmp_path: Path, capsys: Captured) -> None:
    assert fast(tmp_path, "--cover-size", "96", "--json") == 0
    file = json.loads(capsys.readouterr().out)["files"]["cover"]
    assert Path(file).read_bytes().startswith(b"\x89PNG")
    assert fast(tmp_path, "--cover-size", "5") == 2
    assert "--cover-size: a cover of 5 pixels" in capsys.readouterr().err


def test_the_same_seed_gives_the_same_answer(tmp_path: Path, capsys: Captured) -> None:
    for name, seed in (("a", "1"), ("b", "1"), ("c", "2")):
        assert fast(tmp_path / name, "--seed", seed, "--json") == 0
        figures = json.loads(capsys.readouterr().out)
        assert figures["api"] == "offline"
        assert figures["tiers"] == ["memory"]
    first, again, other = ((tmp_path / name / "response.mid").read_bytes() for name in "abc")
    assert first == again
    assert first != other


def test_sound_is_written_where_it_can_be(tmp_path: Path, capsys: Captured) -> None:
    assert fast(tmp_path) == 0
    sound = tmp_path / "demo.wav"
    captured = capsys.readouterr()
    if not sound.exists():
        assert "no sound file" in captured.err
        return
    with wave.open(str(sound)) as file:
        assert file.getnframes() / file.getframerate() > 10.0
        assert max(file.readframes(file.getnframes())) > 0


def test_without_fluidsynth_the_demo_goes_on_in_silence(
    tmp_path: Path, capsys: Captured, monkeypatch: pytest.MonkeyPatch
) -> None:
    def missing(*_arguments: object, **_options: object) -> None:
        raise MissingPartError("FluidSynth is not installed", cure="install it")

    monkeypatch.setattr("daw_bridge.offline.render.render_audio", missing)
    assert fast(tmp_path) == 0
    assert capsys.readouterr().err == "no sound file: FluidSynth is not installed; install it\n"
    assert not (tmp_path / "demo.wav").exists()
    assert (tmp_path / "call-and-response.mid").exists()


def test_a_file_of_ones_own_is_the_call(tmp_path: Path, capsys: Captured) -> None:
    own = Phrase.of(Note(3.0 + 0.25 * step, 50 + step, 0.2, 80) for step in range(6))
    write_phrases(tmp_path / "own.mid", {"mine": own})
    assert fast(tmp_path / "out", "--call", str(tmp_path / "own.mid"), "--json") == 0
    assert json.loads(capsys.readouterr().out)["call_notes"] == 6
    assert read_piece(tmp_path / "out" / "call.mid").notes[0].on_tick == 0


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--call", "nonsense"], "choose ode, greensleeves, blues, evening or a .mid file"),
        (["--call", "EMPTY"], "there is no note in it"),
        (["--call", "BROKEN"], "not a MIDI file"),
        (["--seed", "x"], "seed is a number"),
        (["--model", "no-such-model"], "no-such-model"),
    ],
)
def test_wrong_use_is_one_line(tmp_path: Path, capsys: Captured, arguments: list[str], said: str) -> None:
    write_phrases(tmp_path / "EMPTY.mid", {"none": Phrase()})
    (tmp_path / "BROKEN.mid").write_bytes(b"hello")
    files = {"EMPTY": str(tmp_path / "EMPTY.mid"), "BROKEN": str(tmp_path / "BROKEN.mid")}
    assert main(["demo", "--fast", "--out", str(tmp_path), *(files.get(word, word) for word in arguments)]) == 2
    complaint = capsys.readouterr().err
    assert said in complaint
    assert complaint.count("\n") == 1


def test_all_calls_are_answered_and_stay_on_the_keyboard(tmp_path: Path) -> None:
    for name, call in CALLS.items():
        assert 4.0 < call.length_s < 9.0
        assert all(21 <= note.pitch <= 108 for note in call)
        played = sorted(paired(call_messages(call)))
        assert [(note.onset_s, note.pitch, note.velocity) for note in played] == [
            (note.onset_s, note.pitch, note.velocity) for note in call
        ]
        assert [note.duration_s for note in played] == pytest.approx([note.duration_s for note in call])
        assert fast(tmp_path / name, "--call", name) == 0


def short_call() -> Phrase:
    return Phrase.of(Note(0.1 * step, 60 + step, 0.08, 80) for step in range(4))


def test_a_musician_on_memory_ports_is_answered_in_real_time() -> None:
    system = MemorySystem()
    values = {**defaults(), "port": OUT_PORT, "in_port": IN_PORT, "seed": 1}
    bridge = Bridge(values, system=system)
    watcher = Watcher()
    bridge.observe(watcher)
    bridge.start(load_tier(None))
    try:
        performed = perform(MemoryStage(system), watcher, short_call())
    finally:
        bridge.stop()
    assert [note.pitch for note in performed.call] == [60, 61, 62, 63]
    assert watcher.ended is not None
    assert len(performed.response) == len(watcher.ended.played) >= 3
    assert performed.tiers == ("memory",)
    # An order of magnitude above what a loaded machine needs.
    assert 0.0 <= performed.first_note_after_s < 0.2


def test_a_bridge_that_stays_silent_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("daw_bridge.cli.demo_stage._NO_ANSWER_S", 0.05)
    with pytest.raises(BridgeError, match="did not answer"):
        perform(MemoryStage(MemorySystem()), Watcher(), short_call())


def test_ports_that_do_not_appear_are_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("daw_bridge.cli.demo_stage._APPEARS_S", 0.1)
    with pytest.raises(MissingPartError, match="does not appear"):
        PortStage(MemorySystem())


def test_notes_are_paired_in_the_order_they_were_struck() -> None:
    messages: list[tuple[float, Message]] = [
        (0.0, NoteOn(0, 60, 10)),
        (0.1, NoteOn(0, 60, 20)),
        (0.2, NoteOff(0, 60)),
        (0.4, NoteOff(0, 60)),
        (0.5, NoteOff(0, 61)),
    ]
    assert paired(messages) == [Note(0.0, 60, 0.2, 10), Note(0.1, 60, 0.4 - 0.1, 20)]


def test_a_folder_that_cannot_be_is_told_before_the_music_plays(tmp_path: Path, capsys: Captured) -> None:
    file = tmp_path / "file"
    file.write_text("in the way", encoding="utf-8")
    for folder in (file, file / "below"):
        assert fast(folder) == 2
        said = capsys.readouterr().err
        assert f"{folder}: cannot be written to" in said
        assert said.count("\n") == 1
