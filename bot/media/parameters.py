"""The parameters that a picture's file carries, read without decoding anything.

The file may come from anybody. Only the heads of its blocks are walked, and nothing is unpacked.
"""

import struct
from collections.abc import Iterator
from json import loads
from typing import Final

MAX_TEXT_BYTES: Final = 16 * 1024

_PNG: Final = b"\x89PNG\r\n\x1a\n"
_JPEG: Final = b"\xff\xd8"
_ITXT: Final = b"easel\0\0\0\0\0"  # keyword, not compressed, method, no language, no translated keyword
_COMMENT: Final = b"easel:"


def parameters_in(data: bytes) -> dict[str, object] | None:
    """What `nst_core.images.io.encode` has put into a PNG or JPEG; None where there is nothing of it."""
    for text in (*_png_texts(data), *_jpeg_texts(data)):
        if len(text) > MAX_TEXT_BYTES:
            continue
        try:
            found = loads(text)
        except (ValueError, RecursionError):
            continue
        if isinstance(found, dict):
            return found
    return None


def _png_texts(data: bytes) -> Iterator[bytes]:
    """Source: the PNG specification, "Chunk layout" and "iTXt"."""
    at = len(_PNG)
    while data.startswith(_PNG) and at + 8 <= len(data):
        length, kind = struct.unpack_from(">I4s", data, at)
        if kind in {b"IDAT", b"IEND"}:
            return
        body = data[at + 8 : at + 8 + length]
        if kind == b"iTXt" and body.startswith(_ITXT):
            yield body.removeprefix(_ITXT)
        at += 12 + length


def _jpeg_texts(data: bytes) -> Iterator[bytes]:
    """Source: ITU-T T.81, annex B."""
    at = len(_JPEG)
    while data.startswith(_JPEG) and at + 4 <= len(data):
        mark, kind, length = struct.unpack_from(">BBH", data, at)
        if mark != 0xFF or kind == 0xDA or length < 2:  # no marker; the scan begins; broken
            return
        body = data[at + 4 : at + 2 + length]
        if kind == 0xFE and body.startswith(_COMMENT):
            yield body.removeprefix(_COMMENT)
        at += 2 + length
