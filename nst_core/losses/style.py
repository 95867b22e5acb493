"""The style loss of one region: Gram matrices, moments and matching, each with its weight.

All that it needs of a picture are sums over positions, so that tiles can be added up.

Source: Gatys, Ecker & Bethge, arXiv 1508.06576, equations 3 to 5 (Gram matrices). Risser, Wilmot & Barnes,
arXiv 1701.08893, on why the mean should be held apart (moments).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import torch
import torch.nn.functional as F  # noqa: N812  # PyTorch's own name for it
from torch import Tensor

from nst_core.losses.matching import GRID, Bank, Matching
from nst_core.losses.terms import feature_sums, gram_sums, mean_squared_error, positions
from nst_core.losses.tile import Tile
from nst_core.models.layers import stride_px
from nst_core.params import Params

_FLOOR: Final = 1e-2
"""The least reference, as a fraction of the statistic's mean square: the content may be the style."""
_LEAST_DISTANCE: Final = 0.02
"""The least reference of the matching."""
TINY: Final = 1e-12


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Target:
    """The style target of one region of one picture.

    Attributes:
        grams: A Gram matrix (c, c) per style layer.
        means: The mean activations (c,) per style layer; only moments need them.
        bank: The hypercolumns to be matched with; None where nothing is matched.
        mask: Where the region lies, (h, w) in [0, 1]; None is the whole picture.
    """

    grams: Sequence[Tensor]
    means: Sequence[Tensor] = ()
    bank: Bank | None = None
    mask: Tensor | None = None


class StyleLoss:
    """The style loss of one region of each picture of a batch.

    Args:
        targets: One per picture; those without a bank are not matched.
        params: The parameters of the first picture, whose layers and terms apply to all.
        layer_weights: Per picture and style layer (b, l), as they are in the raw form.
        size: The height and width of the pictures, in pixels.
        device: Where it is computed.
    """

    def __init__(
        self,
        targets: Sequence[Target],
        params: Params,
        layer_weights: Tensor,
        size: tuple[int, int],
        device: torch.device,
    ) -> None:
        self._layers = params.style_layers
        self._layer_weights = layer_weights
        self._has_moments = params.moments > 0
        planes = _planes(targets, size, device)
        self._masks = [None if planes is None else shrunk(planes, stride_px(layer)) for layer in self._layers]
        self._counts = [
            positions(-(-size[0] // stride_px(layer)), -(-size[1] // stride_px(layer)), mask)
            for layer, mask in zip(self._layers, self._masks, strict=True)
        ]
        self._grams = [torch.stack([one.grams[n] for one in targets]) for n in range(len(self._layers))]
        self._means = (
            [torch.stack([one.means[n] for one in targets]) for n in range(len(self._layers))]
            if self._has_moments
            else []
        )
        self.matching = _matching(targets, planes, size, device)
        weights = [
            (params.gram, params.moments, params.matching if one.bank is not None else 0.0) for one in targets
        ]
        terms = torch.tensor([row if any(row) else (1.0, 0.0, 0.0) for row in weights], device=device)
        self._terms = (terms / terms.sum(dim=1, keepdim=True)).unbind(dim=1)
        self.references: list[Tensor] = []
        areas = [1.0 if one.mask is None else one.mask.mean() for one in targets]
        self.area = torch.stack([torch.as_tensor(area, device=device) for area in areas]).clamp(min=TINY)

    def sums(self, taps: Mapping[str, Tensor], columns: Tensor | None, tile: Tile) -> list[Tensor]:
        """A tile's sums, from its own activations by layer and its hypercolumns (b, c, h, w)."""
        masks = [
            None if mask is None else tile.of_whole(mask, layer)
            for layer, mask in zip(self._layers, self._masks, strict=True)
        ]
        pairs = [(taps[layer], mask) for layer, mask in zip(self._layers, masks, strict=True)]
        found = [gram_sums(*pair) for pair in pairs]
        if self._has_moments:
            found += [feature_sums(*pair) for pair in pairs]
        if self.matching is not None:
            assert columns is not None
            found.append(self.matching.distance(columns, tile))
        return found

    @property
    def count(self) -> int:
        """The number of `sums`."""
        return len(self._layers) * (1 + self._has_moments) + (self.matching is not None)

    def set_references(self, sums: Sequence[Tensor]) -> None:
        """Lets the losses of the contents, whose sums these are, count as 1."""
        self.references = [
            torch.maximum(distance, floor)
            for distance, floor in zip(self._distances(sums), self._floors(), strict=True)
        ]

    def __call__(self, sums: Sequence[Tensor]) -> tuple[Tensor, Tensor]:
        """The paper's style loss (b,), and the relative one (b,), of a picture with these sums."""
        count = len(self._layers)
        distances = self._distances(sums)
        relative = [one / other for one, other in zip(distances, self.references, strict=True)]
        weights = self._layer_weights / self._layer_weights.sum(dim=1, keepdim=True)
        style = (self._layer_weights * torch.stack(distances[:count], dim=1)).sum(dim=1)
        gram, moments, matching = self._terms
        style_rel = gram * (weights * torch.stack(relative[:count], dim=1)).sum(dim=1)
        if self._has_moments:
            halves = relative[count : 3 * count]
            both = [0.5 * (one + other) for one, other in zip(halves[:count], halves[count:], strict=True)]
            style_rel = style_rel + moments * (weights * torch.stack(both, dim=1)).sum(dim=1)
        if self.matching is not None:
            style_rel = style_rel + matching * relative[-1]
        return style, style_rel

    def _distances(self, sums: Sequence[Tensor]) -> list[Tensor]:
        """How far (b,) the Gram matrices are by layer, then covariances, means, and the matches."""
        count = len(self._layers)
        grams = [one / number for one, number in zip(sums[:count], self._counts, strict=True)]
        found = [mean_squared_error(one, wanted) for one, wanted in zip(grams, self._grams, strict=True)]
        if self._has_moments:
            means = [
                one / (number if isinstance(number, int) else number[:, 0])
                for one, number in zip(sums[count : 2 * count], self._counts, strict=True)
            ]
            found += [
                mean_squared_error(covariance(*one), covariance(*wanted))
                for one, wanted in zip(
                    zip(grams, means, strict=True), zip(self._grams, self._means, strict=True), strict=True
                )
            ]
            found += [mean_squared_error(one, wanted) for one, wanted in zip(means, self._means, strict=True)]
        return [*found, sums[-1]] if self.matching is not None else found

    def _floors(self) -> list[Tensor]:
        wanted = list(self._grams)
        if self._has_moments:
            wanted += [covariance(*pair) for pair in zip(self._grams, self._means, strict=True)]
            wanted += self._means
        floors = [(_FLOOR * one.square().flatten(1).mean(dim=1)).clamp(min=TINY) for one in wanted]
        if self.matching is not None:
            floors.append(torch.full_like(floors[0], _LEAST_DISTANCE))
        return floors


def covariance(gram: Tensor, mean: Tensor) -> Tensor:
    """The covariance (b, c, c) of activations with this Gram matrix and mean (b, c)."""
    return gram - mean[:, :, None] * mean[:, None, :]


def shrunk(planes: Tensor, stride: int) -> Tensor:
    """Masks (b, h, w), averaged to the size of the activations of a layer with this stride."""
    height, width = (-(-edge_px // stride) for edge_px in planes.shape[-2:])
    return F.adaptive_avg_pool2d(planes[:, None], (height, width))[:, 0]


def _planes(targets: Sequence[Target], size: tuple[int, int], device: torch.device) -> Tensor | None:
    """The masks (b, h, w) of one region; None where it is the whole of each picture."""
    if all(target.mask is None for target in targets):
        return None
    one = torch.ones(size, device=device)
    return torch.stack([one if target.mask is None else target.mask for target in targets])


def _matching(
    targets: Sequence[Target], planes: Tensor | None, size: tuple[int, int], device: torch.device
) -> Matching | None:
    any_bank = next((target.bank for target in targets if target.bank is not None), None)
    if any_bank is None:
        return None
    banks = [any_bank if target.bank is None else target.bank for target in targets]  # its term has no weight
    stride = stride_px(GRID)
    weights = None if planes is None else shrunk(planes, stride)
    return Matching(banks, weights, (-(-size[0] // stride), -(-size[1] // stride)), device)
