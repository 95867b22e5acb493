"""The total loss of each picture of a batch against its content and style targets, at one size."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence

import torch
from torch import Tensor

from nst_core.losses import matching
from nst_core.losses.style import TINY, StyleLoss, Target, shrunk
from nst_core.losses.terms import mean_squared_error, smooth_chroma, total_variation
from nst_core.losses.tile import Tile, whole
from nst_core.models.layers import stride_px
from nst_core.models.vgg import Vgg
from nst_core.params import Params


class Objective:
    """`alpha * content + beta * style + tv`, raw or relative, with its targets computed once.

    Relative: the content loss is divided by the mean square of the content's activations, and each
    statistic's style loss by that of the content itself, so that 1 is "as far from the style as the content".
    A region is weighted by its area.

    Source: Gatys, Ecker & Bethge, arXiv 1508.06576, equation 7, for the raw form.
    Differs: the paper has neither the relative form nor regions, moments and matching. Its weights mean
    something else with each network.

    Args:
        vgg: The loss network.
        contents: The content pictures (b, 3, h, w) in [0, 1].
        targets: Per picture its regions, the same number for each.
        params: Per picture its weights; the layers and the terms are those of the first.
        betas: Per picture the style weight (b,) of the relative form; None takes it from the parameters.
        edit_mask: Where pictures may change (b, 1, h, w); elsewhere they are the content. None: everywhere.
        content_weights: How much the content counts at each pixel (b, h, w); None is 1 everywhere.
        checkpoint: Whether activations are computed twice instead of kept, which takes less memory.
    """

    @torch.no_grad()
    def __init__(
        self,
        vgg: Vgg,
        contents: Tensor,
        targets: Sequence[Sequence[Target]],
        params: Sequence[Params],
        *,
        betas: Tensor | None = None,
        edit_mask: Tensor | None = None,
        content_weights: Tensor | None = None,
        checkpoint: bool = False,
    ) -> None:
        first = params[0]
        self.vgg = vgg
        self.content_layer, self.style_layers = first.content_layer, first.style_layers
        self.edit_mask = edit_mask
        self._contents = contents
        self._checkpoint = checkpoint
        self._set_weights(params, contents.device, betas)
        height, width = contents.shape[-2:]
        grouped = [[of_one[number] for of_one in targets] for number in range(len(targets[0]))]
        self.regions = [
            StyleLoss(group, first, self._layer_weights, (height, width), contents.device)
            for group in grouped
        ]
        self._matched = [region.matching for region in self.regions if region.matching is not None]
        self.is_matching = bool(self._matched)
        matched = matching.LAYERS if self.is_matching else ()
        self.layers = frozenset({self.content_layer, *self.style_layers, *matched})
        areas = torch.stack([region.area for region in self.regions]).sum(dim=0)
        self._shares = [region.area / areas for region in self.regions]
        self._content_weights = (
            None
            if content_weights is None
            else shrunk(content_weights, stride_px(self.content_layer))[:, None]
        )
        self._tiles = self._cut()
        self._learn_contents()

    def _cut(self) -> list[Tile]:
        """The parts that are computed at once."""
        return [whole(self._contents)]

    def _set_weights(self, params: Sequence[Params], device: torch.device, betas: Tensor | None) -> None:
        count = len(self.style_layers)

        def column(values: Sequence[float]) -> Tensor:
            return torch.tensor(values, dtype=torch.float32, device=device)

        self._layer_weights = column([one.layer_weights or (1 / count,) * count for one in params])  # type: ignore[misc]  # rows of numbers
        self._raw = column([float(one.is_raw) for one in params])
        self._alpha = column([one.content_weight or 0.0 for one in params])
        self._raw_beta = column([one.style_weight or 0.0 for one in params])
        self.betas = column([one.nominal_beta for one in params]) if betas is None else betas
        self._tv = column([one.tv for one in params])
        self._has_tv = any(one.tv > 0 for one in params)
        self._smooth = [one.smooths_chroma for one in params]
        self._smoothed = torch.tensor(self._smooth, device=device)[:, None, None, None]

    def _learn_contents(self) -> None:
        """The contents' activations, and the losses that count as 1."""
        height, width = (-(-edge // stride_px(self.content_layer)) for edge in self._contents.shape[-2:])
        features: Tensor | None = None
        first, second = self._twice(self._contents, self.layers)
        self._begin_search()
        for tile, taps in first:
            own = tile.own(taps[self.content_layer], self.content_layer)
            if features is None:
                features = own.new_empty(*own.shape[:2], height, width)
            tile.of_whole(features, self.content_layer).copy_(own)
            self._add(tile, taps)
        assert features is not None
        self.features = features
        nothing = features.new_zeros(())
        self._content_reference = mean_squared_error(features, nothing).clamp(min=TINY)
        self._weigh()
        totals: list[Tensor] = []
        for tile, taps in second:
            self._assign(tile, taps)
            totals = _added(totals, self._sums(tile, taps))
        sums = iter(totals[1:])
        for region in self.regions:
            region.set_references([next(sums) for _ in range(region.count)])

    def _taps(self, pictures: Tensor, layers: Collection[str]) -> Iterator[tuple[Tile, Mapping[str, Tensor]]]:
        """The activations of each tile with its halo."""
        for tile in self._tiles:
            yield tile, self.vgg(tile.with_halo(pictures), layers, checkpoint=self._checkpoint)

    def _twice(
        self, pictures: Tensor, layers: Collection[str]
    ) -> tuple[Iterable[tuple[Tile, Mapping[str, Tensor]]], Iterable[tuple[Tile, Mapping[str, Tensor]]]]:
        """`_taps` for two passes; those of a single tile are kept, so that the network runs once."""
        if len(self._tiles) > 1:
            return self._taps(pictures, layers), self._taps(pictures, layers)
        kept = list(self._taps(pictures, layers))
        return kept, kept

    def __call__(self, pictures: Tensor) -> tuple[Tensor, Tensor]:
        """The total losses (b,) of pictures (b, 3, h, w), and all their losses (b, 5), detached.

        The five are those of `nst_core.events.Losses`, in its order.
        """
        return self.combine(self._summed(self.mixed(pictures)), pictures)

    def gradient(self, pictures: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """The gradients (b, 3, h, w), total losses (b,) and all losses (b, 5) of pictures."""
        with torch.enable_grad():
            leaf = pictures.detach().requires_grad_()
            totals, losses = self(leaf)
            (grads,) = torch.autograd.grad(totals.sum(), leaf)
        return grads, totals.detach(), losses

    @torch.no_grad()
    def renew_matches(self, pictures: Tensor) -> bool:
        """Matches pictures (b, 3, h, w) anew, which changes their losses; False where nothing is matched."""
        if self.is_matching:
            first, second = self._twice(self.mixed(pictures), matching.LAYERS)
            self._begin_search()
            for tile, taps in first:
                self._add(tile, taps)
            self._weigh()
            for tile, taps in second:
                self._assign(tile, taps)
        return self.is_matching

    def _begin_search(self) -> None:
        for one in self._matched:
            one.begin_search()

    def _add(self, tile: Tile, taps: Mapping[str, Tensor]) -> None:
        if self.is_matching:
            columns = self._columns(tile, taps)
            for one in self._matched:
                one.add(columns, tile)

    def _weigh(self) -> None:
        for one in self._matched:
            one.weigh()

    def _assign(self, tile: Tile, taps: Mapping[str, Tensor]) -> None:
        if self.is_matching:
            columns = self._columns(tile, taps)
            for one in self._matched:
                one.assign(columns, tile)

    def _columns(self, tile: Tile, taps: Mapping[str, Tensor]) -> Tensor:
        """A tile's own hypercolumns (b, c, h, w), from its activations with the halo."""
        return tile.own(matching.hypercolumns(taps), matching.GRID)

    def mixed(self, pictures: Tensor) -> Tensor:
        """What is seen of the pictures: with smooth chroma, and the contents where nothing may change."""
        if any(self._smooth):
            smoothed = smooth_chroma(pictures)
            if not all(self._smooth):
                smoothed = torch.where(self._smoothed, smoothed, pictures)
            pictures = smoothed
        if self.edit_mask is None:
            return pictures
        return self._contents + self.edit_mask * (pictures - self._contents)

    def _summed(self, mixed: Tensor) -> list[Tensor]:
        """The content losses (b,), then the sums of each region, over all tiles."""
        totals: list[Tensor] = []
        for tile, taps in self._taps(mixed, self.layers):
            totals = _added(totals, self._sums(tile, taps))
        return totals

    def _sums(self, tile: Tile, taps: Mapping[str, Tensor]) -> list[Tensor]:
        """One tile's part of `_summed`, from its activations with the halo."""
        own = {layer: tile.own(features, layer) for layer, features in taps.items()}
        columns = self._columns(tile, taps) if self.is_matching else None
        sums = [self._content_sum(own[self.content_layer], tile)]
        for region in self.regions:
            sums += region.sums(own, columns, tile)
        return sums

    def _content_sum(self, features: Tensor, tile: Tile) -> Tensor:
        """A tile's part of the content losses (b,)."""
        wanted = tile.of_whole(self.features, self.content_layer)
        fraction = features[0].numel() / self.features[0].numel()
        if self._content_weights is None:
            return fraction * mean_squared_error(features, wanted)
        away = (features - wanted).square() * tile.of_whole(self._content_weights, self.content_layer)
        return fraction * away.flatten(1).mean(dim=1)

    def combine(self, sums: Sequence[Tensor], pictures: Tensor) -> tuple[Tensor, Tensor]:
        """Totals (b,) and all losses (b, 5), given the sums over all tiles."""
        remaining = iter(sums)
        content = next(remaining)
        style, style_rel = torch.zeros_like(content), torch.zeros_like(content)
        for region, share in zip(self.regions, self._shares, strict=True):
            own, own_rel = region([next(remaining) for _ in range(region.count)])
            style, style_rel = style + share * own, style_rel + share * own_rel
        content_rel = content / self._content_reference
        raw = self._alpha * content + self._raw_beta * style
        total = self._raw * raw + (1 - self._raw) * (content_rel + self.betas * style_rel)
        if self._has_tv:
            total = total + self._tv * total_variation(self.mixed(pictures))
        return total, torch.stack([content, style, content_rel, style_rel, total], dim=1).detach()


def _added(totals: list[Tensor], sums: list[Tensor]) -> list[Tensor]:
    """Sums of one more tile added to those of the tiles before; there may be none yet."""
    return [total + one for total, one in zip(totals, sums, strict=True)] if totals else sums
