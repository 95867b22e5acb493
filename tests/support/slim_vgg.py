"""VGGs with all their depth and a few channels, in float64, for exact comparisons."""

from typing import Final

import torch
from torch import Tensor

from nst_core.kernels.convolution import Precision
from nst_core.models.vgg import Vgg

DOUBLE: Final = Precision(dtype=torch.float64, memory_format=torch.contiguous_format)
CHANNELS: Final = 4


def slim(network: str, pooling: str = "max", padding: str = "zeros") -> Vgg:
    """All the depth of a VGG with a few channels per layer, in float64."""
    weights: dict[str, Tensor] = {}
    index, channels = 0, 3
    generator = torch.Generator().manual_seed(5)
    for count in (2, 2, 3, 3, 3) if network == "vgg16" else (2, 2, 4, 4, 4):
        for _ in range(count):
            shape = (CHANNELS, channels, 3, 3)
            weights[f"features.{index}.weight"] = 0.3 * torch.randn(shape, generator=generator)
            weights[f"features.{index}.bias"] = 0.2 * torch.ones(CHANNELS)
            index, channels = index + 2, CHANNELS
        index += 1
    return Vgg(weights, pooling=pooling, padding=padding, precision=DOUBLE)
