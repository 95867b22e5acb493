"""The same losses and gradients tile by tile, for pictures whose activations do not fit into memory.

The total depends on a picture only through sums over its positions. A first pass adds these up over the
tiles, without gradients. The gradient of the total by these sums is then a constant, which a second pass
propagates back to the pixels, tile by tile. Nothing is approximated: there are no seams.

Source: Galerne, Raad, Lezama & Morel, "Scaling painting style transfer", arXiv 2212.13459.
Differs: tiles of a batch, with region masks, matching, and poolings that round up.
"""

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

from nst_core.losses import matching
from nst_core.losses.objective import Objective
from nst_core.losses.tile import Tile, cut
from nst_core.models import layers as vgg_layers
from nst_core.models.layers import TILE_PX


class Tiles(Objective):
    """`Objective` with the memory of one tile instead of the whole picture.

    It takes one and a half times the work, since the forward pass runs twice, and that of the halos. Only
    `gradient` leads back to the pixels; the losses of a call have no graph.

    Args:
        arguments: Those of `Objective`.
        tile_px: Edge of a tile without its halo; rounded down to the deepest layer's stride.
        halo_px: The margin around a tile; None is the radius of the deepest layer's receptive field. With
            less the result is no longer exact.
        options: Those of `Objective`.
    """

    def __init__(
        self, *arguments: Any, tile_px: int = TILE_PX, halo_px: int | None = None, **options: Any
    ) -> None:
        self._tile_px = tile_px
        self._halo_px = halo_px
        super().__init__(*arguments, **options)

    def _cut(self) -> list[Tile]:
        halo = self._halo_px
        if halo is None:
            halo = vgg_layers.halo_px(self.layers, self.vgg.layers)
            halo = max(halo, matching.halo_px(self.vgg.layers)) if self.is_matching else halo
        return cut(self._contents, self.layers, self._tile_px, halo)

    @torch.no_grad()
    def __call__(self, pictures: Tensor) -> tuple[Tensor, Tensor]:
        return super().__call__(pictures)

    def gradient(self, pictures: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        with torch.enable_grad():
            leaf = pictures.detach().requires_grad_()
            graph = self.mixed(leaf)
        mixed = graph.detach()
        with torch.no_grad():
            sums = self._summed(mixed)
        sum_grads, pixel_grads, totals, losses = self._total_grads(leaf.detach(), sums)
        grads = torch.zeros_like(mixed)
        for tile in self._tiles:
            tile.with_halo(grads).add_(self._grads(tile, tile.with_halo(mixed), sum_grads))
        if graph is not leaf:
            (grads,) = torch.autograd.grad(graph, leaf, grads)
        return grads if pixel_grads is None else grads.add_(pixel_grads), totals, losses

    def _total_grads(
        self, pictures: Tensor, sums: Sequence[Tensor]
    ) -> tuple[Sequence[Tensor], Tensor | None, Tensor, Tensor]:
        """The total's gradients by the sums and directly by the pixels (variation); totals; all losses."""
        with torch.enable_grad():
            pixels, *leaves = (one.detach().requires_grad_() for one in (pictures, *sums))
            totals, losses = self.combine(leaves, pixels)
            pixel_grads, *sum_grads = torch.autograd.grad(totals.sum(), (pixels, *leaves), allow_unused=True)
        return sum_grads, pixel_grads, totals.detach(), losses

    def _grads(self, tile: Tile, pixels: Tensor, sum_grads: Sequence[Tensor | None]) -> Tensor:
        """The gradient (b, 3, h, w) by a tile's pixels with their halo, given those by the sums."""
        with torch.enable_grad():
            leaf = pixels.contiguous().requires_grad_()
            sums = self._sums(tile, self.vgg(leaf, self.layers, checkpoint=self._checkpoint))
            used = [(one, grad) for one, grad in zip(sums, sum_grads, strict=True) if grad is not None]
            return torch.autograd.grad(
                [one for one, _ in used], leaf, grad_outputs=[grad for _, grad in used]
            )[0]
