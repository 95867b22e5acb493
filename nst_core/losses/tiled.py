"""The same losses and gradients tile by tile, for pictures whose activations do not fit into memory.

The total depends on a picture only through its Gram sums and its content loss. A first pass adds these up
over the tiles, without gradients. The gradient of the total by these sums is then a constant, which a second
pass propagates back to the pixels, tile by tile. Nothing is approximated: there are no seams.

Source: Galerne, Raad, Lezama & Morel, "Scaling painting style transfer", arXiv 2212.13459.
Differs: tiles of a batch, with region masks and poolings that round up.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from nst_core.losses.objective import Objective, Target, shrunk
from nst_core.losses.terms import gram_sums, mean_squared_error, positions
from nst_core.models import layers as vgg_layers
from nst_core.models.layers import TILE_PX, stride_px
from nst_core.models.vgg import Vgg
from nst_core.params import Params


@dataclass(frozen=True, slots=True, kw_only=True)
class _Span:
    """One axis of a tile in pixels: its own part, from `start` to `end`, and the same with its halo."""

    start: int
    end: int
    halo_start: int
    halo_end: int

    def whole(self, stride: int) -> slice:
        """Its own positions among all of a layer."""
        return slice(self.start // stride, -(-self.end // stride))

    def own(self, stride: int) -> slice:
        """Its own positions among those of the tile with its halo."""
        own, skipped = self.whole(stride), self.halo_start // stride
        return slice(own.start - skipped, own.stop - skipped)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Tile:
    rows: _Span
    columns: _Span

    def with_halo(self, pictures: Tensor) -> Tensor:
        """The pixels of the tile and of its halo."""
        rows, columns = self.rows, self.columns
        return pictures[..., rows.halo_start : rows.halo_end, columns.halo_start : columns.halo_end]

    def own(self, features: Tensor, layer: str) -> Tensor:
        """The tile's own positions of the activations of its pixels with the halo."""
        stride = stride_px(layer)
        return features[..., self.rows.own(stride), self.columns.own(stride)]

    def of_whole(self, plane: Tensor, layer: str) -> Tensor:
        """The tile's own positions of a plane that spans the whole picture."""
        stride = stride_px(layer)
        return plane[..., self.rows.whole(stride), self.columns.whole(stride)]


class Tiles(Objective):
    """`Objective` with the memory of one tile instead of the whole picture.

    It takes one and a half times the work, since the forward pass runs twice, and that of the halos. Only
    `gradient` leads back to the pixels; the losses of a call have no graph.

    Args:
        vgg: The loss network.
        contents: The content pictures (b, 3, h, w) in [0, 1].
        targets: Per picture its regions, the same number for each.
        params: Per picture its weights; the layers are those of the first.
        betas: As in `Objective`.
        edit_mask: As in `Objective`.
        checkpoint: Whether a tile's activations are computed twice rather than kept.
        tile_px: Edge of a tile without its halo; rounded down to the deepest layer's stride.
        halo_px: The margin around a tile; None is the radius of the deepest layer's receptive field. With
            less the result is no longer exact.
    """

    def __init__(
        self,
        vgg: Vgg,
        contents: Tensor,
        targets: Sequence[Sequence[Target]],
        params: Sequence[Params],
        *,
        betas: Tensor | None = None,
        edit_mask: Tensor | None = None,
        checkpoint: bool = False,
        tile_px: int = TILE_PX,
        halo_px: int | None = None,
    ) -> None:
        layers = {params[0].content_layer, *params[0].style_layers}
        halo_px = vgg_layers.halo_px(layers, vgg.layers) if halo_px is None else halo_px
        self._tiles = _cut(contents, layers, tile_px, halo_px)
        super().__init__(
            vgg, contents, targets, params, betas=betas, edit_mask=edit_mask, checkpoint=checkpoint
        )

    @torch.no_grad()
    def __call__(self, pictures: Tensor) -> tuple[Tensor, Tensor]:
        content, *sums = self._summed(self.mixed(pictures))
        return self.combine(content, self._grams(sums), pictures)

    def gradient(self, pictures: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        pictures = pictures.detach()
        mixed = self.mixed(pictures)
        sum_grads, pixel_grads, totals, losses = self._total_grads(pictures, self._summed(mixed))
        grads = torch.zeros_like(mixed)
        for tile in self._tiles:
            tile.with_halo(grads).add_(self._grads(tile, tile.with_halo(mixed), sum_grads))
        if self.edit_mask is not None:
            grads *= self.edit_mask
        return grads if pixel_grads is None else grads.add_(pixel_grads), totals, losses

    def _total_grads(
        self, pictures: Tensor, sums: Sequence[Tensor]
    ) -> tuple[Sequence[Tensor], Tensor | None, Tensor, Tensor]:
        """The total's gradients by the sums and directly by the pixels (variation); totals; all losses."""
        with torch.enable_grad():
            pixels, content, *grams = (one.detach().requires_grad_() for one in (pictures, *sums))
            totals, losses = self.combine(content, self._grams(grams), pixels)
            pixel_grads, *sum_grads = torch.autograd.grad(
                totals.sum(), (pixels, content, *grams), allow_unused=True
            )
        return sum_grads, pixel_grads, totals.detach(), losses

    def _grads(self, tile: _Tile, pixels: Tensor, sum_grads: Sequence[Tensor]) -> Tensor:
        """The gradient (b, 3, h, w) by a tile's pixels with their halo, given those by the sums."""
        with torch.enable_grad():
            leaf = pixels.contiguous().requires_grad_()
            sums = self._sums(tile, leaf)
            return torch.autograd.grad(sums, leaf, grad_outputs=list(sum_grads))[0]

    @torch.no_grad()
    def _summed(self, pictures: Tensor) -> list[Tensor]:
        """The content losses (b,), then the Gram sums (b, c, c) by region and layer."""
        totals: list[Tensor] = []
        for tile in self._tiles:
            sums = self._sums(tile, tile.with_halo(pictures))
            totals = [total.add_(one) for total, one in zip(totals, sums, strict=True)] if totals else sums
        return totals

    def _sums(self, tile: _Tile, pixels: Tensor) -> list[Tensor]:
        """One tile's part of `_summed`, from its pixels with the halo."""
        features, sums = self._tile_activations(tile, pixels)
        fraction = features[0].numel() / self.features[0].numel()
        wanted = tile.of_whole(self.features, self.content_layer)
        return [fraction * mean_squared_error(features, wanted), *sums]

    def _tile_activations(self, tile: _Tile, pixels: Tensor) -> tuple[Tensor, list[Tensor]]:
        """One tile's own activations of the content layer, and its Gram sums by region and layer."""
        taps = self.vgg(pixels, self.layers, checkpoint=self._checkpoint)
        own = {layer: tile.own(features, layer) for layer, features in taps.items()}
        sums = [
            gram_sums(own[layer], None if mask is None else tile.of_whole(mask, layer))
            for masks in self.masks
            for layer, mask in zip(self.style_layers, masks, strict=True)
        ]
        return own[self.content_layer], sums

    def _grams(self, sums: Sequence[Tensor]) -> list[list[Tensor]]:
        """The Gram matrices by region and layer, from their sums."""
        remaining = iter(sums)
        height, width = self._contents.shape[-2:]
        return [
            [
                next(remaining) / positions(-(-height // stride), -(-width // stride), mask)
                for stride, mask in zip(map(stride_px, self.style_layers), masks, strict=True)
            ]
            for masks in self.masks
        ]

    def _activations(self, pictures: Tensor) -> tuple[Tensor, list[list[Tensor]]]:
        stride = stride_px(self.content_layer)
        size = [-(-edge_px // stride) for edge_px in pictures.shape[-2:]]
        whole: Tensor | None = None
        totals: list[Tensor] = []
        for tile in self._tiles:
            features, sums = self._tile_activations(tile, tile.with_halo(pictures))
            if whole is None:
                whole = features.new_empty(*features.shape[:2], *size)
            tile.of_whole(whole, self.content_layer).copy_(features)
            totals = [total.add_(one) for total, one in zip(totals, sums, strict=True)] if totals else sums
        assert whole is not None
        return whole, self._grams(totals)


@torch.no_grad()
def grams_of(
    vgg: Vgg, picture: Tensor, layers: Sequence[str], mask: Tensor | None = None, *, tile_px: int = TILE_PX
) -> list[Tensor]:
    """The Gram matrices (c, c) of a picture (1, 3, h, w) by layer, weighted by its mask (h, w)."""
    height, width = picture.shape[-2:]
    masks = {layer: None if mask is None else shrunk(mask[None], stride_px(layer)) for layer in layers}
    grams: dict[str, Tensor] = {}
    for tile in _cut(picture, layers, tile_px, vgg_layers.halo_px(layers, vgg.layers)):
        taps = vgg(tile.with_halo(picture), layers)
        for layer, plane in masks.items():
            part = None if plane is None else tile.of_whole(plane, layer)
            stride = stride_px(layer)
            count = positions(-(-height // stride), -(-width // stride), plane)
            one = (gram_sums(tile.own(taps[layer], layer), part) / count)[0]
            grams[layer] = grams[layer] + one if layer in grams else one
    return list(grams.values())


def _cut(pictures: Tensor, layers: Collection[str], tile_px: int, halo_px: int) -> list[_Tile]:
    """The tiles of pictures (b, 3, h, w); they start where positions of the deepest layer do."""
    stride = max(stride_px(layer) for layer in layers)
    halo_px = -(-halo_px // stride) * stride
    rows, columns = (_spans(edge_px, tile_px, halo_px, stride) for edge_px in pictures.shape[-2:])
    return [_Tile(rows=row, columns=column) for row in rows for column in columns]


def _spans(edge_px: int, tile_px: int, halo_px: int, stride: int) -> list[_Span]:
    """Tiles of about equal length, none longer than `tile_px`, with their halo inside the picture."""
    count = -(-edge_px // max(stride, tile_px // stride * stride))
    length = -(-edge_px // (count * stride)) * stride
    return [
        _Span(
            start=start,
            end=min(start + length, edge_px),
            halo_start=max(start - halo_px, 0),
            halo_end=min(start + length + halo_px, edge_px),
        )
        for start in range(0, edge_px, length)
    ]
