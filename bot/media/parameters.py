"""The parameters that a picture's file carries, whoever it comes from, read without decoding anything."""

from collections.abc import Iterator
from json import loads
from typing import Final

from bot.media.headers import jpeg_segments, png_chunks

MAX_TEXT_BYTES: Final = 16 * 1024

_ITXT: Final = b"easel\0\0\0\0\0"  # keyword, not compressed, method, no language, no translated keyword
_COMMENT: Final = b"easel:"
_COMMENT_SEGMENT: Final = 0xFE


def parameters_in(data: bytes) -> dict[str, object] | None:
    """What `nst_core.images.io.encode` has put into a PNG or JPEG; None where there is nothing of it."""
    for text in _texts(data):
        if len(text) > MAX_TEXT_BYTES:
            continue
        try:
            found = loads(text)
        except (ValueError, RecursionError):
            continue
        if isinstance(found, dict):
            return found
    return None


def _texts(data: bytes) -> Iterator[bytes]:
    for name, body in png_chunks(data):
        if name == b"iTXt" and body.startswith(_ITXT):
            yield body.removeprefix(_ITXT)
    for kind, body in jpeg_segments(data):
        if kind == _COMMENT_SEGMENT and body.startswith(_COMMENT):
            yield body.removeprefix(_COMMENT)
