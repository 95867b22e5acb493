"""The total loss of a picture against the targets that a content and a style set at one size."""

from typing import Final

import torch
from torch import Tensor

from nst_core.losses import gram, mean_squared_error, total_variation
from nst_core.params import Params
from nst_core.progress import Figures
from nst_core.vgg import Vgg

_FLOOR: Final = 1e-2
"""Least reference of a layer, as a part of its Gram's mean square: the content may be the style."""
_TINY: Final = 1e-12


class Objective:
    """`alpha * content + beta * style + tv`, raw or relative, with its targets computed once.

    Relative: the content loss is divided by the mean square of the content's activations, and each layer's
    style loss by that of the content picture itself, so that 1 is "as far from the style as the content is".
    Differs: the paper has only the raw form, whose weights mean another thing with each network.

    Args:
        vgg: The loss network.
        content: The content picture (1, 3, h, w) in [0, 1].
        style: The style picture (1, 3, h', w') in [0, 1].
        params: Layers and weights.
    """

    @torch.no_grad()
    def __init__(self, vgg: Vgg, content: Tensor, style: Tensor, params: Params) -> None:
        self._vgg = vgg
        self._params = params
        self._layers = {params.content_layer, *params.style_layers}
        weights = params.layer_weights or (1.0 / len(params.style_layers),) * len(params.style_layers)
        self._weights = torch.tensor(weights, device=content.device)
        of_content = vgg(content, self._layers)
        of_style = vgg(style, params.style_layers)
        self._features = of_content[params.content_layer].float()
        self._grams = [gram(of_style[layer]) for layer in params.style_layers]
        self._content_reference = self._features.square().mean().clamp(min=_TINY)
        self._style_references = torch.stack(
            [
                _reference(gram(of_content[layer]), target)
                for layer, target in zip(params.style_layers, self._grams, strict=True)
            ]
        )

    def __call__(self, picture: Tensor) -> tuple[Tensor, Tensor]:
        """The total loss of a picture (1, 3, h, w), and all its figures (5,), detached, on its device."""
        params = self._params
        taps = self._vgg(picture, self._layers)
        content = mean_squared_error(taps[params.content_layer], self._features)
        by_layer = torch.stack(
            [
                mean_squared_error(gram(taps[layer]), target)
                for layer, target in zip(params.style_layers, self._grams, strict=True)
            ]
        )
        style = (self._weights * by_layer).sum()
        content_rel = content / self._content_reference
        style_rel = (self._weights * by_layer / self._style_references).sum() / self._weights.sum()
        if params.content_weight is not None and params.style_weight is not None:
            total = params.content_weight * content + params.style_weight * style
        else:
            total = content_rel + params.beta * style_rel
        if params.tv:
            total = total + params.tv * total_variation(picture)
        return total, torch.stack([content, style, content_rel, style_rel, total]).detach()


def figures(row: Tensor) -> Figures:
    """The figures (5,) of an objective as plain numbers; waits for the device."""
    content, style, content_rel, style_rel, total = row.tolist()
    return Figures(content=content, style=style, content_rel=content_rel, style_rel=style_rel, total=total)


def _reference(of_content: Tensor, of_style: Tensor) -> Tensor:
    """What a style loss of 1 stands for: the content's own distance from the style."""
    floor = (_FLOOR * of_style.square().mean()).clamp(min=_TINY)
    return torch.maximum(mean_squared_error(of_content, of_style), floor)
