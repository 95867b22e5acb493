"""A clip: frames of one size, each with the time that it is shown, and how often all of it is played."""

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from nst_core.errors import PictureError
from nst_core.images.io import Picture, quantise

FOREVER: Final = 0


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Frame:
    """Levels in sRGB, (h, w, 3), or (h, w, 4) with straight alpha, and how long they are shown, in ms."""

    levels: NDArray[np.uint8]
    duration_ms: int

    @property
    def width(self) -> int:
        return int(self.levels.shape[1])

    @property
    def height(self) -> int:
        return int(self.levels.shape[0])

    @property
    def rgb(self) -> NDArray[np.float32]:
        """The colours (h, w, 3) in [0, 1]."""
        return in_unit(self.levels[..., :3])

    @property
    def picture(self) -> Picture:
        """The frame as the engine takes it."""
        alpha = in_unit(self.levels[..., 3]) if self.levels.shape[2] == 4 else None
        return Picture(rgb=self.rgb, alpha=alpha)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Clip:
    """Frames of one size, in the order that they are shown in.

    Attributes:
        frames: At least one.
        plays: How often the clip is shown; 0 is for ever.

    Raises:
        PictureError: there is no frame, or they differ in size.
    """

    frames: tuple[Frame, ...]
    plays: int = FOREVER

    def __post_init__(self) -> None:
        if not self.frames:
            raise PictureError("That clip has no frames: send one that moves.")
        if len({frame.levels.shape[:2] for frame in self.frames}) > 1:
            raise PictureError("The frames of that clip differ in size: save it again in one size.")

    @property
    def width(self) -> int:
        return self.frames[0].width

    @property
    def height(self) -> int:
        return self.frames[0].height

    @property
    def seconds(self) -> float:
        return sum(frame.duration_ms for frame in self.frames) / 1000

    @property
    def has_alpha(self) -> bool:
        """Whether any frame has a transparent place."""
        return any(frame.levels.shape[2] == 4 for frame in self.frames)


def in_unit(levels: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Levels as values in [0, 1]."""
    values: NDArray[np.float32] = levels.astype(np.float32) / np.float32(255)
    return values


def levels_of(picture: Picture) -> NDArray[np.uint8]:
    """A picture in 8 bits, (h, w, 3), or (h, w, 4) where it has alpha."""
    planes: NDArray[Any] = picture.rgb if picture.alpha is None else np.dstack([picture.rgb, picture.alpha])
    return quantise(planes)
