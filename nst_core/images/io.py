"""Pictures as float pixels in sRGB: decoded, resized, and encoded with the parameters they were made with."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Final, Literal

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from PIL.ImageFile import ImageFile
from PIL.JpegImagePlugin import JpegImageFile
from PIL.PngImagePlugin import PngInfo

from nst_core.errors import PictureError, TooManyPixels
from nst_core.images.arrays import checked_alpha, checked_rgb
from nst_core.images.formats import DAMAGED, open_header, read_pixels
from nst_core.images.loading import BROKEN
from nst_core.images.transparency import extended, is_invisible
from nst_core.pyramid import fitted

MAX_PIXELS: Final = 80_000_000
"""Below Pillow's own limit of 89 megapixels, from which it warns by itself."""

HALVED_TIMES: Final = 2
"""A JPEG that its decoder itself halves may have so many times as many: 200 megapixels cost it 1 to 2 s."""

NO_MEMORY: Final = "There is not enough memory to read that picture: send a smaller one."
_KEY: Final = "easel"
_COMMENT: Final = b"easel:"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Picture:
    """Pixels in sRGB, upright. `alpha` is straight, not premultiplied; None where all is opaque.

    Floats of another type become float32, and what rounding has left outside of [0, 1] is clipped.

    Raises:
        PictureError: an array has another type or shape, or values that are not finite or not in [0, 1].
    """

    rgb: NDArray[np.float32]  # (h, w, 3) in [0, 1]
    alpha: NDArray[np.float32] | None = None  # (h, w) in [0, 1]

    def __post_init__(self) -> None:
        object.__setattr__(self, "rgb", checked_rgb(self.rgb))
        if self.alpha is not None:
            object.__setattr__(self, "alpha", checked_alpha(self.alpha, self.height, self.width))

    @property
    def width(self) -> int:
        return int(self.rgb.shape[1])

    @property
    def height(self) -> int:
        return int(self.rgb.shape[0])


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


def fit(picture: Picture, edge_px: int) -> Picture:
    """Resizes to a long edge of `edge_px`, up or down, keeping the aspect ratio; a side has at least 1 px."""
    width, height = fitted(picture.width, picture.height, edge_px)
    return resize(picture, width=width, height=height)


def resize(picture: Picture, *, width: int, height: int) -> Picture:
    """Resamples with an antialiased Lanczos filter, colours weighted by alpha so that edges don't bleed.

    At another size no hidden colour counts: those of the result are an extension of the visible ones.
    """
    if (width, height) == (picture.width, picture.height):
        return picture
    if picture.alpha is None:
        return Picture(rgb=np.clip(_resample(picture.rgb, width, height), 0, 1))
    sums = _resample(picture.alpha, width, height)  # not clipped, as the colours are divided by it
    weighted = _resample(picture.rgb * picture.alpha[..., None], width, height)
    alpha = np.clip(sums, 0, 1)
    weighted /= np.where(sums > 1e-6, sums, 1)[..., None]
    rgb = np.clip(weighted, 0, 1)
    return Picture(rgb=extended(rgb, alpha), alpha=alpha)


def filled(picture: Picture, name: str = "picture") -> Picture:
    """The picture with its visible colours extended over what is transparent, so that nothing hidden counts.

    What is visible stays as it is. `name` stands in the error's sentence, as in "style".

    Raises:
        PictureError: it is transparent all over.
    """
    check_visible(picture, name)
    if picture.alpha is None:
        return picture
    return Picture(rgb=extended(picture.rgb, picture.alpha), alpha=picture.alpha)


def check_visible(picture: Picture, name: str) -> None:
    """Raises a PictureError if the picture is transparent all over; `name` is what the sentence calls it."""
    if is_invisible(picture.alpha):
        raise PictureError(
            f"The {name} is transparent all over, and there is nothing to see in it: choose another picture."
        )


def quantise(rgb: NDArray[np.float32]) -> NDArray[np.uint8]:
    """Rounds values in [0, 1] to 8 bits; values outside are clipped, and NaN is black."""
    return (np.clip(np.nan_to_num(rgb), 0, 1) * 255 + 0.5).astype(np.uint8)


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


def _resample(planes: NDArray[np.float32], width: int, height: int) -> NDArray[np.float32]:
    """Each plane of (h, w) or (h, w, c) as 32-bit floats through Pillow; Lanczos overshoots at edges."""
    if planes.ndim == 3:
        each = [_resample(planes[..., plane], width, height) for plane in range(planes.shape[2])]
        return np.stack(each, axis=2)
    image = Image.fromarray(np.ascontiguousarray(planes, dtype=np.float32))
    return np.asarray(image.resize((width, height), Image.Resampling.LANCZOS), dtype=np.float32)
