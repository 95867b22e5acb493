"""A clip: frames of one size, each with the time that it is shown, how often all is played, and its limits.

Nothing beyond a limit is decoded.
"""

import math
from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from nst_core.errors import ParamsError, PictureError
from nst_core.images.picture import Picture, quantise

FOREVER: Final = 0
DAMAGED: Final = "That clip is damaged or cut short: save it again and send the new file."


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


class ClipTooLong(PictureError):
    """A clip has more frames, or takes more seconds, than allowed."""


class ClipTooLarge(PictureError):
    """The frames of a clip have more pixels than allowed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ClipLimits:
    """What is read of a clip at most; one that is more is refused.

    Attributes:
        frames: Frames that are kept.
        pixels: Pixels of all frames in the file together, of which each is decoded.
        seconds: The time of all frames.

    Raises:
        ParamsError: a limit is not above 0.
    """

    frames: int = 300
    pixels: int = 600_000_000
    seconds: float = 60.0

    def __post_init__(self) -> None:
        for name, value in (("frames", self.frames), ("pixels", self.pixels), ("seconds", self.seconds)):
            if not value > 0 or not math.isfinite(value):
                raise ParamsError(f"The limit of a clip's {name} must be a number above 0, not {value!r}.")

    def check_frames(self, count: int) -> None:
        if count > self.frames:
            raise ClipTooLong(f"That clip has more than {self.frames} frames: send a shorter one.")

    def check_seconds(self, milliseconds: float) -> None:
        if milliseconds > 1000 * self.seconds:
            raise ClipTooLong(f"That clip is longer than {self.seconds:g} seconds: send a shorter one.")

    def check_pixels(self, width: int, height: int, frames: int) -> None:
        """`frames` are those that are known of so far."""
        if width * height * frames > self.pixels:
            raise ClipTooLarge(
                f"That clip has {width} x {height} pixels in {frames} frames or more, in all more than the "
                f"{self.pixels / 1e6:g} million allowed: send a smaller or a shorter one."
            )


def without_repeats(clip: Clip) -> Clip:
    """The clip with frames that look like the ones before them left out; those are shown for longer."""
    kept = [clip.frames[0]]
    for frame in clip.frames[1:]:
        if np.array_equal(_seen(frame), _seen(kept[-1])):
            kept[-1] = replace(kept[-1], duration_ms=kept[-1].duration_ms + frame.duration_ms)
        else:
            kept.append(frame)
    return Clip(frames=tuple(kept), plays=clip.plays)


def _seen(frame: Frame) -> NDArray[np.uint8]:
    """The levels without the colours that transparent places may have."""
    if frame.levels.shape[2] == 3:
        return frame.levels
    return np.where(frame.levels[..., 3:] > 0, frame.levels, np.uint8(0))


def thinned(clip: Clip, most: int) -> Clip:
    """The clip in at most so many frames, which are shown for as long in all: those at even times."""
    if len(clip.frames) <= most:
        return clip
    begun = np.cumsum([0, *(frame.duration_ms for frame in clip.frames)])
    moments = np.arange(most) * (begun[-1] / most)
    places = sorted({int(place) for place in np.searchsorted(begun, moments, side="right") - 1})
    ends = [*(int(begun[place]) for place in places[1:]), int(begun[-1])]
    frames = (
        replace(clip.frames[place], duration_ms=end - int(begun[place]))
        for place, end in zip(places, ends, strict=True)
    )
    return Clip(frames=tuple(frames), plays=clip.plays)


def in_unit(levels: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Levels as values in [0, 1]."""
    values: NDArray[np.float32] = levels.astype(np.float32) / np.float32(255)
    return values


def levels_of(picture: Picture) -> NDArray[np.uint8]:
    """A picture in 8 bits, (h, w, 3), or (h, w, 4) where it has alpha."""
    planes: NDArray[Any] = picture.rgb if picture.alpha is None else np.dstack([picture.rgb, picture.alpha])
    return quantise(planes)
