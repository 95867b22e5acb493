"""What a clip may be at most, and the errors of those that are more: nothing beyond a limit is decoded."""

import math
from dataclasses import dataclass
from typing import Final

from nst_core.errors import ParamsError, PictureError

DAMAGED: Final = "That clip is damaged or cut short: save it again and send the new file."


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
