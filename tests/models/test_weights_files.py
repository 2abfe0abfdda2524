"""Weights files explain themselves, damage is named, and a cached program is found without torch."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

from daw_bridge.errors import UsageError
from daw_bridge.music.vocabulary import Vocabulary
from daw_models.nets.build import load_net
from daw_models.program import ensure_program
from daw_models.weights_file import AUTO, TIERS, builtin_models, find_model, ladder, read_header
from tests.models.model_builders import TINY, tiny_file, tiny_net


@pytest.fixture
def weights(tmp_path: Path) -> Path:
    """A tiny model's file."""
    return tiny_file(tmp_path / "tiny.safetensors", trained_on={"mix": {"own": 1.0}}, recipe={"steps": 0})


def test_the_header_says_what_the_file_is(weights: Path) -> None:
    header = read_header(weights)
    assert header["name"] == "tiny"
    assert header["architecture"] == TINY.as_spec()
    assert TINY.as_spec()["family"] == "lstm"
    assert header["vocabulary"] == Vocabulary().as_spec()
    assert header["licence"] == "CC0 1.0"


def test_weights_come_back_in_half_precision(weights: Path) -> None:
    wanted = tiny_net().state_dict()
    found = load_net(weights).state_dict()
    assert found.keys() == wanted.keys()
    for name, tensor in wanted.items():
        assert torch.equal(found[name], tensor.half().float())


@pytest.mark.parametrize("kept", [0, 7, 300, -1])
def test_a_damaged_file_is_named(weights: Path, kept: int) -> None:
    weights.write_bytes(weights.read_bytes()[:kept])
    with pytest.raises(UsageError, match=r"tiny\.safetensors: damaged or not a model file"):
        read_header(weights)


def test_another_safetensors_file_is_no_model(tmp_path: Path) -> None:
    save_file({"a": torch.zeros(2)}, tmp_path / "a.safetensors", metadata={"format": "pt"})
    with pytest.raises(UsageError, match="not an aiart-bridge model"):
        read_header(tmp_path / "a.safetensors")


def test_a_newer_format_is_refused(tmp_path: Path) -> None:
    metadata = {"format": "aiart-bridge-model", "format_version": "9"}
    save_file({"a": torch.zeros(2)}, tmp_path / "a.safetensors", metadata=metadata)
    with pytest.raises(UsageError, match="model format 9 is not known here; update aiart-bridge"):
        read_header(tmp_path / "a.safetensors")


def test_an_unknown_architecture_is_refused(tmp_path: Path) -> None:
    tiny_file(tmp_path / "odd.safetensors", {"a": torch.zeros(2)}, architecture={"family": "perceptron"})
    with pytest.raises(UsageError, match=r"odd\.safetensors: .* not known to this version"):
        load_net(tmp_path / "odd.safetensors")


def test_weights_that_do_not_fit_their_header_are_refused(tmp_path: Path) -> None:
    tensors = tiny_net().state_dict()
    tensors.pop("from_hidden.bias")
    tiny_file(tmp_path / "short.safetensors", tensors)
    with pytest.raises(UsageError, match=r"short\.safetensors: weights do not fit"):
        load_net(tmp_path / "short.safetensors")


def test_models_are_found_by_name_and_by_file(weights: Path) -> None:
    assert find_model(weights) == weights
    for name, path in builtin_models().items():
        assert find_model(name) == path
    with pytest.raises(UsageError, match=r"nosuch: no such model; give a \.safetensors file or one of: "):
        find_model("nosuch")


def test_the_program_is_built_once_and_carries_its_header(weights: Path, tmp_path: Path) -> None:
    program = ensure_program(weights, tmp_path / "cache")
    built = program.stat().st_ino
    assert ensure_program(weights, tmp_path / "cache") == program
    assert program.stat().st_ino == built
    assert [path.name for path in (tmp_path / "cache").iterdir()] == [program.name]
    extra: dict[str, str | bytes] = {"header.json": ""}
    torch.jit.load(str(program), _extra_files=extra)  # type: ignore[no-untyped-call]
    assert json.loads(extra["header.json"]) == read_header(weights)


def test_other_weights_make_another_program(weights: Path, tmp_path: Path) -> None:
    first = ensure_program(weights, tmp_path / "cache")
    tiny_file(weights, {name: tensor + 0.5 for name, tensor in tiny_net().state_dict().items()})
    assert ensure_program(weights, tmp_path / "cache") != first


def test_a_cached_program_is_found_without_torch(weights: Path, tmp_path: Path) -> None:
    program = ensure_program(weights, tmp_path / "cache")
    code = (
        "import sys; from pathlib import Path; from daw_models.program import ensure_program\n"
        f"print(ensure_program(Path({str(weights)!r}), Path({str(tmp_path / 'cache')!r})))\n"
        "print(sorted({'torch', 'numpy', 'symusic'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines() == [str(program), "[]"]


def test_a_cache_that_cannot_be_written_is_named(weights: Path, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way", encoding="utf-8")
    with pytest.raises(UsageError, match="no folder to keep the compiled model in"):
        ensure_program(weights, tmp_path / "file" / "cache")


def test_weights_for_non_commercial_use_play_only_when_asked_for() -> None:
    shipped = builtin_models()
    bound = {name for name, path in shipped.items() if "NC" in str(read_header(path)["licence"])}
    assert bound <= {"piano", "piano-transformer"}
    assert not bound & {*ladder(AUTO), *(rung for name in TIERS for rung in ladder(name))}
    assert bound.issuperset(rung for name in bound for rung in ladder(name))


def test_shipped_weights_have_a_whole_header() -> None:
    for name, path in builtin_models().items():
        header = read_header(path)
        assert header["name"] == name
        assert header["licence"]
        assert path.stat().st_size < 25_000_000
