"""How the frames of a clip hold to one another, checked once and carried as plain data."""

import math
from dataclasses import dataclass, replace
from typing import Final

from nst_core.errors import ParamsError
from nst_core.params import Params
from nst_core.pyramid import Scale, scales

MOST_REACH: Final = 64
MOST_PASSES: Final = 4

_STEPS: Final = {"standard": (14, 5), "high": (20, 12), "max": (28, 24)}
"""Per quality, the steps of a frame that is begun with the painting of its neighbour: at each coarse size,
which is painted for the places without one, and at the last."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Motion:
    """What the frames of a clip have in common.

    Attributes:
        temporal: Weight of the temporal term, in the total of the relative form. The term is 1 where a frame
            differs by 0.1 (of 0 to 1) from what the flow makes of its neighbours' paintings, everywhere.
        reach: How many frames back a frame looks, nearest first; farther ones hold what a nearer one did not
            show (equation 11).
        steps: Steps at the last size of each frame but the first; by default the quality's own number.
        passes: How often the clip is gone through, forwards and backwards in turn; by default once, and
            twice for the qualities high and max.

    Raises:
        ParamsError: a value is out of range.
    """

    temporal: float = 10.0
    reach: tuple[int, ...] = (1, 2, 4)
    steps: int | None = None
    passes: int | None = None

    def __post_init__(self) -> None:
        if not (math.isfinite(self.temporal) and 0 <= self.temporal <= 1e6):
            raise ParamsError(f"temporal must be a number from 0 to 1e+06, not {self.temporal!r}.")
        if not self.reach or any(not 1 <= back <= MOST_REACH for back in self.reach):
            raise ParamsError(f"reach must be whole numbers from 1 to {MOST_REACH}, not {self.reach!r}.")
        if list(self.reach) != sorted(set(self.reach)):
            raise ParamsError(f"reach must name each frame back once, nearest first, not {self.reach!r}.")
        if self.steps is not None and not 1 <= self.steps <= 20_000:
            raise ParamsError(f"steps must be a whole number from 1 to 20000, not {self.steps!r}.")
        if self.passes is not None and not 1 <= self.passes <= MOST_PASSES:
            raise ParamsError(f"passes must be a whole number from 1 to {MOST_PASSES}, not {self.passes!r}.")

    def passes_for(self, params: Params) -> int:
        if self.passes is not None:
            return self.passes
        return 2 if params.quality in {"high", "max"} else 1

    def plan(self, params: Params, *, whole: bool) -> tuple[Scale, ...]:
        """The sizes and steps of a frame with a painted neighbour; `whole`: at all sizes, else the last."""
        coarse, fine = _STEPS[params.quality]
        if self.steps is not None:
            coarse, fine = max(1, round(coarse * self.steps / fine)), self.steps
        edges = [scale.edge_px for scale in scales(replace(params, quality="standard"))]
        kept = edges if whole else edges[-1:]
        return tuple(Scale(edge_px=edge, steps=fine if edge == edges[-1] else coarse) for edge in kept)
