"""Matching: each position of a picture is drawn to one position of the style, all of which are used evenly.

A position is described by its hypercolumn, the activations of four layers on one grid. A search assigns to
each hypercolumn of the picture one of the style's, and until the next search the loss is the distance to it.

Source: Kolkin, Kucera, Paris, Sykora, Shechtman & Shakhnarovich, "Neural Neighbor Style Transfer",
arXiv 2203.13215, section 3: centred hypercolumns, cosine distance, styles turned four ways. Cuturi, "Sinkhorn
distances", NeurIPS 2013, algorithm 1: entropic optimal transport.
Differs: of the nearest neighbours the one that transport prefers is taken, so that no part of the painting is
repeated over and over; matches are renewed during the optimisation; means and lengths are those of the last
search, which makes the loss a sum over positions.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, cast

import torch
import torch.nn.functional as F  # noqa: N812  # PyTorch's own name for it
from torch import Tensor
from torch.autograd.function import once_differentiable

from nst_core.losses.tile import Tile
from nst_core.models.layers import radius_px, stride_px

LAYERS: Final = ("relu1_2", "relu2_1", "relu3_1", "relu4_1")
GRID: Final = "relu3_1"
"""The layer whose positions hypercolumns stand at."""
BANK_SIZE: Final = 8000
"""Hypercolumns of the style that a picture can be matched with."""
TURNS: Final = 4
"""A style is turned by quarters: strokes then follow the picture's forms in any direction."""

_AXES: Final = 96
"""Principal axes of a bank in which the search compares; all 960 find a match better by 0.3 %."""
_ITERATIONS: Final = 4
_TEMPERATURE: Final = 0.03
_ROUNDS: Final = 10
_SAMPLED: Final = 2048
"""Positions of the picture by which transport weighs the bank."""
_CHUNK: Final = 1024
_DISTANCE_CHUNK: Final = 256
"""Hypercolumns that are compared with their matches at once."""
_TINY: Final = 1e-6


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Bank:
    """Hypercolumns of a style.

    Attributes:
        rows: (m, c), centred, of length 1.
        axes: (c, k), the principal axes of the rows.
        projected: (m, k), the rows along these.
        channels: Those of each of LAYERS, c in all.
    """

    rows: Tensor
    axes: Tensor
    projected: Tensor
    channels: tuple[int, ...]


def bank_of(rows: Tensor, channels: Sequence[int]) -> Bank:
    """The bank of hypercolumns (m, c) of length 1; float64 stays so, any other type is kept in bfloat16."""
    values = rows if rows.dtype is torch.float64 else rows.float()
    axes = _principal_axes(values[::2])
    kept = rows if rows.dtype is torch.float64 else rows.bfloat16()
    return Bank(rows=kept, axes=axes, projected=values @ axes, channels=tuple(channels))


def _principal_axes(rows: Tensor) -> Tensor:
    """The axes (c, k) along which rows (m, c) extend farthest, by subspace iteration."""
    products = rows.T @ rows
    if products.device.type == "mps":
        products = products.cpu()  # PyTorch has no QR decomposition for Apple's GPUs
    generator = torch.Generator().manual_seed(0)
    axes = torch.randn(len(products), min(_AXES, len(products)), generator=generator).to(products)
    for _ in range(_ITERATIONS):
        axes = torch.linalg.qr(products @ axes + _TINY * axes).Q
    return axes.to(rows.device)


def hypercolumns(taps: Mapping[str, Tensor]) -> Tensor:
    """Hypercolumns (b, c, h, w) at GRID's positions: finer layers are averaged, coarser ones enlarged."""
    height, width = taps[GRID].shape[-2:]
    parts = []
    for layer in LAYERS:
        features = taps[layer]
        factor = stride_px(layer) / stride_px(GRID)
        if factor < 1:
            features = F.avg_pool2d(features, round(1 / factor), ceil_mode=True)
        elif factor > 1:
            features = F.interpolate(features, scale_factor=factor, mode="bilinear", align_corners=False)
        parts.append(features[..., :height, :width])
    return torch.cat(parts, dim=1)


def halo_px(network: Sequence[str]) -> int:
    """Pixels around a tile that its hypercolumns depend on: enlarging asks for one position more."""
    return radius_px(LAYERS, network) + stride_px(LAYERS[-1])


class ColumnSums:
    """Sums over the hypercolumns of a batch, from which their means and lengths follow."""

    def __init__(self) -> None:
        self._count: Tensor | float = 0.0
        self._sums: Tensor | float = 0.0
        self._squares: Tensor | float = 0.0

    def add(self, columns: Tensor, weights: Tensor | None) -> None:
        """Adds hypercolumns (b, n, c), each counted `weights` (b, n) times."""
        if weights is None:
            self._count = self._count + columns.shape[1]
            self._sums = self._sums + columns.sum(dim=1)
            self._squares = self._squares + columns.square().sum(dim=1)
        else:
            self._count = self._count + weights.sum(dim=1)[:, None]
            self._sums = self._sums + torch.einsum("bn,bnc->bc", weights, columns)
            self._squares = self._squares + torch.einsum("bn,bnc->bc", weights, columns.square())

    def scaling(self, channels: Sequence[int]) -> tuple[Tensor, Tensor]:
        """The means (b, c), and factors (b, c) that give the part of each layer a mean square length of 1.

        `channels` are those of LAYERS.
        """
        assert isinstance(self._sums, Tensor)
        assert isinstance(self._squares, Tensor)
        count = torch.as_tensor(self._count).clamp(min=_TINY)
        means, squares = self._sums / count, self._squares / count
        factors = []
        for mean, square in zip(
            *(torch.split(one, list(channels), 1) for one in (means, squares)), strict=True
        ):
            energy = square.sum(dim=1, keepdim=True)
            variance = (square - mean.square()).sum(dim=1, keepdim=True)
            factors.append(torch.maximum(variance, _TINY * energy + _TINY**2).rsqrt().expand_as(mean))
        return means, torch.cat(factors, dim=1)


def rows_of(columns: Tensor) -> Tensor:
    """Hypercolumns (b, c, h, w) as (b, n, c), in float32 or float64."""
    rows = columns.permute(0, 2, 3, 1).flatten(1, 2)
    return rows if rows.dtype is torch.float64 else rows.float()


def unit(rows: Tensor, means: Tensor, factors: Tensor) -> Tensor:
    """Hypercolumns (..., n, c), centred, with all layers weighing alike, of length 1."""
    centred = (rows - means) * factors
    return centred * (centred.square().sum(dim=-1, keepdim=True) + _TINY).rsqrt()


def picked(weights: Tensor | None, size: tuple[int, int], count: int, seed: int) -> Tensor:
    """Where (h, w) up to `count` of the positions lie that represent a picture: a random choice.

    With weights (h, w), only those that count at least half as much as any.
    """
    keys = torch.rand(size, generator=torch.Generator().manual_seed(seed))
    if weights is not None:
        keys += (weights < 0.5 * weights.max()).cpu()
    limit = keys.flatten().kthvalue(min(count, keys.numel())).values.clamp(max=1.0)
    return keys <= limit


class Matching:
    """The matches of one region in each picture of a batch, and the distance from them.

    Args:
        banks: One per picture.
        weights: How much each position counts (b, h, w); None is all alike.
        size: Positions of the whole picture, its height and width on the grid.
        device: Where it is computed.
    """

    def __init__(
        self,
        banks: Sequence[Bank],
        weights: Tensor | None,
        size: tuple[int, int],
        device: torch.device,
    ) -> None:
        self._banks = banks
        self._weights = weights
        count = len(banks)
        self._total = (
            float(size[0] * size[1]) if weights is None else weights.sum(dim=(1, 2)).clamp(min=_TINY)
        )
        self._index = torch.zeros((count, *size), dtype=torch.int64, device=device)
        channels = banks[0].rows.shape[1]
        wide = torch.float64 if banks[0].rows.dtype is torch.float64 else torch.float32
        self._means = torch.zeros((count, 1, channels), dtype=wide, device=device)
        self._factors = torch.ones((count, 1, channels), dtype=wide, device=device)
        each = [None] * count if weights is None else list(weights)
        self._sampled = torch.stack([picked(one, size, _SAMPLED, 0) for one in each]).to(device)
        self._sums = ColumnSums()
        self._rows: list[list[Tensor]] = []
        self._prices: list[Tensor] = []

    def distance(self, columns: Tensor, tile: Tile) -> Tensor:
        """The part (b,) of a tile in the mean distance, 0 to 2, of the hypercolumns (b, c, h, w) it has."""
        index = tile.of_whole(self._index, GRID).flatten(1)
        banks = [bank.rows for bank in self._banks]
        away = cosine_distances(rows_of(columns), self._means, self._factors, banks, index)
        if self._weights is not None:
            away = away * tile.of_whole(self._weights, GRID).flatten(1)
        return away.sum(dim=1) / self._total

    def begin_search(self) -> None:
        self._sums = ColumnSums()
        self._rows = [[] for _ in self._banks]

    def add(self, columns: Tensor, tile: Tile) -> None:
        """Takes in the hypercolumns (b, c, h, w) of a tile; a search needs those of all tiles."""
        rows = rows_of(columns)
        weights = None if self._weights is None else tile.of_whole(self._weights, GRID).flatten(1)
        self._sums.add(rows, weights)
        sampled = tile.of_whole(self._sampled, GRID).flatten(1)
        for kept, one, here in zip(self._rows, rows, sampled, strict=True):
            kept.append(one[here])

    def weigh(self) -> None:
        """Means and lengths of what was added, and the price of each of the bank's rows by transport."""
        means, factors = self._sums.scaling(self._banks[0].channels)
        self._means.copy_(means[:, None])
        self._factors.copy_(factors[:, None])
        self._prices = []
        for number, (bank, kept) in enumerate(zip(self._banks, self._rows, strict=True)):
            rows = unit(torch.cat(kept), self._means[number], self._factors[number])
            self._prices.append(transport_prices((rows @ bank.axes) @ bank.projected.T))
        self._rows = []

    def assign(self, columns: Tensor, tile: Tile) -> None:
        """Matches the hypercolumns (b, c, h, w) of a tile anew."""
        rows = unit(rows_of(columns), self._means, self._factors)
        index = tile.of_whole(self._index, GRID)
        for number, (bank, price) in enumerate(zip(self._banks, self._prices, strict=True)):
            projected = rows[number] @ bank.axes
            found = [
                (part @ bank.projected.T - price).argmax(dim=1) for part in torch.split(projected, _CHUNK)
            ]
            index[number].copy_(torch.cat(found).view_as(index[number]))


def cosine_distances(
    rows: Tensor, means: Tensor, factors: Tensor, banks: Sequence[Tensor], index: Tensor
) -> Tensor:
    """How far (b, n) hypercolumns (b, n, c), made `unit`, are from the rows `index` (b, n) of their banks.

    Only the hypercolumns get a gradient.
    """
    return cast(Tensor, _CosineDistances.apply(rows, means, factors, banks, index))  # type: ignore[no-untyped-call]


class _CosineDistances(torch.autograd.Function):
    """Values and gradients in one go, chunk by chunk on a CPU: a chunk stays in its caches."""

    @staticmethod
    def forward(
        ctx: Any, rows: Tensor, means: Tensor, factors: Tensor, banks: Sequence[Tensor], index: Tensor
    ) -> Tensor:
        away = rows.new_empty(rows.shape[:2])
        ctx.grads = torch.empty_like(rows) if ctx.needs_input_grad[0] else None
        chunk = _DISTANCE_CHUNK if rows.device.type == "cpu" else rows.shape[1]
        for number, bank in enumerate(banks):
            for start in range(0, rows.shape[1], chunk):
                part = slice(start, start + chunk)
                centred = (rows[number, part] - means[number]).mul_(factors[number])
                matched = bank[index[number, part]].to(rows.dtype)
                inverse = (centred.square().sum(dim=1, keepdim=True) + _TINY).rsqrt()
                cosine = (centred * matched).sum(dim=1, keepdim=True).mul_(inverse)
                away[number, part] = 1 - cosine[:, 0]
                if ctx.grads is not None:
                    grads = centred.mul_(cosine * inverse).sub_(matched).mul_(inverse)
                    torch.mul(grads, factors[number], out=ctx.grads[number, part])
        return away

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor | None, ...]:
        return ctx.grads * gradient[:, :, None], None, None, None, None


def transport_prices(similarity: Tensor) -> Tensor:
    """What each of m offers costs (m,), so that n buyers who each want the most similar take all alike.

    The similarities (n, m) are cosines; entropic optimal transport between uniform weights at temperature
    0.03, by ten rounds of Sinkhorn's scaling.
    """
    kernel = ((similarity - similarity.amax(dim=1, keepdim=True)) / _TEMPERATURE).exp_()
    offers = kernel.new_ones(kernel.shape[1])
    for _ in range(_ROUNDS):
        buyers = 1 / (kernel @ offers).clamp(min=1e-30)
        offers = 1 / (kernel.T @ buyers).clamp(min=1e-30)
        offers /= offers.mean()
    return -_TEMPERATURE * offers.log()
