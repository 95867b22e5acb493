"""Clips read from files: animated GIF, PNG, WebP and AVIF by Pillow, films by `nst_core.video.films`."""

from collections.abc import Iterable, Iterator
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
from nst_core.pyramid import fitted
from nst_core.video import films
from nst_core.video.clips import FOREVER, Clip, Frame, levels_of
from nst_core.video.limits import DAMAGED, ClipLimits

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


def _read(data: bytes, edge_px: int | None, max_fps: float | None, limits: ClipLimits) -> Clip:
    kind = films.kind_of(data)
    try:
        if kind is not None:
            frames, plays = films.decoded(data, kind, edge_px, limits), FOREVER
        else:
            file = open_header(data)
            frames, plays = _frames(file, edge_px, limits), _plays(file)
        kept = _kept(frames, max_fps, limits)
    except PictureError:
        raise
    except MemoryError as error:
        raise PictureError(io.NO_MEMORY) from error
    except BROKEN as error:
        raise PictureError(DAMAGED) from error
    if len(kept) == 1:
        raise PictureError(NOT_MOVING)
    return Clip(frames=_alike(kept), plays=plays)


def _kept(
    frames: Iterable[tuple[NDArray[np.uint8], float]], max_fps: float | None, limits: ClipLimits
) -> list[Frame]:
    """The frames that are kept, none of them shown for less time than `max_fps` allows."""
    least_ms = 0.0 if max_fps is None else 1000 / max_fps
    levels: list[NDArray[np.uint8]] = []
    begun: list[float] = []
    time_ms = 0.0
    for one, duration_ms in frames:
        if not begun or time_ms - begun[-1] >= least_ms - 0.5:
            levels.append(one)
            begun.append(time_ms)
            limits.check_frames(len(begun))
        time_ms += duration_ms
        limits.check_seconds(time_ms)
    ends = [round(one) for one in (*begun[1:], time_ms)]
    return [
        Frame(levels=one, duration_ms=max(1, end - round(start)))
        for one, start, end in zip(levels, begun, ends, strict=True)
    ]


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
    file: ImageFile, edge_px: int | None, limits: ClipLimits
) -> Iterator[tuple[NDArray[np.uint8], float]]:
    if not isinstance(file, GifImageFile | PngImageFile | WebPImageFile | AvifImageFile):
        raise PictureError(NOT_MOVING)
    announced = 1 if isinstance(file, GifImageFile) else int(getattr(file, "n_frames", 1))
    hidden = 1 if isinstance(file, PngImageFile) and file.default_image else 0
    limits.check_pixels(file.width, file.height, announced)
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
    if number < announced:
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
