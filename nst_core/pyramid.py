"""The sizes that a picture is painted at, coarse to fine, and how many steps each gets."""

from dataclasses import dataclass
from typing import Final

from nst_core.params import Params

COARSEST_PX: Final = 96
"""No scale is smaller: below it VGG's deepest style layer has next to no positions left."""

_STEPS: Final = {"standard": (50, 32), "high": (100, 64), "max": (240, 120)}
"""Per quality, the steps of the coarsest scale, and the least that any scale gets."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Scale:
    edge_px: int
    steps: int


def scales(params: Params, *, started_px: int = 0) -> tuple[Scale, ...]:
    """The pyramid, coarsest first; its last scale has the size asked for.

    Each size is twice the one before and gets half its steps. Strokes and suns appear only where a coarse
    size had its steps, and a step there costs a fraction. Given `steps` are shared out in that proportion, at
    least one to a scale; with fewer steps than scales the coarsest scales go. A draft has one scale
    without steps. A picture to start from, whose long edge is `started_px`, has its strokes already: of the
    sizes up to its own none is painted again, but the last always is.
    """
    if params.quality == "draft":
        return (Scale(edge_px=params.size, steps=0),)
    edges = [params.size]
    while edges[0] >= 2 * COARSEST_PX:
        edges.insert(0, round(edges[0] / 2))
    coarsest, least = _STEPS[params.quality]
    shares = [max(coarsest >> index, least) for index in range(len(edges))]
    if params.steps is not None:
        edges = edges[-params.steps :]
        shares = _apportion(params.steps, shares[-params.steps :])
    plan = tuple(Scale(edge_px=edge, steps=steps) for edge, steps in zip(edges, shares, strict=True))
    return tuple(scale for scale in plan if scale.edge_px > started_px) or plan[-1:]


def _apportion(total: int, shares: list[int]) -> list[int]:
    """`total` whole steps in proportion to `shares`, each at least 1: largest remainders first."""
    spare = total - len(shares)
    exact = [spare * share / sum(shares) for share in shares]
    counts = [1 + int(part) for part in exact]
    order = sorted(range(len(shares)), key=lambda index: int(exact[index]) - exact[index])
    for index in order[: total - sum(counts)]:
        counts[index] += 1
    return counts
