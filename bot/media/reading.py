"""The child that reads a picture of unknown origin: `python -m bot.media.reading LIMITS`.

The file comes on stdin; a PNG goes to stdout, or, with the exit status `REFUSED`, why there is none, as JSON.
It says which reason, never a sentence: a file that takes it over cannot put words into Easel's mouth.
"""

import os
import sys
from dataclasses import dataclass
from json import dumps, loads
from typing import Final

from bot.media.sandbox import confine

MIB: Final = 1024 * 1024
REFUSED: Final = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class DecodeLimits:
    """What one picture may be and cost. A longer edge than `max_edge_px` is no fault, it is scaled down."""

    max_pixels: int = 60_000_000
    max_edge_px: int = 2048
    min_edge_px: int = 16
    max_aspect: float = 20.0
    memory_bytes: int = 2048 * MIB
    cpu_s: int = 20
    deadline_s: float = 30.0


class Unusable(Exception):
    """Why a file is not taken: one of the reasons of `bot.media.decode`, with its figures."""

    def __init__(self, reason: str, **figures: float) -> None:
        super().__init__(reason)
        self.reason = reason
        self.figures = figures


def load_libraries() -> None:
    """Imports all that reading and writing need: once confined, this process opens no file any more."""
    # Pillow and NumPy are the child's alone: the gateway need not load them to start one.
    import pillow_heif  # noqa: PLC0415
    from PIL import AvifImagePlugin, ExifTags, Image, ImagePalette, TiffTags  # noqa: F401, PLC0415

    import nst_core.images.io  # noqa: F401, PLC0415

    Image.preinit()
    pillow_heif.options.DECODE_THREADS = 1
    AvifImagePlugin.DEFAULT_MAX_THREADS = 1


def read(data: bytes, limits: DecodeLimits) -> bytes:
    """The picture as an upright PNG in sRGB, without metadata.

    Raises:
        Unusable: it is none, or outside the limits.
    """
    from nst_core.errors import PictureError, TooManyPixels  # noqa: PLC0415
    from nst_core.images.formats import NOT_A_PICTURE  # noqa: PLC0415
    from nst_core.images.io import NO_MEMORY, decode, encode  # noqa: PLC0415

    reasons = {NOT_A_PICTURE: "no picture", NO_MEMORY: "no memory"}
    try:
        picture = decode(data, max_pixels=limits.max_pixels, edge_px=limits.max_edge_px)
        width, height = picture.width, picture.height
        short, long = sorted((width, height))
        if long > limits.max_aspect * short:
            raise Unusable("too long")
        if short < limits.min_edge_px:
            raise Unusable("too small", width=width, height=height)
        return encode(picture, format="png")
    except TooManyPixels as error:
        raise Unusable("too many pixels", width=error.width, height=error.height) from error
    except PictureError as error:
        raise Unusable(reasons.get(str(error), "damaged")) from error
    except MemoryError as error:
        raise Unusable("no memory") from error


def serve(data: bytes, limits: DecodeLimits) -> tuple[bytes, int]:
    """What goes to stdout, and the exit status."""
    try:
        return read(data, limits), 0
    except Unusable as error:
        return dumps({"reason": error.reason, **error.figures}).encode(), REFUSED


def main() -> None:
    limits = DecodeLimits(**loads(sys.argv[1]))
    os.nice(10)
    load_libraries()
    confine(memory_bytes=limits.memory_bytes, cpu_s=limits.cpu_s)
    output, status = serve(sys.stdin.buffer.read(), limits)
    sys.stdout.buffer.write(output)
    sys.stdout.buffer.flush()
    os._exit(status)  # nothing is left to be tidied up, and nothing of a file's may run then


if __name__ == "__main__":
    main()
