"""The fixed raw weights that come nearest to strength 50 over many pairs of pictures."""

import statistics
from collections.abc import Sequence
from dataclasses import dataclass

import torch

from benchmarks.pictures import read
from nst_core.images.picture import Picture, fit
from nst_core.kernels.convolution import EXACT
from nst_core.losses.objective import Objective
from nst_core.losses.style_pictures import pixels_of
from nst_core.losses.targets import shared_cache, targets
from nst_core.params import PUBLISHED, Params
from nst_core.run.prepared_job import network
from nst_core.styles import as_spec


@dataclass(frozen=True, slots=True, kw_only=True)
class RawWeight:
    """For a content weight of 1; without `layer_weights` all layers weigh alike."""

    style_weight: float
    layer_weights: tuple[float, ...] | None


def raw_weight(
    contents: Sequence[str], styles: Sequence[str], sizes_px: Sequence[int], *, balanced: bool = False
) -> RawWeight:
    """The geometric mean over pairs and sizes of the weight that equals strength 50 on each.

    With C the mean square of the content's activations and S_l the content picture's own loss at layer l, the
    relative form times C is `content + beta * C * mean(s_l / S_l)`. One weight for all layers equals that
    where the picture is the content itself: `beta * C / mean(S_l)`. Balanced, each layer has its own,
    `beta * C / S_l`.
    """
    beta = Params().nominal_beta
    columns: list[tuple[float, ...]] = []
    for content in contents:
        for style in styles:
            pictures = read((content, style))
            for size_px in sizes_px:
                of_content, of_layers = references(*pictures, size_px)
                if not balanced:
                    of_layers = (statistics.fmean(of_layers),)
                columns.append(tuple(beta * of_content / of_layer for of_layer in of_layers))
    means = tuple(statistics.geometric_mean(column) for column in zip(*columns, strict=True))
    style_weight = _rounded(statistics.fmean(means))
    layers = tuple(_rounded(mean / (len(means) * style_weight)) for mean in means) if balanced else None
    return RawWeight(style_weight=style_weight, layer_weights=layers)


def references(content: Picture, style: Picture, size_px: int) -> tuple[float, tuple[float, ...]]:
    """What the relative form divides by, content and each style layer, in float32 on the CPU."""
    params, cpu = Params(**PUBLISHED, size=size_px), torch.device("cpu")
    vgg = network(params, cpu, EXACT)
    fitted = fit(content, size_px)
    wanted = targets(as_spec(style), fitted, params, size_px=size_px, vgg=vgg, cache=shared_cache())
    objective = Objective(vgg, pixels_of(fitted.rgb, cpu), [wanted], [params])
    of_content = objective.features.float().square().mean().item()
    return of_content, tuple(reference.item() for reference in objective.regions[0].references)


def _rounded(weight: float) -> float:
    """Four digits: a weight that somebody would type, and the same one in every run."""
    return float(f"{weight:.4g}")
