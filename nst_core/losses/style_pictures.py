"""Style pictures as they count: each at its own scale, at the size that is painted, and within its mask."""

import dataclasses
from typing import Final

import numpy as np
import torch
import torch.nn.functional as F  # noqa: N812  # PyTorch's own name for it
from numpy.typing import NDArray
from torch import Tensor

from nst_core.errors import ParamsError
from nst_core.images import colour
from nst_core.images.picture import Picture, filled, fit, is_invisible
from nst_core.images.simplifying import simplified
from nst_core.images.stroke_width import scale_for, stroke_width_px
from nst_core.params import Params
from nst_core.styles import Mask, Region, Style, StyleSpec

OF_A_TENSOR: Final = ("C_CONTIGUOUS", "WRITEABLE")
"""What an array must be to become a tensor; it is copied otherwise."""
_GRAIN: Final = 1 / 256
"""The radius of the grain that `simplify_style` 1 leaves out, on the long edge of what is painted."""
_GRAIN_PX: Final = 1.5
"""The largest: of more than that it makes tiles, which are seen in broad strokes."""


def with_scales(spec: StyleSpec, params: Params) -> StyleSpec:
    """The styles, each with a scale: its own, or that of the parameters, or what its strokes want."""

    def scaled(style: Style) -> Style:
        if style.scale is not None:
            return style
        scale = measured_scale(style) if params.style_scale is None else params.style_scale
        return dataclasses.replace(style, scale=scale)

    regions = (Region(styles=tuple(map(scaled, one.styles)), mask=one.mask) for one in spec.regions)
    return StyleSpec(regions=tuple(regions), edit_mask=spec.edit_mask)


def measured_scale(style: Style) -> float:
    """The scale that suits the strokes of the part of a style that counts."""
    mask, picture = style_mask(style), style.picture
    if mask is not None:
        plane = stretched(mask, picture)
        picture = Picture(rgb=picture.rgb, alpha=plane / plane.max())
    return scale_for(stroke_width_px(picture))


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
        radius_px = params.simplify_style * min(size_px * _GRAIN, _GRAIN_PX)
        smooth = simplified(pixels_of(seen.rgb, device), radius_px)
        seen = dataclasses.replace(seen, rgb=rgb_of(smooth))
    if params.colors == "style":
        return seen.rgb
    recoloured = colour.histogram_matched if params.colors == "histogram" else colour.matched
    return recoloured(seen.rgb, to=content.rgb, weights=seen.alpha, to_weights=content.alpha)


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
