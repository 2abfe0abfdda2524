"""MIDI files, folders and archives become rows; damage costs a line, not the run."""

import io
import tarfile
import zipfile
from pathlib import Path

import numpy as np
import pytest

from daw_bridge.errors import UsageError
from daw_bridge.music.vocabulary import Vocabulary
from daw_models.data.corpus import DRUMS, PITCHED, Corpus, read_exclusions, read_midi, read_pieces, rows_of
from tests.models.model_builders import collector, corpus_of, midi_bytes, music, reject, write_melodies

VOCABULARY = Vocabulary()


def test_rows_are_sorted_and_differenced_without_drift() -> None:
    onset_s = np.linspace(0.0, 299 * 0.0333, 300, dtype=np.float64)
    rows = rows_of(onset_s, np.full(300, 60), np.full(300, 0.1), np.full(300, 64), VOCABULARY)
    assert abs(rows[:, 0].sum() - round(299 * 3.33)) <= 1
    assert set(rows[1:, 0].tolist()) == {3, 4}


def test_a_chord_is_sorted_by_pitch_and_long_times_are_clipped() -> None:
    rows = rows_of(
        np.array([1.001, 1.0, 30.0]),
        np.array([50, 64, 40]),
        np.array([0.5, 20.0, 0.104]),
        np.array([1, 127, 64]),
        VOCABULARY,
    )
    assert rows.tolist() == [[0, 50, 50, 1], [0, 64, 1000, 127], [1000, 40, 10, 64]]


def test_a_midi_file_is_read_note_by_note() -> None:
    rows, note_class = read_midi(midi_bytes([(2.0, 60, 0.5, 90), (2.0, 55, 0.25, 40), (2.75, 62, 1.0, 64)]), VOCABULARY)
    assert rows.tolist() == [[0, 55, 25, 40], [0, 60, 50, 90], [75, 62, 100, 64]]
    assert note_class == PITCHED


def test_only_drums_make_a_drum_piece() -> None:
    _, note_class = read_midi(midi_bytes([(0.0, 36, 0.1, 90)], channel=9), VOCABULARY)
    assert note_class == DRUMS


@pytest.mark.parametrize("data", [b"", b"MThd", b"not a midi file at all", midi_bytes([])])
def test_damaged_and_empty_files_are_refused(data: bytes) -> None:
    with pytest.raises(UsageError):
        read_midi(data, VOCABULARY)


def test_a_damaged_file_and_a_copy_cost_one_line_each(tmp_path: Path) -> None:
    write_melodies(tmp_path / "set" / "train", 3)
    write_melodies(tmp_path / "set" / "valid", 1, notes=30)
    (tmp_path / "set" / "train" / "broken.mid").write_bytes(b"MThd\0\0\0\6rubbish")
    (tmp_path / "set" / "train" / "copy.mid").write_bytes((tmp_path / "set" / "train" / "tune0.mid").read_bytes())
    lines, warn = collector()
    pieces = list(read_pieces([tmp_path], VOCABULARY, warn=warn))
    assert [piece.split for piece in pieces].count("train") == 3
    assert [piece.split for piece in pieces].count("valid") == 1
    assert len(lines) == 2
    assert "broken.mid" in lines[0]
    assert "tune0.mid" in lines[1]


def test_archives_are_read_like_folders(tmp_path: Path) -> None:
    write_melodies(tmp_path / "set", 2)
    with tarfile.open(tmp_path / "set.tar.xz", "w:xz") as archive:
        archive.add(tmp_path / "set", "set")
    with zipfile.ZipFile(tmp_path / "set.zip", "w") as bundle:
        for file in sorted((tmp_path / "set").iterdir()):
            bundle.write(file, f"set/{file.name}")
    plain = [piece.rows.tolist() for piece in read_pieces([tmp_path / "set"], VOCABULARY, warn=reject)]
    for name in ("set.tar.xz", "set.zip"):
        found = [piece.rows.tolist() for piece in read_pieces([tmp_path / name], VOCABULARY, warn=reject)]
        assert found == plain


def test_excluded_files_stay_out(tmp_path: Path) -> None:
    write_melodies(tmp_path / "set", 3)
    (tmp_path / "list.txt").write_text("# held out\ntune1.mxl\t0.9\tsome title\n", encoding="utf-8")
    pieces = read_pieces([tmp_path / "set"], VOCABULARY, warn=reject, excluded=read_exclusions([tmp_path / "list.txt"]))
    assert [Path(piece.name).stem for piece in pieces] == ["tune0", "tune2"]


@pytest.mark.parametrize("name", ["missing", "text.txt", "damaged.tar.xz", "damaged.zip"])
def test_unusable_paths_are_named(tmp_path: Path, name: str) -> None:
    if name != "missing":
        (tmp_path / name).write_bytes(b"this is not music")
    with pytest.raises(UsageError, match=name):
        list(read_pieces([tmp_path / name], VOCABULARY, warn=reject))


def test_a_corpus_survives_its_file(tmp_path: Path) -> None:
    corpus = corpus_of([music(30, 1), music(45, 2)])
    corpus.save(tmp_path / "small.corpus")
    opened = Corpus.open(tmp_path / "small.corpus")
    assert isinstance(opened.rows, np.memmap)
    for name in ("rows", "back", "length", "starts"):
        assert np.array_equal(getattr(opened, name), getattr(corpus, name))
    assert (opened.names, opened.splits, opened.vocabulary) == (corpus.names, corpus.splits, corpus.vocabulary)


@pytest.mark.parametrize("content", [b"", b"abc", b"\xff" * 40, (8).to_bytes(8, "little") + b'{"a":1}  '])
def test_another_file_is_no_corpus(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "other.corpus").write_bytes(content)
    with pytest.raises(UsageError, match=r"other\.corpus"):
        Corpus.open(tmp_path / "other.corpus")


def test_a_tar_that_breaks_off_is_named(tmp_path: Path) -> None:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:xz") as archive:
        for name in ("set/a.mid", "set/b.mid"):
            noise = np.random.default_rng(1).bytes(200_000)
            info = tarfile.TarInfo(name)
            info.size = len(noise)
            archive.addfile(info, io.BytesIO(noise))
    (tmp_path / "cut.tar.xz").write_bytes(buffer.getvalue()[:150_000])
    with pytest.raises(UsageError, match=r"cut\.tar\.xz: damaged archive"):
        list(read_pieces([tmp_path / "cut.tar.xz"], VOCABULARY, warn=collector()[1]))
