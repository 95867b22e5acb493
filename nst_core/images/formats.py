"""Picture files: which formats are opened, and how each is decoded to upright sRGB pixels."""

import struct
import zlib
from collections.abc import Callable
from io import BytesIO
from typing import Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageCms
from PIL.AvifImagePlugin import AvifImageFile
from PIL.BmpImagePlugin import BmpImageFile
from PIL.GifImagePlugin import GifImageFile
from PIL.ImageFile import ImageFile
from PIL.JpegImagePlugin import JpegImageFile
from PIL.PngImagePlugin import PngImageFile
from PIL.TiffImagePlugin import TiffImageFile
from PIL.WebPImagePlugin import WebPImageFile
from pillow_heif import HeifImageFile

from nst_core.errors import PictureError
from nst_core.pyramid import fitted

NOT_A_PICTURE: Final = (
    "That is not a picture Easel can read: send a PNG, JPEG, WebP, AVIF, GIF, BMP, TIFF or HEIC file."
)
DAMAGED: Final = "That picture is damaged or cut short: save it again and send the new file."

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

_Plugin = Callable[[BytesIO], ImageFile]
_AVIF: Final = frozenset({b"avif", b"avis"})
_HEIC: Final = frozenset({b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"hevm", b"hevs"})
_EITHER: Final = frozenset({b"mif1", b"msf1"})  # the major brand names the container only
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
_TIFF_BITS, _TIFF_PHOTOMETRIC, _WHITE_IS_ZERO = 258, 262, 0


def open_header(data: bytes) -> ImageFile:
    """Reads the header with the one or two plugins that the first bytes allow; no pixel is decoded.

    It does not use `Image.open`, which would warn of large pictures through the process's warning filters,
    and would know HEIC only after a registration that changes Pillow for the whole process.

    Raises:
        PictureError: no plugin is allowed to read this, or the one that is cannot.
    """
    failure: Exception | None = None
    for plugin in _plugins(data):
        try:
            return plugin(BytesIO(data))
        except BROKEN as error:
            failure = error
    raise PictureError(NOT_A_PICTURE if failure is None else DAMAGED) from failure


def read_pixels(
    file: ImageFile, edge_px: int | None
) -> tuple[NDArray[np.float32], NDArray[np.float32] | None]:
    """Decodes to upright sRGB (h, w, 3) and straight alpha (h, w) or None, both in [0, 1].

    A long edge above `edge_px` is reduced to it. Raises any of `BROKEN`, and MemoryError.
    """
    image = _load(file, edge_px)
    alpha = _unit(image.getchannel("A")) if image.mode in {"LA", "RGBA"} else None
    if alpha is not None and alpha.min() == 1:
        alpha = None
    profile = file.info.get("icc_profile")
    if image.mode.startswith(("I", "F")):
        grey = _deep(image, file)
        if not profile:
            return np.repeat(grey[..., None], 3, axis=2), None
        image = Image.fromarray((grey * 255 + 0.5).astype(np.uint8))
    return _unit(_srgb(image, profile)), alpha


def _plugins(data: bytes) -> tuple[_Plugin, ...]:
    if data[4:8] == b"ftyp":
        brand = data[8:12]
        heif: tuple[tuple[frozenset[bytes], _Plugin], ...] = (
            (_AVIF | _EITHER, AvifImageFile),
            (_HEIC | _EITHER, HeifImageFile),
        )
        return tuple(plugin for brands, plugin in heif if brand in brands)
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return (WebPImageFile,)
    signatures: tuple[tuple[tuple[bytes, ...], _Plugin], ...] = (
        ((b"\xff\xd8\xff",), JpegImageFile),
        ((b"\x89PNG\r\n\x1a\n",), PngImageFile),
        ((b"GIF87a", b"GIF89a"), GifImageFile),
        ((b"BM",), BmpImageFile),
        ((b"II*\0", b"MM\0*", b"II+\0", b"MM\0+"), TiffImageFile),
    )
    return tuple(plugin for starts, plugin in signatures if data.startswith(starts))


def _load(file: ImageFile, edge_px: int | None) -> Image.Image:
    whole = file.size
    if edge_px is not None and isinstance(file, JpegImageFile):
        file.draft(None, fitted(*whole, edge_px))  # the decoder itself halves the size up to three times
    file.load()
    if not isinstance(file, JpegImageFile):
        whole = file.size  # Pillow has turned a TIFF upright by now
    image = _unpacked(file)
    if edge_px is not None and max(whole) > edge_px:
        image = image.resize(fitted(*whole, edge_px), Image.Resampling.LANCZOS, reducing_gap=3.0)
    try:
        orientation = file.getexif().get(_ORIENTATION)
    except BROKEN:  # pixels are worth more than their EXIF
        orientation = None
    turn = _UPRIGHT.get(orientation) if isinstance(orientation, int) else None
    return image if turn is None else image.transpose(turn)


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


def _unit(image: Image.Image) -> NDArray[np.float32]:
    return np.asarray(image, dtype=np.float32) / np.float32(255)


def _deep(image: Image.Image, file: ImageFile) -> NDArray[np.float32]:
    """16-bit and 32-bit grey in [0, 1]. Floats are taken as they are; integers by the range of their type."""
    if image.mode == "F":
        floats: NDArray[np.float32] = np.asarray(image, dtype=np.float32)
        return np.clip(np.nan_to_num(floats), np.float32(0), np.float32(1))
    if image.mode == "I":
        values = np.asarray(image).astype(np.uint32).astype(np.float64)
        return (values / (65535 if values.max() <= 65535 else 2**32 - 1)).astype(np.float32)
    bits: int = 16
    inverted = False
    if isinstance(file, TiffImageFile):
        bits = min(16, file.tag_v2.get(_TIFF_BITS, (16,))[0])
        inverted = file.tag_v2.get(_TIFF_PHOTOMETRIC) == _WHITE_IS_ZERO  # Pillow inverts 8-bit pixels only
    whole: NDArray[np.float32] = np.asarray(image).astype(np.float32)
    grey: NDArray[np.float32] = np.clip(whole / np.float32(2**bits - 1), 0, 1)
    return 1 - grey if inverted else grey


def _srgb(image: Image.Image, profile: object) -> Image.Image:
    """8-bit RGB through the embedded profile; a profile that is garbage or of another kind is ignored."""
    if image.mode in {"LA", "RGBA", "RGBX"}:
        image = image.convert(image.mode[:-1], dither=None)
    try:
        if image.mode == "LAB":
            embedded = ImageCms.ImageCmsProfile(ImageCms.createProfile("LAB"))
        elif isinstance(profile, bytes) and profile:
            embedded = ImageCms.ImageCmsProfile(BytesIO(profile))
        else:
            return image.convert("RGB")
        if embedded.profile.xcolor_space.strip() == "RGB":
            image = image.convert("RGB")
        converted = ImageCms.profileToProfile(
            image,
            embedded,
            ImageCms.createProfile("sRGB"),
            renderingIntent=ImageCms.Intent.RELATIVE_COLORIMETRIC,
            outputMode="RGB",
            flags=ImageCms.Flags.BLACKPOINTCOMPENSATION,
        )
    except BROKEN:
        return image.convert("RGB")
    return image.convert("RGB") if converted is None else converted
