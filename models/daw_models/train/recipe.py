"""Typed training recipes, read from TOML."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields, replace
from pathlib import Path

from daw_bridge.errors import UsageError
from daw_models.nets.families import config_of
from daw_models.nets.lstm import LstmConfig
from daw_models.nets.notewise import NetConfig

RECIPES = Path(__file__).parent.parent / "recipes"


@dataclass(frozen=True)
class TrainConfig:
    """How one run goes; lengths in notes, rates per step of the optimiser.

    `decay` is the last share of the run, over which the learning rate falls to a hundredth on a cosine. `device` auto
    is the GPU if there is one. `optimiser` is adamw or muon, which turns the matrices whose names begin with a word of
    `muon` while AdamW moves the rest. `teacher` names a model whose tables and heads the net starts with where they
    fit, unless it starts from weights of its own, and whose expectations are `teaching` of the loss at first, and none
    after the first `taught` of the run. `compile` puts the net through torch's compiler, which takes some minutes.
    `only` lists beginnings of names, parted by spaces: all other weights stay as they are.
    """

    seed: int = 1
    streams: int = 64
    window: int = 128
    steps: int = 6000
    learning_rate: float = 2e-3
    warmup_steps: int = 200
    decay: float = 0.4
    weight_decay: float = 0.01
    clip: float = 1.0
    average: float = 0.999
    bfloat16: bool = True
    optimiser: str = "adamw"
    muon: str = "blocks."
    device: str = "auto"
    teacher: str = ""
    only: str = ""
    teaching: float = 0.5
    taught: float = 1.0
    compile: bool = False
    threads: int = 2
    log_every: int = 20
    save_every: int = 200
    valid_every: int = 500
    valid_notes: int = 6000


@dataclass(frozen=True)
class Recipe:
    """All that decides a run, beside the data: sizes of the net, the mix of sets and the course of training.

    `licence` is what its data ask of the weights; empty where they ask for no more than the start does. With
    `own_dropout` a net that the run starts from is trained with the dropout of `net`, not with its own.
    """

    name: str
    net: NetConfig = field(default_factory=LstmConfig)
    train: TrainConfig = field(default_factory=TrainConfig)
    mix: Mapping[str, float] = field(default_factory=dict)
    licence: str = ""
    own_dropout: bool = False

    def with_net(self, net: NetConfig) -> Recipe:
        """The same recipe for a net of other sizes."""
        if self.own_dropout:
            net = config_of({**net.as_spec(), "dropout": self.net.dropout})
        return replace(self, net=net)

    def as_json(self) -> str:
        """The recipe as it goes into the header of a weights file."""
        plain: dict[str, object] = {
            "name": self.name,
            "licence": self.licence,
            "net": self.net.as_spec(),
            "train": asdict(self.train),
            "mix": dict(self.mix),
        }
        return json.dumps(plain)


def known_recipes() -> dict[str, Path]:
    """Names of the recipes that ship with us."""
    return {path.stem: path for path in sorted(RECIPES.glob("*.toml"))}


def read_recipe(name_or_file: str) -> Recipe:
    """A shipped recipe by name, or one from a file. Raises UsageError naming the file and the key at fault."""
    path = known_recipes().get(name_or_file, Path(name_or_file))
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        painted = sorted(path.stem for path in (RECIPES / "pictures").glob("*.toml"))
        names = ", ".join([*known_recipes(), *painted])
        raise UsageError("no such recipe", where=name_or_file, cure=f"give a .toml file or one of: {names}") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise UsageError(f"not valid TOML ({error})", where=str(path)) from error
    for key in content:
        if key not in ("licence", "net", "train", "mix"):
            raise UsageError(f"unknown table [{key}]", where=str(path), cure="use licence, [net], [train] and [mix]")
    train = content.get("train", {})
    _check(train, path)
    mix = content.get("mix", {})
    for name, share in mix.items():
        if not isinstance(share, (int, float)) or share < 0:
            raise UsageError(f"mix.{name} must be a number of 0 or more", where=str(path))
    licence = content.get("licence", "")
    if not isinstance(licence, str):
        raise UsageError("licence must be a text", where=str(path))
    sizes = content.get("net", {})
    net = config_of({"family": "lstm", **sizes}, where=str(path))
    return Recipe(path.stem, net, TrainConfig(**train), mix, licence, own_dropout="dropout" in sizes)


def _check(train: Mapping[str, object], path: Path) -> None:
    kinds = {entry.name: type(entry.default) for entry in fields(TrainConfig)}
    for key, value in train.items():
        if key not in kinds:
            raise UsageError(f"unknown key train.{key}", where=str(path), cure=f"known: {', '.join(kinds)}")
        kind = kinds[key]
        fits = type(value) is kind or (kind is float and type(value) is int)
        if not fits or (not isinstance(value, bool) and isinstance(value, (int, float)) and value < 0):
            raise UsageError(f"train.{key} must be {kind.__name__} of 0 or more", where=str(path))
