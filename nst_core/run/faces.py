"""What is done about faces: those of the content are kept, and those of a style are not painted anywhere."""

import dataclasses
from typing import Final

import numpy as np

from nst_core.images.faces import face_mask
from nst_core.images.kept import Cache, digests
from nst_core.images.picture import Picture, fit
from nst_core.losses.style_pictures import stretched
from nst_core.styles import Mask, Style, StyleSpec

LEAST_REST: Final = 0.25
"""What must be left of a style without its faces, as a share of its area; else they stay in it."""
_DETECTED_PX: Final = 1024
_KEPT_PX: Final = 256
_MASKS: Final = Cache(64)


def faces_of(picture: Picture) -> Mask | None:
    """The face mask (h, w) at no more than 256 px; None: there is no face.

    It is kept, since a service is given the same styles again and again.
    """

    def found() -> Mask | None:
        edge_px = max(picture.width, picture.height)
        seen = fit(picture, _DETECTED_PX) if edge_px > _DETECTED_PX else picture
        mask = face_mask(seen)
        return None if mask is None else stretched(mask, fit(seen, min(edge_px, _KEPT_PX)))

    return _MASKS.get(digests(picture), found)


def without_faces(spec: StyleSpec) -> StyleSpec:
    """The styles, masked where they have faces: otherwise those come up again in skies and walls."""
    return spec.with_each(_faceless)


def _faceless(style: Style) -> Style:
    mask = faces_of(style.picture)
    if mask is None:
        return style
    rest = 1 - mask
    if style.mask is not None:
        rest *= stretched(style.mask, Picture(rgb=np.zeros((*rest.shape, 3), dtype=np.float32)))
    enough = rest.mean() >= LEAST_REST * (1.0 if style.mask is None else float(style.mask.mean()))
    return dataclasses.replace(style, mask=rest) if enough else style
