"""Scored pictures on the way to a minimum: when a loss is reached, and what that takes on this machine."""

import dataclasses
import itertools
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

WITHIN = 1.05
"""Times the best loss: what counts as nearly there."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Point:
    """One 8-bit picture: losses relative and in float32; those on VGG-16 where it judged too."""

    iterations: int
    seconds: float
    size_px: int
    total: float
    content: float
    style: float
    content16: float | None = None
    style16: float | None = None

    @classmethod
    def from_row(cls, row: Mapping[str, Any]) -> "Point":
        """A point of plain JSON values, other keys among them."""
        names = {field.name for field in dataclasses.fields(cls)}
        values = {key: value for key, value in row.items() if key in names}
        return cls(size_px=row["size"], **values)

    def as_row(self) -> dict[str, Any]:
        row = {**dataclasses.asdict(self), "size": self.size_px}
        return {key: value for key, value in row.items() if key != "size_px" and value is not None}


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """How long the first iterations of a size took, and each one after them.

    `knots` are iterations with the seconds until then, ascending; `rate_s` holds beyond the last.
    """

    knots: tuple[tuple[int, float], ...]
    rate_s: float

    @classmethod
    def of(cls, points: Sequence[tuple[int, float]], warm_up: int) -> "Pace":
        """From measured (iterations, seconds); the rate is that of the iterations after the warm-up.

        Raises:
            ValueError: no iteration lies after the warm-up.
        """
        after = [point for point in points if point[0] >= warm_up]
        if len(after) < 2:
            raise ValueError(f"There must be two measured times from iteration {warm_up} on.")
        (begun, from_s), (ended, until_s) = after[0], after[-1]
        return cls(knots=((0, 0.0), *points), rate_s=(until_s - from_s) / (ended - begun))

    def seconds(self, iterations: int) -> float:
        """The seconds that so many iterations take, linear between the knots."""
        last, last_s = self.knots[-1]
        if iterations >= last:
            return last_s + (iterations - last) * self.rate_s
        for (begun, from_s), (ended, until_s) in itertools.pairwise(self.knots):
            if iterations <= ended:
                return from_s + (until_s - from_s) * (iterations - begun) / (ended - begun)
        raise AssertionError


def paces(points: Sequence[Point], warm_up: int) -> dict[int, Pace]:
    """A pace for each size, in the order of the run."""
    found = {}
    begun, from_s = 0, 0.0
    for size_px in dict.fromkeys(point.size_px for point in points):
        here = [point for point in points if point.size_px == size_px]
        times = [(point.iterations - begun, point.seconds - from_s) for point in here]
        found[size_px] = Pace.of(times, warm_up)
        begun, from_s = here[-1].iterations, here[-1].seconds
    return found


def retimed(points: Sequence[Point], by_size: Mapping[int, Pace]) -> Iterator[Point]:
    """The same points at another pace."""
    begun, from_s = 0, 0.0
    before: Point | None = None
    for point in points:
        if before is not None and before.size_px != point.size_px:
            from_s += by_size[before.size_px].seconds(before.iterations - begun)
            begun = before.iterations
        before = point
        seconds = from_s + by_size[point.size_px].seconds(point.iterations - begun)
        yield dataclasses.replace(point, seconds=seconds)


def best(points: Sequence[Point], size_px: int) -> Point:
    """The first picture of the size with the lowest total."""
    return min((point for point in points if point.size_px == size_px), key=lambda point: point.total)


def first(points: Sequence[Point], is_there: Callable[[Point], bool]) -> Point | None:
    return next((point for point in points if is_there(point)), None)


def crossing_s(points: Sequence[Point], threshold: float) -> float | None:
    """When the total falls to the threshold, linear between two scored pictures; None if it never does.

    Scored once in many iterations, a procedure may have been there since the picture before: without
    interpolation it would seem slower than it is.
    """
    before: Point | None = None
    for point in points:
        if point.total <= threshold:
            if before is None:
                return point.seconds
            part = (before.total - threshold) / (before.total - point.total)
            return before.seconds + part * (point.seconds - before.seconds)
        before = point
    return None


def is_as_near(point: Point, wanted: Point) -> bool:
    """Whether content and style on VGG-16 are both at least as near as those wanted.

    Raises:
        ValueError: VGG-16 judged only one of the two or neither.
    """
    figures = (point.content16, point.style16, wanted.content16, wanted.style16)
    if None in figures:
        raise ValueError("Both pictures must have been judged by VGG-16.")
    content, style, wanted_content, wanted_style = (float(figure or 0.0) for figure in figures)
    return content <= wanted_content and style <= wanted_style


def read(path: Path) -> list[Point]:
    return [Point.from_row(row) for row in json.loads(path.read_text())]


def write(path: Path, points: Sequence[Point]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps([point.as_row() for point in points], indent=0) + "\n")
