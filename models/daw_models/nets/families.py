"""The families of nets there are, by the name that stands in a weights file."""

from __future__ import annotations

from collections.abc import Mapping

from daw_bridge.errors import UsageError
from daw_bridge.music.vocabulary import Vocabulary
from daw_models.nets.lstm import LstmConfig, LstmNet
from daw_models.nets.notewise import NetConfig, NoteNet
from daw_models.nets.transformer import TransformerConfig, TransformerNet


def config_of(spec: Mapping[str, object], *, where: str | None = None) -> NetConfig:
    """The config of a header or recipe. Raises UsageError, naming `where`, for an unknown family or unknown sizes."""
    family = spec.get("family")
    if family == "lstm":
        return LstmConfig.from_spec(spec, where=where)
    if family == "transformer":
        return TransformerConfig.from_spec(spec, where=where)
    raise UsageError(f"family {family!r} is not known to this version", where=where, cure="update aiart-bridge")


def make_net(config: NetConfig, vocabulary: Vocabulary) -> NoteNet:
    """A fresh net of a config."""
    if isinstance(config, TransformerConfig):
        return TransformerNet(config, vocabulary)
    if isinstance(config, LstmConfig):
        return LstmNet(config, vocabulary)
    raise TypeError(f"no net for a {type(config).__name__}")
