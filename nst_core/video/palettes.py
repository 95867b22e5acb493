"""One palette for all frames of a clip, and the frames in its colours.

With a palette for each frame, or with error diffusion, places that do not change would flicker: a dot's place
then depends on all pixels before it. One palette, and ordered dithering, give equal pixels equal colours.
"""

from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image

SOLID: Final = 128
"""The alpha from which a pixel of a GIF, which knows no half, is opaque."""
_SAMPLED: Final = 49_152
"""Pixels that the palette is made of."""
_REFINED: Final = 1
_BAYER: Final = np.array(
    [
        [0, 32, 8, 40, 2, 34, 10, 42],
        [48, 16, 56, 24, 50, 18, 58, 26],
        [12, 44, 4, 36, 14, 46, 6, 38],
        [60, 28, 52, 20, 62, 30, 54, 22],
        [3, 35, 11, 43, 1, 33, 9, 41],
        [51, 19, 59, 27, 49, 17, 57, 25],
        [15, 47, 7, 39, 13, 45, 5, 37],
        [63, 31, 55, 23, 61, 29, 53, 21],
    ],
    dtype=np.float32,
)
"""Source: Bayer, "An optimum method for two-level rendition of continuous-tone pictures", 1973."""


def in_one_palette(
    frames: Sequence[NDArray[np.uint8]], colours: int, *, dither: float = 0.0
) -> list[Image.Image]:
    """Frames (h, w, 3 or 4) with up to `colours` colours, the same for all; the last is the transparent one.

    Args:
        frames: At least one; all of one size.
        colours: 2 to 256, with the transparent one where any frame has alpha.
        dither: The amplitude of an 8 x 8 ordered pattern in levels; 0 is none.
    """
    has_alpha = any(frame.shape[2] == 4 for frame in frames)
    opaque = colours - 1 if has_alpha else colours
    palette = _palette(frames, opaque)
    return [_indexed(frame, palette, opaque, dither, has_alpha=has_alpha) for frame in frames]


def _palette(frames: Sequence[NDArray[np.uint8]], colours: int) -> Image.Image:
    """An image whose palette suits the visible pixels of all frames."""
    seen = np.concatenate([_visible(frame) for frame in frames])
    every = -(-len(seen) // _SAMPLED) or 1
    sampled = seen[::every]
    sampled = sampled if len(sampled) else np.zeros((1, 3), dtype=np.uint8)
    strip = Image.fromarray(np.ascontiguousarray(sampled[None]))
    return strip.quantize(colours, method=Image.Quantize.MEDIANCUT, kmeans=_REFINED)


def _visible(frame: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """The visible pixels (n, 3)."""
    if frame.shape[2] == 3:
        return frame.reshape(-1, 3)
    return frame[frame[..., 3] >= SOLID][:, :3]


def _indexed(
    frame: NDArray[np.uint8], palette: Image.Image, opaque: int, dither: float, *, has_alpha: bool
) -> Image.Image:
    rgb: NDArray[np.uint8] = frame[..., :3]
    if dither:
        height, width = rgb.shape[:2]
        pattern = (np.tile(_BAYER, (-(-height // 8), -(-width // 8)))[:height, :width] + 0.5) / 64 - 0.5
        rgb = np.clip(rgb + dither * pattern[..., None] + 0.5, 0, 255).astype(np.uint8)
    image = Image.fromarray(np.ascontiguousarray(rgb)).quantize(palette=palette, dither=Image.Dither.NONE)
    if has_alpha:
        index = np.array(image)
        if frame.shape[2] == 4:
            index[frame[..., 3] < SOLID] = opaque
        entries = (palette.getpalette() or [])[: 3 * opaque]
        image = Image.fromarray(index)
        image.putpalette([*entries, *([0] * (3 * (opaque + 1) - len(entries)))])
        image.info["transparency"] = opaque
    return image
