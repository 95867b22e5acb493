"""What styles set as targets, computed once per style and size: Gram matrices, means and hypercolumns."""

import functools
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from nst_core.images.kept import Cache, digest, digests
from nst_core.images.picture import Picture
from nst_core.losses import matching
from nst_core.losses.matching import BANK_SIZE, Bank, bank_of
from nst_core.losses.style import Target, shrunk
from nst_core.losses.style_pictures import pixels_of, stretched, style_at, style_mask, with_scales
from nst_core.losses.terms import feature_sums, gram_sums, positions, smooth_chroma
from nst_core.losses.tile import cut
from nst_core.models.layers import TILE_PX, halo_px, stride_px
from nst_core.models.vgg import Vgg
from nst_core.params import Params
from nst_core.pyramid import MATCHED_FROM_PX
from nst_core.styles import Mask, Region, Style, StyleSpec

KEPT: Final = 64
"""Sets of Gram matrices; those of five layers take 2.4 MB."""
KEPT_BANKS: Final = 8
"""A bank of hypercolumns takes 18 MB."""
WHOLE_PX: Final = 768
"""A style picture up to this edge goes through the network whole, a larger one in tiles."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TargetCache:
    """The statistics and the banks of the styles that were used last."""

    statistics: Cache = field(default_factory=lambda: Cache(KEPT))
    banks: Cache = field(default_factory=lambda: Cache(KEPT_BANKS))


@functools.cache
def shared_cache() -> TargetCache:
    """The cache of this process: a service is given the same styles again and again."""
    return TargetCache()


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Targets:
    """Makes the targets of styles for a content that already has the long edge `size_px`."""

    content: Picture
    params: Params
    size_px: int
    vgg: Vgg
    cache: TargetCache

    def of(self, spec: StyleSpec) -> list[Target]:
        """One target per region.

        Differs: the target of several styles is the weighted mean of their Gram matrices and means, which
        has the same minimum as the weighted sum of their losses; in their bank each has its share.
        """
        edit_plane = seen_plane(spec.edit_mask, self.content)
        return [self._target(region, edit_plane) for region in with_scales(spec, self.params).regions]

    def _target(self, region: Region, edit_plane: NDArray[np.float32] | None) -> Target:
        plane = edit_plane if region.mask is None else stretched(region.mask, self.content)
        if plane is not None and edit_plane is not None and region.mask is not None:
            plane = plane * edit_plane
        total = sum(style.weight for style in region.styles)
        shares = [style.weight / total for style in region.styles]
        each = [self._statistics(style) for style in region.styles]
        mixed = [
            sum((share * one for share, one in zip(shares, parts, strict=True)), start=torch.zeros(()))
            for parts in zip(*each, strict=True)
        ]
        count = len(self.params.style_layers)
        return Target(
            grams=mixed[:count],
            means=mixed[count:],
            bank=self._bank(region, shares) if self._matches else None,
            mask=None if plane is None else torch.from_numpy(plane).to(self.vgg.device),
        )

    @property
    def _matches(self) -> bool:
        params = self.params
        return params.matching > 0 and not params.is_raw and self.size_px >= min(MATCHED_FROM_PX, params.size)

    def _key(self, style: Style) -> tuple[object, ...]:
        params = self.params
        return (
            digests(style.picture),
            None if style.mask is None else digest(style.mask),
            None if params.colors == "style" else (params.colors, digests(self.content)),
            self.size_px,
            style.scale,
            params.simplify_style,
            params.smooths_chroma,
            self.vgg.key,
        )

    def _statistics(self, style: Style) -> tuple[Tensor, ...]:
        """The Gram matrices of one style's pixels within its mask, by layer, then their means."""
        layers = self.params.style_layers
        return self.cache.statistics.get(
            (*self._key(style), layers),
            lambda: tuple(statistics_of(self.vgg, *self._pixels(style), layers, tile_px=WHOLE_PX)),
        )

    def _bank(self, region: Region, shares: Sequence[float]) -> Bank:
        """The hypercolumns of a region's styles, of each as many as its share."""
        counts = [max(1, round(BANK_SIZE * share)) for share in shares]
        keys = [self._key(style) for style in region.styles]

        def compute() -> Bank:
            parts = []
            for style, count in zip(region.styles, counts, strict=True):
                rows, channels = rows_of_style(self.vgg, *self._pixels(style), count, tile_px=WHOLE_PX)
                parts.append(rows)
            return bank_of(torch.cat(parts), channels)

        return self.cache.banks.get((*keys, *counts), compute)

    def _pixels(self, style: Style) -> tuple[Tensor, Tensor | None]:
        """The style's pixels (1, 3, h, w), and its mask (h, w)."""
        rgb = style_at(style, self.content, self.params, self.size_px, self.vgg.device)
        pixels = pixels_of(rgb, self.vgg.device)
        if self.params.smooths_chroma:
            pixels = smooth_chroma(pixels)
        mask = style_mask(style)
        if mask is None:
            return pixels, None
        return pixels, torch.from_numpy(stretched(mask, Picture(rgb=rgb))).to(self.vgg.device)


def targets(
    spec: StyleSpec, content: Picture, params: Params, *, size_px: int, vgg: Vgg, cache: TargetCache
) -> list[Target]:
    """One target per region, for a content that already has the long edge `size_px`."""
    return Targets(content=content, params=params, size_px=size_px, vgg=vgg, cache=cache).of(spec)


@torch.no_grad()
def statistics_of(
    vgg: Vgg, picture: Tensor, mask: Tensor | None, layers: Sequence[str], *, tile_px: int = TILE_PX
) -> list[Tensor]:
    """Gram matrices (c, c) of a picture (1, 3, h, w) by layer, then the means (c,), within a mask (h, w)."""
    height, width = picture.shape[-2:]
    masks = [None if mask is None else shrunk(mask[None], stride_px(layer)) for layer in layers]
    totals: list[Tensor] = []
    for tile in cut(picture, layers, tile_px, halo_px(layers, vgg.layers)):
        taps = vgg(tile.with_halo(picture), layers)
        pairs = [
            (tile.own(taps[layer], layer), None if plane is None else tile.of_whole(plane, layer))
            for layer, plane in zip(layers, masks, strict=True)
        ]
        sums = [*(gram_sums(*pair) for pair in pairs), *(feature_sums(*pair) for pair in pairs)]
        totals = [total + one for total, one in zip(totals, sums, strict=True)] if totals else sums
    counts = [
        torch.as_tensor(positions(-(-height // stride_px(layer)), -(-width // stride_px(layer)), plane))
        for layer, plane in zip(layers, masks, strict=True)
    ]
    return [
        (one / count.flatten())[0] if one.dim() == 2 else (one / count)[0]
        for one, count in zip(totals, counts * 2, strict=True)
    ]


@torch.no_grad()
def rows_of_style(
    vgg: Vgg, picture: Tensor, mask: Tensor | None, count: int, *, tile_px: int = TILE_PX
) -> tuple[Tensor, list[int]]:
    """Up to `count` hypercolumns (m, c) of length 1 of a picture (1, 3, h, w), and the channels by layer.

    They are a random choice, the same each time, from the picture and from it turned by 90, 180 and 270
    degrees; with a mask (h, w) from where it is bright.
    """
    found = []
    for turn in range(matching.TURNS):
        turned = torch.rot90(picture, turn, (2, 3))
        weights = (
            None if mask is None else shrunk(torch.rot90(mask, turn, (0, 1))[None], stride_px(matching.GRID))
        )
        size = [-(-edge // stride_px(matching.GRID)) for edge in turned.shape[-2:]]
        chosen = matching.picked(
            None if weights is None else weights[0], (size[0], size[1]), -(-count // matching.TURNS), turn
        ).to(picture.device)
        sums, rows = matching.ColumnSums(), []
        for tile in cut(turned, matching.LAYERS, tile_px, matching.halo_px(vgg.layers)):
            taps = vgg(tile.with_halo(turned), matching.LAYERS)
            columns = matching.rows_of(tile.own(matching.hypercolumns(taps), matching.GRID))
            counted = None if weights is None else tile.of_whole(weights, matching.GRID).flatten(1)
            sums.add(columns, counted)
            rows.append(columns[0, tile.of_whole(chosen, matching.GRID).flatten()])
        channels = [taps[layer].shape[1] for layer in matching.LAYERS]
        means, factors = sums.scaling(channels)
        found.append(matching.unit(torch.cat(rows), means, factors))
    return torch.cat(found), channels


def seen_plane(mask: Mask | None, content: Picture) -> NDArray[np.float32] | None:
    """How much each pixel of a content counts (h, w): the mask times its alpha; None: all alike."""
    plane = None if mask is None else stretched(mask, content)
    if content.alpha is None:
        return plane
    return np.array(content.alpha, order="C") if plane is None else plane * content.alpha
