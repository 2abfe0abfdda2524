"""The cache of compiled programs mends itself and trusts nobody else; weights that changed on the way are refused."""

import os
from pathlib import Path

import pytest

from daw_bridge.errors import UsageError
from daw_models.program import ensure_program
from tests.models.model_builders import tiny_file


@pytest.fixture
def weights(tmp_path: Path) -> Path:
    """A tiny model's file."""
    return tiny_file(tmp_path / "tiny.safetensors")


@pytest.mark.parametrize("at", [-1, -2000])
def test_weights_with_a_flipped_bit_are_refused(weights: Path, tmp_path: Path, at: int) -> None:
    content = bytearray(weights.read_bytes())
    content[at] ^= 1
    weights.write_bytes(content)
    with pytest.raises(UsageError, match=r"tiny\.safetensors: damaged"):
        ensure_program(weights, tmp_path / "cache")
    assert list((tmp_path / "cache").iterdir()) == []


@pytest.mark.parametrize("damage", ["empty", "cut", "flipped", "foreign"])
def test_a_damaged_program_is_built_again(weights: Path, tmp_path: Path, damage: str) -> None:
    program = ensure_program(weights, tmp_path / "cache")
    whole = program.read_bytes()
    flipped = bytearray(whole)
    flipped[len(whole) // 2] ^= 0xFF
    program.write_bytes(
        {"empty": b"", "cut": whole[: len(whole) // 2], "flipped": bytes(flipped), "foreign": b"x" * 5000}[damage]
    )
    assert ensure_program(weights, tmp_path / "cache") == program
    assert len(program.read_bytes()) == len(whole)


@pytest.mark.skipif(os.name == "nt", reason="permissions are the system's own there")
def test_a_folder_that_all_may_write_to_is_no_cache(weights: Path, tmp_path: Path) -> None:
    cache = tmp_path / "cache"
    program = ensure_program(weights, cache)
    cache.chmod(0o777)
    with pytest.raises(UsageError, match="no folder to keep the compiled model in"):
        ensure_program(weights, cache)
    cache.chmod(0o700)
    assert ensure_program(weights, cache) == program


def test_a_user_without_a_home_has_programs_too(weights: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def homeless() -> Path:
        raise RuntimeError("Could not determine home directory.")

    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    monkeypatch.setattr(Path, "home", homeless)
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    assert ensure_program(weights).is_relative_to(tmp_path)


def test_a_program_unused_for_a_month_makes_room_for_a_new_one(weights: Path, tmp_path: Path) -> None:
    cache = tmp_path / "cache"
    cache.mkdir(mode=0o700)
    month_s = 30 * 24 * 3600
    ages_s = {"forgotten.pt": month_s + 60, "lately.pt": month_s - 3600}
    for name, age_s in ages_s.items():
        (cache / name).write_bytes(b"a program")
        moment_s = (cache / name).stat().st_mtime - age_s
        os.utime(cache / name, (moment_s, moment_s))
    program = ensure_program(weights, cache)
    assert {file.name for file in cache.iterdir()} == {"lately.pt", program.name}
