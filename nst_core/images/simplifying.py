"""A picture without its fine texture, such as fur and foliage, which shine through what is painted.

Source: Papari, Petkov & Campisi, "Artistic edge and corner enhancing smoothing" (IEEE Transactions on Image
Processing, 2007), section III: means of eight sectors around each pixel, those of the least variance
counting most (a generalised Kuwahara filter).
Differs: what a painter would not leave out is kept: detail of much contrast, such as eyes, letters and lines.
"""

from typing import Final

import torch
import torch.nn.functional as F  # noqa: N812  # PyTorch's own name for it
from torch import Tensor

from nst_core.images.colour import LUMA

_SECTORS: Final = 8
_SHARPNESS: Final = 8
"""The power of the deviation by which a sector counts less."""
_LEAST_DEVIATION: Final = 1e-3
"""In 255ths, the unit of the deviations: their powers would overflow in units of 1."""
LEAST_PX: Final = 0.75
"""A smaller radius smooths nothing."""
_MOST_PX: Final = 8
"""A larger radius takes long and makes patches of its own."""
_STRIP: Final = 2**18
"""Pixels that are filtered at once: they take 75 MB."""
_TEXTURE: Final = 0.05
"""Detail of at most this luma, from 0 to 1, is texture and goes."""
_FEATURE: Final = 0.15
"""Detail of at least this luma is kept as it is."""


def simplified(pixels: Tensor, radius_px: float) -> Tensor:
    """Pixels (1, 3, h, w) in [0, 1] without texture finer than the radius; below 0.75 px nothing goes."""
    if radius_px < LEAST_PX:
        return pixels
    smooth = kuwahara(pixels, radius_px)
    detail = pixels - smooth
    return (smooth + strong_detail(detail, radius_px) * detail).clamp(0, 1)


def strong_detail(detail: Tensor, radius_px: float) -> Tensor:
    """How strong detail (1, 3, h, w) is around each position (1, 1, h, w): 0 is texture, 1 a feature."""
    luma = torch.einsum("bchw,c->bhw", detail, detail.new_tensor(LUMA)).abs()[:, None]
    reach = max(1, round(min(radius_px, _MOST_PX) / 2))
    strongest = F.max_pool2d(luma, 2 * reach + 1, stride=1, padding=reach)
    around = F.pad(strongest, (reach,) * 4, mode="replicate")
    kept = ((F.avg_pool2d(around, 2 * reach + 1, stride=1) - _TEXTURE) / (_FEATURE - _TEXTURE)).clamp(0, 1)
    return kept * kept * (3 - 2 * kept)


def kuwahara(pixels: Tensor, radius_px: float) -> Tensor:
    """Pixels (1, 3, h, w), each the mean of the sectors around it that are the most even."""
    sectors = _sectors(min(radius_px, _MOST_PX)).to(pixels)[:, None]
    reach = sectors.shape[-1] // 2
    around = F.pad(pixels.transpose(0, 1), (reach,) * 4, mode="replicate")  # (3, 1, h + 2 reach, w + 2 reach)
    height, width = pixels.shape[-2:]
    rows = max(1, _STRIP // width)
    strips = [
        _most_even(around[..., top : top + rows + 2 * reach, :], sectors) for top in range(0, height, rows)
    ]
    return torch.cat(strips, dim=1)[None]


def _most_even(channels: Tensor, sectors: Tensor) -> Tensor:
    """The means (3, h, w) for a strip of channels (3, 1, ...) with its surroundings."""
    means = F.conv2d(channels, sectors)
    variance = (F.conv2d(channels.square(), sectors) - means.square()).clamp(min=0).sum(dim=0)
    weights = (255 * variance.sqrt() + _LEAST_DEVIATION) ** -_SHARPNESS
    return (means * weights).sum(dim=1) / weights.sum(dim=0)


def _sectors(radius_px: float) -> Tensor:
    """Weights (8, n, n) of sum 1: a Gaussian disc, cut into soft sectors that share its centre."""
    reach = int(radius_px + 0.999)
    places = torch.arange(-reach, reach + 1, dtype=torch.float32)
    down, across = places[:, None], places[None]
    distance, angle = torch.hypot(down, across), torch.atan2(down, across)
    disc = torch.exp(-0.5 * (distance / (radius_px / 2)) ** 2) * (distance <= radius_px + 0.5)
    turn = 2 * torch.pi / _SECTORS
    axes = turn * torch.arange(_SECTORS, dtype=torch.float32)[:, None, None]
    away = torch.remainder(angle - axes + torch.pi, 2 * torch.pi) - torch.pi
    weights = torch.exp(-0.5 * (away / (turn / 2)) ** 2)
    weights[:, reach, reach] = 1 / _SECTORS
    weights = weights * disc
    return weights / weights.sum(dim=(1, 2), keepdim=True)
