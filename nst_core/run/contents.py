"""The content of a job at each size: as it is and as it is painted, its faces, and what counts how much."""

from dataclasses import dataclass, field
from typing import Final

import numpy as np
import torch
from torch import Tensor

from nst_core.images.picture import Picture, filled, fit
from nst_core.images.simplifying import simplified
from nst_core.losses.style_pictures import pixels_of, stretched
from nst_core.styles import Mask

FACE_WEIGHT: Final = 2.0
"""How many times as much the content counts on a face as elsewhere: at 5 a face looks pasted in."""
_REACH: Final = 1 / 140
"""The radius of the texture that `simplify` 1 leaves out, on the long edge: with twice of it eyes go, too."""
_KEPT: Final = 3
"""Sizes that are kept: the one before is needed once more, to enlarge the picture."""


@dataclass(slots=True, kw_only=True)
class Contents:
    """A content picture at any size, on one device.

    Attributes:
        picture: The content.
        device: Where its pixels are used.
        simplify: How much of its texture is left out, as in the parameters; 0 is none.
        faces: Where its faces are that are kept (h, w); None: there are none.
    """

    picture: Picture
    device: torch.device
    simplify: float = 0.0
    faces: Mask | None = None
    _sizes: dict[int, Picture] = field(default_factory=dict)
    _pixels: dict[int, Tensor] = field(default_factory=dict)

    def at(self, edge_px: int) -> Picture:
        """The content with the long edge `edge_px`, its visible colours extended over what is transparent."""
        if edge_px not in self._sizes:
            if len(self._sizes) >= _KEPT:
                self._sizes.clear()
                self._pixels.clear()
            self._sizes[edge_px] = filled(fit(self.picture, edge_px), "content")
        return self._sizes[edge_px]

    def pixels_at(self, edge_px: int) -> Tensor:
        """What is painted (1, 3, h, w): the content without its fine texture, but for its faces."""
        content = self.at(edge_px)
        if edge_px not in self._pixels:
            pixels = pixels_of(content.rgb, self.device)
            smooth = simplified(pixels, self.simplify * _REACH * edge_px) if self.simplify else pixels
            faces = self.faces_at(edge_px)
            self._pixels[edge_px] = smooth if faces is None else smooth + faces * (pixels - smooth)
        return self._pixels[edge_px]

    def faces_at(self, edge_px: int) -> Tensor | None:
        """1 on every face that is kept, falling to 0 around it (h, w)."""
        if self.faces is None:
            return None
        return torch.from_numpy(stretched(self.faces, self.at(edge_px))).to(self.device)

    def weights_at(self, edge_px: int) -> Tensor | None:
        """How much the content counts at each pixel (1, h, w): faces more, what is transparent not at all."""
        content, faces = self.at(edge_px), self.faces_at(edge_px)
        if content.alpha is None and faces is None:
            return None
        plane = torch.ones(content.height, content.width, device=self.device)
        if faces is not None:
            plane = plane + (FACE_WEIGHT - 1) * faces
        if content.alpha is not None:
            alpha = torch.from_numpy(np.array(content.alpha)).to(self.device)
            plane = plane * alpha / alpha.mean().clamp(min=1e-6)
        return plane[None]
