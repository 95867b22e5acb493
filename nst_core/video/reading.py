"""Clips read from files: animated GIF, PNG, WebP and AVIF by Pillow, films by `nst_core.video.films`."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from PIL.AvifImagePlugin import AvifImageFile
from PIL.GifImagePlugin import GifImageFile
from PIL.ImageFile import ImageFile
from PIL.PngImagePlugin import PngImageFile
from PIL.WebPImagePlugin import WebPImageFile

from nst_core.errors import PictureError
from nst_core.images import io
from nst_core.images.formats import open_header
from nst_core.images.loading import BROKEN
from nst_core.images.picture import Picture
from nst_core.images.sizes import fitted
from nst_core.video import films
from nst_core.video.clips import DAMAGED, FOREVER, Clip, ClipLimits, Frame, in_unit, levels_of
from nst_core.video.containers import kind_of

AT_ONCE_MS: Final = 10
"""Browsers show a frame that is to be shown for no longer than this for AS_SHOWN_MS."""
AS_SHOWN_MS: Final = 100
NOT_MOVING: Final = (
    "That picture does not move: send an animated GIF, PNG, WebP or AVIF, or a film as MP4 or WebM."
)

RawFrame = tuple[Image.Image | NDArray[np.uint8], float]
"""A frame and how long it is shown, in ms."""


def read_clip(
    source: bytes | str | Path,
    *,
    edge_px: int | None = None,
    max_fps: float | None = None,
    limits: ClipLimits = ClipLimits(),  # noqa: B008  # frozen
) -> Clip:
    """Reads all frames of a file, in sRGB.

    Args:
        source: the file's path, or its bytes.
        edge_px: a longer edge is reduced to this, frame by frame, so that the whole size of one is in memory.
        max_fps: frames that come faster are left out, and those before are shown for as long.
        limits: what is refused.

    Raises:
        ClipTooLong, ClipTooLarge: it is more than allowed.
        PictureError: it is no picture or film, does not move, or is damaged. The file's name is a note.
        EngineError: it is a film, and PyAV is not installed.
    """
    data = io.bytes_of(source)
    try:
        return _read(data, edge_px, max_fps, limits)
    except PictureError as error:
        if not isinstance(source, bytes):
            error.add_note(str(source))
        raise


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Start:
    """The beginning of a clip. whole: nothing comes after it; left_out: frames that came too fast."""

    clip: Clip
    whole: bool
    left_out: int


def read_start(data: bytes, *, edge_px: int, max_fps: float, limits: ClipLimits) -> Start:
    """As much of a clip as the limits allow, from its beginning.

    It also ends where the file is damaged, if two frames can be read before.

    Raises:
        PictureError, EngineError: as in `read_clip`, where fewer than two frames can be read.
    """
    kept = _Kept(max_fps, limits)
    try:
        plays, frames = _opened(data, edge_px, limits, announced=False)
        kept.take(frames)
    except (PictureError, MemoryError, *BROKEN) as error:
        if len(kept.levels) > 1:
            return Start(clip=kept.clip(plays), whole=False, left_out=kept.left_out)
        if isinstance(error, PictureError):
            raise
        raise _told(error) from error
    return Start(clip=kept.clip(plays), whole=True, left_out=kept.left_out)


def first_of_film(data: bytes, *, edge_px: int, max_pixels: int) -> Picture | None:
    """The first frame of a film; None: the file is none.

    Raises:
        PictureError: it is damaged, or has more pixels.
        EngineError: PyAV is not installed.
    """
    kind = kind_of(data)
    if kind is None:
        return None
    limits = ClipLimits(pixels=max_pixels)
    levels, _duration_ms = next(films.decoded(data, kind, edge_px, limits, announced=False))
    return Picture(rgb=in_unit(levels))


def _read(data: bytes, edge_px: int | None, max_fps: float | None, limits: ClipLimits) -> Clip:
    kept = _Kept(max_fps, limits)
    try:
        plays, frames = _opened(data, edge_px, limits)
        kept.take(frames)
    except PictureError:
        raise
    except (MemoryError, *BROKEN) as error:
        raise _told(error) from error
    return kept.clip(plays)


def _told(error: Exception) -> PictureError:
    """What is told of an error of a library's."""
    return PictureError(io.NO_MEMORY if isinstance(error, MemoryError) else DAMAGED)


def _opened(
    data: bytes, edge_px: int | None, limits: ClipLimits, *, announced: bool = True
) -> tuple[int, Iterator[tuple[NDArray[np.uint8], float]]]:
    """How often a file says that it is played, and its frames with their times in ms.

    announced: whether the frames that its head announces have to keep the limits, and to be there.
    """
    kind = kind_of(data)
    if kind is not None:
        return FOREVER, films.decoded(data, kind, edge_px, limits, announced=announced)
    file = open_header(data)
    return _plays(file), _frames(file, edge_px, limits, announced=announced)


class _Kept:
    """The frames that are kept, none of them shown for less time than `max_fps` allows.

    What was taken before an error is still there after it.
    """

    def __init__(self, max_fps: float | None, limits: ClipLimits) -> None:
        self._least_ms = 0.0 if max_fps is None else 1000 / max_fps
        self._limits = limits
        self._begun: list[float] = []
        self._time_ms = 0.0
        self.levels: list[NDArray[np.uint8]] = []
        self.left_out = 0

    def take(self, frames: Iterable[tuple[NDArray[np.uint8], float]]) -> None:
        """Raises `ClipTooLong` at the first frame too many, and where the time is up."""
        for one, duration_ms in frames:
            if not self._begun or self._time_ms - self._begun[-1] >= self._least_ms - 0.5:
                self._limits.check_frames(len(self._begun) + 1)
                self.levels.append(one)
                self._begun.append(self._time_ms)
            else:
                self.left_out += 1
            until_ms = self._time_ms + duration_ms
            self._time_ms = min(until_ms, 1000 * self._limits.seconds)
            self._limits.check_seconds(until_ms)

    def clip(self, plays: int) -> Clip:
        """Raises `PictureError` where nothing moves."""
        if len(self.levels) == 1:
            raise PictureError(NOT_MOVING)
        starts = [round(one) for one in self._begun]
        ends = [*starts[1:], round(self._time_ms)]
        frames = [
            Frame(levels=one, duration_ms=max(1, end - start))
            for one, start, end in zip(self.levels, starts, ends, strict=True)
        ]
        return Clip(frames=_alike(frames), plays=plays)


def _alike(frames: list[Frame]) -> tuple[Frame, ...]:
    """The frames, all of them with alpha if any has a transparent place, else none."""
    if all(frame.levels.shape[2] == 3 or frame.levels[..., 3].min() == 255 for frame in frames):
        return tuple(
            Frame(levels=np.ascontiguousarray(one.levels[..., :3]), duration_ms=one.duration_ms)
            for one in frames
        )
    opaque = np.full((*frames[0].levels.shape[:2], 1), 255, dtype=np.uint8)
    return tuple(
        one
        if one.levels.shape[2] == 4
        else Frame(levels=np.concatenate([one.levels, opaque], axis=2), duration_ms=one.duration_ms)
        for one in frames
    )


def _plays(file: ImageFile) -> int:
    """How often the file says that it is shown; 0 is for ever."""
    loop = file.info.get("loop")
    if isinstance(file, GifImageFile):
        if loop is None:
            return 1
        return 0 if loop == 0 else int(loop) + 1  # a GIF counts how often it is repeated
    return int(loop) if isinstance(loop, int) and loop >= 0 else FOREVER


def _frames(
    file: ImageFile, edge_px: int | None, limits: ClipLimits, *, announced: bool
) -> Iterator[tuple[NDArray[np.uint8], float]]:
    if not isinstance(file, GifImageFile | PngImageFile | WebPImageFile | AvifImageFile):
        raise PictureError(NOT_MOVING)
    told = None if isinstance(file, GifImageFile) else int(getattr(file, "n_frames", 1))
    if told == 1:  # its head says so: no pixel needs to be decoded for that
        raise PictureError(NOT_MOVING)
    there = told if told and announced else 1
    hidden = 1 if isinstance(file, PngImageFile) and file.default_image else 0
    limits.check_pixels(file.width, file.height, there)
    number = hidden
    while True:
        try:
            file.seek(number)
        except EOFError:
            break
        limits.check_pixels(file.width, file.height, number + 1)
        file.load()  # an EOFError here is a frame that is announced and not there
        yield _levels(file, edge_px), _shown_ms(file.info.get("duration"))
        number += 1
    if number < there:
        raise PictureError(DAMAGED)


def _shown_ms(duration_ms: object) -> float:
    known = float(duration_ms) if isinstance(duration_ms, int | float) else 0.0
    return known if known > AT_ONCE_MS else float(AS_SHOWN_MS)


def _levels(file: ImageFile, edge_px: int | None) -> NDArray[np.uint8]:
    """The frame that is loaded, (h, w, 3 or 4)."""
    image: Image.Image = file
    clear = "transparency" in image.info or image.mode in {"LA", "PA", "RGBA", "RGBa"}
    if image.mode.startswith(("I", "F")) or image.info.get("icc_profile"):
        return _converted(image, edge_px)
    image = image.convert("RGBA" if clear else "RGB")
    if edge_px is not None and max(image.size) > edge_px:
        image = image.resize(fitted(*image.size, edge_px), Image.Resampling.LANCZOS, reducing_gap=3.0)
    return np.array(image)


def _converted(image: Image.Image, edge_px: int | None) -> NDArray[np.uint8]:
    """A frame of other colours than sRGB, or of more than 8 bits, read as the still picture that it is."""
    still = BytesIO()
    image.copy().save(still, "PNG", compress_level=0, icc_profile=image.info.get("icc_profile"))
    return levels_of(io.decode(still.getvalue(), edge_px=edge_px))
