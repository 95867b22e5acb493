"""The style scale that is chosen by itself, beside those that were tuned by eye for the bundled paintings.

    python -m benchmarks.style_scale

The errors are root mean squares of the logarithm of a scale over the tuned one: by itself, of 1 for all
paintings, and of the constant that is best for all.
"""

import argparse
import json
import math
import statistics
from collections.abc import Iterable
from dataclasses import asdict, dataclass

from rich.console import Console
from rich.table import Table

from benchmarks.machine import header
from bot.domain.styles.builtin import BUILT_IN
from bot.domain.styles.style import Painting
from nst_core.images import io
from nst_core.losses.style_pictures import scale_for, stroke_width_px


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One painting: the width of its strokes in pixels, and its two scales."""

    name: str
    width_px: float
    by_itself: float
    tuned: float


def main() -> None:
    argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter).parse_args()
    rows = [row(one) for one in BUILT_IN]
    table = Table("painting", "stroke width", "by itself", "tuned")
    for one in sorted(rows, key=lambda one: one.width_px):
        table.add_row(one.name, f"{one.width_px:.1f} px", f"{one.by_itself:g}", f"{one.tuned:g}")
    console = Console(stderr=True)
    console.print(table)
    found = errors(rows)
    console.print(", ".join(f"{name} {error:.3f}" for name, error in found.items()))
    print(json.dumps({**header(), "rows": [asdict(one) for one in rows], "errors": found}))


def row(painting: Painting) -> Row:
    width_px = stroke_width_px(io.decode(painting.read()))
    return Row(
        name=painting.name,
        width_px=width_px,
        by_itself=scale_for(width_px),
        tuned=painting.settings["style_scale"],
    )


def errors(rows: Iterable[Row]) -> dict[str, float]:
    """Root mean squares of the logarithm of each way's scale over the tuned one."""
    pairs = [(math.log(one.by_itself), math.log(one.tuned)) for one in rows]
    tuned = [value for _by_itself, value in pairs]
    return {
        "by itself": _rms(by_itself - value for by_itself, value in pairs),
        "1 for all": _rms(tuned),
        "the best constant": statistics.pstdev(tuned),
    }


def _rms(values: Iterable[float]) -> float:
    return math.sqrt(statistics.fmean(value**2 for value in values))


if __name__ == "__main__":
    main()
