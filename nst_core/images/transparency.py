"""Colours under transparent pixels: what is hidden is replaced by an extension of what is visible."""

from typing import Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image

FAINTEST: Final = 1 / 32
"""Below this part of the greatest alpha a colour counts as hidden: 8-bit files keep few of its levels."""
_HALF_LEVEL: Final = 0.5 / 255
"""An alpha below this is 0 in a file of 8 bits."""

_Planes = NDArray[np.float32]
"""(4, h, w): red, green and blue, each times how far a position is known, up to 1, and that itself."""


def is_invisible(alpha: NDArray[np.float32] | None) -> bool:
    """Whether nothing can be seen with this alpha (h, w), at 8 bits."""
    return alpha is not None and float(alpha.max()) < _HALF_LEVEL


def extended(rgb: NDArray[np.float32], alpha: NDArray[np.float32]) -> NDArray[np.float32]:
    """`rgb` (h, w, 3) with its visible colours extended smoothly over all that `alpha` (h, w) hides.

    Whatever was hidden, the result is the same to the bit, and black where alpha hides everything. What is
    visible stays as it is, so that a second call changes nothing.

    Source: Gortler, Grzeszczuk, Szeliski & Cohen, "The Lumigraph", SIGGRAPH 1996, section 4.2: pull and push.
    """
    most = alpha.max()
    if most == 0:
        return np.zeros_like(rgb)
    shown = alpha >= np.float32(FAINTEST) * most
    if shown.all():
        return rgb
    known = np.where(shown, alpha, np.float32(0))
    levels = [np.stack([*(rgb[..., channel] * known for channel in range(3)), known])]
    while levels[-1][3].size > 1 and levels[-1][3].min() < 1:
        levels.append(_pulled(levels[-1]))
    coarsest = levels.pop()
    smooth = coarsest[:3] / coarsest[3]
    for level in reversed(levels):
        smooth = level[:3] + (1 - level[3]) * _enlarged(smooth, *level.shape[1:])
    return np.where(shown[..., None], rgb, np.clip(smooth, 0, 1).transpose(1, 2, 0))


def _pulled(level: _Planes) -> _Planes:
    """The level of half the size: a block of 2 x 2 is known as far as its four positions are together."""
    sums: _Planes = 4 * np.stack([np.asarray(Image.fromarray(plane).reduce(2)) for plane in level])
    sums /= np.maximum(sums[3], 1)
    return sums


def _enlarged(smooth: _Planes, height: int, width: int) -> _Planes:
    """Twice the size, bilinearly; an odd height or width ends in the middle of the last position."""
    size, box = (width, height), (0, 0, width / 2, height / 2)
    planes = [Image.fromarray(plane).resize(size, Image.Resampling.BILINEAR, box=box) for plane in smooth]
    return np.stack([np.asarray(plane) for plane in planes])
