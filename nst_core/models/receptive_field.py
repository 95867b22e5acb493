"""How far the layers of a VGG see, in pixels of the picture; plain arithmetic, without torch."""

from collections.abc import Collection, Sequence
from typing import Final

from nst_core.errors import ParamsError

TILE_PX: Final = 512
"""Edge of a tile: with VGG-19's halo of 80 px on each side it computes 1.7 times what it keeps."""


def stride_px(layer: str) -> int:
    """Pixels between two positions of a layer such as relu3_1: each block halves what the one before has."""
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
        layers: The layers that are looked at.
        network: All layers in order.

    Raises:
        ParamsError: the network has no such layer.
    """
    return sum(stride_px(layer) for layer in network[: deepest(layers, network) + 1])


def halo_px(layers: Collection[str], network: Sequence[str]) -> int:
    """The radius, rounded up so that what is cut out starts where a position of the deepest layer does."""
    step = max(stride_px(layer) for layer in layers)
    return -(-radius_px(layers, network) // step) * step
