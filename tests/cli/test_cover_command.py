"""`aiart-bridge cover`: files in, covers out; the same bytes twice; what cannot be is one line and status 2."""

import io
import json
from argparse import Namespace
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from daw_bridge.cli.cover_options import words_of
from daw_bridge.cli.main import main
from daw_bridge.music.midifile import piece_of, read_piece, smf_of_phrases, write_bytes
from daw_bridge.music.phrase import Phrase
from daw_models.cover.png import read_texts
from tests.cover.cover_builders import MINOR, tune

SMALL = ("--size", "240")


@pytest.fixture
def songs(tmp_path: Path) -> Path:
    """A folder with two different pieces."""
    write_bytes(tmp_path / "winter_road.mid", tune(MINOR, tonic=50, beat_s=0.8).smf.to_bytes())
    write_bytes(tmp_path / "Somebody - Reel.mid", tune(tonic=74, beat_s=0.15, velocity=110).smf.to_bytes())
    return tmp_path


def opened(path: Path) -> Image.Image:
    """A picture file, read and closed."""
    return Image.open(io.BytesIO(path.read_bytes()))


def options_of(*given: str) -> Namespace:
    from daw_bridge.cli.cover_options import parser

    return parser().parse_args(["x.mid", *given])


def test_a_piece_gets_its_cover_beside_it_and_the_same_bytes_twice(
    songs: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    song = songs / "winter_road.mid"
    assert main(["cover", str(song), *SMALL, "--explain", "--check"]) == 0
    said = capsys.readouterr().out
    first = song.with_suffix(".png").read_bytes()
    assert "D minor" in said
    assert "yes  square" in said
    assert "NO   3000 pixels" in said
    assert main(["cover", str(song), *SMALL, "-o", str(songs / "again.png")]) == 0
    assert (songs / "again.png").read_bytes() == first
    image = opened(song.with_suffix(".png"))
    assert image.size == (240, 240)
    assert image.mode == "RGB"
    texts = read_texts(first)
    assert texts["Title"] == "Winter Road"
    facts = json.loads(texts["aiart-bridge"])
    assert facts["painted_px"] < facts["enlarged_px"]
    assert set(facts["models"]) == {"painter", "upscaler"}


def test_other_music_and_other_wishes_look_different(songs: Path, capsys: pytest.CaptureFixture[str]) -> None:
    def made(*given: str) -> NDArray[np.float64]:
        assert main(["cover", *given, *SMALL, "--no-text", "-o", str(songs / "x.png")]) == 0
        return np.asarray(opened(songs / "x.png").resize((16, 16))).astype(np.float64)

    one, other = str(songs / "winter_road.mid"), str(songs / "Somebody - Reel.mid")
    plain = made(one, "--set", "landscape")
    assert np.abs(plain - made(other)).mean() > 8.0
    assert np.abs(plain - made(one, "--set", "landscape", "--seed", "7")).mean() > 4.0
    assert np.abs(plain - made(one, "--set", "landscape", "--mix", f"{other}:0.7")).mean() > 2.0
    warm = made(one, "--set", "landscape", "--warmth", "0.8")
    assert (warm[..., 0] - warm[..., 2]).mean() > (plain[..., 0] - plain[..., 2]).mean() + 5.0
    made(one, "--words", "winter sea frobnicate")
    assert "'frobnicate' is not in the table" in capsys.readouterr().err


def test_a_folder_gives_a_cover_each_and_a_sheet_all(songs: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (songs / "broken.mid").write_bytes(b"nothing")
    sheet = songs / "sheet.png"
    assert main(["cover", str(songs), "--sheet", str(sheet), "--size", "96", "--json"]) == 1
    report = json.loads(capsys.readouterr().out)
    assert len(report["covers"]) == 2
    assert report["failed"][0]["file"].endswith("broken.mid")
    assert opened(sheet).size[0] > 96
    assert not (songs / "winter_road.png").exists()
    song = str(songs / "winter_road.mid")
    assert main(["cover", song, "--variations", "3", "--singles", "--size", "64", "-o", str(songs / "v.png")]) == 0
    assert sorted(file.name for file in songs.glob("v*.png")) == ["v-1.png", "v-2.png", "v-3.png", "v-variations.png"]


@pytest.mark.parametrize(
    ("given", "line"),
    [
        (["{song}", "--size", "20"], "--size: a cover of 20 pixels"),
        (["{song}", "--size", "99999"], "--size: a cover of 99999 pixels"),
        (["{song}", "--warmth", "3"], "--warmth: 3 is outside -1 to 1"),
        (["{song}", "--set", "kittens"], "--set: 'kittens' is not known"),
        (["{song}", "--layout", "round"], "--layout: 'round' is not known"),
        (["{song}", "--finish", "gold"], "--finish: 'gold' is not known"),
        (["{song}", "--mix", "{song}:2"], "--mix: a share of 2"),
        (["{song}", "--variations", "0"], "0 variations"),
        (["{song}", "-o", "cover.jpg"], "cover.jpg: a cover is a PNG"),
        (["{song}", "-o", "{song}/cover.png"], "is no folder"),
        (["nowhere.mid"], "nowhere.mid: cannot be read"),
        (["{empty}"], "there is no note in it"),
        (["{broken}"], "not a MIDI file"),
        (["{song}", "--no-such"], "unknown option --no-such"),
    ],
)
def test_what_cannot_be_is_one_line_and_status_two(
    songs: Path, capsys: pytest.CaptureFixture[str], given: list[str], line: str
) -> None:
    (songs / "broken.mid").write_bytes(b"nothing")
    write_bytes(songs / "empty.mid", smf_of_phrases({"rest": Phrase()}).to_bytes())
    names = {"song": songs / "winter_road.mid", "empty": songs / "empty.mid", "broken": songs / "broken.mid"}
    assert main(["cover", *(word.format(**names) for word in given)]) == 2
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.count("\n") == 1
    assert line in said.err
    assert not list(songs.glob("*.png"))


def test_words_come_from_the_options_the_file_or_its_name(songs: Path) -> None:
    piece = read_piece(songs / "winter_road.mid")
    named = piece_of(smf_of_phrases({"": Phrase()}))
    assert words_of(options_of(), named, Path("Bach - Air.mid")) == ("Air", "Bach")
    assert words_of(options_of(), named, Path("the_art-of_noise.mid"))[0] == "The Art-of Noise"
    assert words_of(options_of(), named, Path("The_Violets_Blue_lc6451818.mid"))[0] == "The Violets Blue"
    assert words_of(options_of("--title", "T", "--artist", ""), piece, Path("Bach - Air.mid")) == ("T", "")
    assert words_of(options_of("--no-text"), piece, Path("x.mid")) == ("", "")
