"""Picture files: which formats are opened, and how each is decoded to upright sRGB pixels."""

from collections.abc import Callable
from io import BytesIO
from typing import Any, Final

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

from nst_core.errors import PictureError, UnknownKind
from nst_core.images.colour_spaces import coding_of, to_srgb
from nst_core.images.loading import BROKEN, is_signed, load
from nst_core.images.mending import mended, png_profile
from nst_core.images.tiff_pages import raw_format, with_picture_first

NOT_A_PICTURE: Final = (
    "That is not a picture Easel can read: send a PNG, JPEG, WebP, AVIF, GIF, BMP, TIFF or HEIC file."
)
DAMAGED: Final = "That picture is damaged or cut short: save it again and send the new file."

_Plugin = Callable[[BytesIO], ImageFile]
_AVIF: Final = frozenset({b"avif", b"avis"})
_HEIC: Final = frozenset({b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"hevm", b"hevs"})
_EITHER: Final = frozenset({b"mif1", b"msf1"})  # the major brand names the container only
_TIFF: Final = (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")
_TIFF_BITS, _TIFF_PHOTOMETRIC, _WHITE_IS_ZERO = 258, 262, 0


def open_header(data: bytes) -> ImageFile:
    """Reads the header with the one or two plugins that the first bytes allow; no pixel is decoded.

    It does not use `Image.open`, which would warn of large pictures through the process's warning filters,
    and would know HEIC only after a registration that changes Pillow for the whole process.

    Raises:
        PictureError: no plugin is allowed to read this, or the one that is cannot.
    """
    raw = raw_format(data)
    if raw is not None:
        raise UnknownKind(raw)
    if data.startswith(_TIFF):
        data = with_picture_first(data)
    failure: Exception | None = None
    for plugin in _plugins(data):
        try:
            file = plugin(BytesIO(mended(data)))
        except BROKEN as error:
            failure = error
        else:
            file.info.update(_colours_of(data, file.info.get("icc_profile")))
            return file
    if isinstance(failure, SyntaxError) and "unknown pixel mode" in str(failure):
        raise UnknownKind from failure
    raise PictureError(NOT_A_PICTURE if failure is None else DAMAGED) from failure


def _colours_of(data: bytes, profile: object) -> dict[str, object]:
    """The profile, or else what the file's own numbers say of its colours."""
    found = png_profile(data) or profile
    return {"icc_profile": found, "coding": None if found else coding_of(data)}


def read_pixels(
    file: ImageFile, edge_px: int | None
) -> tuple[NDArray[np.float32], NDArray[np.float32] | None]:
    """Decodes to upright sRGB (h, w, 3) and straight alpha (h, w) or None, both in [0, 1].

    A long edge above `edge_px` is reduced to it. Raises any of `BROKEN`, and MemoryError.
    """
    image = load(file, edge_px)
    alpha = _unit(image.getchannel("A")) if image.mode in {"LA", "RGBA"} else None
    if alpha is not None and alpha.min() == 1:
        alpha = None
    profile, coding = file.info.get("icc_profile"), file.info.get("coding")
    if image.mode.startswith(("I", "F")):
        grey = _deep(image, file)
        if not profile:
            rgb = np.repeat(grey[..., None], 3, axis=2)
            return (rgb if coding is None else to_srgb(rgb, coding)), None
        image = Image.fromarray((grey * 255 + 0.5).astype(np.uint8))
    rgb = _unit(_srgb(image, profile))
    return (rgb if coding is None else to_srgb(rgb, coding)), alpha


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
        (_TIFF, TiffImageFile),
    )
    return tuple(plugin for starts, plugin in signatures if data.startswith(starts))


def _unit(image: Image.Image) -> NDArray[np.float32]:
    return np.asarray(image, dtype=np.float32) / np.float32(255)


def _deep(image: Image.Image, file: ImageFile) -> NDArray[np.float32]:
    """16-bit and 32-bit grey in [0, 1]: whole numbers by the range of their type.

    Floats beyond [0, 1] and numbers below 0 are scaled by the file's own range: no other is known.
    """
    if image.mode == "F":
        floats: NDArray[np.float32] = np.nan_to_num(np.asarray(image, dtype=np.float32))
        return floats if floats.min() >= 0 and floats.max() <= 1 else _by_own_range(floats)
    if image.mode == "I":
        values = np.asarray(image).astype(np.int64)
        if values.min() < 0 and isinstance(file, TiffImageFile) and is_signed(file):
            return _by_own_range(values)
        values %= 2**32  # Pillow has no unsigned integers of 32 bits
        return (values / (65535 if values.max() <= 65535 else 2**32 - 1)).astype(np.float32)
    bits: int = 16
    inverted = False
    if isinstance(file, TiffImageFile):
        bits = min(16, file.tag_v2.get(_TIFF_BITS, (16,))[0])
        inverted = file.tag_v2.get(_TIFF_PHOTOMETRIC) == _WHITE_IS_ZERO  # Pillow inverts 8-bit pixels only
    whole: NDArray[np.float32] = np.asarray(image).astype(np.float32)
    grey: NDArray[np.float32] = np.clip(whole / np.float32(2**bits - 1), 0, 1)
    return 1 - grey if inverted else grey


def _by_own_range(values: NDArray[Any]) -> NDArray[np.float32]:
    """0 stays black where nothing is below it."""
    low = min(0.0, float(values.min()))
    scaled: NDArray[np.float64] = (values - low) / max(float(values.max()) - low, 1e-12)
    return scaled.astype(np.float32)


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
