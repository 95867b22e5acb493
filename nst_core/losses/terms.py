"""The terms of the loss, each a plain function of activations or pixels, one value per sample of a batch.

Source: Gatys, Ecker & Bethge, arXiv 1508.06576, equations 1 to 5, and CVPR 2016.
Differs: every sum of squares is a mean, so that a loss does not grow with size or channels.
"""

import functools
from typing import Any, Final

import torch
import torch.nn.functional as F  # noqa: N812  # PyTorch's own name for it
from torch import Tensor
from torch.autograd.function import FunctionCtx

from nst_core.images.colour import LUMA

BLOCK: Final = 8192
"""Positions whose outer products are summed at once on a CPU."""
_BINOMIAL: Final = (1 / 16, 4 / 16, 6 / 16, 4 / 16, 1 / 16)


def gram(features: Tensor, mask: Tensor | None = None) -> Tensor:
    """Gram matrices (b, c, c) of activations (b, c, h, w): `F F^T / (h w)`, summed in float32.

    float16 would overflow; float64 stays float64. With a mask (b, h, w) each position is weighted by
    the square of the mask's value, and the sum of these squares replaces `h w`.

    Source: Gatys et al., "Controlling perceptual factors in neural style transfer", CVPR 2017, section 4.1.
    """
    return gram_sums(features, mask) / positions(features.shape[2], features.shape[3], mask)


def positions(height: int, width: int, mask: Tensor | None = None) -> Tensor | int:
    """The divisor of Gram sums: `h w`, or the sums of squares (b, 1, 1) of a mask (b, h, w)."""
    if mask is None:
        return height * width
    return mask.square().sum(dim=(1, 2)).clamp(min=1e-6)[:, None, None]


def gram_sums(features: Tensor, mask: Tensor | None = None) -> Tensor:
    """`F F^T` (b, c, c) of activations (b, c, h, w), each position multiplied by its mask (b, h, w)."""
    batch, channels, height, width = features.shape
    # (b, h w, c) is the layout that channels_last activations already have in memory
    columns = features.permute(0, 2, 3, 1).reshape(batch, height * width, channels)
    if mask is not None:
        columns = columns * mask.reshape(batch, height * width, 1)
    sums: Tensor = _Products.apply(columns)  # type: ignore[no-untyped-call] # torch leaves it untyped
    return sums


def feature_sums(features: Tensor, mask: Tensor | None = None) -> Tensor:
    """The sums (b, c) of activations (b, c, h, w), weighted by the square of a mask (b, h, w)."""
    wide = features if features.dtype is torch.float64 else features.float()
    return (wide if mask is None else wide * mask.square()[:, None]).sum(dim=(2, 3))


class _Products(torch.autograd.Function):
    """`X^T X` (b, c, c) of X (b, n, c), summed in float32; float64 stays float64.

    With S the gradient by the sums, the gradient by X is `X (S + S^T)`: one product, where autograd does not
    know that both factors are the same and takes two. For bfloat16 activations it is computed in bfloat16, as
    the gradients of the layers below are.
    """

    @staticmethod
    def forward(ctx: FunctionCtx, columns: Tensor) -> Tensor:
        ctx.save_for_backward(columns)
        batch, count, channels = columns.shape
        wide = columns.dtype if columns.dtype is torch.float64 else torch.float32
        sums = torch.zeros(batch, channels, channels, dtype=wide, device=columns.device)
        # On a CPU one product with so long a sum does not fit the cache and leaves much of the machine idle.
        for part in torch.split(columns, count if columns.is_cuda else BLOCK, dim=1):
            block = part.to(wide)
            sums = torch.baddbmm(sums, block.transpose(1, 2), block)
        return sums

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> Tensor:
        (columns,) = ctx.saved_tensors
        both = grads[0] + grads[0].transpose(1, 2)
        if columns.dtype is torch.float16:  # the gradients would overflow it
            return torch.bmm(columns.float(), both).to(columns.dtype)
        return torch.bmm(columns, both.to(columns.dtype))


def mean_squared_error(values: Tensor, target: Tensor) -> Tensor:
    """The mean squared difference (b,) of (b, ...), in float32 or float64."""
    if values.dtype is not torch.float64:
        values = values.float()
    return (values - target).square().flatten(1).mean(dim=1)


def smooth_chroma(pictures: Tensor) -> Tensor:
    """RGB (b, 3, h, w) with its own luma and blurred chroma: a linear map.

    Chroma is what a pixel has beyond its luma. It is blurred by a binomial filter of 5 x 5 px: the network
    hardly sees colours that alternate from pixel to pixel, so that an optimiser leaves them as grain.
    """
    luma_weights, weights = _chroma_constants(pictures.dtype, pictures.device)
    luma = torch.einsum("bchw,c->bhw", pictures, luma_weights)[:, None]
    chroma = pictures - luma
    for kernel, padding in ((weights[:, None], (0, 0, 2, 2)), (weights[None], (2, 2, 0, 0))):
        padded = F.pad(chroma, padding, mode="replicate")
        chroma = F.conv2d(padded, kernel.expand(3, 1, *kernel.shape), groups=3)
    return luma + chroma


@functools.cache
def _chroma_constants(dtype: torch.dtype, device: torch.device) -> tuple[Tensor, Tensor]:
    """LUMA and the binomial filter; made once, as a CUDA graph cannot copy them from the host."""
    return torch.tensor(LUMA, dtype=dtype, device=device), torch.tensor(_BINOMIAL, dtype=dtype, device=device)


def total_variation(picture: Tensor) -> Tensor:
    """The mean squared difference (b,) of neighbours in (b, 3, h, w), rows and columns together.

    Source: Mahendran & Vedaldi, CVPR 2015, section 3, with their exponent 2.
    """
    rows = (picture[..., 1:, :] - picture[..., :-1, :]).square().flatten(1).sum(dim=1)
    columns = (picture[..., :, 1:] - picture[..., :, :-1]).square().flatten(1).sum(dim=1)
    return (rows + columns) / picture[0].numel()
