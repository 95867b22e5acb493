"""The pixels of an opened file: which frame, how much of it is there, and which way up."""

import struct
import zlib
from contextlib import suppress
from io import BytesIO
from typing import Final

import numpy as np
from PIL import Image, ImageCms
from PIL.BmpImagePlugin import BmpImageFile
from PIL.GifImagePlugin import GifImageFile
from PIL.ImageFile import ImageFile
from PIL.JpegImagePlugin import JpegImageFile
from PIL.PngImagePlugin import PngImageFile
from PIL.TiffImagePlugin import TiffImageFile
from PIL.WebPImagePlugin import WebPImageFile

from nst_core.errors import CutShort
from nst_core.images.sizes import fitted

BROKEN: Final = (
    ArithmeticError,
    AssertionError,
    AttributeError,
    EOFError,
    ImageCms.PyCMSError,
    Image.DecompressionBombError,
    LookupError,
    OSError,
    RuntimeError,
    SyntaxError,
    TypeError,
    ValueError,
    Warning,  # where an application has turned warnings into errors
    struct.error,
    zlib.error,
)
"""What Pillow's plugins and the C libraries below them raise for broken files, apart from MemoryError."""

_ORIENTATION: Final = 0x0112
_UPRIGHT: Final = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
_SAMPLE_FORMAT, _SIGNED = 339, 2
_MOST_FRAMES: Final = 64
_LEAST_SHARE: Final = 0.9
_BLOCK_PX: Final = 16


def load(file: ImageFile, edge_px: int | None) -> Image.Image:
    """The picture of a file, upright, of any mode that can be resized.

    A long edge above `edge_px` is reduced to it. Raises any of `BROKEN`, CutShort and MemoryError.
    """
    whole = file.size
    draft = None if edge_px is None else fitted(*whole, edge_px)
    image = _first_visible(file, draft)
    if isinstance(file, JpegImageFile):  # the decoder itself has halved it up to three times
        whole = (whole[0], max(1, whole[1] * image.height // file.height))
    else:
        whole = image.size
    if edge_px is not None and max(whole) > edge_px:
        image = image.resize(fitted(*whole, edge_px), Image.Resampling.LANCZOS, reducing_gap=3.0)
    turn = _UPRIGHT.get(_orientation(file))
    return image if turn is None else image.transpose(turn)


def _orientation(file: ImageFile) -> int:
    """What EXIF proper says; viewers do not turn by XMP or by texts that repeat an EXIF."""
    for name in ("xmp", "XML:com.adobe.xmp", "Raw profile type exif"):
        file.info.pop(name, None)
    try:
        orientation = file.getexif().get(_ORIENTATION)
    except BROKEN:  # pixels are worth more than their EXIF
        return 1
    return orientation if isinstance(orientation, int) else 1


def is_signed(file: TiffImageFile) -> bool:
    """Whether its whole numbers have a sign."""
    return bool(file.tag_v2.get(_SAMPLE_FORMAT, (1,))[0] == _SIGNED)


def _first_visible(file: ImageFile, draft: tuple[int, int] | None) -> Image.Image:
    """The first frame in which something can be seen, else the first; not a PNG's hidden stand-in."""
    first = 1 if isinstance(file, PngImageFile) and file.default_image else 0
    frames = _MOST_FRAMES if isinstance(file, GifImageFile | PngImageFile | WebPImageFile) else 1
    shown: Image.Image | None = None
    for number in range(first, first + frames):
        try:
            if number:
                file.seek(number)
        except EOFError:
            break
        image = _unpacked(_loaded(file, draft))
        shown = shown or image
        if image.mode not in {"LA", "RGBA"} or image.getchannel("A").getextrema() != (0, 0):
            return image
    assert shown is not None
    return shown


def _loaded(file: ImageFile, draft: tuple[int, int] | None) -> Image.Image:
    data = file.fp.getvalue() if isinstance(file.fp, BytesIO) else b""
    frame = file.tell()
    _draft(file, draft)
    try:
        file.load()
    except OSError as error:
        if frame or "truncated" not in str(error):
            raise
        return _what_is_there(type(file), data, draft)
    if isinstance(file, BmpImageFile) and file.mode == "RGBA" and file.getchannel("A").getextrema() == (0, 0):
        return file.convert("RGB")  # many programs leave the fourth byte of a BMP empty
    if isinstance(file, TiffImageFile) and file.mode == "L" and is_signed(file):
        return Image.fromarray(np.asarray(file).astype(np.int8).astype(np.int32))
    return file


def _draft(file: ImageFile, size: tuple[int, int] | None) -> None:
    if size is not None and isinstance(file, JpegImageFile):
        file.draft(None, size)


def _what_is_there(plugin: type[ImageFile], data: bytes, draft: tuple[int, int] | None) -> Image.Image:
    """The rows of a file that ends too early, if nine tenths of them are there.

    It is decoded over black and over white: what is missing differs.
    """
    black, white = (_decoded_over(ground, plugin, data, draft) for ground in (0, 255))
    differs = (np.asarray(black) != np.asarray(white)).reshape(black.height, -1).any(axis=1)
    rows = black.height - int(differs.sum())
    top = int(differs.sum()) if differs[0] else 0  # some formats begin at the bottom
    if issubclass(plugin, JpegImageFile):
        # The decoder holds its last rows back until it sees more, and all where there are several scans.
        scans = data.count(b"\xff\xda")
        rows = black.height if scans > 1 else min(black.height, rows + _BLOCK_PX)
        black, top = _decoded_over(0, plugin, data + b"\xff\xd9", draft), 0
    if rows < _LEAST_SHARE * black.height:
        raise CutShort(100 - 100 * rows / black.height)
    return black.crop((0, top, black.width, top + rows))


def _decoded_over(
    ground: int, plugin: type[ImageFile], data: bytes, draft: tuple[int, int] | None
) -> Image.Image:
    file = plugin(BytesIO(data))
    _draft(file, draft)
    bands = len(file.getbands())
    file.im = Image.new(file.mode, file.size, ground if bands == 1 else (ground,) * bands).im
    with suppress(OSError):
        file.load()
    return file._new(file.im)  # noqa: SLF001 - any other way to the pixels loads the file once more


def _unpacked(image: Image.Image) -> Image.Image:
    """Converts modes that resizing cannot handle: palettes, colour keys, single bits."""
    key = image.info.get("transparency")
    if image.mode.startswith("I;16") and isinstance(key, int):
        values = np.asarray(image)
        grey = Image.fromarray((values / 257 + 0.5).astype(np.uint8))
        return Image.merge("LA", (grey, Image.fromarray((values != key).astype(np.uint8) * np.uint8(255))))
    if (
        isinstance(key, tuple) and max(key) > 255
    ):  # the key of a 16-bit picture, whose pixels are 8-bit by now
        image.info["transparency"] = tuple(value >> 8 for value in key)
    if image.mode in {"P", "PA", "RGBa"} or (image.mode == "RGB" and image.has_transparency_data):
        return image.convert("RGBA" if image.has_transparency_data else "RGB")
    if image.mode in {"1", "L", "La"}:
        return image.convert("LA" if image.has_transparency_data else "L")
    return image
