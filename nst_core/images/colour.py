"""Colours of the content with the strokes of the style.

Source: Gatys, Bethge, Hertzmann & Shechtman, "Preserving color in neural artistic style transfer",
arXiv 1606.05897, sections 3 (colour matching) and 4 (luminance transfer). Pitié, Kokaram & Dahyot,
"N-dimensional probability density function transfer and its application to colour transfer", ICCV 2005.
"""

from typing import Final

import numpy as np
from numpy.typing import NDArray

LUMA: Final = (0.299, 0.587, 0.114)
"""What red, green and blue count for in brightness: ITU-R BT.601."""
_LUMA: Final = np.array(LUMA, dtype=np.float32)
_KNOTS: Final = 1025
"""Quantiles at which two distributions are matched; between them the map is linear."""
_SAMPLES: Final = 2**18
"""Values that represent a distribution well enough; sorting all of a large picture takes most of the time."""
_SAME: Final = 1e-4
"""Values closer than this count as equal, so that rounding errors in a flat area are not spread out."""

Weights = NDArray[np.float32] | None
"""How much each pixel of a picture counts (h, w), such as its alpha; at least one does. None: all alike."""


def matched(
    rgb: NDArray[np.float32], to: NDArray[np.float32], *, weights: Weights = None, to_weights: Weights = None
) -> NDArray[np.float32]:
    """`rgb` (h, w, 3) with the mean and covariance of the pixels of `to`, clipped to [0, 1].

    The linear map is the symmetric one, `to_cov^1/2 rgb_cov^-1/2`. With weights pixels count by them; those
    of weight 0 are mapped, too.
    """
    moved = _moved(rgb, to, weights, to_weights)
    return np.clip(moved, 0, 1).reshape(rgb.shape).astype(np.float32)


def histogram_matched(
    rgb: NDArray[np.float32], to: NDArray[np.float32], *, weights: Weights = None, to_weights: Weights = None
) -> NDArray[np.float32]:
    """`rgb` (h, w, 3) with the distribution of the pixels of `to`: their histograms in red, green and blue.

    After the map of `matched`, histograms are matched along the principal axes of `to`, where its channels
    are uncorrelated, and then in RGB, so that no value leaves the range of `to`.

    Differs: Pitié, Kokaram & Dahyot repeat this over random rotations until the whole distribution is met.
    That breaks smooth areas into specks, which would be painted as strokes; these two steps keep them smooth.
    """
    wanted = to.reshape(-1, 3)
    axes = np.linalg.eigh(_moments(to, to_weights)[1])[1].astype(np.float32)
    moved = _moved(rgb, to, weights, to_weights).astype(np.float32)
    turned = _match_quantiles(moved @ axes, wanted @ axes, weights, to_weights)
    return _match_quantiles(turned @ axes.T, wanted, weights, to_weights).reshape(rgb.shape)


def with_luminance(rgb: NDArray[np.float32], of: NDArray[np.float32]) -> NDArray[np.float32]:
    """The colours of `rgb` with the brightness of `of`, both (h, w, 3); clipped to [0, 1]."""
    shift = (of @ _LUMA - rgb @ _LUMA)[..., None]
    return np.clip(rgb + shift, 0, 1).astype(np.float32)


def _moved(
    rgb: NDArray[np.float32], to: NDArray[np.float32], weights: Weights, to_weights: Weights
) -> NDArray[np.float64]:
    """Pixels (n, 3) with the mean and covariance of those of `to`, not clipped."""
    mean, covariance = _moments(rgb, weights)
    wanted_mean, wanted_covariance = _moments(to, to_weights)
    transform = _power(wanted_covariance, 0.5) @ _power(covariance, -0.5)
    moved: NDArray[np.float64] = (rgb.reshape(-1, 3) - mean) @ transform.T + wanted_mean
    return moved


def _match_quantiles(
    pixels: NDArray[np.float32], wanted: NDArray[np.float32], weights: Weights, wanted_weights: Weights
) -> NDArray[np.float32]:
    """Each channel of (n, 3), mapped monotonically so that it has the quantiles of `wanted` (m, 3)."""
    result = np.empty_like(pixels)
    for channel in range(3):
        have = _quantiles(pixels[:, channel], weights)
        want = _quantiles(wanted[:, channel], wanted_weights)
        first = np.unique(np.floor((have - have[0]) / _SAME), return_index=True)[1]
        sizes = np.diff(np.append(first, _KNOTS))
        have, want = np.add.reduceat(have, first) / sizes, np.add.reduceat(want, first) / sizes
        result[:, channel] = np.interp(pixels[:, channel], have, want)
    return result


def _quantiles(values: NDArray[np.float32], weights: Weights) -> NDArray[np.float64]:
    """The quantiles (_KNOTS,) of (n,), evenly spaced from the least value to the greatest.

    More than _SAMPLES values are sampled at every third, fifth or so: odd, since widths are often even. With
    weights the value of rank i is at the middle of its own weight, so that equal ones change nothing.
    """
    if weights is not None:
        counting = weights.ravel() > 0
        values, weights = values[counting], weights.ravel()[counting]
    every = len(values) // _SAMPLES | 1
    if weights is None:
        ranked = np.sort(values[::every])
        places = np.arange(len(ranked), dtype=np.float64)
    else:
        order = np.argsort(values[::every], kind="stable")
        ranked, counts = values[::every][order], weights[::every][order].astype(np.float64)
        places = np.cumsum(counts) - (counts + counts[0]) / 2
    ranked[0], ranked[-1] = values.min(), values.max()
    return np.interp(np.linspace(0, places[-1], _KNOTS), places, ranked)


def _moments(rgb: NDArray[np.float32], weights: Weights) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    pixels = rgb.reshape(-1, 3).astype(np.float64)
    # the ridge keeps a picture of one colour invertible
    ridge = 1e-5 * np.eye(3)
    if weights is None:
        mean = pixels.mean(axis=0)
        centred = pixels - mean
        return mean, centred.T @ centred / len(pixels) + ridge
    shares = weights.ravel().astype(np.float64)
    shares /= shares.sum()
    mean = shares @ pixels
    centred = pixels - mean
    return mean, (centred.T * shares) @ centred + ridge


def _power(covariance: NDArray[np.float64], exponent: float) -> NDArray[np.float64]:
    values, vectors = np.linalg.eigh(covariance)
    powered: NDArray[np.float64] = (vectors * values**exponent) @ vectors.T
    return powered
