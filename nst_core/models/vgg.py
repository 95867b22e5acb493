"""The loss network: VGG's convolutions as a frozen function from a picture to activations."""

import functools
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import torch
import torch.nn.functional as F  # noqa: N812  # PyTorch's own name for it
from torch import Tensor
from torch.utils.checkpoint import checkpoint as recompute

from nst_core.kernels.convolution import EXACT, Convolution, Precision
from nst_core.models.layers import convolutions, deepest

MEAN: Final = (0.485, 0.456, 0.406)
STD: Final = (0.229, 0.224, 0.225)


@dataclass(frozen=True, slots=True)
class _Layer:
    """A convolution with its ReLU; `pools` says that a pooling comes before it."""

    name: str
    convolution: Convolution
    pools: bool


class Vgg:
    """VGG-16 or VGG-19 up to its last convolution, weights frozen.

    Source: Simonyan & Zisserman, arXiv 1409.1556, configurations D and E.
    Differs: poolings round up (`ceil_mode`). A last odd row or column then still reaches the deeper layers
    and gets their gradient, and a picture of a single pixel is allowed; at even sizes nothing changes.

    Args:
        weights: `features.N.weight` (out, in, 3, 3) and `features.N.bias` (out), torchvision's numbering.
        pooling: "max" or "avg".
        padding: "zeros", as the network was trained, or "reflect", as AdaIN's encoder was.
        device: Where it is computed.
        precision: How its convolutions are computed.
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
        """Identifies this network in the keys of caches."""
        self._mean = torch.tensor(MEAN, device=device).view(1, 3, 1, 1)
        self._std = torch.tensor(STD, device=device).view(1, 3, 1, 1)
        self._layers = [
            _Layer(
                name,
                Convolution(
                    weights[f"features.{index}.weight"],
                    weights[f"features.{index}.bias"],
                    device=device,
                    precision=precision,
                ),
                pools=name.endswith("_1") and name != "relu1_1",
            )
            for name, index in convolutions(weights).items()
        ]

    @property
    def layers(self) -> tuple[str, ...]:
        return tuple(layer.name for layer in self._layers)

    def __call__(
        self, picture: Tensor, layers: Collection[str], *, checkpoint: bool = False
    ) -> dict[str, Tensor]:
        """The activations (b, c, h, w) of `layers` for RGB pictures (b, 3, h, w) in [0, 1].

        Nothing is computed past the deepest of them. With `checkpoint` each block's inner activations are
        computed again in the backward pass instead of being kept.

        Raises:
            ParamsError: the network has no such layer.
        """
        last = deepest(layers, self.layers)
        features = ((picture - self._mean) / self._std).to(self._precision.dtype)
        features = features.contiguous(memory_format=self._precision.memory_format)
        taps: dict[str, Tensor] = {}
        for block in self._blocks(last + 1):
            run = functools.partial(self._run_block, block, frozenset(layers))
            if checkpoint and torch.is_grad_enabled():
                features, found = recompute(run, features, use_reentrant=False)
            else:
                features, found = run(features)
            taps |= found
        return taps

    def _blocks(self, count: int) -> list[list[_Layer]]:
        """The first `count` layers, split before each pooling."""
        blocks: list[list[_Layer]] = [[]]
        for layer in self._layers[:count]:
            if layer.pools:
                blocks.append([])
            blocks[-1].append(layer)
        return blocks

    def _run_block(
        self, block: Sequence[_Layer], layers: Collection[str], features: Tensor
    ) -> tuple[Tensor, dict[str, Tensor]]:
        """The last activations of a block, and those of its `layers`."""
        taps: dict[str, Tensor] = {}
        for layer in block:
            if layer.pools:
                features = self._pool(features)
            features = F.relu(self._convolve(features, layer.convolution), inplace=True)
            if layer.name in layers:
                taps[layer.name] = features
        return features, taps

    def _pool(self, features: Tensor) -> Tensor:
        if self._pooling == "avg":
            return F.avg_pool2d(features, 2, ceil_mode=True)
        return F.max_pool2d(features, 2, ceil_mode=True)

    def _convolve(self, features: Tensor, convolution: Convolution) -> Tensor:
        if self._padding == "zeros":
            return convolution(features, padding=1)
        return convolution(reflect(features), padding=0)


def reflect(features: Tensor) -> Tensor:
    """(b, c, h, w) padded by 1 with reflection; a single row or column is replicated instead."""
    height, width = features.shape[-2:]
    if min(height, width) > 1:
        return F.pad(features, (1, 1, 1, 1), mode="reflect")
    features = F.pad(features, (1, 1, 0, 0), mode="reflect" if width > 1 else "replicate")
    return F.pad(features, (0, 0, 1, 1), mode="reflect" if height > 1 else "replicate")
