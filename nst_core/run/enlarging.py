"""From one size of the pyramid to the next: what only the finer one shows, of content and style."""

from typing import cast

import torch
import torch.nn.functional as F  # noqa: N812  # PyTorch's own name for it
from torch import Tensor


def scaled(pixels: Tensor, height: int, width: int) -> Tensor:
    resized = F.interpolate(pixels, size=(height, width), mode="bicubic", align_corners=False, antialias=True)
    return resized.clamp(0, 1)


def lifted(pixels: Tensor, coarse: Tensor, fine: Tensor, *, detail: bool) -> Tensor:
    """Pixels and the coarse content (1, 3, h, w) at the size of the fine one, with what only that size shows.

    Differs: a plain pyramid enlarges the picture alone and has to find the content's fine edges anew, for
    which the few steps of a fine size do not suffice: faces blur. Here the edges are the content's own.
    """
    height, width = fine.shape[-2:]
    enlarged = scaled(pixels, height, width)
    if not detail:
        return enlarged
    return (enlarged + (fine - scaled(coarse, height, width))).clamp(0, 1)


def detail_of(pixels: Tensor, part: float) -> Tensor:
    """What pixels (1, 3, h, w) show that they would not at this part of their size; its mean is next to 0."""
    height, width = pixels.shape[-2:]
    coarse = scaled(pixels, max(1, round(height * part)), max(1, round(width * part)))
    return pixels - scaled(coarse, height, width)


def random_phase(texture: Tensor, height: int, width: int, generator: torch.Generator) -> Tensor:
    """Noise (1, 3, height, width) with the spectrum and the colours of a texture (1, 3, h, w) of mean 0.

    Source: Galerne, Gousseau & Morel, "Random phase textures: theory and synthesis" (IEEE Transactions on
    Image Processing, 2011), section III: one random phase for all channels. Differs: a texture is mirrored
    at its edges until it fills the size.
    """
    rows, columns = (
        _mirrored(one, upto).to(texture.device)
        for one, upto in zip(texture.shape[-2:], (height, width), strict=True)
    )
    filled = torch.fft.rfft2(texture[..., rows[:, None], columns])
    noise = torch.fft.rfft2(torch.randn((1, 1, height, width), generator=generator).to(texture.device))
    return cast(Tensor, torch.fft.irfft2(filled * torch.sgn(noise), s=(height, width)))


def _mirrored(length: int, upto: int) -> Tensor:
    """The first `upto` places of 0, 1, ..., length - 1, length - 1, ..., 0, 0, 1, ..."""
    places = torch.arange(upto) % (2 * length)
    return torch.minimum(places, 2 * length - 1 - places)
