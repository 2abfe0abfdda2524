"""Drawing one part of a note from its logits: a bare function, compiled with the net and used eagerly in tests."""

from __future__ import annotations

import torch
from torch import Tensor


def choose(logits: Tensor, temperature: float, top_p: float, uniform: Tensor) -> Tensor:
    """Draw a bin by the inverse of the cumulative distribution, so that the same uniforms give the same bins.

    logits float [B, V] (-inf forbids), uniform float [B] in [0, 1) -> bin int64 [B]. Temperature 0 takes the likeliest
    bin; top_p below 1 keeps the smallest set of likeliest bins that holds that much probability.
    """
    if temperature <= 0.001:
        return logits.argmax(-1)
    weights = torch.softmax(logits if temperature == 1.0 else logits / temperature, -1)
    if top_p < 1.0:
        ranked, _ = weights.sort(-1, descending=True)
        enough = (ranked.cumsum(-1) < top_p).sum(-1, keepdim=True).clamp_(max=weights.size(-1) - 1)
        weights = weights * (weights >= ranked.gather(-1, enough))
    reached = weights.cumsum(-1)
    # A hair below the total, so that rounding can not select a forbidden bin at the end.
    goal = uniform.unsqueeze(-1) * (reached[:, -1:] * 0.999999)
    return torch.searchsorted(reached, goal, right=True).squeeze(-1).clamp_(max=weights.size(-1) - 1)
