"""AdaIN: a stylised picture in one pass, for drafts, the first preview and the warm start.

Source: Huang & Belongie, "Arbitrary style transfer in real-time with adaptive instance normalization",
ICCV 2017, equation 8 and section 5; the weights are pytorch-AdaIN's.
"""

from collections.abc import Sequence
from typing import Final

import torch
import torch.nn.functional as F  # noqa: N812  # PyTorch's own name for it
from torch import Tensor

from nst_core.kernels.convolution import EXACT, Convolution, Precision
from nst_core.models import weights
from nst_core.models.vgg import Vgg, reflect
from nst_core.params import Params

_ENCODER_LAYER: Final = "relu4_1"
_UPSAMPLED_AFTER: Final = frozenset({1, 14, 21})
_EPSILON: Final = 1e-5
_FULL_AT: Final = 75.0
"""The strength from which on a draft has all of AdaIN's style."""


class Adain:
    """The bundled encoder and decoder on one device."""

    def __init__(self, device: torch.device, precision: Precision = EXACT) -> None:
        self._encoder = Vgg(weights.load("vgg19"), padding="reflect", device=device, precision=precision)
        self._precision = precision
        decoder = weights.load_decoder()
        indices = sorted(int(key.split(".")[0]) for key in decoder if key.endswith("weight"))
        self._layers = [
            (
                index,
                Convolution(
                    decoder[f"{index}.weight"],
                    decoder[f"{index}.bias"],
                    device=device,
                    # bfloat16 pixels would show as banding
                    precision=EXACT if index == indices[-1] else precision,
                ),
            )
            for index in indices
        ]

    @torch.no_grad()
    def __call__(
        self,
        content: Tensor,
        styles: Sequence[Tensor],
        shares: Sequence[float] = (1.0,),
        alpha: float = 1.0,
        *,
        masks: Sequence[Tensor | None] | None = None,
        content_mask: Tensor | None = None,
    ) -> Tensor:
        """The content (1, 3, h, w) in the styles (1, 3, h', w'), weighted by `shares`.

        `alpha` interpolates from the content, 0, to the styles, 1. Each style may have a mask (1, h', w') in
        [0, 1] for the part of it that counts, and the content one (1, h, w) for that whose statistics do.

        Differs: below alpha 1 the detail of the content that the decoder cannot restore is added in
        proportion, so that alpha 0 is the content itself and not a blurred copy of it.
        """
        if alpha <= 0:
            return content
        features = self._encode(content)
        moved = torch.zeros_like(features)
        for style, share, mask in zip(styles, shares, masks or [None] * len(styles), strict=True):
            moved += share / sum(shares) * transfer(features, self._encode(style), mask, content_mask)
        height, width = content.shape[-2:]
        picture = self._decode(alpha * moved + (1 - alpha) * features)[..., :height, :width]
        if alpha < 1:
            copy = self._decode(features)[..., :height, :width]
            picture = picture + (1 - alpha) * (content - copy)
        return picture.clamp(0, 1)

    def _encode(self, picture: Tensor) -> Tensor:
        return self._encoder(picture, {_ENCODER_LAYER})[_ENCODER_LAYER].float()

    def _decode(self, features: Tensor) -> Tensor:
        """RGB (1, 3, 8 h, 8 w) of features (1, 512, h, w)."""
        hidden = features.to(self._precision.dtype).contiguous(memory_format=self._precision.memory_format)
        for index, convolution in self._layers[:-1]:
            hidden = F.relu(convolution(reflect(hidden), padding=0))
            if index in _UPSAMPLED_AFTER:
                hidden = F.interpolate(hidden, scale_factor=2, mode="nearest")
        _, last = self._layers[-1]
        return last(reflect(hidden.float()), padding=0)


def transfer(
    content: Tensor, style: Tensor, mask: Tensor | None = None, content_mask: Tensor | None = None
) -> Tensor:
    """Content features (b, c, h, w) with the mean and standard deviation, per channel, of the style's.

    With a mask (b, h', w') of any size, each of the style's positions is weighted by its value, and with a
    mask of the content each of its own. Where few of those count and are nearly alike, the deviation of all
    the content's positions from their mean replaces theirs, so that nothing outside the mask explodes.
    """
    content_mean, content_std = _moments(content, content_mask)
    if content_mask is not None:
        around = (content - content_mean).square().mean(dim=(2, 3), keepdim=True).sqrt()
        content_std = torch.maximum(content_std, around)
    style_mean, style_std = _moments(style, mask)
    return style_std * (content - content_mean) / content_std + style_mean


def adain_alpha(params: Params) -> float:
    """The AdaIN alpha, 0 to 1, for the parameters' weight of the style.

    In the relative form it grows with the strength and is 1 from strength 75 on; in the raw form it is 1
    unless the style weight is 0.
    """
    if params.style_weight is not None:
        return float(params.style_weight > 0)
    return min(1.0, params.nominal_strength / _FULL_AT)


def _moments(features: Tensor, mask: Tensor | None) -> tuple[Tensor, Tensor]:
    """Mean and standard deviation (b, c, 1, 1) over positions; the latter is never 0."""
    if mask is None:
        variance, mean = torch.var_mean(features, dim=(2, 3), correction=0, keepdim=True)
        return mean, (variance + _EPSILON).sqrt()
    shares = F.adaptive_avg_pool2d(mask[:, None], (features.shape[2], features.shape[3]))
    shares = shares / shares.sum(dim=(2, 3), keepdim=True).clamp(min=1e-12)
    mean = (shares * features).sum(dim=(2, 3), keepdim=True)
    variance = (shares * (features - mean).square()).sum(dim=(2, 3), keepdim=True)
    return mean, (variance + _EPSILON).sqrt()
