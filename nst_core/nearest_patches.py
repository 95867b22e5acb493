"""How near a picture's small patches are to those of a style, seen by a network that did not paint it."""

import math
from dataclasses import dataclass
from typing import Final

import torch
import torch.nn.functional as F  # noqa: N812  # PyTorch's own name for it
from torch import Tensor

from nst_core.models.vgg import Vgg

PATCH_LAYER: Final = "relu2_2"
"""Patches of 14 x 14 px: strokes and their colours, no objects."""
MAX_RESULT_PATCHES: Final = 4096
MAX_STYLE_PATCHES: Final = 65_536
"""Of all styles together: every patch of one at 512 px. Of more a regular grid is taken, and a result is
further from it, as a patch one position beside looks quite different."""
CHUNK: Final = 512
"""Patches of the result that are compared with all of the style's at once."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Nearest:
    """The result's patches and the nearest one of the style to each.

    Attributes:
        distance: 0 to 2, the mean cosine distance to the nearest patch.
        largest_share: Above 0 to 1, the part of the result's patches for which one and the same patch of the
            style is the nearest.
    """

    distance: float
    largest_share: float


@torch.no_grad()
def nearest_patches(vgg: Vgg, result: Tensor, *styles: Tensor) -> Nearest:
    """Compares the patches of pixels (1, 3, h, w) in [0, 1] with those of all styles, of any sizes.

    A patch is what PATCH_LAYER has at one position. The style's mean over its positions is subtracted from
    the features of both, as otherwise all of them point in nearly the same direction.

    Source: Chuanyu Li and Michael Wand, "Combining Markov random fields and convolutional neural networks
    for image synthesis", CVPR 2016, equations 2 and 3.
    Differs: patches of 1 x 1 positions, centred features, and a mean of cosine distances.
    """
    wanted = [_features(vgg, style) for style in styles]
    mean = torch.cat([features.flatten(1) for features in wanted], dim=1).double().mean(dim=1).float()
    bank = torch.cat([sampled(features, MAX_STYLE_PATCHES // len(wanted)) for features in wanted])
    return nearest(sampled(_features(vgg, result), MAX_RESULT_PATCHES), bank, mean)


def nearest(features: Tensor, bank: Tensor, mean: Tensor, *, chunk: int = CHUNK) -> Nearest:
    """The nearest of the bank's features (m, c) to each of others (n, c), both less the `mean` (c).

    Features that are the mean itself have no direction: they are at no distance from each other, and at half
    from any other.
    """
    one, other = F.normalize(features - mean, dim=1), F.normalize(bank - mean, dim=1)
    half = other.square().sum(dim=1) / 2
    places = torch.cat([(part @ other.t() - half).argmax(dim=1) for part in torch.split(one, chunk)])
    distances = (one - other[places]).square().sum(dim=1) / 2
    chosen = torch.bincount(places)
    return Nearest(
        distance=float(distances.double().mean()), largest_share=int(chosen.max()) / places.shape[0]
    )


def sampled(features: Tensor, limit: int) -> Tensor:
    """The features (c, h, w) at each position (h * w, c), or on a regular grid of at most `limit` of them."""
    _channels, height, width = features.shape
    share = min(1.0, math.sqrt(limit / (height * width)))
    shorter = max(1, int(min(height, width) * share))
    longer = max(1, min(max(height, width), limit // shorter))
    rows, columns = (shorter, longer) if height <= width else (longer, shorter)
    down, across = (
        _regular(kept, count, features.device) for kept, count in ((rows, height), (columns, width))
    )
    return features[:, down][:, :, across].flatten(1).t().contiguous()


def _regular(kept: int, count: int, device: torch.device) -> Tensor:
    """So many of the numbers below `count`, at equal distances."""
    return ((torch.arange(kept, device=device) + 0.5) * (count / kept)).long()


def _features(vgg: Vgg, pixels: Tensor) -> Tensor:
    features: Tensor = vgg(pixels, (PATCH_LAYER,))[PATCH_LAYER]
    return features[0]
