"""The sampling controls as a program reads them, once for all notes of a call."""

from typing import NamedTuple

import torch
from torch import Tensor


class Wishes(NamedTuple):
    """Temperature and top-p of each part, nats to add to its logits (empty: none), and how the pitch is steered."""

    warmth: list[float]
    top_p: list[float]
    lift: float
    onset_bias: Tensor
    pitch_bias: Tensor
    duration_bias: Tensor
    velocity_bias: Tensor
    tones: Tensor
    following: float
    variety: float
    began: int
    free: float
    growth: float
    nats: bool


def read_wishes(controls: dict[str, Tensor], first_cells: Tensor, cell_s: float) -> Wishes:
    """The wishes of a call's controls (see `Continuer.sample`); first_cells int64 [bins]: of each bin the first."""
    nothing = torch.zeros(0)
    onset_bias, duration_bias, velocity_bias = nothing, nothing, torch.zeros(128)
    if "onset_bias" in controls:
        slope, least = float(controls["onset_bias"][0].item()), float(controls["onset_bias"][1].item())
        onset_bias = (first_cells * cell_s * slope).masked_fill(first_cells < least, -float("inf"))
    if "max_duration_cells" in controls:
        most = float(controls["max_duration_cells"][0].item())
        duration_bias = torch.zeros(first_cells.size(0)).masked_fill(first_cells > most, -float("inf"))
    if "velocity_bias" in controls:
        velocity_bias = controls["velocity_bias"].clone()
    velocity_bias[0] = -float("inf")
    tones, following, variety, began, free, growth = nothing, 0.0, 0.0, 0, 0.0, 0.0
    if "tones" in controls:
        tones, following = controls["tones"][:12], float(controls["tones"][12].item())
    if "variety" in controls:
        said: list[float] = controls["variety"].tolist()
        variety, began, free, growth = said[0], int(said[1]), said[2], said[3]
    return Wishes(
        _of_parts(controls, "temperature"),
        _of_parts(controls, "top_p"),
        float(controls["imitation"][0].item()) if "imitation" in controls else 0.0,
        onset_bias,
        controls.get("pitch_bias", nothing),
        duration_bias,
        velocity_bias,
        tones,
        following,
        variety,
        began,
        free,
        growth,
        "nats" in controls,
    )


def wished(logits: Tensor, bias: Tensor) -> Tensor:
    """Logits [B, bins] with a bias [bins], or as they are if that is empty."""
    return logits + bias if bias.size(0) > 0 else logits


def _of_parts(controls: dict[str, Tensor], name: str) -> list[float]:
    if name not in controls:
        return [1.0, 1.0, 1.0, 1.0]
    values: list[float] = controls[name].tolist()
    return values
