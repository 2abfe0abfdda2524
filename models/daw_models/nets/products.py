"""Matrix products of the sampling programs, in fp32 or with int8 weights."""

import torch
from torch import Tensor, nn
from torch.nn import functional


class Product(nn.Module):
    """A linear layer in fp32."""

    def __init__(self, weight: Tensor, bias: Tensor | None) -> None:
        super().__init__()
        self.register_buffer("weight", weight.detach().clone())
        self.register_buffer("bias", torch.zeros(weight.size(0)) if bias is None else bias.detach().clone())

    weight: Tensor
    bias: Tensor

    def forward(self, x: Tensor) -> Tensor:
        """x [B, in] -> [B, out]."""
        return functional.linear(x, self.weight, self.bias)


class QuantisedProduct(nn.Module):
    """A linear layer with int8 weights, one scale per row, and activations quantised on the way in."""

    def __init__(self, weight: Tensor, bias: Tensor | None, reduce_range: bool) -> None:
        super().__init__()
        from torch.ao.nn.quantized.modules.linear import LinearPackedParams

        scales = (weight.detach().abs().amax(1) / 127).clamp(min=1e-8)
        zeros = torch.zeros(weight.size(0), dtype=torch.int64)
        quantised = torch.quantize_per_channel(weight.detach().float(), scales, zeros, 0, torch.qint8)
        self.packed = LinearPackedParams(torch.qint8)  # type: ignore[no-untyped-call]
        self.packed.set_weight_bias(quantised, None if bias is None else bias.detach().float())
        self.reduce_range = reduce_range

    def forward(self, x: Tensor) -> Tensor:
        """x [B, in] -> [B, out]."""
        return torch.ops.quantized.linear_dynamic(x, self.packed._packed_params, self.reduce_range)  # type: ignore[no-any-return]


class ProductMaker:
    """Makes the products of one program, all of one kind."""

    def __init__(self, *, quantised: bool, reduce_range: bool) -> None:
        self._quantised, self._reduce_range = quantised, reduce_range

    def __call__(self, weight: Tensor, bias: Tensor | None) -> nn.Module:
        """The product with `weight` [out, in] and `bias` [out]."""
        return QuantisedProduct(weight, bias, self._reduce_range) if self._quantised else Product(weight, bias)
