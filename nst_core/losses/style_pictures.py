"""Style pictures as they count: at the scale that their strokes want, at the size painted, within masks."""

import dataclasses
import functools
import itertools
import math
from typing import Final

import numpy as np
import torch
import torch.nn.functional as F  # noqa: N812  # PyTorch's own name for it
from numpy.typing import NDArray
from torch import Tensor

from nst_core.errors import ParamsError
from nst_core.images import colour, grain
from nst_core.images.colour import LUMA
from nst_core.images.kept import Cache, digests
from nst_core.images.picture import Picture, extended, filled, fit, is_invisible
from nst_core.params import Params
from nst_core.styles import Mask, Style, StyleSpec

OF_A_TENSOR: Final = ("C_CONTIGUOUS", "WRITEABLE")
"""What an array must be to become a tensor; it is copied otherwise."""

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


def with_scales(spec: StyleSpec, params: Params) -> StyleSpec:
    """The styles, each with a scale: its own, or that of the parameters, or what its strokes want."""

    def scaled(style: Style) -> Style:
        if style.scale is not None:
            return style
        scale = measured_scale(style) if params.style_scale is None else params.style_scale
        return dataclasses.replace(style, scale=scale)

    return spec.with_each(scaled)


def measured_scale(style: Style) -> float:
    """The scale that suits the strokes of the part of a style that counts."""
    return scale_for(stroke_width_px(_counting(style)))


def _counting(style: Style) -> Picture:
    """The style's picture, with how much each part counts as its alpha."""
    mask, picture = style_mask(style), style.picture
    if mask is None:
        return picture
    plane = stretched(mask, picture)
    return Picture(rgb=picture.rgb, alpha=plane / plane.max())


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


def style_at(
    style: Style, content: Picture, params: Params, size_px: int, device: torch.device
) -> NDArray[np.float32]:
    """A style with a scale (h, w, 3), its long edge `size_px` times that, without its grain but in a draft.

    It is recoloured as `colors` says. Its grain is looked for on the device.
    """
    assert style.scale is not None
    edge_px = max(1, round(size_px * style.scale))
    seen = filled(fit(style.picture, edge_px), "style")
    if params.simplify_style and params.quality != "draft":
        much = grain.much(_counting(style))
        radius_px = params.simplify_style * grain.radius_px(much, size_px)
        smooth = grain.without_grain(pixels_of(seen.rgb, device), radius_px, much)
        seen = dataclasses.replace(seen, rgb=rgb_of(smooth))
    if params.colors == "style":
        return seen.rgb
    return _recoloured(seen, content, params)


def recoloured(spec: StyleSpec, to: Picture, params: Params) -> StyleSpec:
    """The styles in the colours of a picture, in full size; as they are if the styles' own are asked for."""
    if params.colors == "style":
        return spec

    def one(style: Style) -> Style:
        seen = filled(style.picture, "style")
        picture = Picture(rgb=_recoloured(seen, to, params), alpha=seen.alpha)
        return dataclasses.replace(style, picture=picture)

    return spec.with_each(one)


def _recoloured(seen: Picture, to: Picture, params: Params) -> NDArray[np.float32]:
    match = colour.histogram_matched if params.colors == "histogram" else colour.matched
    return match(seen.rgb, to=to.rgb, weights=seen.alpha, to_weights=to.alpha)


def style_mask(style: Style) -> Mask | None:
    """How much each part of a style counts: its mask times its alpha; None where all of it counts alike.

    Raises:
        ParamsError: the mask is black wherever the style can be seen.
    """
    alpha = style.picture.alpha
    if alpha is None or style.mask is None:
        return style.mask if alpha is None else alpha
    both = alpha * stretched(style.mask, style.picture)
    if is_invisible(both):
        raise ParamsError(
            "The style mask is black wherever the style can be seen: paint white what should count."
        )
    return both


def stretched(mask: Mask, over: Picture) -> NDArray[np.float32]:
    """The mask (h, w) resized to a picture; bilinear, so that 0 and 1 stay exact."""
    plane = torch.from_numpy(np.require(mask, np.float32, OF_A_TENSOR))[None, None]
    size = (over.height, over.width)
    resized = F.interpolate(plane, size=size, mode="bilinear", align_corners=False, antialias=True)
    return np.ascontiguousarray(resized[0, 0].clamp(0, 1).numpy())


def pixels_of(rgb: NDArray[np.float32], device: torch.device) -> Tensor:
    """Pixels (h, w, 3) as a tensor (1, 3, h, w) on the device."""
    return torch.from_numpy(np.require(rgb.transpose(2, 0, 1), np.float32, OF_A_TENSOR))[None].to(device)


def rgb_of(pixels: Tensor) -> NDArray[np.float32]:
    """A tensor (1, 3, h, w) as pixels (h, w, 3); the opposite of `pixels_of`."""
    return pixels[0].permute(1, 2, 0).cpu().numpy().astype(np.float32)
