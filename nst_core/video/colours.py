"""Colours that stay the same through a clip."""

import dataclasses

from nst_core.images import colour
from nst_core.images.picture import Picture, filled, is_invisible
from nst_core.params import Params
from nst_core.styles import Region, Style, StyleSpec
from nst_core.video.clips import Clip


def steady(spec: StyleSpec, params: Params, clip: Clip) -> StyleSpec:
    """The styles, recoloured to the first frame that can be seen if the content's colours are asked for."""
    if params.colors == "style":
        return spec
    seen = (frame.picture for frame in clip.frames)
    first = next((one for one in seen if not is_invisible(one.alpha)), None)
    if first is None:
        return spec
    match = colour.histogram_matched if params.colors == "histogram" else colour.matched

    def recoloured(style: Style) -> Style:
        seen = filled(style.picture, "style")
        rgb = match(seen.rgb, to=first.rgb, weights=seen.alpha, to_weights=first.alpha)
        return dataclasses.replace(style, picture=Picture(rgb=rgb, alpha=seen.alpha))

    regions = (Region(styles=tuple(map(recoloured, one.styles)), mask=one.mask) for one in spec.regions)
    return StyleSpec(regions=tuple(regions), edit_mask=spec.edit_mask)
