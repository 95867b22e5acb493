"""How far figures that should be alike lie apart."""

import dataclasses
import math
import statistics
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Band:
    """Of positive figures: `band` is the highest over the lowest, `log_sd` the deviation of the logarithms.

    A factor of `exp(log_sd)` about the geometric mean holds two thirds of figures that spread log-normally;
    with a single figure it is 0.
    """

    count: int
    geometric_mean: float
    lowest: float
    highest: float
    band: float
    log_sd: float

    def as_dict(self) -> dict[str, float]:
        return dataclasses.asdict(self)


def band(figures: Sequence[float]) -> Band:
    """The band of at least one positive figure.

    Raises:
        ValueError: there is none, or one is not positive.
    """
    if not figures or min(figures) <= 0:
        raise ValueError("A band takes at least one figure, and positive ones only.")
    logs = [math.log(figure) for figure in figures]
    return Band(
        count=len(figures),
        geometric_mean=math.exp(statistics.fmean(logs)),
        lowest=min(figures),
        highest=max(figures),
        band=max(figures) / min(figures),
        log_sd=statistics.stdev(logs) if len(logs) > 1 else 0.0,
    )
