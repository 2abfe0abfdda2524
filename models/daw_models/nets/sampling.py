"""Drawing one part of a note from its logits: a bare function, compiled with the net and used eagerly in tests."""

from __future__ import annotations

import torch
from torch import Tensor


def below_one(uniforms: Tensor) -> Tensor:
    """Uniforms a hair smaller, so that rounding can not select a forbidden bin at the end."""
    return uniforms * 0.999999


def choose(logits: Tensor, temperature: float, top_p: float, uniform: Tensor) -> Tensor:
    """Draw a bin by the inverse of the cumulative distribution, so that the same uniforms give the same bins.

    logits float [B, V] (-inf forbids), uniform float [B, 1] from `below_one` -> bin int64 [B, 1]. Temperature 0 takes
    the likeliest bin; top_p below 1 keeps the smallest set of likeliest bins that holds that much probability.
    """
    if temperature <= 0.001:
        return logits.argmax(-1, keepdim=True)
    weights = torch.softmax(logits if temperature == 1.0 else logits / temperature, -1)
    if top_p >= 1.0:
        reached = weights.cumsum(-1)
        return torch.searchsorted(reached, reached[:, -1:] * uniform, right=True)
    # The likeliest few nearly always hold enough, and finding them costs less than half of sorting all.
    most = min(128, weights.size(-1))
    ranked, order = weights.topk(most)
    reached = ranked.cumsum(-1)
    kept = (reached < top_p).sum(-1, keepdim=True)
    if int(kept.max().item()) == most:
        ranked, order = weights.sort(-1, descending=True)
        reached = ranked.cumsum(-1)
        kept = (reached < top_p).sum(-1, keepdim=True).clamp_(max=weights.size(-1) - 1)
    return order.gather(-1, torch.searchsorted(reached, reached.gather(-1, kept) * uniform, right=True))
