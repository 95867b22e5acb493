"""The sizes that a picture is painted at, coarse to fine, and how many steps each gets."""

import math
from dataclasses import dataclass
from typing import Final

from nst_core.params import Params

COARSEST_PX: Final = 64
"""No scale is smaller: below it VGG's deepest style layer has next to no positions left."""
MATCHED_FROM_PX: Final = 128
"""At smaller scales there is no matching, unless it is the last: Gram matrices alone invent more."""

_COARSE_STEPS: Final = 20
_LAST_STEPS: Final = 36
"""A picture of one scale gets both."""
_LARGER: Final[dict[str, float]] = {"draft": 1.0, "standard": 1.0, "high": math.sqrt(2), "max": 2.0}
"""How many times larger than asked for a quality paints: with 2 and 4 times the pixels it costs as much more.

The larger size comes after all others, so that the large strokes are those of `standard`: a pyramid that
doubles up to it begins with a finer one, and more of the photograph is left.

More steps at the same size were tried in its place: twice as many cost as much as `high` does, and nobody saw
them, or saw a face that they had marred.
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Scale:
    edge_px: int
    steps: int


def painted_px(params: Params) -> int:
    """The long edge that a picture is painted at, in pixels; the result is reduced to `size`.

    What is painted larger and reduced has finer lines, truer faces and no grain.
    """
    return round(params.size * _LARGER[params.quality])


def scales(params: Params, *, started_px: int = 0) -> tuple[Scale, ...]:
    """The pyramid, coarsest first; its last scale is `painted_px`.

    Each size up to the one asked for is twice the one before. Large strokes are laid at the coarse sizes,
    where a step costs a fraction; what they leave to the last size hardly depends on how far they were taken,
    so that it gets more steps than any other. Given `steps` are shared out in that proportion, at least one
    to a scale; with fewer steps than scales the coarsest scales go. A draft has one scale without steps. A
    picture to start from, whose long edge is `started_px`, has its strokes already: of the sizes up to its
    own none is painted again, but the last always is.
    """
    if params.quality == "draft":
        return (Scale(edge_px=params.size, steps=0),)
    edges = [params.size]
    while edges[0] >= 2 * COARSEST_PX:
        edges.insert(0, round(edges[0] / 2))
    if painted_px(params) > params.size:
        edges.append(painted_px(params))
    shares = [_COARSE_STEPS] * (len(edges) - 1) + [_LAST_STEPS]
    if len(edges) == 1:
        shares = [_COARSE_STEPS + _LAST_STEPS]
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
