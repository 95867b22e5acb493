"""Keeping the content's colours while taking the style's strokes.

Source: Gatys, Bethge, Hertzmann & Shechtman, "Preserving color in neural artistic style transfer",
arXiv 1606.05897, sections 3 (colour matching) and 4 (luminance transfer).
"""

from typing import Final

import numpy as np
from numpy.typing import NDArray

_LUMA: Final = np.array([0.299, 0.587, 0.114], dtype=np.float32)


def matched(rgb: NDArray[np.float32], to: NDArray[np.float32]) -> NDArray[np.float32]:
    """`rgb` (h, w, 3) with the mean and covariance of the pixels of `to`, clipped to [0, 1].

    The linear map is the symmetric one, `to_cov^1/2 rgb_cov^-1/2`.
    """
    mean, covariance = _moments(rgb)
    wanted_mean, wanted_covariance = _moments(to)
    transform = _power(wanted_covariance, 0.5) @ _power(covariance, -0.5)
    mapped = (rgb.reshape(-1, 3) - mean) @ transform.T + wanted_mean
    return np.clip(mapped, 0, 1).reshape(rgb.shape).astype(np.float32)


def with_luminance(rgb: NDArray[np.float32], of: NDArray[np.float32]) -> NDArray[np.float32]:
    """The colours of `rgb` with the brightness of `of`, both (h, w, 3); clipped to [0, 1]."""
    shift = (of @ _LUMA - rgb @ _LUMA)[..., None]
    return np.clip(rgb + shift, 0, 1).astype(np.float32)


def _moments(rgb: NDArray[np.float32]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    pixels = rgb.reshape(-1, 3).astype(np.float64)
    mean = pixels.mean(axis=0)
    centred = pixels - mean
    # the ridge keeps a picture of one colour invertible
    return mean, centred.T @ centred / len(pixels) + 1e-5 * np.eye(3)


def _power(covariance: NDArray[np.float64], exponent: float) -> NDArray[np.float64]:
    values, vectors = np.linalg.eigh(covariance)
    powered: NDArray[np.float64] = (vectors * values**exponent) @ vectors.T
    return powered
