"""Which styles apply where: styles with weights, regions of the content, and a mask for the whole."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from nst_core.errors import ParamsError
from nst_core.images.colour import LUMA
from nst_core.images.picture import Picture, check_visible
from nst_core.params import STYLE_SCALE

Mask = NDArray[np.float32]
"""(h, w) in [0, 1], of any size; it is stretched over its picture."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Style:
    """A style picture, its weight relative to others, and a mask for the part of it that counts (None: all).

    `scale` is the style scale of this one; None: that of the parameters.

    Raises:
        ParamsError: the weight is not above 0, the mask is no plane of numbers from 0 to 1, or all 0, or the
            scale is out of range.
        PictureError: the picture is transparent all over.
    """

    picture: Picture
    weight: float = 1.0
    mask: Mask | None = None
    scale: float | None = None

    def __post_init__(self) -> None:
        if not 0 < self.weight < float("inf"):
            raise ParamsError(f"A style's weight must be a number above 0, not {self.weight!r}.")
        low, high = STYLE_SCALE
        if self.scale is not None and not low <= self.scale <= high:
            raise ParamsError(f"A style's scale must be from {low:g} to {high:g}, not {self.scale!r}.")
        _check_mask(self.mask, "style")
        check_visible(self.picture, "style")


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Region:
    """The mask of a part of the content (None: all of it), and the styles that are blended in it.

    Raises:
        ParamsError: there is no style, or the mask is no plane of numbers from 0 to 1, or all 0.
    """

    styles: tuple[Style, ...]
    mask: Mask | None = None

    def __post_init__(self) -> None:
        if not self.styles:
            raise ParamsError("A region needs at least one style.")
        _check_mask(self.mask, "region")


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class StyleSpec:
    """All regions of a picture. Outside `edit_mask`, which may have soft edges, the content stays unchanged.

    Raises:
        ParamsError: there is no region, or the mask is no plane of numbers from 0 to 1, or all 0.
    """

    regions: tuple[Region, ...]
    edit_mask: Mask | None = None

    def __post_init__(self) -> None:
        if not self.regions:
            raise ParamsError("There must be at least one style.")
        _check_mask(self.edit_mask, "content")

    @property
    def styles(self) -> tuple[Style, ...]:
        return tuple(style for region in self.regions for style in region.styles)

    def with_each(self, change: Callable[[Style], Style]) -> "StyleSpec":
        """The same regions and masks, with each style changed."""
        regions = (replace(one, styles=tuple(map(change, one.styles))) for one in self.regions)
        return replace(self, regions=tuple(regions))


def as_spec(style: "Picture | StyleSpec") -> StyleSpec:
    """A single style picture as the specification for all of the content; a specification as it is."""
    return style if isinstance(style, StyleSpec) else blended([style])


def blended(
    pictures: Sequence[Picture], *, weights: Sequence[float] | None = None, edit_mask: Mask | None = None
) -> StyleSpec:
    """Several styles blended over the whole content, with equal weights by default.

    Raises:
        ParamsError: the numbers of pictures and weights differ, or a weight is not above 0.
    """
    weights = [1.0] * len(pictures) if weights is None else weights
    if len(weights) != len(pictures):
        raise ParamsError(f"There are {len(pictures)} styles and {len(weights)} weights: give one for each.")
    styles = (Style(picture=one, weight=weight) for one, weight in zip(pictures, weights, strict=True))
    return StyleSpec(regions=(Region(styles=tuple(styles)),), edit_mask=edit_mask)


def mask_of(picture: Picture) -> Mask:
    """A picture's brightness (h, w) as a mask: white is 1, black and transparent are 0."""
    luma = picture.rgb @ np.array(LUMA, dtype=np.float32)
    return (luma if picture.alpha is None else luma * picture.alpha).astype(np.float32)


def _check_mask(mask: Mask | None, name: str) -> None:
    if mask is None:
        return
    if mask.ndim != 2 or mask.size == 0 or not np.isfinite(mask).all() or mask.min() < 0 or mask.max() > 1:
        raise ParamsError(f"A {name} mask must be a plane of numbers from 0 to 1.")
    if mask.max() == 0:
        raise ParamsError(f"The {name} mask is black all over: paint white what should count.")
