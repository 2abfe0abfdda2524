"""Pictures, analysis, passages between pieces, chords and new pieces."""

from __future__ import annotations

import json
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from daw_bridge.cli.main import compose
from daw_bridge.music.chords import Chord, parse_chord_line
from daw_bridge.music.harmony import Key
from daw_bridge.music.midifile import piece_of, read_piece, smf_of_phrases, write_bytes
from daw_bridge.music.notes import Note
from daw_bridge.music.phrase import Phrase
from daw_bridge.offline.analysis import analyse, said
from daw_bridge.offline.files import Highlight
from daw_bridge.offline.generate import key_of_chords
from daw_bridge.offline.harmonize import Bar, harmonized, progressions, voiced
from daw_bridge.offline.joining import joined
from daw_bridge.offline.roll import roll_image
from tests.offline.composing import ScoringMemory, chords, melody, piece

NEW = (255, 176, 84)
FIRST = (98, 176, 255)


def near(
    pixels: np.ndarray[tuple[int, ...], np.dtype[np.int64]], colour: tuple[int, int, int], row: slice, column: slice
) -> int:
    """How many pixels of a stretch of the picture have about this hue."""
    part = pixels[row, column].reshape(-1, 3).astype(float)
    strong = part[part.max(axis=1) > 120]
    if not len(strong):
        return 0
    unit = strong / np.linalg.norm(strong, axis=1, keepdims=True)
    return int((unit @ (np.array(colour) / np.linalg.norm(colour)) > 0.99).sum())


def test_the_picture_shows_what_is_new_where_it_is() -> None:
    given = piece()
    new = Highlight(frozenset({2}), 0, 4 * 3840)
    pixels = np.asarray(roll_image(given, title="a song", new=new)).astype(np.int64)
    assert pixels.shape[1] == 1280
    middle = slice(90, pixels.shape[0] - 150)
    assert near(pixels, NEW, middle, slice(70, 1240)) > 500
    assert near(pixels, FIRST, middle, slice(70, 1240)) > 500
    plain = np.asarray(roll_image(given)).astype(np.int64)
    assert near(plain, NEW, middle, slice(70, 1240)) == 0


@pytest.mark.parametrize(
    "notes",
    [
        [],
        [Note(0.0, 0, 0.01, 1)],
        [Note(0.0, 60, 1.0, 80), Note(3e7, 127, 1.0, 80)],
        [Note(0.001 * at, at % 128, 0.001, 99) for at in range(5000)],
    ],
)
def test_any_piece_has_a_picture(notes: list[Note]) -> None:
    width, height = roll_image(piece_of(smf_of_phrases({"x": Phrase.of(notes)}))).size
    assert 1280 <= width <= 4000
    assert 380 < height < 1600


def test_the_analysis_reads_key_changes_and_chords() -> None:
    there = [*chords(8), *(note.shifted(16.0) for note in chords(16).transposed(6))]
    tune = [*melody(8), *(note.shifted(16.0) for note in melody(16).transposed(6))]
    analysis = analyse(piece_of(smf_of_phrases({"Tune": Phrase.of(tune), "Chords": Phrase.of(there)})))
    assert analysis.bars == 24
    assert analysis.keys[0].key == "C major"
    assert analysis.keys[-1].key == "F# major"
    assert [part.notes for part in analysis.parts] == [96, 72]
    text = "\n".join(said(analysis))
    assert "on the grid" in text
    assert "F# major from bar" in text


def test_joined_pieces_keep_their_notes_and_the_tempo_goes_over() -> None:
    slow, fast = (
        piece(4),
        piece_of(smf_of_phrases({"Fast": melody(4, beat_s=0.25)}, tempo_bpm=240.0, ticks_per_beat=480)),
    )
    smf, first_bar, last_bar = joined(slow, fast, 2)
    whole = piece_of(smf)
    assert (first_bar, last_bar) == (5, 6)
    assert len(whole.notes) == len(slow.notes) + len(fast.notes)
    start_s = whole.tempo.seconds(whole.meter.bar_start(6))
    moved = [note.shifted(start_s) for note in fast.phrase()]
    there = [whole.seconds_note(note) for note in whole.notes if note.on_tick >= whole.meter.bar_start(6)]
    assert [note.pitch for note in there] == [note.pitch for note in moved]
    assert [note.onset_s for note in there] == pytest.approx([note.onset_s for note in moved], abs=0.01)
    lengths = whole.tempo.tick_lengths_s
    assert list(lengths) == sorted(lengths, reverse=True)


def bars_of(pitches: list[list[int]]) -> list[Bar]:
    return [
        Bar(
            2.0 * bar,
            2.0 * bar + 2.0,
            tuple(Note(2.0 * bar + 0.5 * at, pitch, 0.5, 80) for at, pitch in enumerate(row)),
        )
        for bar, row in enumerate(pitches)
    ]


def test_chords_fit_the_melody_and_come_home() -> None:
    bars = bars_of([[72, 76, 79, 76], [77, 81, 77, 72], [79, 74, 71, 74], [72, 67, 64, 72]])
    best = progressions(bars, Key(0), 3)[0]
    assert [chord.root for chord in best] == [0, 5, 7, 0]
    harmony = harmonized(ScoringMemory(), bars, Key(0))
    assert harmony.nats_per_note is not None
    assert len(harmony.notes) == 16


def test_voices_stay_below_the_melody_and_move_little() -> None:
    line = parse_chord_line("Am F C G Am F E7 Am")
    bars = bars_of([[76] * 4] * len(line))
    notes = voiced(bars, line, 76, 60)
    for bar, chord in zip(bars, line, strict=True):
        here = sorted(note.pitch for note in notes if note.onset_s == bar.start_s)
        assert here[-1] < 76
        assert here[0] % 12 == chord.root
        assert {pitch % 12 for pitch in here} <= chord.pitch_classes
    tops = [sorted(note.pitch for note in notes if note.onset_s == bar.start_s)[-1] for bar in bars]
    assert max(abs(a - b) for a, b in pairwise(tops)) <= 5


def test_a_chord_line_has_a_key() -> None:
    assert key_of_chords([Chord(9, "m"), Chord(5), Chord(0), Chord(7)]).pitch_classes >= {0, 2, 4, 5, 7, 9, 11}


def test_the_tools_run_from_the_command_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    first, second = tmp_path / "a.mid", tmp_path / "b.mid"
    write_bytes(first, piece(4).smf.to_bytes())
    write_bytes(second, piece(4).smf.to_bytes())
    out = tmp_path / "out.mid"
    common = ["-o", str(out), "--model", "memory", "--seed", "1", "--json"]
    assert compose(["interpolate", str(first), str(second), "--bars", "2", *common]) == 0
    assert json.loads(capsys.readouterr().out)["first_bar"] == 5
    passage = read_piece(out)
    new = [note for note in passage.notes if note.track == len(passage.smf.tracks) - 1]
    assert new
    assert all(4 * 3840 <= note.on_tick < 6 * 3840 for note in new)
    assert compose(["harmonize", str(first), "--track", "Melody", *common]) == 0
    assert len(json.loads(capsys.readouterr().out)["chords"]) == 4
    assert compose(["generate", "Am F C G", "--bars", "4", *common]) == 0
    assert json.loads(capsys.readouterr().out)["key"] in ("A minor", "C major")
    assert all(note.on_tick % 120 == 0 for note in read_piece(out).notes)


def test_what_the_tools_cannot_do_is_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = str(tmp_path / "out.mid")
    assert compose(["generate", "Am Hm", "-o", out, "--model", "memory"]) == 2
    assert "'Hm'" in capsys.readouterr().err
    assert compose(["generate", "-o", out, "--model", "memory"]) == 2
    assert "heard nothing" in capsys.readouterr().err
    assert compose(["harmonize", str(tmp_path / "none.mid"), "-o", out]) == 2
    assert "none.mid" in capsys.readouterr().err


ABC = "X:1\nT:Test\nM:3/4\nL:1/4\nQ:1/4=90\nK:G\n|: G A B | c d e | d B G | A3 :|\n"

PARTED = "X:1\nT:A bar too long\nM:3/4\nL:1/8\nK:Gm\n(GABc) d3 c|(Bcde) f2 (ef)|(gd)(dc) B2 (AG)|A2 (GF) D2 z2|\n"
"""music21 parts its bars of four beats."""


@pytest.mark.slow
def test_abc_and_musicxml_are_read_and_written(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    tune, score = tmp_path / "tune.abc", tmp_path / "tune.musicxml"
    tune.write_text(ABC, encoding="utf-8")
    arguments = ["--bars", "2", "--model", "memory", "--seed", "1", "--json"]
    assert compose([str(tune), "-o", str(score), *arguments]) == 0
    assert json.loads(capsys.readouterr().out)["meter"] == "3/4"
    assert compose([str(score), "-o", str(tmp_path / "again.mid"), *arguments]) == 0
    assert json.loads(capsys.readouterr().out)["start_bar"] == 11
    tune.write_text(ABC + ABC.replace("X:1", "\nX:2").replace("K:G", "K:C"), encoding="utf-8")
    assert compose([str(tune), "-o", str(tmp_path / "book.mid"), *arguments]) == 0
    said = capsys.readouterr()
    assert json.loads(said.out)["start_bar"] == 9
    assert "2 tunes; the first is taken" in said.err
    tune.write_text(PARTED, encoding="utf-8")
    assert compose([str(tune), "-o", str(tmp_path / "parted.mid"), *arguments]) == 0
    assert json.loads(capsys.readouterr().out)["notes_added"] > 0
    wide = tmp_path / "wide.xml"
    declared = score.read_text(encoding="utf-8").replace("utf-8", "UTF-16", 1)
    wide.write_bytes(declared.encode("utf-16"))
    assert compose([str(wide), "-o", str(tmp_path / "wide.mid"), *arguments]) == 0
    assert json.loads(capsys.readouterr().out)["start_bar"] == 11
    assert compose([str(score.with_name("missing.musicxml")), "-o", "x.mid"]) == 2
    score.write_text("<nonsense", encoding="utf-8")
    assert compose([str(score), "-o", str(tmp_path / "no.mid")]) == 2
    assert "cannot be read as musicxml" in capsys.readouterr().err
