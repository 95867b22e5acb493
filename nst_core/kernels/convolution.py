"""One frozen 3 x 3 convolution, computed as the precision says."""

import torch
import torch.nn.functional as F  # noqa: N812  # PyTorch's own name for it
from torch import Tensor

from nst_core.kernels import winograd
from nst_core.kernels.precision import Precision


class Convolution:
    """Weights on a device; no gradient is taken to them.

    Args:
        weight: (out, in, 3, 3).
        bias: (out).
        device: Where it computes.
        precision: In which type and memory format, and whether by Winograd's algorithm where that gains.
    """

    def __init__(
        self, weight: Tensor, bias: Tensor, *, device: torch.device | None, precision: Precision
    ) -> None:
        weight = weight.to(device, precision.dtype).contiguous(memory_format=precision.memory_format)
        self._weight = weight.requires_grad_(False)
        self._bias = bias.to(device, precision.dtype).requires_grad_(False)
        self._winograd = precision.winograd
        self._kernels: Tensor | None = None

    def __call__(self, features: Tensor, *, padding: int) -> Tensor:
        """(b, out, h + 2 padding - 2, w + 2 padding - 2) of features (b, in, h, w) amid zeros."""
        if self._winograd and winograd.gains(features, self._weight):
            if self._kernels is None:  # four times the weight's memory, kept from the first use on
                self._kernels = winograd.kernels_of(self._weight)
            return winograd.convolve(features, self._kernels, self._bias, padding=padding)
        return F.conv2d(features, self._weight, self._bias, padding=padding)
