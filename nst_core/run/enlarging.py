"""From one size of the pyramid to the next: the detail of content and style that only the finer one shows."""

import math
from collections.abc import Sequence
from typing import cast

import torch
import torch.nn.functional as F  # noqa: N812  # PyTorch's own name for it
from torch import Tensor

from nst_core.images.picture import Picture
from nst_core.losses.style_pictures import pixels_of, stretched, style_at, style_mask
from nst_core.params import Params
from nst_core.styles import Style


def scaled(pixels: Tensor, height: int, width: int) -> Tensor:
    """Pixels (b, 3, h, w) resampled bicubically to another size, in [0, 1]."""
    resized = F.interpolate(pixels, size=(height, width), mode="bicubic", align_corners=False, antialias=True)
    return resized.clamp(0, 1)


def lifted(pixels: Tensor, coarse: Tensor, fine: Tensor, *, detail: float) -> Tensor:
    """Pixels (1, 3, h, w), enlarged to the size of the fine content, with the detail of the content there.

    That detail is the difference between the fine content and the coarse one enlarged; `detail` is how much
    of it is added, 0 to 1.

    Differs: a plain pyramid enlarges the picture alone and has to find the content's fine edges anew. The few
    steps at a fine size are not enough for that, and faces blur. Here the edges are the content's own.
    """
    height, width = fine.shape[-2:]
    enlarged = scaled(pixels, height, width)
    if not detail:
        return enlarged
    return (enlarged + detail * (fine - scaled(coarse, height, width))).clamp(0, 1)


def detail_of(pixels: Tensor, fraction: float) -> Tensor:
    """The detail of pixels (1, 3, h, w) that is lost at this fraction of their size; of mean 0 or nearly."""
    height, width = pixels.shape[-2:]
    coarse = scaled(pixels, max(1, round(height * fraction)), max(1, round(width * fraction)))
    return pixels - scaled(coarse, height, width)


def noise_of(
    styles: Sequence[Style],
    content: Picture,
    params: Params,
    fraction: float,
    *,
    generator: torch.Generator,
    device: torch.device,
) -> Tensor:
    """The styles' detail in random phase (1, 3, h, w), weighted as they are, over a content of that size.

    It is the detail that this fraction of the size does not show.
    """
    size_px = max(content.width, content.height)
    weight = sum(style.weight for style in styles)
    noise = torch.zeros(1, 3, content.height, content.width, device=device)
    for style in styles:
        rgb = style_at(style, content, params, size_px, device)
        detail = detail_of(pixels_of(rgb, device), fraction)
        mask = style_mask(style)
        if mask is not None:
            plane = torch.from_numpy(stretched(mask, Picture(rgb=rgb))).to(device)
            detail *= plane / plane.square().mean().sqrt().clamp(min=1e-6)
        one = random_phase(detail, content.height, content.width, generator)
        noise += math.sqrt(style.weight / weight) * one
    return noise


def random_phase(texture: Tensor, height: int, width: int, generator: torch.Generator) -> Tensor:
    """Noise (1, 3, height, width) with the spectrum and the colours of a texture (1, 3, h, w) of mean 0.

    Source: Galerne, Gousseau & Morel, "Random phase textures: theory and synthesis" (IEEE Transactions on
    Image Processing, 2011), section III: one random phase for all channels.
    Differs: a texture is mirrored at its edges until it fills the size.
    """
    down, across = (
        _mirrored(one, upto).to(texture.device)
        for one, upto in zip(texture.shape[-2:], (height, width), strict=True)
    )
    filled = torch.fft.rfft2(texture[..., down[:, None], across])
    noise = torch.fft.rfft2(torch.randn((1, 1, height, width), generator=generator).to(texture.device))
    return cast(Tensor, torch.fft.irfft2(filled * torch.sgn(noise), s=(height, width)))


def _mirrored(length: int, upto: int) -> Tensor:
    """The first `upto` of the indices 0, 1, ..., length - 1, length - 1, ..., 0, 0, 1, ..."""
    places = torch.arange(upto) % (2 * length)
    return torch.minimum(places, 2 * length - 1 - places)
