"""Weights file to net, and net to TorchScript program with its header inside."""

from __future__ import annotations

import json
import warnings
from pathlib import Path

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file

from daw_bridge.errors import UsageError
from daw_bridge.music.vocabulary import Vocabulary
from daw_models.nets.continuer import Continuer
from daw_models.nets.continuer_lstm import LstmContinuer
from daw_models.nets.continuer_transformer import TransformerContinuer
from daw_models.nets.families import config_of, make_net
from daw_models.nets.lstm import LstmNet
from daw_models.nets.notewise import NoteNet
from daw_models.nets.products import ProductMaker
from daw_models.nets.transformer import TransformerNet
from daw_models.weights_file import read_header, tensors_digest


def load_net(weights: Path) -> NoteNet:
    """The eager net of a weights file, in fp32 and set to predict. Raises UsageError naming the file."""
    header = read_header(weights)
    architecture, spec = header["architecture"], header["vocabulary"]
    if not isinstance(architecture, dict) or not isinstance(spec, dict):
        raise UsageError("header without architecture or vocabulary", where=str(weights))
    net = make_net(config_of(architecture, where=str(weights)), Vocabulary.from_spec(spec, where=str(weights)))
    try:
        tensors = load_file(weights)
        if tensors_digest({name: tensor.numpy().tobytes() for name, tensor in tensors.items()}) != header.get("sha256"):
            raise UsageError(
                "damaged: the weights are not those that were exported",
                where=str(weights),
                cure="get the file again or export it again",
            )
        net.load_state_dict({name: tensor.float() for name, tensor in tensors.items()})
    except (SafetensorError, RuntimeError, OSError) as error:
        first = str(error).splitlines()[0]
        raise UsageError(f"weights do not fit their header ({first})", where=str(weights)) from error
    return net.eval()


def int8_engine() -> bool:
    """Whether this torch has int8 matrix products for this processor."""
    return torch.backends.quantized.engine not in ("none", None)


def make_continuer(net: NoteNet, *, quantised: bool) -> Continuer:
    """The program of a net, not yet compiled: the same methods, run eagerly."""
    # Without these instructions a product of 8-bit activations can overflow inside the processor.
    safe = bool(torch.cpu._is_vnni_supported()) or torch.backends.quantized.engine == "qnnpack"
    product = ProductMaker(quantised=quantised, reduce_range=not safe)
    with warnings.catch_warnings(), torch.no_grad():
        warnings.simplefilter("ignore")
        if isinstance(net, TransformerNet):
            return TransformerContinuer(net, product).eval()
        if isinstance(net, LstmNet):
            return LstmContinuer(net, product).eval()
    raise TypeError(f"no program for a {type(net).__name__}")


def compile_net(net: NoteNet, *, quantised: bool) -> torch.jit.ScriptModule:
    """The program of a net, not yet saved."""
    with warnings.catch_warnings(), torch.no_grad():
        # TorchScript and eager quantisation announce their retirement on each use; this file is the one to change then.
        warnings.simplefilter("ignore")
        program = torch.jit.script(make_continuer(net, quantised=quantised))
    assert isinstance(program, torch.jit.ScriptModule)
    return program


def build_program(weights: Path, out: Path) -> None:
    """Compile a weights file and save the program with its header as the extra file header.json."""
    program = compile_net(load_net(weights), quantised=int8_engine())
    header = json.dumps(read_header(weights))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.jit.save(program, str(out), _extra_files={"header.json": header})
