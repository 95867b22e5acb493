"""The layers of a VGG: their names, their indices, and how far they see in the picture; without torch."""

from collections.abc import Collection, Mapping, Sequence
from typing import Final

from nst_core.errors import ParamsError
from nst_core.params import CONVOLUTIONS

TILE_PX: Final = 512
"""Edge of a tile: with VGG-19's halo of 80 px on each side it computes 1.7 times what it keeps."""


def convolutions(weights: Mapping[str, object]) -> dict[str, int]:
    """The layers that a set of weights has, in order, each with its N in `features.N.weight`."""
    network = "vgg19" if "features.16.weight" in weights else "vgg16"
    found: dict[str, int] = {}
    for layer, index in _layout(network).items():
        if f"features.{index}.weight" not in weights:
            break
        found[layer] = index
    return found


def stride_px(layer: str) -> int:
    """Pixels between two positions of a layer such as relu3_1; it doubles with each block."""
    return int(2 ** (int(layer.removeprefix("relu").partition("_")[0]) - 1))


def deepest(layers: Collection[str], network: Sequence[str]) -> int:
    """The index of the last of `layers` among all layers in order.

    Raises:
        ParamsError: the network has no such layer.
    """
    if missing := [layer for layer in layers if layer not in network]:
        raise ParamsError(f"The network has no layer {min(missing)!r}; it has {', '.join(network)}.")
    return max(network.index(layer) for layer in layers)


def radius_px(layers: Collection[str], network: Sequence[str]) -> int:
    """Pixels beyond its own `stride_px` square that a position of the deepest of `layers` sees on each side.

    A 3 x 3 convolution adds one position of its layer; a 2 x 2 pooling adds none beyond that square.

    Args:
        layers: The layers that are used.
        network: All layers in order.

    Raises:
        ParamsError: the network has no such layer.
    """
    return sum(stride_px(layer) for layer in network[: deepest(layers, network) + 1])


def halo_px(layers: Collection[str], network: Sequence[str]) -> int:
    """The radius, rounded up so that a tile with its halo starts at a position of the deepest layer."""
    step = max(stride_px(layer) for layer in layers)
    return -(-radius_px(layers, network) // step) * step


def _layout(network: str) -> dict[str, int]:
    """Each layer's index in torchvision's numbering, which counts convolutions, ReLUs and poolings."""
    indices: dict[str, int] = {}
    index = 0
    for block, count in enumerate(CONVOLUTIONS[network], 1):
        for n in range(1, count + 1):
            indices[f"relu{block}_{n}"] = index
            index += 2
        index += 1
    return indices
