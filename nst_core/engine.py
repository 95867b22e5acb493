"""From two pictures to one: the whole method as a generator of events."""

import dataclasses
import time
from collections.abc import Generator
from dataclasses import dataclass, field
from typing import Final

import numpy as np
import torch
import torch.nn.functional as F  # noqa: N812  # PyTorch's own name for it
from numpy.typing import NDArray
from torch import Tensor

from nst_core import colour, images, optimisers, weights
from nst_core.adain import Adain, blend
from nst_core.descent import Descent
from nst_core.hardware import EXACT, Precision, choose_device, choose_precision
from nst_core.images import Picture
from nst_core.objective import Objective, figures
from nst_core.params import Params
from nst_core.progress import Event, Figures, Finished, Preview, Started, Step
from nst_core.pyramid import Scale, scales
from nst_core.vgg import Vgg

SKETCH_PX: Final = 512
"""The first preview is no larger, so that it comes within seconds."""
NOISE_RANGE: Final = 0.3
"""Noise fills so much of [0, 1], around the middle: what fills all of it is never quite painted over."""


def stylize(
    content: Picture,
    style: Picture,
    params: Params,
    *,
    device: str = "auto",
    precision: str = "auto",
    preview_every_s: float | None = 5.0,
) -> Generator[Event, None, None]:
    """Paints the content in the style. Closing the generator ends the work within one step.

    Yields Started; a Preview of the AdaIN sketch; a Step per iteration (one in ten on a GPU), with a Preview
    at the end of each size but the last and every `preview_every_s` seconds (None: only those); Finished.
    The same seed gives the same picture on one machine with one number of threads.

    Raises:
        DeviceError: the device is not there.
        WeightsError: the network's weights cannot be had.
        ParamsError: a layer is not in them.
        EngineError: the loss is not finite.
    """
    started = time.monotonic()
    where = choose_device(device)
    studio = _Studio(content, style, params, where, choose_precision(where, precision))
    plan = scales(params)
    yield Started(
        sizes=tuple(scale.edge_px for scale in plan),
        steps=sum(scale.steps for scale in plan),
        device=str(where),
        precision=studio.precision.name,
    )
    draft = params.quality == "draft"
    edge_px = params.size if draft else min(params.size, SKETCH_PX)
    result = studio.sketch(edge_px, blend(params) if draft else 1.0)
    yield Preview(scale=1, scales=len(plan), picture=studio.picture(result, edge_px))
    if not draft:
        result = yield from _optimise(studio, plan, preview_every_s)
    picture = studio.picture(result, params.size)
    final = measure(picture, content, style, params, device=device)
    yield Finished(
        picture=picture,
        **dataclasses.asdict(final),
        iterations=studio.iterations,
        seconds=time.monotonic() - started,
        device=str(where),
        precision=studio.precision.name,
        notes=tuple(studio.notes),
    )


def measure(
    picture: Picture, content: Picture, style: Picture, params: Params, *, device: str = "auto"
) -> Figures:
    """The losses of a picture's 8-bit pixels, in float32, against content and style as `stylize` has them.

    Raises:
        DeviceError, WeightsError, ParamsError: as in `stylize`.
    """
    where = choose_device(device)
    content = images.resize(content, width=picture.width, height=picture.height)
    target = _style_at(style, content, params, params.size)
    vgg = Vgg(weights.load(params.network), pooling=params.pooling, device=where, precision=EXACT)
    objective = Objective(vgg, _tensor(content.rgb, where), _tensor(target, where), params)
    levels = images.quantise(picture.rgb).astype(np.float32) / np.float32(255)
    with torch.no_grad():
        return figures(objective(_tensor(levels, where))[1])


@dataclass(slots=True)
class _Studio:
    """What a run works with: the pictures, and the networks on their device."""

    content: Picture
    style: Picture
    params: Params
    device: torch.device
    precision: Precision
    iterations: int = 0
    notes: list[str] = field(default_factory=list)

    def content_at(self, edge_px: int) -> Tensor:
        """The content (1, 3, h, w) whose long edge is `edge_px`."""
        return _tensor(images.fit(self.content, edge_px).rgb, self.device)

    def style_at(self, edge_px: int) -> Tensor:
        return _tensor(_style_at(self.style, self.content, self.params, edge_px), self.device)

    def sketch(self, edge_px: int, alpha: float = 1.0) -> Tensor:
        """The AdaIN picture (1, 3, h, w)."""
        adain = Adain(self.device, self.precision)
        return adain(self.content_at(edge_px), self.style_at(edge_px), alpha)

    def start(self, edge_px: int) -> Tensor:
        """The picture (1, 3, h, w) that the optimisation starts from."""
        content = self.content_at(edge_px)
        if self.params.init == "content":
            return content
        if self.params.init == "adain":
            return self.sketch(edge_px)
        if self.params.init == "style":
            return _scaled(self.style_at(edge_px), *content.shape[-2:])
        generator = torch.Generator().manual_seed(self.params.seed)
        noise = torch.rand(content.shape, generator=generator).to(self.device)
        return 0.5 + NOISE_RANGE * (noise - 0.5)

    def picture(self, pixels: Tensor, edge_px: int) -> Picture:
        """Pixels (1, 3, h, w) with the content's alpha, and with its colours if they are to be kept."""
        rgb = pixels[0].permute(1, 2, 0).cpu().numpy().astype(np.float32)
        content = images.fit(self.content, edge_px)
        if self.params.keep_colors:
            rgb = colour.with_luminance(content.rgb, of=rgb)
        return Picture(rgb=rgb, alpha=content.alpha)


def _optimise(
    studio: _Studio, plan: tuple[Scale, ...], preview_every_s: float | None
) -> Generator[Event, None, Tensor]:
    """Paints from the coarsest size to the finest; returns the pixels (1, 3, h, w)."""
    params = studio.params
    vgg = Vgg(
        weights.load(params.network), pooling=params.pooling, device=studio.device, precision=studio.precision
    )
    descent = Descent(
        optimiser=optimisers.make(params),
        steps=sum(scale.steps for scale in plan),
        read_every=10 if studio.device.type == "cuda" else 1,
    )
    pixels = studio.start(plan[0].edge_px).clone()
    before = studio.content_at(plan[0].edge_px)
    shown = time.monotonic()
    for number, scale in enumerate(plan, 1):
        content = studio.content_at(scale.edge_px)
        if pixels.shape != content.shape:
            pixels = _lifted(pixels, before, content, detail=params.content_weight != 0)
            descent.optimiser.resize(*content.shape[-2:])
        before = content
        objective = Objective(vgg, content, studio.style_at(scale.edge_px), params)
        for row in descent.run(pixels, objective, scale.steps):
            yield _step(row, descent, number, len(plan), scale.edge_px)
            if preview_every_s is not None and time.monotonic() - shown >= preview_every_s:
                yield Preview(scale=number, scales=len(plan), picture=studio.picture(pixels, scale.edge_px))
                shown = time.monotonic()
        if number < len(plan):
            yield Preview(scale=number, scales=len(plan), picture=studio.picture(pixels, scale.edge_px))
            shown = time.monotonic()
    studio.iterations, studio.notes = descent.done, descent.notes
    return pixels


def _step(row: Tensor, descent: Descent, scale: int, scales_: int, size_px: int) -> Step:
    return Step(
        scale=scale,
        scales=scales_,
        step=descent.done,
        steps=descent.steps,
        size_px=size_px,
        **dataclasses.asdict(figures(row)),
    )


def _style_at(style: Picture, content: Picture, params: Params, edge_px: int) -> NDArray[np.float32]:
    """The style's pixels (h, w, 3) with the same long edge as the picture, recoloured if colours are kept."""
    rgb = images.fit(style, edge_px).rgb
    return colour.matched(rgb, to=images.fit(content, edge_px).rgb) if params.keep_colors else rgb


def _tensor(rgb: NDArray[np.float32], device: torch.device) -> Tensor:
    """Pixels (1, 3, h, w) of (h, w, 3)."""
    return torch.from_numpy(np.ascontiguousarray(rgb.transpose(2, 0, 1)))[None].to(device)


def _lifted(pixels: Tensor, coarse: Tensor, fine: Tensor, *, detail: bool) -> Tensor:
    """Pixels and the coarse content (1, 3, h, w) at the size of the fine one, with what only that size shows.

    Differs: a plain pyramid enlarges the picture alone and has to find the content's fine edges anew, for
    which the few steps of a fine size do not suffice: faces blur. Here the edges are the content's own.
    """
    height, width = fine.shape[-2:]
    enlarged = _scaled(pixels, height, width)
    if not detail:
        return enlarged
    return (enlarged + (fine - _scaled(coarse, height, width))).clamp(0, 1)


def _scaled(pixels: Tensor, height: int, width: int) -> Tensor:
    scaled = F.interpolate(pixels, size=(height, width), mode="bicubic", align_corners=False, antialias=True)
    return scaled.clamp(0, 1)
