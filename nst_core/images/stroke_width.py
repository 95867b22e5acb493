"""How broad a picture's strokes are, and how large it should stand beside what is painted in its style."""

import functools
import itertools
import math
from typing import Final

import numpy as np
from numpy.typing import NDArray

from nst_core.images.colour import LUMA
from nst_core.images.kept import Cache, digests
from nst_core.images.picture import Picture, extended, fit

MEASURED_PX: Final = 512
"""The long edge at which strokes are measured, so that copies of a picture of that size or more are alike."""
OCTAVES_PX: Final = (1, 2, 4, 8, 16, 32)
"""Widths of strokes, and the sigmas of the blurs that take them away."""
WANTED_PX: Final = 8.0
"""The stroke width that is right as it is."""
EXPONENT: Final = 0.5
"""How much of a stroke's difference from that is made up for."""
SCALES: Final = (0.65, 2.0)
"""The finest and the coarsest scale that is chosen; those of the bundled paintings, tuned by eye."""
_STEPS: Final = 20
"""Scales to choose from, per unit."""
_LUMA: Final = np.array(LUMA, dtype=np.float32)
_WIDTHS: Final = Cache(256)
"""A service is given the same styles again and again."""
_PLAIN: Final = 1e-9
"""A picture whose brightness varies by less (mean square) has no strokes, but rounding errors."""


def stroke_width_px(picture: Picture) -> float:
    """The width of the picture's strokes at a long edge of 512 px, in pixels; 1 to 32.

    It is the mean of the octaves' widths on a logarithmic scale, weighted by the energy of brightness in
    each, the mean square of the difference between two blurs. Positions count by their alpha. A picture
    without any strokes has WANTED_PX. What is smaller than 512 px lacks its finest strokes, and counts as
    broader.
    """
    return _WIDTHS.get(digests(picture), lambda: _measured(picture))


def _measured(picture: Picture) -> float:
    seen = fit(picture, MEASURED_PX)
    luma = (seen.rgb if seen.alpha is None else extended(seen.rgb, seen.alpha)) @ _LUMA
    height, width = luma.shape
    blurs = [luma, *(_blur(height, sigma) @ luma @ _blur(width, sigma).T for sigma in OCTAVES_PX)]
    bands = [np.square(fine - coarse) for fine, coarse in itertools.pairwise(blurs)]
    energies = np.array([float(np.average(band, weights=seen.alpha)) for band in bands])
    if energies.sum() < _PLAIN:
        return WANTED_PX
    return float(np.exp(energies @ np.log(OCTAVES_PX) / energies.sum()))


def scale_for(width_px: float) -> float:
    """The style scale for strokes of this width: above 1 for fine ones, below 1 for broad ones."""
    low, high = SCALES
    scale = min(max(math.pow(WANTED_PX / width_px, EXPONENT), low), high)
    return round(scale * _STEPS) / _STEPS


@functools.lru_cache(maxsize=64)
def _blur(length: int, sigma: float) -> NDArray[np.float32]:
    """The matrix (length, length) of a Gaussian blur along one axis, reflected at both ends."""
    place = np.arange(length)
    kernel = np.exp(-0.5 * (np.arange(2 * length) / sigma) ** 2)
    direct = kernel[abs(place[:, None] - place)]
    before = kernel[place[:, None] + place + 1]
    after = kernel[2 * length - 1 - place[:, None] - place]
    matrix = direct + before + after
    normalised: NDArray[np.float32] = (matrix / matrix.sum(axis=1, keepdims=True)).astype(np.float32)
    return normalised
