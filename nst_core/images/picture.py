"""Pictures as float pixels in sRGB: their arrays checked, resized, and extended over what is transparent."""

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from nst_core.errors import PictureError
from nst_core.images.sizes import fitted

FAINTEST: Final = 1 / 32
"""Below this part of the greatest alpha a colour counts as hidden: 8-bit files keep few of its levels."""
_HALF_LEVEL: Final = 0.5 / 255
"""An alpha below this is 0 in a file of 8 bits."""

_Planes = NDArray[np.float32]
"""(4, h, w): red, green and blue, each times how far a position is known, up to 1, and that itself."""
_ROUNDING: Final = 1e-3
"""Values so far outside of 0 to 1 are clipped: half precision and resampling round by less."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Picture:
    """Pixels in sRGB, upright. `alpha` is straight, not premultiplied; None where all is opaque.

    Floats of another type become float32, and what rounding has left outside of [0, 1] is clipped.

    Raises:
        PictureError: an array has another type or shape, or values that are not finite or not in [0, 1].
    """

    rgb: NDArray[np.float32]  # (h, w, 3) in [0, 1]
    alpha: NDArray[np.float32] | None = None  # (h, w) in [0, 1]

    def __post_init__(self) -> None:
        object.__setattr__(self, "rgb", checked_rgb(self.rgb))
        if self.alpha is not None:
            object.__setattr__(self, "alpha", checked_alpha(self.alpha, self.height, self.width))

    @property
    def width(self) -> int:
        return int(self.rgb.shape[1])

    @property
    def height(self) -> int:
        return int(self.rgb.shape[0])


def fit(picture: Picture, edge_px: int) -> Picture:
    """Resizes to a long edge of `edge_px`, up or down, keeping the aspect ratio; a side has at least 1 px."""
    width, height = fitted(picture.width, picture.height, edge_px)
    return resize(picture, width=width, height=height)


def resize(picture: Picture, *, width: int, height: int) -> Picture:
    """Resamples with an antialiased Lanczos filter, colours weighted by alpha so that edges don't bleed.

    At another size no hidden colour counts: those of the result are an extension of the visible ones.
    """
    if (width, height) == (picture.width, picture.height):
        return picture
    if picture.alpha is None:
        return Picture(rgb=np.clip(_resample(picture.rgb, width, height), 0, 1))
    sums = _resample(picture.alpha, width, height)  # not clipped, as the colours are divided by it
    weighted = _resample(picture.rgb * picture.alpha[..., None], width, height)
    alpha = np.clip(sums, 0, 1)
    weighted /= np.where(sums > 1e-6, sums, 1)[..., None]
    rgb = np.clip(weighted, 0, 1)
    return Picture(rgb=extended(rgb, alpha), alpha=alpha)


def filled(picture: Picture, name: str = "picture") -> Picture:
    """The picture with its visible colours extended over what is transparent, so that nothing hidden counts.

    What is visible stays as it is. `name` stands in the error's sentence, as in "style".

    Raises:
        PictureError: it is transparent all over.
    """
    check_visible(picture, name)
    if picture.alpha is None:
        return picture
    return Picture(rgb=extended(picture.rgb, picture.alpha), alpha=picture.alpha)


def check_visible(picture: Picture, name: str) -> None:
    """Raises a PictureError if the picture is transparent all over; `name` is what the sentence calls it."""
    if is_invisible(picture.alpha):
        raise PictureError(
            f"The {name} is transparent all over, and there is nothing to see in it: choose another picture."
        )


def quantise(rgb: NDArray[np.float32]) -> NDArray[np.uint8]:
    """Rounds values in [0, 1] to 8 bits; values outside are clipped, and NaN is black."""
    return (np.clip(np.nan_to_num(rgb), 0, 1) * 255 + 0.5).astype(np.uint8)


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


def _resample(planes: NDArray[np.float32], width: int, height: int) -> NDArray[np.float32]:
    """Each plane of (h, w) or (h, w, c) as 32-bit floats through Pillow; Lanczos overshoots at edges."""
    if planes.ndim == 3:
        each = [_resample(planes[..., plane], width, height) for plane in range(planes.shape[2])]
        return np.stack(each, axis=2)
    image = Image.fromarray(np.ascontiguousarray(planes, dtype=np.float32))
    return np.asarray(image.resize((width, height), Image.Resampling.LANCZOS), dtype=np.float32)
