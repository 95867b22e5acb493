"""3 x 3 convolutions by Winograd's minimal filtering: a quarter of the products, in float32.

Source: Lavin & Gray, "Fast Algorithms for Convolutional Neural Networks" (arXiv 1509.09308), section 4.1,
with F(4 x 4, 3 x 3). Differs: the points of interpolation are 0, 1, -1, 2, 1/2 and infinity, with 1/2 for -2.
A kernel rotated by 180 degrees then has the same transform in another order, so that the gradient needs no
kernels of its own; the rounding error is twice as large, 5e-6 of the values at 512 channels.
"""

import functools
import math
from collections.abc import Sequence
from typing import Any, Final, cast

import torch
import torch.nn.functional as F  # noqa: N812  # PyTorch's own name for it
from torch import Tensor

_OUT: Final = 4
_IN: Final = _OUT + 2
_STRIP_TILES: Final = 192
"""Tiles that are transformed at once: so many fit into the CPU's caches."""
_LEAST_CHANNELS: Final = 128
_LEAST_VALUES: Final = 2**17
_OF_KERNEL: Final = ((1, 0, 0), (1, 1, 1), (-1, 1, -1), (1 / 2, 1, 2), (2, 1, 1 / 2), (0, 0, 1))
_OF_INPUT: Final = (
    (1, -5 / 2, 0, 5 / 2, -1, 0),
    (0, -1, 3 / 2, 3 / 2, -1, 0),
    (0, 1 / 9, -7 / 18, 7 / 18, -1 / 9, 0),
    (0, 1 / 9, -2 / 9, -1 / 9, 2 / 9, 0),
    (0, 16 / 9, -8 / 9, -16 / 9, 8 / 9, 0),
    (0, -1, 5 / 2, 0, -5 / 2, 1),
)
_OF_OUTPUT: Final = (
    (1, 1, 1, 1, 1, 0),
    (0, 1, -1, 2, 1 / 2, 0),
    (0, 1, 1, 4, 1 / 4, 0),
    (0, 1, -1, 8, 1 / 8, 1),
)
_ROTATED: Final = (5, 1, 2, 4, 3, 0)
"""The index of each point's reciprocal."""


def kernels_of(weight: Tensor) -> Tensor:
    """The transformed kernels (36, in, out) of a weight (out, in, 3, 3)."""
    both = _square(_OF_KERNEL).to(weight)
    outputs, inputs = weight.shape[:2]
    return (both @ weight.reshape(-1, 9).T).view(-1, outputs, inputs).transpose(1, 2).contiguous()


def gains(features: Tensor, weight: Tensor) -> bool:
    """Whether it was measured to be faster on a CPU than a direct convolution of (b, c, h, w)."""
    channels = min(weight.shape[:2])
    return channels >= _LEAST_CHANNELS and channels * features[0, 0].numel() >= _LEAST_VALUES


def convolve(features: Tensor, kernels: Tensor, bias: Tensor, *, padding: int = 1) -> Tensor:
    """(b, out, h + 2 padding - 2, w + 2 padding - 2), channels last, of features (b, in, h, w).

    Args:
        features: Of the kernels' type; fastest in channels_last layout.
        kernels: From `kernels_of`; they get no gradient.
        bias: (out); it gets no gradient.
        padding: Zeros around the features: 0, 1 or 2.
    """
    return cast(Tensor, _Convolution.apply(features, kernels, bias, padding))  # type: ignore[no-untyped-call]


class _Convolution(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, features: Tensor, kernels: Tensor, bias: Tensor, padding: int) -> Tensor:
        ctx.kernels, ctx.padding = kernels, padding
        return _filtered(features, kernels, bias, range(_IN), padding)

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, None, None, None]:
        grads = _filtered(gradient, ctx.kernels.transpose(1, 2), None, _ROTATED, 2 - ctx.padding)
        return grads, None, None, None


def _filtered(
    features: Tensor, kernels: Tensor, bias: Tensor | None, order: Sequence[int], padding: int
) -> Tensor:
    """The convolution, one strip of tiles after the other; `order` is that of the points in the kernels."""
    batch, inputs, height, width = features.shape
    outputs = kernels.shape[2]
    high, wide = height + 2 * (padding - 1), width + 2 * (padding - 1)
    down, across = -(-high // _OUT), -(-wide // _OUT)
    right, below = across * _OUT + 2 - width - padding, down * _OUT + 2 - height - padding
    around = F.pad(features.permute(0, 2, 3, 1), (0, 0, padding, right, padding, below))
    tiles = around.unfold(1, _IN, _OUT).unfold(2, _IN, _OUT)
    tiles = tiles.permute(4, 5, 0, 1, 2, 3)  # (6, 6, b, down, across, in)
    shape = (batch, outputs, down * _OUT, across * _OUT)
    result = torch.empty(
        shape, dtype=features.dtype, device=features.device, memory_format=torch.channels_last
    )
    targets = result.permute(0, 2, 3, 1).view(batch, down, _OUT, across, _OUT, outputs)
    into, back = _transforms(tuple(order), features.dtype, features.device)
    height_tiles = -(-down // -(-down * across * batch // _STRIP_TILES))
    values = batch * height_tiles * across * _IN**2
    one, other = (features.new_empty(values * max(inputs, outputs)) for _ in range(2))
    for top in range(0, down, height_tiles):
        strip = tiles[:, :, :, top : top + height_tiles]
        gathered = _within(one, strip.shape).copy_(strip)
        points = torch.mm(
            into, gathered.view(_IN**2, -1), out=_within(other, (_IN**2, gathered[0, 0].numel()))
        )
        points = points.view(_IN**2, -1, inputs)
        products = torch.bmm(points, kernels, out=_within(one, (*points.shape[:2], outputs)))
        pixels = torch.mm(back, products.view(_IN**2, -1), out=_within(other, (_OUT**2, products[0].numel())))
        pixels = pixels.view(_OUT, _OUT, *strip.shape[2:5], outputs).permute(2, 3, 0, 4, 1, 5)
        target = targets[:, top : top + height_tiles]
        target.copy_(pixels) if bias is None else torch.add(pixels, bias, out=target)
    if (high, wide) == result.shape[2:]:
        return result
    return result[..., :high, :wide].clone(memory_format=torch.channels_last)


@functools.cache
def _transforms(order: tuple[int, ...], dtype: torch.dtype, device: torch.device) -> tuple[Tensor, Tensor]:
    """The transforms of inputs (36, 36) and outputs (16, 36), with the points in this order."""
    into = _square([_OF_INPUT[n] for n in order])
    back = _square([[row[n] for n in order] for row in _OF_OUTPUT])
    return into.to(device, dtype), back.to(device, dtype)


def _square(matrix: Sequence[Sequence[float]]) -> Tensor:
    """The transform along both axes, as one matrix (Kronecker product)."""
    one = torch.tensor(matrix, dtype=torch.float64)
    return torch.kron(one, one)


def _within(buffer: Tensor, shape: Sequence[int]) -> Tensor:
    """A view of this shape on the beginning of a flat tensor."""
    return buffer[: math.prod(shape)].view(shape)
