"""The loss network: VGG's convolutions as a frozen function from a picture to activations."""

import functools
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import torch
import torch.nn.functional as F  # noqa: N812  # PyTorch's own name for it
from torch import Tensor
from torch.utils.checkpoint import checkpoint as recompute

from nst_core import winograd
from nst_core.hardware import EXACT, Precision
from nst_core.receptive_field import deepest
from nst_core.weights import convolutions

MEAN: Final = (0.485, 0.456, 0.406)
STD: Final = (0.229, 0.224, 0.225)


@dataclass(slots=True)
class _Convolution:
    """One 3 x 3 convolution with its ReLU; `pools` says that a pooling comes before it."""

    layer: str
    weight: Tensor
    bias: Tensor
    pools: bool
    _kernels: Tensor | None = None

    @property
    def kernels(self) -> Tensor:
        """Winograd's, kept from the first use on; they take four times the weight's memory."""
        if self._kernels is None:
            self._kernels = winograd.kernels_of(self.weight)
        return self._kernels


class Vgg:
    """VGG-16 or VGG-19 up to its last convolution, weights frozen.

    Differs: poolings round up (`ceil_mode`). A last odd row or column then still reaches the deeper layers
    and gets their gradient, and a picture of a single pixel passes; at even sizes nothing changes.

    Args:
        weights: `features.N.weight` (out, in, 3, 3) and `features.N.bias` (out), torchvision's numbering.
        pooling: "max" or "avg".
        padding: "zeros" as the network was trained, or "reflect" as AdaIN's encoder wants it.
        device: Where it computes.
        precision: In which type and memory format.
    """

    def __init__(
        self,
        weights: Mapping[str, Tensor],
        *,
        pooling: str = "max",
        padding: str = "zeros",
        device: torch.device | None = None,
        precision: Precision = EXACT,
    ) -> None:
        self._pooling = pooling
        self._padding = padding
        self._precision = precision
        self.device = device or torch.device("cpu")
        self.key = object()
        """Stands for this network where something that it computed is kept."""
        self._mean = torch.tensor(MEAN, device=device).view(1, 3, 1, 1)
        self._std = torch.tensor(STD, device=device).view(1, 3, 1, 1)
        self._convolutions: list[_Convolution] = []
        for layer, index in convolutions(weights).items():
            weight = weights[f"features.{index}.weight"].to(device, precision.dtype)
            bias = weights[f"features.{index}.bias"].to(device, precision.dtype)
            self._convolutions.append(
                _Convolution(
                    layer,
                    weight.contiguous(memory_format=precision.memory_format).requires_grad_(False),
                    bias.requires_grad_(False),
                    pools=layer.endswith("_1") and layer != "relu1_1",
                )
            )

    @property
    def layers(self) -> tuple[str, ...]:
        return tuple(convolution.layer for convolution in self._convolutions)

    def __call__(
        self, picture: Tensor, layers: Collection[str], *, checkpoint: bool = False
    ) -> dict[str, Tensor]:
        """The activations (b, c, h, w) of `layers` for RGB pictures (b, 3, h, w) in [0, 1].

        Nothing is computed past the deepest of them. With `checkpoint` each block's inner activations are
        computed again for the gradient instead of being kept.

        Raises:
            ParamsError: the network has no such layer.
        """
        last = deepest(layers, self.layers)
        features = ((picture - self._mean) / self._std).to(self._precision.dtype)
        features = features.contiguous(memory_format=self._precision.memory_format)
        taps: dict[str, Tensor] = {}
        for block in self._blocks(last + 1):
            run = functools.partial(self._through, block, frozenset(layers))
            if checkpoint and torch.is_grad_enabled():
                features, found = recompute(run, features, use_reentrant=False)
            else:
                features, found = run(features)
            taps |= found
        return taps

    def _blocks(self, count: int) -> list[list[_Convolution]]:
        """The first `count` convolutions, cut where the size of the activations changes."""
        blocks: list[list[_Convolution]] = [[]]
        for convolution in self._convolutions[:count]:
            if convolution.pools:
                blocks.append([])
            blocks[-1].append(convolution)
        return blocks

    def _through(
        self, block: Sequence[_Convolution], layers: Collection[str], features: Tensor
    ) -> tuple[Tensor, dict[str, Tensor]]:
        """The last activations of a block, and those of its `layers`."""
        taps: dict[str, Tensor] = {}
        for convolution in block:
            if convolution.pools:
                features = self._pool(features)
            features = F.relu(self._convolve(features, convolution), inplace=True)
            if convolution.layer in layers:
                taps[convolution.layer] = features
        return features, taps

    def _pool(self, features: Tensor) -> Tensor:
        if self._pooling == "avg":
            return F.avg_pool2d(features, 2, ceil_mode=True)
        return F.max_pool2d(features, 2, ceil_mode=True)

    def _convolve(self, features: Tensor, convolution: _Convolution) -> Tensor:
        if self._padding == "zeros":
            if self._precision.winograd and winograd.gains(features, convolution.weight):
                return winograd.convolve(features, convolution.kernels, convolution.bias)
            return F.conv2d(features, convolution.weight, convolution.bias, padding=1)
        return F.conv2d(reflect(features), convolution.weight, convolution.bias)


def reflect(features: Tensor) -> Tensor:
    """(b, c, h, w) with one more pixel on each side, mirrored; a single row or column is repeated instead."""
    height, width = features.shape[-2:]
    features = F.pad(features, (1, 1, 0, 0), mode="reflect" if width > 1 else "replicate")
    return F.pad(features, (0, 0, 1, 1), mode="reflect" if height > 1 else "replicate")
