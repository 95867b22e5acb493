"""The Gram matrices that styles set as targets, computed once per style and size."""

import functools
import hashlib
from collections import OrderedDict
from collections.abc import Callable
from typing import Final

import numpy as np
import torch
import torch.nn.functional as F  # noqa: N812  # PyTorch's own name for it
from numpy.typing import NDArray
from torch import Tensor

from nst_core.errors import ParamsError
from nst_core.images import colour, io
from nst_core.images.io import Picture
from nst_core.images.transparency import is_invisible
from nst_core.losses.objective import Target
from nst_core.losses.tiled import grams_of
from nst_core.models.vgg import Vgg
from nst_core.params import Params
from nst_core.styles import Mask, Region, Style, StyleSpec

Grams = tuple[Tensor, ...]
KEPT: Final = 64
"""Sets of Gram matrices; those of five layers take 2.4 MB."""
WHOLE_PX: Final = 1024
"""A style picture up to this edge goes through the network whole, a larger one in tiles."""
_OF_A_TENSOR: Final = ("C_CONTIGUOUS", "WRITEABLE")
"""What an array must be to become a tensor; it is copied otherwise."""


class GramCache:
    """The `capacity` sets of Gram matrices that were used last, by all that they depend on."""

    def __init__(self, capacity: int = KEPT) -> None:
        self._capacity = capacity
        self._kept: OrderedDict[tuple[object, ...], Grams] = OrderedDict()

    def get(self, key: tuple[object, ...], compute: Callable[[], Grams]) -> Grams:
        if key not in self._kept:
            self._kept[key] = compute()
            if len(self._kept) > self._capacity:
                self._kept.popitem(last=False)
        self._kept.move_to_end(key)
        return self._kept[key]


@functools.cache
def shared_cache() -> GramCache:
    """The cache of this process: a service is given the same styles again and again."""
    return GramCache()


def targets(
    spec: StyleSpec, content: Picture, params: Params, *, size_px: int, vgg: Vgg, cache: GramCache
) -> list[Target]:
    """One target per region, for a content that already has the long edge `size_px`.

    Differs: the target of several styles is the weighted mean of their Gram matrices, which has the same
    minimum as the weighted sum of their losses.
    """
    edit_plane = seen_plane(spec.edit_mask, content)
    return [_target(region, edit_plane, content, params, size_px, vgg, cache) for region in spec.regions]


def _target(
    region: Region,
    edit_plane: NDArray[np.float32] | None,
    content: Picture,
    params: Params,
    size_px: int,
    vgg: Vgg,
    cache: GramCache,
) -> Target:
    plane = edit_plane if region.mask is None else stretched(region.mask, content)
    if plane is not None and edit_plane is not None and region.mask is not None:
        plane = plane * edit_plane
    total = sum(style.weight for style in region.styles)
    mixed: Grams | None = None
    for style in region.styles:
        grams = _grams(style, content, params, size_px, vgg, cache)
        part = tuple(style.weight / total * one for one in grams)
        mixed = part if mixed is None else tuple(a + b for a, b in zip(mixed, part, strict=True))
    assert mixed is not None
    return Target(grams=mixed, mask=None if plane is None else torch.from_numpy(plane).to(vgg.device))


def _grams(style: Style, content: Picture, params: Params, size_px: int, vgg: Vgg, cache: GramCache) -> Grams:
    """The Gram matrices of one style's pixels, within its mask and as far as they can be seen."""
    key = (
        _digests(style.picture),
        None if style.mask is None else _digest(style.mask),
        None if params.colors == "style" else (params.colors, _digests(content)),
        size_px,
        params.style_scale,
        params.style_layers,
        vgg.key,
    )

    def compute() -> Grams:
        rgb = style_at(style.picture, content, params, size_px)
        mask, plane = style_mask(style), None
        if mask is not None:
            plane = torch.from_numpy(stretched(mask, Picture(rgb=rgb))).to(vgg.device)
        return tuple(grams_of(vgg, pixels_of(rgb, vgg.device), params.style_layers, plane, tile_px=WHOLE_PX))

    return cache.get(key, compute)


def style_at(style: Picture, content: Picture, params: Params, size_px: int) -> NDArray[np.float32]:
    """The style (h, w, 3), its long edge `size_px` times the style scale, recoloured as `colors` says."""
    edge_px = max(1, round(size_px * params.style_scale))
    seen = io.filled(io.fit(style, edge_px), "style")
    if params.colors == "style":
        return seen.rgb
    recoloured = colour.histogram_matched if params.colors == "histogram" else colour.matched
    return recoloured(seen.rgb, to=content.rgb, weights=seen.alpha, to_weights=content.alpha)


def style_mask(style: Style) -> Mask | None:
    """How much each part of a style counts: its mask times its alpha; None where all of it counts alike.

    Raises:
        ParamsError: the mask is black wherever the style can be seen.
    """
    alpha = style.picture.alpha
    if alpha is None or style.mask is None:
        return style.mask if alpha is None else alpha
    both = alpha * stretched(style.mask, style.picture)
    if is_invisible(both):
        raise ParamsError(
            "The style mask is black wherever the style can be seen: paint white what should count."
        )
    return both


def seen_plane(mask: Mask | None, content: Picture) -> NDArray[np.float32] | None:
    """How much each pixel of a content counts (h, w): the mask times its alpha; None: all alike."""
    plane = None if mask is None else stretched(mask, content)
    if content.alpha is None:
        return plane
    return np.array(content.alpha, order="C") if plane is None else plane * content.alpha


def stretched(mask: Mask, over: Picture) -> NDArray[np.float32]:
    """The mask (h, w) resized to a picture; bilinear, so that 0 and 1 stay exact."""
    plane = torch.from_numpy(np.require(mask, np.float32, _OF_A_TENSOR))[None, None]
    size = (over.height, over.width)
    resized = F.interpolate(plane, size=size, mode="bilinear", align_corners=False, antialias=True)
    return np.ascontiguousarray(resized[0, 0].clamp(0, 1).numpy())


def pixels_of(rgb: NDArray[np.float32], device: torch.device) -> Tensor:
    """Pixels (h, w, 3) as a tensor (1, 3, h, w) on the device."""
    return torch.from_numpy(np.require(rgb.transpose(2, 0, 1), np.float32, _OF_A_TENSOR))[None].to(device)


def _digests(picture: Picture) -> tuple[bytes, bytes | None]:
    return _digest(picture.rgb), None if picture.alpha is None else _digest(picture.alpha)


def _digest(values: NDArray[np.float32]) -> bytes:
    hashed = hashlib.blake2b(np.ascontiguousarray(values).data, digest_size=16)
    hashed.update(str(values.shape).encode())
    return hashed.digest()
