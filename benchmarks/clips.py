"""Short clips that are rendered by code, so that the true flow between any two of their frames is known.

A clip is layers, each a picture with a mask, that move by an affine map over time. Of each position it is
known which layer is seen there, where that place is in another frame, and whether it can be seen there.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from benchmarks.pictures import CONTENTS, ROOT, STYLES
from nst_core.images import io
from nst_core.images.picture import fit
from nst_core.video.flow import Flow, Plane, opencv

WIDTH, HEIGHT, FRAMES = 192, 144, 8

Affine = NDArray[np.float64]
"""(3, 3), from a frame's positions in pixels to those of a layer's picture."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Layer:
    """A picture (h, w, 3), what of it is there (h, w), and where it is seen at each time."""

    rgb: NDArray[np.float32]
    mask: Plane | None
    at: Callable[[int], Affine]

    def seen(self, time: int, width: int, height: int) -> tuple[NDArray[np.float32], Plane]:
        """Its pixels in a frame, and how far they cover what is behind."""
        cv2 = opencv()
        whole = np.ones(self.rgb.shape[:2], dtype=np.float32) if self.mask is None else self.mask
        planes = np.dstack([self.rgb, whole])
        edge = cv2.BORDER_REPLICATE if self.mask is None else cv2.BORDER_CONSTANT
        found = cv2.warpAffine(
            planes,
            self.at(time)[:2],
            (width, height),
            flags=cv2.INTER_CUBIC | cv2.WARP_INVERSE_MAP,
            borderMode=edge,
        )
        return np.clip(found[..., :3], 0, 1), np.clip(found[..., 3], 0, 1)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Rendered:
    """A clip of layers, the lowest first; the lowest covers all."""

    name: str
    layers: tuple[Layer, ...]
    width: int = WIDTH
    height: int = HEIGHT
    count: int = FRAMES

    def fitted(self, edge_px: int) -> "Rendered":
        """The same with another long edge."""
        factor = max(self.width, self.height) / edge_px
        grow = np.diag([factor, factor, 1.0])

        def seen(at: Callable[[int], Affine]) -> Callable[[int], Affine]:
            return lambda time: at(time) @ grow

        layers = tuple(replace(layer, at=seen(layer.at)) for layer in self.layers)
        width, height = round(self.width / factor), round(self.height / factor)
        return replace(self, layers=layers, width=width, height=height)

    def frame(self, time: int) -> NDArray[np.float32]:
        """The pixels (h, w, 3) at a time."""
        frame = np.zeros((self.height, self.width, 3), dtype=np.float32)
        for layer in self.layers:
            rgb, cover = layer.seen(time, self.width, self.height)
            frame += cover[..., None] * (rgb - frame)
        return frame

    def flow(self, time: int, other: int) -> tuple[Flow, NDArray[np.bool_]]:
        """Where each position of a frame is in another (h, w, 2), and whether it can be seen there (h, w)."""
        rows, columns = np.mgrid[: self.height, : self.width].astype(np.float64)
        here = np.stack([columns, rows, np.ones_like(rows)], axis=-1)
        on_top = self._on_top(time)
        there = np.zeros_like(here)
        for number, layer in enumerate(self.layers):
            moved = here @ (np.linalg.inv(layer.at(other)) @ layer.at(time)).T
            there = np.where((on_top == number)[..., None], moved, there)
        x, y = there[..., 0], there[..., 1]
        inside = (x >= 0) & (x <= self.width - 1) & (y >= 0) & (y <= self.height - 1)
        nearest = [
            np.clip(np.rint(one), 0, edge - 1).astype(int)
            for one, edge in ((y, self.height), (x, self.width))
        ]
        same = self._on_top(other)[nearest[0], nearest[1]] == on_top
        return (there - here)[..., :2].astype(np.float32), inside & same

    def _on_top(self, time: int) -> NDArray[np.int64]:
        """The number of the layer that is seen at each position (h, w)."""
        found = np.zeros((self.height, self.width), dtype=np.int64)
        for number, layer in enumerate(self.layers[1:], 1):
            found[layer.seen(time, self.width, self.height)[1] > 0.5] = number
        return found


def moving(
    x: float,
    y: float,
    *,
    dx: float = 0.0,
    dy: float = 0.0,
    degrees: float = 0.0,
    zoom: float = 1.0,
    about: tuple[float, float] = (WIDTH / 2, HEIGHT / 2),
) -> Callable[[int], Affine]:
    """A picture that is seen from (x, y) on at first, and moves so many pixels, degrees and times a frame."""

    def at(time: int) -> Affine:
        angle, scale = np.deg2rad(degrees * time), zoom**-time
        turn = scale * np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
        centre = np.array(about)
        shift = centre - turn @ centre + np.array([x - dx * time, y - dy * time])
        return np.vstack([np.column_stack([turn, shift]), [0.0, 0.0, 1.0]])

    return at


def _picture(name: str, edge_px: int) -> NDArray[np.float32]:
    known = CONTENTS | STYLES | {path.stem: path for path in (ROOT / "benchmarks" / "contents").iterdir()}
    return fit(io.decode(known[name]), edge_px).rgb


def _disc(height: int, width: int) -> Plane:
    """1 within an ellipse that fills the plane, falling to 0 over two pixels."""
    rows, columns = np.mgrid[:height, :width]
    away = np.hypot((rows - (height - 1) / 2) / (height / 2), (columns - (width - 1) / 2) / (width / 2))
    plane: Plane = np.clip((1 - away) * min(height, width) / 4, 0, 1).astype(np.float32)
    return plane


def _object(name: str, edge_px: int, at: Callable[[int], Affine]) -> Layer:
    rgb = _picture(name, edge_px)
    return Layer(rgb=rgb, mask=_disc(*rgb.shape[:2]), at=at)


def _ground(name: str, edge_px: int, at: Callable[[int], Affine]) -> Layer:
    return Layer(rgb=_picture(name, edge_px), mask=None, at=at)


def all_clips() -> tuple[Rendered, ...]:
    """Seven clips: what a camera does, what passes before it, and both."""
    return (
        Rendered(name="pan", layers=(_ground("coffee", 320, moving(90, 40, dx=3.3, dy=1.2)),)),
        Rendered(name="zoom", layers=(_ground("astronaut", 256, moving(20, 20, zoom=1.03)),)),
        Rendered(name="turn", layers=(_ground("chelsea", 300, moving(50, 30, degrees=2.0)),)),
        Rendered(
            name="passing",
            layers=(
                _ground("china", 240, moving(20, 8)),
                _object("flower", 72, moving(-8, -50, dx=9.0, dy=1.0)),
            ),
        ),
        Rendered(
            name="crossing",
            layers=(
                _ground("rocket", 300, moving(40, 20, dx=-1.5)),
                _object("raccoon", 80, moving(-5, -20, dx=7.0)),
                _object("chelsea", 64, moving(-120, -60, dx=-6.5, dy=-2.0)),
            ),
        ),
        Rendered(
            name="spinning",
            layers=(
                _ground("coffee", 240, moving(20, 10)),
                _object("flower", 90, moving(-50, -35, degrees=5.0)),
            ),
        ),
        Rendered(name="painting", layers=(_ground("great_wave", 280, moving(30, 20, dx=2.4, zoom=1.015)),)),
    )
