"""The child that reads a picture of unknown origin: `python -m bot.media.reading LIMITS CLIP_LIMITS FILM`.

The file comes on stdin; a lossless WebP goes to stdout, or, with the exit status `REFUSED`, why there is
none, as JSON. With limits for clips, what moves is followed by an animated WebP and by what was left out.
FILM: whether it is a film whose frames are wanted: then PyAV is loaded, which starts a thread.
It says which reason, never a sentence: a file that takes it over cannot put words into Easel's mouth.
Only this process, or the server that forks it, loads Pillow's decoders and NumPy: the gateway imports none.
"""

import os
import sys
from io import BytesIO
from json import dumps, loads
from typing import Final

import numpy as np
import pillow_heif
from PIL import (  # noqa: F401 - some are loaded for later
    AvifImagePlugin,
    ExifTags,
    Image,
    ImagePalette,
    TiffTags,
    WebPImagePlugin,
)

from bot.media.headers import jpeg_scans
from bot.media.sandbox import REFUSED, ClipLimits, DecodeLimits, confine, lower_priority
from nst_core.errors import CutShort, EngineError, PictureError, TooManyPixels, UnknownKind
from nst_core.images.formats import NOT_A_PICTURE
from nst_core.images.io import NO_MEMORY, decode
from nst_core.images.picture import Picture, is_invisible, quantise
from nst_core.video import films
from nst_core.video.clips import ClipLimits as FileLimits
from nst_core.video.clips import thinned, without_repeats
from nst_core.video.containers import kind_of
from nst_core.video.reading import first_of_film, read_start
from nst_core.video.writing import encode_lossless

_REASONS: Final = {NOT_A_PICTURE: "no picture", NO_MEMORY: "no memory"}


class Unusable(Exception):
    """Why a file is not taken: one of the reasons of `bot.media.decode`, with its figures."""

    def __init__(self, reason: str, **figures: float | str | None) -> None:
        super().__init__(reason)
        self.reason = reason
        self.figures = figures


def load_libraries() -> None:
    """Loads the rest of what reading and writing need: once confined, this process opens no file any more."""
    Image.preinit()
    pillow_heif.options.DECODE_THREADS = 1
    AvifImagePlugin.DEFAULT_MAX_THREADS = 1


def read(data: bytes, limits: DecodeLimits, *, film: bool = False) -> bytes:
    """The picture as an upright, lossless WebP in sRGB, without metadata.

    film: whether the first frame of a film is taken.

    Raises:
        Unusable: it is none, or outside the limits.
    """
    try:
        if jpeg_scans(data, most=limits.max_scans) > limits.max_scans:
            raise Unusable("too many scans")
        start = _film_start(data, limits) if film else None
        picture = start or decode(data, max_pixels=limits.max_pixels, edge_px=limits.max_edge_px)
        width, height = picture.width, picture.height
        if is_invisible(picture.alpha):
            raise Unusable("nothing to see")
        short, long = sorted((width, height))
        if long > limits.max_aspect * short:
            raise Unusable("too long")
        if short < limits.min_edge_px:
            raise Unusable("too small", width=width, height=height)
        return _packed(picture)
    except TooManyPixels as error:
        figures = {"width": error.width, "height": error.height, "most": error.max_pixels / 1e6}
        raise Unusable("too many pixels", **figures) from error
    except CutShort as error:
        raise Unusable("cut short", missing=error.missing_percent) from error
    except UnknownKind as error:
        raise Unusable("raw file" if error.raw else "unknown kind", name=error.raw) from error
    except PictureError as error:
        raise Unusable(_REASONS.get(str(error), "damaged")) from error
    except MemoryError as error:
        raise Unusable("no memory") from error


def _film_start(data: bytes, limits: DecodeLimits) -> Picture | None:
    """Raises `PictureError`, as `decode` does."""
    return first_of_film(data, edge_px=limits.max_edge_px, max_pixels=limits.max_pixels)


def _packed(picture: Picture) -> bytes:
    """About two thirds of a PNG's size, in half of its time; further effort gains a twentieth."""
    planes = picture.rgb if picture.alpha is None else np.dstack([picture.rgb, picture.alpha])
    target = BytesIO()
    image = Image.fromarray(quantise(planes))
    image.save(target, "WEBP", lossless=True, exact=True, quality=20, method=1)
    return target.getvalue()


def read_clip(data: bytes, limits: ClipLimits) -> bytes:
    """The frames as an animated, lossless WebP, and the words "thinned" and "cut" where they apply.

    Nothing where it does not move, or where no second frame can be read.
    """
    pixels = limits.film_pixels if kind_of(data) else limits.pixels
    kept = FileLimits(pixels=pixels, seconds=limits.seconds)
    try:
        start = read_start(data, edge_px=limits.edge_px, max_fps=limits.fps, limits=kept)
    except (EngineError, MemoryError, ValueError):
        return b""
    different = without_repeats(start.clip)
    clip = thinned(different, limits.frames)
    if len(clip.frames) < 2:
        return b""
    left_out = start.left_out or len(clip.frames) < len(different.frames)
    words = [b"thinned"] * bool(left_out) + [b"cut"] * (not start.whole)
    return encode_lossless(clip) + b" ".join(words)


def serve(data: bytes, limits: DecodeLimits, clips: ClipLimits | None = None) -> tuple[bytes, int]:
    """What goes to stdout, and the exit status."""
    try:
        film = clips is not None and kind_of(data) is not None and films.is_readable()
        return read(data, limits, film=film) + (read_clip(data, clips) if clips else b""), 0
    except Unusable as error:
        return dumps({"reason": error.reason, **error.figures}).encode(), REFUSED


def main() -> None:
    limits = DecodeLimits(**loads(sys.argv[1]))
    wanted = loads(sys.argv[2])
    clips = ClipLimits(**wanted) if wanted else None
    lower_priority(10)
    load_libraries()
    if loads(sys.argv[3]):
        films.is_readable()
    confine(memory_bytes=limits.memory_bytes, cpu_s=clips.cpu_s if clips else limits.cpu_s)
    output, status = serve(sys.stdin.buffer.read(), limits, clips)
    sys.stdout.buffer.write(output)
    sys.stdout.buffer.flush()
    os._exit(status)  # nothing is left to be tidied up, and nothing of a file's may run then


if __name__ == "__main__":
    main()
