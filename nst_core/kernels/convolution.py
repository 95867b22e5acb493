"""One frozen 3 x 3 convolution, and the precisions that it can be computed in."""

from dataclasses import dataclass
from typing import Final

import torch
import torch.nn.functional as F  # noqa: N812  # PyTorch's own name for it
from torch import Tensor

from nst_core.kernels import winograd


@dataclass(frozen=True, slots=True, kw_only=True)
class Precision:
    """How convolutions are computed; image, Gram sums, losses and optimiser state are float32 in any case.

    Attributes:
        dtype: Type of the activations and the weights.
        memory_format: Layout of both.
        winograd: Whether layers that gain by it use Winograd's algorithm; float32 too, rounded a little more.
    """

    dtype: torch.dtype
    memory_format: torch.memory_format
    winograd: bool = False

    @property
    def name(self) -> str:
        """float32, winograd or bfloat16."""
        if self.winograd:
            return "winograd"
        return "bfloat16" if self.dtype is torch.bfloat16 else "float32"


EXACT: Final = Precision(dtype=torch.float32, memory_format=torch.contiguous_format)
FLOAT32: Final = Precision(dtype=torch.float32, memory_format=torch.channels_last)
WINOGRAD: Final = Precision(dtype=torch.float32, memory_format=torch.channels_last, winograd=True)
BFLOAT16: Final = Precision(dtype=torch.bfloat16, memory_format=torch.channels_last)


class Convolution:
    """A convolution with frozen weights, on one device.

    Args:
        weight: (out, in, 3, 3).
        bias: (out).
        device: Where it is computed.
        precision: How it is computed.
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
        """(b, out, h + 2 padding - 2, w + 2 padding - 2) of features (b, in, h, w), padded with zeros."""
        if self._winograd and winograd.gains(features, self._weight):
            if self._kernels is None:  # four times the weight's memory, kept from the first use on
                self._kernels = winograd.kernels_of(self._weight)
            return winograd.convolve(features, self._kernels, self._bias, padding=padding)
        return F.conv2d(features, self._weight, self._bias, padding=padding)
