"""The total loss of each picture of a batch against its content and style targets, at one size."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import torch
import torch.nn.functional as F  # noqa: N812  # PyTorch's own name for it
from torch import Tensor

from nst_core.losses.terms import gram, mean_squared_error, total_variation
from nst_core.models.layers import stride_px
from nst_core.models.vgg import Vgg
from nst_core.params import Params

_FLOOR: Final = 1e-2
"""The least reference of a layer, as a fraction of its Gram's mean square: the content may be the style."""
_TINY: Final = 1e-12


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Target:
    """The style target of one region of one picture: a Gram matrix (c, c) per style layer.

    `mask` (h, w) in [0, 1] is where the region lies; None is the whole picture.
    """

    grams: Sequence[Tensor]
    mask: Tensor | None = None


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Region:
    """One region over the batch: targets (b, c, c) and references (b,) per layer."""

    targets: list[Tensor]
    references: list[Tensor]
    share: Tensor  # (b,), the region's fraction of the style loss


class Objective:
    """`alpha * content + beta * style + tv`, raw or relative, with its targets computed once.

    Relative: the content loss is divided by the mean square of the content's activations, and each layer's
    style loss by that of the content picture itself, so that 1 is "as far from the style as the content is".
    A region is weighted by its area.

    Source: Gatys, Ecker & Bethge, arXiv 1508.06576, equation 7, for the raw form.
    Differs: the paper has neither the relative form nor regions. Its weights mean something else with each
    network.

    Args:
        vgg: The loss network.
        contents: The content pictures (b, 3, h, w) in [0, 1].
        targets: Per picture its regions, the same number for each.
        params: Per picture its weights; the layers are those of the first.
        betas: Per picture the style weight (b,) of the relative form; None takes it from the parameters.
        edit_mask: Where pictures may change (b, 1, h, w); elsewhere they are the content. None: everywhere.
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
        checkpoint: bool = False,
    ) -> None:
        first = params[0]
        self.vgg = vgg
        self.content_layer, self.style_layers = first.content_layer, first.style_layers
        self.layers = frozenset({self.content_layer, *self.style_layers})
        self.edit_mask = edit_mask
        self._contents = contents
        self._checkpoint = checkpoint
        self._set_weights(params, contents.device, betas)
        grouped = [[of_one[number] for of_one in targets] for number in range(len(targets[0]))]
        self.masks = [self._masks(group) for group in grouped]
        self.features, grams = self._activations(contents)
        nothing = self.features.new_zeros(())
        self._content_reference = mean_squared_error(self.features, nothing).clamp(min=_TINY)
        self.regions = [self._region(*parts) for parts in zip(grouped, grams, strict=True)]
        areas = torch.stack([region.share for region in self.regions])
        for region in self.regions:
            region.share.div_(areas.sum(dim=0))

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

    def _masks(self, targets: Sequence[Target]) -> list[Tensor | None]:
        """The masks (b, h, w) of one region at the size of each style layer."""
        if all(target.mask is None for target in targets):
            return [None] * len(self.style_layers)
        height, width = self._contents.shape[-2:]
        one = torch.ones((height, width), device=self._contents.device)
        planes = torch.stack([one if target.mask is None else target.mask for target in targets])
        return [shrunk(planes, stride_px(layer)) for layer in self.style_layers]

    def _region(self, targets: Sequence[Target], grams: Sequence[Tensor]) -> _Region:
        """One region of each picture; `grams` are those of the contents, which define a loss of 1."""
        wanted = [torch.stack([target.grams[n] for target in targets]) for n in range(len(self.style_layers))]
        references = [_reference(*pair) for pair in zip(grams, wanted, strict=True)]
        areas = [1.0 if target.mask is None else target.mask.mean() for target in targets]
        share = torch.stack([torch.as_tensor(area, device=self._contents.device) for area in areas])
        return _Region(targets=wanted, references=references, share=share.clamp(min=_TINY))

    def _activations(self, pictures: Tensor) -> tuple[Tensor, list[list[Tensor]]]:
        """The content layer's activations (b, c, h, w), and Gram matrices (b, c, c) by region and layer."""
        taps = self.vgg(pictures, self.layers, checkpoint=self._checkpoint)
        grams = [
            [gram(taps[layer], mask) for layer, mask in zip(self.style_layers, masks, strict=True)]
            for masks in self.masks
        ]
        return taps[self.content_layer], grams

    def __call__(self, pictures: Tensor) -> tuple[Tensor, Tensor]:
        """The total losses (b,) of pictures (b, 3, h, w), and all their losses (b, 5), detached.

        The five are those of `nst_core.events.Losses`, in its order.
        """
        features, grams = self._activations(self.mixed(pictures))
        return self.combine(mean_squared_error(features, self.features), grams, pictures)

    def gradient(self, pictures: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """The gradients (b, 3, h, w), total losses (b,) and all losses (b, 5) of pictures."""
        with torch.enable_grad():
            leaf = pictures.detach().requires_grad_()
            totals, losses = self(leaf)
            (grads,) = torch.autograd.grad(totals.sum(), leaf)
        return grads, totals.detach(), losses

    def mixed(self, pictures: Tensor) -> Tensor:
        """The pictures where they may change, and the contents elsewhere."""
        if self.edit_mask is None:
            return pictures
        return self._contents + self.edit_mask * (pictures - self._contents)

    def combine(
        self, content: Tensor, grams: Sequence[Sequence[Tensor]], pictures: Tensor
    ) -> tuple[Tensor, Tensor]:
        """Totals (b,) and all losses (b, 5), given content losses (b,) and Gram matrices by region, layer."""
        style, style_rel = torch.zeros_like(content), torch.zeros_like(content)
        for region, of_region in zip(self.regions, grams, strict=True):
            by_layer = torch.stack(
                [mean_squared_error(g, t) for g, t in zip(of_region, region.targets, strict=True)], dim=1
            )
            relative = by_layer / torch.stack(region.references, dim=1)
            style = style + region.share * (self._layer_weights * by_layer).sum(dim=1)
            weights = self._layer_weights / self._layer_weights.sum(dim=1, keepdim=True)
            style_rel = style_rel + region.share * (weights * relative).sum(dim=1)
        content_rel = content / self._content_reference
        raw = self._alpha * content + self._raw_beta * style
        total = self._raw * raw + (1 - self._raw) * (content_rel + self.betas * style_rel)
        if self._has_tv:
            total = total + self._tv * total_variation(self.mixed(pictures))
        return total, torch.stack([content, style, content_rel, style_rel, total], dim=1).detach()


def shrunk(planes: Tensor, stride: int) -> Tensor:
    """Masks (b, h, w), averaged to the size of the activations of a layer with this stride."""
    height, width = (-(-edge_px // stride) for edge_px in planes.shape[-2:])
    return F.adaptive_avg_pool2d(planes[:, None], (height, width))[:, 0]


def _reference(of_content: Tensor, of_style: Tensor) -> Tensor:
    """The style loss (b,) that counts as 1: the content's own."""
    floor = (_FLOOR * of_style.square().flatten(1).mean(dim=1)).clamp(min=_TINY)
    return torch.maximum(mean_squared_error(of_content, of_style), floor)
