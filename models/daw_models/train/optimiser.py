"""What moves the weights: AdamW alone, or Muon for the matrices the recipe names and AdamW for all others."""

from __future__ import annotations

import torch
from torch import nn

from daw_bridge.errors import UsageError


def make_optimisers(
    net: nn.Module, name: str, *, learning_rate: float, weight_decay: float, turned_by_muon: str = "blocks."
) -> list[torch.optim.Optimizer]:
    """The optimisers of a run by the recipe's name, `adamw` or `muon`; the rate is set anew before each step.

    Muon turns the matrices whose names begin with one of the words of `turned_by_muon`.
    """
    if name not in ("adamw", "muon"):
        raise UsageError(f"train.optimiser {name!r} is not known", cure="use adamw or muon")
    turned = []
    if name == "muon":
        beginnings = tuple(turned_by_muon.split())
        named = [(key, weight) for key, weight in net.named_parameters() if key.startswith(beginnings)]
        turned = [weight for key, weight in named if "weight" in key and weight.ndim == 2]
    taken = {id(weight) for weight in turned}
    others = [weight for weight in net.parameters() if id(weight) not in taken]
    optimisers: list[torch.optim.Optimizer] = [
        torch.optim.AdamW(
            [
                {"params": [weight for weight in others if weight.ndim > 1], "weight_decay": weight_decay},
                {"params": [weight for weight in others if weight.ndim <= 1], "weight_decay": 0.0},
            ],
            lr=learning_rate,
            betas=(0.9, 0.98),
            fused=True,
        )
    ]
    if turned:
        if not hasattr(torch.optim, "Muon"):
            raise UsageError("this torch has no Muon", cure="update torch to 2.9 or later, or use adamw")
        optimisers.append(
            # The rate means the same as AdamW's: updates of one size.
            torch.optim.Muon(turned, lr=learning_rate, weight_decay=weight_decay, adjust_lr_fn="match_rms_adamw")
        )
    return optimisers
