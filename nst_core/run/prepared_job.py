"""A job on a device: its content, targets and masks at each size, its start, its sketch and its result."""

import functools
import math
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

import numpy as np
import torch
from torch import Tensor

from nst_core.images import colour
from nst_core.images.picture import Picture, check_visible, filled, fit
from nst_core.kernels.convolution import Precision
from nst_core.losses.style import Target
from nst_core.losses.style_pictures import pixels_of, rgb_of, stretched, style_at, style_mask, with_scales
from nst_core.losses.targets import shared_cache, targets
from nst_core.losses.terms import smooth_chroma
from nst_core.models import weights
from nst_core.models.adain import Adain, adain_alpha
from nst_core.models.vgg import Vgg
from nst_core.params import NETWORKS, Params
from nst_core.pyramid import Scale, scales
from nst_core.pytorch import own_state
from nst_core.run.contents import Contents
from nst_core.run.enlarging import detail_of, lifted, noise_of, scaled
from nst_core.run.faces import faces_of, without_faces
from nst_core.styles import Mask, Region, StyleSpec, as_spec

NOISE_RANGE: Final = 0.3
"""The width of the noise around 0.5: noise over all of [0, 1] is never quite painted over."""

DETAIL: Final = 0.5
"""How much of the content's detail an enlargement adds at strength 50; 1 looks like a photograph."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class StyleTransferJob:
    """One picture to paint: the content, the style or styles, and the parameters.

    Attributes:
        content: The picture to paint.
        style: One style picture, or styles with weights, regions and masks.
        params: All else that the result depends on.
        start: The picture that the optimisation starts from, in place of the parameters' `init`. It is
            stretched over the content, and sizes no larger than its own are left out. A draft ignores it.

    Raises:
        PictureError: one of the pictures is transparent all over.
    """

    content: Picture
    style: Picture | StyleSpec
    params: Params
    start: Picture | None = None

    def __post_init__(self) -> None:
        check_visible(self.content, "content")
        if isinstance(self.style, Picture):
            check_visible(self.style, "style")
        if self.start is not None:
            check_visible(self.start, "picture to start from")

    @property
    def plan(self) -> tuple[Scale, ...]:
        """The sizes it is painted at."""
        return scales(self.params, started_px=self.started_px)

    @property
    def started_px(self) -> int:
        """The long edge of the picture to start from; 0 without one."""
        return 0 if self.start is None else max(self.start.width, self.start.height)


@dataclass(slots=True)
class PreparedJob:
    """A job on one device, with notes about what was done differently from what was asked.

    Attributes:
        asked: The styles that were given, each with its scale.
        spec: What of them is painted: the same without their faces, if faces are kept.
        contents: The content at each size.
    """

    job: StyleTransferJob
    device: torch.device
    precision: Precision
    notes: list[str] = field(default_factory=list)
    iterations: int = 0
    asked: StyleSpec = field(init=False)
    spec: StyleSpec = field(init=False)
    contents: Contents = field(init=False)

    def __post_init__(self) -> None:
        self.spec = self.asked = with_scales(as_spec(self.job.style), self.params)
        self.contents = Contents(picture=self.job.content, device=self.device)
        if self.params.quality == "draft":
            return
        self.contents.simplify = self.params.simplify * self._full_from_50
        if self.params.faces == "keep":
            self.spec = without_faces(self.spec)
            self.contents.faces = faces_of(self.job.content)

    @property
    def params(self) -> Params:
        return self.job.params

    def targets_at(self, edge_px: int, vgg: Vgg) -> list[Target]:
        """One target per region."""
        content = self.contents.at(edge_px)
        cache = shared_cache()
        return targets(self.spec, content, self.params, size_px=edge_px, vgg=vgg, cache=cache)

    def edit_mask(self, edge_px: int) -> Tensor | None:
        """Where the picture may change (1, 1, h, w); None is everywhere."""
        mask = self.spec.edit_mask
        if mask is None:
            return None
        return self._plane(mask, self.contents.at(edge_px))[None, None]

    def sketch(self, edge_px: int, alpha: float = 1.0, *, recoloured: float = 0.0) -> Tensor:
        """The AdaIN picture (1, 3, h, w) of the content, recoloured so far; each region in its own styles."""
        content = self.contents.pixels_at(edge_px)
        base = self._recoloured(edge_px, recoloured)
        painted = self._by_region(
            content, edge_px, lambda region: self._sketch_of(region, base, edge_px, alpha)
        )
        mask = self.edit_mask(edge_px)
        return painted if mask is None else content + mask * (painted - content)

    def first_look(self, edge_px: int) -> Tensor:
        """The preview (1, 3, h, w) before the first step: the draft, the given start or the AdaIN picture.

        AdaIN alone leaves much of the content's own colours, so it is given a recoloured content.
        """
        amount = adain_alpha(self.params)
        if self.params.quality == "draft":
            return self.sketch(edge_px, amount, recoloured=self._full_from_50)
        return self.sketch(edge_px, recoloured=amount) if self.job.start is None else self.start(edge_px)

    def enlarged(self, pixels: Tensor, coarse_px: int, fine_px: int) -> Tensor:
        """The picture (1, 3, h, w) at a finer size, with the content's own detail of that size."""
        coarse, fine = self.contents.pixels_at(coarse_px), self.contents.pixels_at(fine_px)
        return lifted(pixels, coarse, fine, detail=self._detail)

    @property
    def _full_from_50(self) -> float:
        """From 0 at strength 0 to 1 from strength 50 on; AdaIN's alpha is 1 from 75 on."""
        return min(1.0, 1.5 * adain_alpha(self.params))

    @property
    def _detail(self) -> float:
        """How much of the content's own detail an enlargement adds: 1 at strength 0, none at 100."""
        if self.params.content_weight == 0:
            return 0.0
        above_50 = 0.0 if self.params.is_raw else self.params.nominal_strength / 50 - 1
        return 1 - (1 - DETAIL) * self._full_from_50 - DETAIL * min(max(above_50, 0.0), 1.0)

    def textured(self, pixels: Tensor, coarse_px: int, fine_px: int) -> Tensor:
        """An enlarged picture (1, 3, h, w) with noise in place of the style's detail that it lacks.

        The gradient of a Gram matrix is proportional to the detail that is there. Without any, L-BFGS takes
        dozens of steps to reach the style's strokes and leaves speckle on the way. Other optimisers start
        without noise, and so do faces, which it would mar. Its amplitude grows with the strength.
        """
        amount = adain_alpha(self.params)
        if self.params.optimizer != "lbfgs" or amount == 0:
            return pixels
        fraction = coarse_px / fine_px
        generator = torch.Generator().manual_seed(self.params.seed)

        def noise_for(region: Region) -> Tensor:
            content = self.contents.at(fine_px)
            return noise_of(
                region.styles, content, self.params, fraction, generator=generator, device=self.device
            )

        noise = self._by_region(torch.zeros_like(pixels), fine_px, noise_for)
        wanted, own = (values.square().mean().item() for values in (noise, detail_of(pixels, fraction)))
        if wanted <= own:
            return pixels
        lacking = math.sqrt(1 - own / wanted)
        faces = self.contents.faces_at(fine_px)
        noise = noise if faces is None else noise * (1 - faces)
        return (pixels + amount * lacking * noise).clamp(0, 1)

    def _by_region(self, under: Tensor, edge_px: int, paint: Callable[[Region], Tensor]) -> Tensor:
        """What `paint` gives for each region, laid by the masks over `under` (1, 3, h, w)."""
        regions = self.spec.regions
        if len(regions) == 1 and regions[0].mask is None:
            return paint(regions[0])
        for region in regions:
            plane = under.new_ones(under.shape[-2:])
            if region.mask is not None:
                plane = self._plane(region.mask, self.contents.at(edge_px))
            under = under + plane * (paint(region) - under)
        return under

    def _plane(self, mask: Mask, over: Picture) -> Tensor:
        """A mask (h, w) at the size of a picture."""
        return torch.from_numpy(stretched(mask, over)).to(self.device)

    def _sketch_of(self, region: Region, base: Tensor, edge_px: int, alpha: float) -> Tensor:
        content = self.contents.at(edge_px)
        styles = [style_at(style, content, self.params, edge_px, self.device) for style in region.styles]
        masks = [
            None if mask is None else self._plane(mask, Picture(rgb=rgb))[None]
            for mask, rgb in zip(map(style_mask, region.styles), styles, strict=True)
        ]
        return adain(self.device, self.precision)(
            base,
            [pixels_of(rgb, self.device) for rgb in styles],
            [style.weight for style in region.styles],
            alpha,
            masks=masks,
            content_mask=None if content.alpha is None else self._plane(content.alpha, content)[None],
        )

    def start(self, edge_px: int) -> Tensor:
        """The picture (1, 3, h, w) that the optimisation starts from."""
        content = self.contents.pixels_at(edge_px)
        if self.job.start is not None:
            started = filled(self.job.start, "picture to start from")
            return scaled(pixels_of(started.rgb, self.device), *content.shape[-2:])
        if self.params.init == "content":
            return self._recoloured(edge_px, adain_alpha(self.params))
        if self.params.init == "adain":
            return self.sketch(edge_px)
        if self.params.init == "style":
            first = self.spec.styles[0]
            style = style_at(first, self.contents.at(edge_px), self.params, edge_px, self.device)
            return scaled(pixels_of(style, self.device), *content.shape[-2:])
        generator = torch.Generator().manual_seed(self.params.seed)
        noise = torch.rand(content.shape, generator=generator).to(self.device)
        return 0.5 + NOISE_RANGE * (noise - 0.5)

    def _recoloured(self, edge_px: int, amount: float) -> Tensor:
        """The content (1, 3, h, w), recoloured to the style, from 0 (not at all) to 1."""
        pixels = self.contents.pixels_at(edge_px)
        if amount == 0 or self.params.colors != "style":
            return pixels
        alpha, rgb = self.contents.at(edge_px).alpha, rgb_of(pixels)

        def recoloured(region: Region) -> Tensor:
            weight = sum(style.weight for style in region.styles)
            total = np.zeros_like(rgb)
            for style in region.styles:
                picture, mask = filled(fit(style.picture, edge_px), "style"), style_mask(style)
                matched = colour.matched(
                    rgb,
                    to=picture.rgb,
                    weights=alpha,
                    to_weights=None if mask is None else stretched(mask, picture),
                )
                total += style.weight / weight * matched
            return pixels_of(total, self.device)

        return pixels + amount * (self._by_region(pixels, edge_px, recoloured) - pixels)

    def picture(self, pixels: Tensor, edge_px: int) -> Picture:
        """Pixels (1, 3, h, w) as a picture with the content's alpha and, for `luminance`, its colours.

        Its long edge is `edge_px`, or `size` where that is smaller.
        """
        if self.params.smooths_chroma and self.params.quality != "draft":
            pixels = smooth_chroma(pixels).clamp(0, 1)
        if edge_px > self.params.size:
            edge_px = self.params.size
            pixels = scaled(pixels, *self.contents.pixels_at(edge_px).shape[-2:])
        mask = self.edit_mask(edge_px)
        if mask is not None:
            content = pixels_of(self.contents.at(edge_px).rgb, self.device)
            pixels = content + mask * (pixels - content)
        rgb = rgb_of(pixels)
        original = self.contents.at(edge_px)
        if self.params.colors == "luminance":
            rgb = colour.with_luminance(original.rgb, of=rgb)
        return filled(Picture(rgb=rgb, alpha=original.alpha))


def network(params: Params, device: torch.device, precision: Precision) -> Vgg:
    """The loss network; those that have a name are kept in memory for the next job.

    Raises:
        WeightsError: its weights cannot be loaded.
    """
    load = _cached_network if params.network in NETWORKS else _network
    return load(params.network, params.pooling, params.padding, device, precision)


@functools.lru_cache(maxsize=2)
@own_state()
def adain(device: torch.device, precision: Precision) -> Adain:
    """AdaIN's networks, kept in memory for the next job."""
    return Adain(device, precision)


@own_state()
def _network(name: str, pooling: str, padding: str, device: torch.device, precision: Precision) -> Vgg:
    return Vgg(weights.load(name), pooling=pooling, padding=padding, device=device, precision=precision)


_cached_network = functools.lru_cache(maxsize=4)(_network)
