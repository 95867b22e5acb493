"""Honest pictures in every accepted format and its odd corners: what the hostile ones are made from."""

from collections.abc import Callable, Mapping
from functools import cache
from io import BytesIO
from typing import Any, Final

import numpy as np
import pillow_heif
from PIL import Image, ImageCms
from PIL.PngImagePlugin import PngInfo

from nst_core.video.clips import Clip, Frame
from nst_core.video.writing import encode_clip

SIDES: Final = (72, 48)
_EXIF_ORIENTATION: Final = 0x0112


def _photo(mode: str = "RGB") -> Image.Image:
    """A gradient with noise: every coefficient of every codec has something to do."""
    width, height = SIDES
    noise = np.random.default_rng(7).integers(0, 60, (height, width, 3))
    ramp = np.linspace(0, 190, width)[None, :, None] + noise
    return Image.fromarray(ramp.astype(np.uint8)).convert(mode)


def _deep() -> Image.Image:
    width, height = SIDES
    return Image.fromarray(np.linspace(0, 65535, width * height).reshape(height, width).astype(np.uint16))


def _frames(count: int = 5) -> list[Image.Image]:
    return [_photo().rotate(40 * number) for number in range(count)]


def _exif(orientation: int = 6) -> bytes:
    exif = Image.Exif()
    exif[_EXIF_ORIENTATION] = orientation
    exif[0x010E] = "where I live"
    return exif.tobytes()


def _text() -> PngInfo:
    info = PngInfo()
    info.add_text("comment", "a" * 3000, zip=True)
    info.add_itxt("title", "Ä" * 300, zip=True)
    return info


def _save(picture: Image.Image, kind: str, **options: Any) -> bytes:
    target = BytesIO()
    picture.save(target, kind, **options)
    return target.getvalue()


def _heic(**options: Any) -> bytes:
    target = BytesIO()
    pillow_heif.from_pillow(_photo()).save(target, format="HEIF", **options)
    return target.getvalue()


def _icc() -> bytes:
    return ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()


def _animated(kind: str, **options: Any) -> bytes:
    first, *others = _frames()
    return _save(first, kind, save_all=True, append_images=others, duration=40, **options)


_MAKERS: Final[Mapping[str, Callable[[], bytes]]] = {
    "jpeg": lambda: _save(_photo(), "JPEG"),
    "jpeg-progressive": lambda: _save(_photo(), "JPEG", progressive=True, quality=95, restart_marker_rows=1),
    "jpeg-cmyk": lambda: _save(_photo("CMYK"), "JPEG"),
    "jpeg-grey": lambda: _save(_photo("L"), "JPEG"),
    "jpeg-metadata": lambda: _save(_photo(), "JPEG", exif=_exif(), icc_profile=_icc(), comment=b"c" * 400),
    "png": lambda: _save(_photo(), "PNG"),
    "png-alpha": lambda: _save(_photo("RGBA"), "PNG", exif=_exif(), icc_profile=_icc()),
    "png-palette": lambda: _save(_photo().quantize(17), "PNG", transparency=3),
    "png-deep": lambda: _save(_deep(), "PNG"),
    "png-bits": lambda: _save(_photo("1"), "PNG"),
    "png-text": lambda: _save(_photo("L"), "PNG", pnginfo=_text()),
    "png-animated": lambda: _animated("PNG"),
    "webp": lambda: _save(_photo(), "WEBP", exif=_exif(), icc_profile=_icc()),
    "webp-lossless": lambda: _save(_photo("RGBA"), "WEBP", lossless=True),
    "webp-animated": lambda: _animated("WEBP"),
    "avif": lambda: _save(_photo(), "AVIF", speed=10, exif=_exif(), icc_profile=_icc()),
    "avif-alpha": lambda: _save(_photo("RGBA"), "AVIF", speed=10),
    "avif-animated": lambda: _animated("AVIF", speed=10),
    "gif": lambda: _save(_photo().quantize(31), "GIF", comment=b"c" * 700),
    "gif-animated": lambda: _animated("GIF", loop=0),
    "bmp": lambda: _save(_photo(), "BMP"),
    "bmp-palette": lambda: _save(_photo().quantize(200), "BMP"),
    "bmp-bits": lambda: _save(_photo("1"), "BMP"),
    "tiff": lambda: _save(_photo(), "TIFF"),
    "tiff-lzw": lambda: _save(_photo("RGBA"), "TIFF", compression="tiff_lzw"),
    "tiff-deflate": lambda: _save(_photo(), "TIFF", compression="tiff_adobe_deflate", icc_profile=_icc()),
    "tiff-jpeg": lambda: _save(_photo(), "TIFF", compression="jpeg"),
    "tiff-fax": lambda: _save(_photo("1"), "TIFF", compression="group4"),
    "tiff-packbits": lambda: _save(_photo("P"), "TIFF", compression="packbits"),
    "tiff-deep": lambda: _save(_deep(), "TIFF"),
    "tiff-cmyk": lambda: _save(_photo("CMYK"), "TIFF"),
    "tiff-lab": lambda: _save(_photo("LAB"), "TIFF"),
    "tiff-float": lambda: _save(_photo("F"), "TIFF"),
    "tiff-pages": lambda: _save(_photo(), "TIFF", save_all=True, append_images=_frames()),
    "heic": lambda: _heic(quality=60),
    "heic-metadata": lambda: _heic(quality=30, exif=_exif()),
}

NAMES: Final = tuple(_MAKERS)
_FILMS: Final = {"film-mp4": ".mp4", "film-webm": ".webm"}
MOVING: Final = (*(name for name in NAMES if name.endswith("-animated")), *_FILMS)
"""What has several frames; films are no pictures."""


def _film(ending: str) -> bytes:
    frames = (Frame(levels=np.array(frame), duration_ms=100) for frame in _frames())
    return encode_clip(Clip(frames=tuple(frames)), ending)


@cache
def honest(name: str) -> bytes:
    """The file called `name`, the same at every call."""
    return _film(_FILMS[name]) if name in _FILMS else _MAKERS[name]()
