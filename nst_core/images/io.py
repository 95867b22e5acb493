"""Picture files: decoded, and encoded with the parameters they were made with."""

import json
from collections.abc import Mapping
from io import BytesIO
from pathlib import Path
from typing import Final, Literal

import numpy as np
from PIL import Image
from PIL.ImageFile import ImageFile
from PIL.JpegImagePlugin import JpegImageFile
from PIL.PngImagePlugin import PngInfo

from nst_core.errors import PictureError, TooManyPixels
from nst_core.images.formats import DAMAGED, open_header, read_pixels
from nst_core.images.loading import BROKEN
from nst_core.images.picture import Picture, quantise

MAX_PIXELS: Final = 80_000_000
"""Below Pillow's own limit of 89 megapixels, from which it warns by itself."""

HALVED_TIMES: Final = 2
"""A JPEG that its decoder itself halves may have so many times as many: 200 megapixels cost it 1 to 2 s."""

NO_MEMORY: Final = "There is not enough memory to read that picture: send a smaller one."
_KEY: Final = "easel"
_COMMENT: Final = b"easel:"


def decode(
    source: bytes | str | Path, *, max_pixels: int = MAX_PIXELS, edge_px: int | None = None
) -> Picture:
    """Reads the first picture of a file, turns it upright and brings it to sRGB.

    Args:
        source: the file's path, or its bytes.
        max_pixels: the limit for the size in the header, checked before any pixel is decoded; a JPEG of
            twice `edge_px` and more may have `HALVED_TIMES` as many.
        edge_px: a longer edge is reduced to this while the pixels are still 8-bit, which takes a fraction
            of the memory of `fit` afterwards. Smaller pictures keep their size.

    Raises:
        PictureError: whatever is wrong with the file; the message is one sentence, the file's name a note.
    """
    data = bytes_of(source)
    try:
        return _decoded(data, max_pixels, edge_px)
    except PictureError as error:
        if not isinstance(source, bytes):
            error.add_note(str(source))
        raise


def _decoded(data: bytes, max_pixels: int, edge_px: int | None) -> Picture:
    try:
        file = open_header(data)
        _check_size(file, max_pixels, edge_px)
        rgb, alpha = read_pixels(file, edge_px)
    except PictureError:
        raise
    except MemoryError as error:
        raise PictureError(NO_MEMORY) from error
    except BROKEN as error:
        raise PictureError(DAMAGED) from error
    return Picture(rgb=rgb, alpha=alpha)


def encode(
    picture: Picture,
    *,
    format: Literal["png", "jpeg"],  # noqa: A002 - the word that Pillow uses too
    parameters: Mapping[str, object] | None = None,
    quality: int = 92,
) -> bytes:
    """Encodes a picture as a file: PNG keeps alpha, JPEG composites the picture on white.

    `parameters` (JSON's types only) go into an iTXt chunk named `easel`, or into a JPEG comment.
    """
    text = None if parameters is None else json.dumps(parameters, ensure_ascii=False)
    target = BytesIO()
    if format == "png":
        planes = picture.rgb if picture.alpha is None else np.dstack([picture.rgb, picture.alpha])
        info = PngInfo()
        if text is not None:
            info.add_itxt(_KEY, text)
        Image.fromarray(quantise(planes)).save(target, "PNG", pnginfo=info)
        return target.getvalue()
    rgb = picture.rgb
    if picture.alpha is not None:
        rgb = 1 - picture.alpha[..., None] * (1 - rgb)
    comment = b"" if text is None else _COMMENT + text.encode()
    Image.fromarray(quantise(rgb)).save(target, "JPEG", quality=quality, subsampling=0, comment=comment)
    return target.getvalue()


def read_parameters(source: bytes | str | Path) -> dict[str, object] | None:
    """The parameters that `encode` put into a file; None where there are none.

    Raises:
        PictureError: the file is no picture.
    """
    try:
        info = open_header(bytes_of(source)).info
    except MemoryError as error:
        raise PictureError(NO_MEMORY) from error
    text, comment = info.get(_KEY), info.get("comment")
    if isinstance(comment, bytes) and comment.startswith(_COMMENT):
        text = comment.removeprefix(_COMMENT)
    try:
        found = json.loads(text) if isinstance(text, str | bytes) else None
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) else None


def bytes_of(source: bytes | str | Path) -> bytes:
    """The bytes of a file, given by its path or as they are.

    Raises:
        PictureError: it cannot be read.
    """
    if isinstance(source, bytes):
        return source
    try:
        return Path(source).read_bytes()
    except (OSError, ValueError) as error:  # ValueError: a name with a zero byte
        reason = getattr(error, "strerror", None) or "the system refuses it"
        raise PictureError(f"{source} cannot be read: {reason}.") from error


def _check_size(file: ImageFile, max_pixels: int, edge_px: int | None) -> None:
    if isinstance(file, JpegImageFile) and edge_px is not None and max(file.size) >= 2 * edge_px:
        max_pixels *= HALVED_TIMES
    if file.width * file.height > max_pixels:
        raise TooManyPixels(file.width, file.height, max_pixels=max_pixels)
