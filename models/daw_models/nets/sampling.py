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
    last = weights.size(-1) - 1
    if top_p < 1.0:
        # The likeliest few nearly always hold enough, and finding them costs a third of sorting all.
        ranked, order = weights.topk(min(64, last + 1))
        reached = ranked.cumsum(-1)
        if last >= 64 and float(reached[:, -1].min().item()) < top_p:
            ranked, order = weights.sort(-1, descending=True)
            reached = ranked.cumsum(-1)
        most = reached.size(-1) - 1
        kept = (reached < top_p).sum(-1, keepdim=True).clamp_(max=most)
        goal = reached.gather(-1, kept) * (uniform * 0.999999).unsqueeze(-1)
        return order.gather(-1, torch.searchsorted(reached, goal, right=True).clamp_(max=most)).squeeze(-1)
    reached = weights.cumsum(-1)
    # A hair below the total, so that rounding can not select a forbidden bin at the end.
    goal = reached[:, -1:] * (uniform * 0.999999).unsqueeze(-1)
    return torch.searchsorted(reached, goal, right=True).squeeze(-1).clamp_(max=last)
