"""SoundFonts are found where people keep them, in the order the README gives."""

from __future__ import annotations

from pathlib import Path

import pytest

from daw_bridge.errors import MissingPartError, UsageError
from daw_bridge.io import soundfonts
from daw_bridge.io.soundfonts import ENVIRONMENT, find_soundfont, list_soundfonts


def soundfont(path: Path, title: str = "Test") -> Path:
    """A file that begins as a SoundFont does: its RIFF head and its name."""
    name = title.encode() + b"\0"
    name += b"\0" * (len(name) & 1)
    info = b"INFO" + b"INAM" + len(name).to_bytes(4, "little") + name
    body = b"sfbk" + b"LIST" + len(info).to_bytes(4, "little") + info
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"RIFF" + len(body).to_bytes(4, "little") + body)
    return path


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(soundfonts, "usual_folders", lambda: [tmp_path / "usual"])
    monkeypatch.delenv(ENVIRONMENT, raising=False)
    return tmp_path / "usual"


def test_the_one_asked_for_comes_first_then_the_environment(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked, other = soundfont(tmp_path / "asked.sf2"), soundfont(tmp_path / "other.sf2")
    usual = soundfont(folder / "FluidR3_GM.sf2")
    assert find_soundfont() == usual
    monkeypatch.setenv(ENVIRONMENT, str(other))
    assert find_soundfont() == other
    assert find_soundfont(asked) == asked


def test_whole_sets_come_before_others_and_broken_files_are_passed_over(folder: Path) -> None:
    soundfont(folder / "aaa-piano-only.sf2")
    whole = soundfont(folder / "GeneralUser GS.sf2", "GeneralUser GS")
    (folder / "FluidR3_GM.sf2").write_bytes(whole.read_bytes()[:20])
    assert find_soundfont() == whole
    listed = list_soundfonts()
    assert (listed[0].path, listed[0].title) == (whole, "GeneralUser GS")
    assert [found.source for found in listed][-1] == "pretty_midi"


def test_pretty_midi_s_own_is_the_last_resort(folder: Path) -> None:
    assert not folder.exists()
    assert find_soundfont().name == "TimGM6mb.sf2"


def test_none_at_all_says_how_to_get_one(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert not folder.exists()
    monkeypatch.setattr("importlib.util.find_spec", lambda _name: None)
    with pytest.raises(MissingPartError, match="apt install"):
        find_soundfont()


@pytest.mark.parametrize("content", [b"", b"RIFF\x10\x00\x00\x00WAVE", b"RIFF\xff\xff\xff\x7fsfbk"])
def test_what_is_no_soundfont_is_refused_by_name(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "bad.sf2"
    path.write_bytes(content)
    with pytest.raises(UsageError, match=r"bad\.sf2: this is not a SoundFont"):
        find_soundfont(path)
