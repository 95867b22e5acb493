"""The grain of a style: canvas, paper and the noise of a scan, how strong it is, and the style without it.

Source: Bigün & Granlund, "Optimal orientation detection of linear symmetry" (ICCV 1987): the coherence of the
structure tensor tells lines and edges, which have a direction, from specks, which have none.
"""

from typing import Final

import torch
import torch.nn.functional as F  # noqa: N812  # PyTorch's own name for it
from torch import Tensor

from nst_core.images.colour import LUMA
from nst_core.images.kept import Cache, digests
from nst_core.images.picture import Picture, filled, fit
from nst_core.images.simplifying import LEAST_PX, kuwahara, strong_detail

MEASURED_PX: Final = 640
"""The long edge at which grain is measured."""
_FINEST: Final = 1 / 256
"""The radius of grain on the long edge of what is painted, up to the largest."""
_FINE_PX: Final = 1.5
"""The largest radius where there is little grain: of more than that it makes tiles of broad strokes."""
_COARSE_PX: Final = 2.5
"""The largest where there is much."""
_LITTLE: Final = 0.1
_MUCH: Final = 0.2
"""How strong grain is by `grain`: a fifth is a dry brush on coarse canvas."""
_AROUND_PX: Final = 2.5
"""The sigma of the neighbourhood in which a line has one direction."""
_SPECKS: Final = 0.35
"""Detail of at most this coherence, from 0 to 1, is grain."""
_LINES: Final = 0.75
"""Strong detail of at least this coherence is kept as it is."""
_TINY: Final = 1e-6
_STRENGTHS: Final = Cache(256)


def much(picture: Picture) -> float:
    """How much is done about a picture's grain: 0, fine grain goes, to 1, coarse and strong grain too."""
    return min(max((grain(picture) - _LITTLE) / (_MUCH - _LITTLE), 0.0), 1.0)


def radius_px(much: float, edge_px: int) -> float:
    """The radius of a style's grain where `edge_px` is the long edge of what is painted."""
    return min(edge_px * _FINEST, _FINE_PX + much * (_COARSE_PX - _FINE_PX))


def grain(picture: Picture) -> float:
    """How strong a picture's grain is beside its contrast, at a long edge of 640 px; 0 is none.

    It is the root mean square of what `without_grain` takes of the brightness at most, over the deviation of
    that.
    Positions count by their alpha.
    """
    return _STRENGTHS.get(digests(picture), lambda: _measured(picture))


@torch.no_grad()
def _measured(picture: Picture) -> float:
    seen = filled(fit(picture, MEASURED_PX))
    pixels = torch.from_numpy(seen.rgb.transpose(2, 0, 1).copy())[None]
    weights = torch.ones(pixels.shape[-2:]) if seen.alpha is None else torch.from_numpy(seen.alpha.copy())
    weights = weights / weights.sum().clamp(min=_TINY)
    luma, taken = _luma(pixels)[0, 0], _luma(pixels - without_grain(pixels, _FINE_PX, 1.0))[0, 0]
    deviation = (weights * (luma - (weights * luma).sum()).square()).sum().sqrt()
    return float((weights * taken.square()).sum().sqrt() / deviation.clamp(min=_TINY))


def without_grain(pixels: Tensor, radius_px: float, much: float) -> Tensor:
    """Pixels (1, 3, h, w) in [0, 1] without grain finer than the radius; below 0.75 px nothing goes.

    Faint detail goes, as with `simplified`, and as `much` says strong detail without a direction, too.
    """
    if radius_px < LEAST_PX:
        return pixels
    smooth = kuwahara(pixels, radius_px)
    detail = pixels - smooth
    kept = strong_detail(detail, radius_px)
    if much:
        lines = ((_coherence(_luma(pixels)) - _SPECKS) / (_LINES - _SPECKS)).clamp(0, 1)
        kept = kept * (1 - much * (1 - lines))
    return (smooth + kept * detail).clamp(0, 1)


def _luma(pixels: Tensor) -> Tensor:
    """The brightness (1, 1, h, w) of pixels (1, 3, h, w)."""
    return torch.einsum("bchw,c->bhw", pixels, pixels.new_tensor(LUMA))[:, None]


def _coherence(luma: Tensor) -> Tensor:
    """How far the neighbourhood of each position (1, 1, h, w) has one direction: 0 not at all, 1 wholly."""
    around = F.pad(luma, (1, 1, 1, 1), mode="replicate")
    across = around[..., 1:-1, 2:] - around[..., 1:-1, :-2]
    down = around[..., 2:, 1:-1] - around[..., :-2, 1:-1]
    xx, xy, yy = (_blurred(one) for one in (across * across, across * down, down * down))
    return torch.hypot(xx - yy, 2 * xy) / (xx + yy + _TINY)


def _blurred(plane: Tensor) -> Tensor:
    """A Gaussian blur (1, 1, h, w) by `_AROUND_PX`."""
    reach = round(3 * _AROUND_PX)
    places = torch.arange(-reach, reach + 1, device=plane.device)
    kernel = torch.exp(-0.5 * (places / _AROUND_PX) ** 2)
    kernel = kernel / kernel.sum()
    plane = F.conv2d(F.pad(plane, (reach, reach, 0, 0), mode="replicate"), kernel.view(1, 1, 1, -1))
    return F.conv2d(F.pad(plane, (0, 0, reach, reach), mode="replicate"), kernel.view(1, 1, -1, 1))
