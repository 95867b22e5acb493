"""A pen for pictures that are drawn by code: smooth lines, round ends, outlines, text."""

from collections.abc import Sequence
from typing import Final

from PIL import Image, ImageDraw, ImageFont

FACTOR: Final = 3
"""So many times as large is drawn, and made smaller, as Pillow's own lines have hard edges."""
Point = tuple[float, float]
INK: Final = "#1d1726"


class Pen:
    """Pillow's drawing in the units of the finished picture, with round and thick outlines."""

    def __init__(self, width: int, height: int, ground: str) -> None:
        self.size = (width, height)
        self.image = Image.new("RGBA", (width * FACTOR, height * FACTOR), ground)
        self._draw = ImageDraw.Draw(self.image)

    def finished(self) -> Image.Image:
        return self.image.resize(self.size, Image.Resampling.LANCZOS)

    def ellipse(
        self, x: float, y: float, rx: float, ry: float, fill: str, *, ink: str = INK, line: float = 0
    ) -> None:
        """An ellipse around (x, y), with a line around it where that has a width."""
        if line:
            self._draw.ellipse(self._box(x, y, rx + line / 2, ry + line / 2), fill=ink)
        self._draw.ellipse(self._box(x, y, rx - line / 2, ry - line / 2), fill=fill)

    def shape(self, points: Sequence[Point], fill: str | None, *, ink: str = INK, line: float = 0) -> None:
        """A closed polygon."""
        if fill is not None:
            self._draw.polygon([(x * FACTOR, y * FACTOR) for x, y in points], fill=fill)
        if line:
            self.stroke([*points, points[0]], line, ink=ink)

    def stroke(self, points: Sequence[Point], line: float, *, ink: str = INK) -> None:
        """An open line with round ends and corners."""
        scaled = [(x * FACTOR, y * FACTOR) for x, y in points]
        self._draw.line(scaled, fill=ink, width=max(1, round(line * FACTOR)), joint="curve")
        for x, y in (points[0], points[-1]):
            self._draw.ellipse(self._box(x, y, line / 2, line / 2), fill=ink)

    def box(self, x: float, y: float, width: float, height: float, fill: str, *, radius: float = 0) -> None:
        corners = (x * FACTOR, y * FACTOR, (x + width) * FACTOR, (y + height) * FACTOR)
        self._draw.rounded_rectangle(corners, radius * FACTOR, fill=fill)

    def text(self, x: float, y: float, text: str, size: float, fill: str, *, anchor: str = "ls") -> float:
        """Writes text on the line y, and gives the x where it ends."""
        font = ImageFont.load_default(size * FACTOR)
        self._draw.text((x * FACTOR, y * FACTOR), text, font=font, fill=fill, anchor=anchor)
        return x + font.getlength(text) / FACTOR

    def _box(self, x: float, y: float, rx: float, ry: float) -> tuple[float, float, float, float]:
        return ((x - rx) * FACTOR, (y - ry) * FACTOR, (x + rx) * FACTOR, (y + ry) * FACTOR)


def curve(*corners: Point, steps: int = 24) -> list[Point]:
    """A smooth line through all the corners.

    Source: Catmull & Rom, "A class of local interpolating splines", 1974.
    """
    ends = (corners[0], *corners, corners[-1])
    found: list[Point] = []
    for a, b, c, d in zip(ends, ends[1:], ends[2:], ends[3:], strict=False):
        for step in range(steps):
            t = step / steps
            weights = (-t + 2 * t**2 - t**3, 2 - 5 * t**2 + 3 * t**3, t + 4 * t**2 - 3 * t**3, t**3 - t**2)
            x, y = (
                sum(weight * point[axis] for weight, point in zip(weights, (a, b, c, d), strict=True)) / 2
                for axis in (0, 1)
            )
            found.append((x, y))
    return [*found, corners[-1]]
