"""The arrays of a picture: what is no colours or no alpha is refused with what to do about it."""

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from nst_core.errors import PictureError

_ROUNDING: Final = 1e-3
"""Values so far outside of 0 to 1 are clipped: half precision and resampling round by less."""


def checked_rgb(values: Any) -> NDArray[np.float32]:
    """Colours (h, w, 3) in [0, 1] as float32; they are copied only where they have another type.

    Raises:
        PictureError: they are none.
    """
    _check_floats(values, "rgb")
    if values.ndim != 3 or values.shape[2] != 3 or values.size == 0:
        raise PictureError(
            f"A picture's rgb must have the shape (height, width, 3), not {values.shape}{_remedy(values)}."
        )
    return _in_range(values, "rgb")


def checked_alpha(values: Any, height: int, width: int) -> NDArray[np.float32]:
    """Alpha (height, width) in [0, 1] as float32; it is copied only where it has another type.

    Raises:
        PictureError: it is none.
    """
    _check_floats(values, "alpha")
    if values.shape != (height, width):
        raise PictureError(
            f"A picture's alpha must have the shape of its rgb, {(height, width)}, not {values.shape}."
        )
    return _in_range(values, "alpha")


def _check_floats(values: Any, name: str) -> None:
    if not isinstance(values, np.ndarray):
        raise PictureError(
            f"A picture's {name} must be a NumPy array, not {type(values).__name__}: convert it before."
        )
    if values.dtype.kind != "f":
        raise PictureError(
            f"A picture's {name} must be floats from 0 to 1, not {values.dtype}: "
            "divide bytes by 255, as in `values.astype(np.float32) / 255`."
        )


def _remedy(values: NDArray[Any]) -> str:
    if values.ndim == 2:
        return ": repeat the grey, as in `np.repeat(grey[..., None], 3, axis=2)`"
    if values.ndim == 3 and values.shape[2] == 4:
        return ": give the last channel as alpha, as in `Picture(rgb=rgba[..., :3], alpha=rgba[..., 3])`"
    if values.ndim == 3 and values.shape[0] == 3:
        return ": put the channels last, as in `np.moveaxis(rgb, 0, 2)`"
    return ""


def _in_range(values: NDArray[Any], name: str) -> NDArray[np.float32]:
    low, high = float(values.min()), float(values.max())  # NaN where there is any
    if not (np.isfinite(low) and np.isfinite(high)):
        raise PictureError(f"A picture's {name} has values that are not finite: replace them before.")
    if low < -_ROUNDING or high > 1 + _ROUNDING:
        raise PictureError(
            f"A picture's {name} must be from 0 to 1, and this is from {low:g} to {high:g}: "
            "divide it by its white, such as 255, or clip it."
        )
    exact: NDArray[np.float32] = values.astype(np.float32, copy=False)
    return exact if low >= 0 and high <= 1 else np.clip(exact, 0, 1)
