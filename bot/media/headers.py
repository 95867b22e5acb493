"""What a file's first blocks say without decoding anything: sides, scans, a painting's parameters.

The file may come from anybody: nothing is unpacked, and what is broken ends the walk.
"""

import re
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from json import loads
from typing import Final

_PNG: Final = b"\x89PNG\r\n\x1a\n"
_JPEG: Final = b"\xff\xd8"
_FRAMES: Final = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
_SCAN, _END_OF_IMAGE = 0xDA, 0xD9
_MARKER: Final = re.compile(rb"\xff+([^\x00\xff\xd0-\xd7])", re.DOTALL)
"""Among coded pixels 0xFF is followed by 0 or by the number of a restart."""
_ALONE: Final = frozenset({0x01, 0xD8})
"""Markers without a length."""


def png_chunks(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Name and body of each chunk before the pixels.

    Source: the PNG specification, "Chunk layout".
    """
    at = len(_PNG)
    while data.startswith(_PNG) and at + 8 <= len(data):
        length, name = struct.unpack_from(">I4s", data, at)
        if name in {b"IDAT", b"IEND"}:
            return
        yield name, data[at + 8 : at + 8 + length]
        at += 12 + length


def jpeg_segments(data: bytes) -> Iterator[tuple[int, bytes]]:
    """Kind and body of each segment before the pixels.

    Source: ITU-T T.81, annex B.
    """
    at = len(_JPEG)
    while data.startswith(_JPEG) and at + 4 <= len(data):
        mark, kind, length = struct.unpack_from(">BBH", data, at)
        if mark != 0xFF or kind == 0xDA or length < 2:  # no marker; the scan begins; broken
            return
        yield kind, data[at + 4 : at + 2 + length]
        at += 2 + length


def jpeg_scans(data: bytes, *, most: int) -> int:
    """How many scans a JPEG has up to its end; counting stops at more than `most`. 0: it is no JPEG.

    Source: ITU-T T.81, annex B.1.1.2.
    """
    found, at = 0, 0
    while found <= most and data.startswith(_JPEG):
        marker = _MARKER.search(data, at)
        if marker is None or marker[1][0] == _END_OF_IMAGE:
            break
        at = marker.end()
        found += marker[1][0] == _SCAN
        if marker[1][0] not in _ALONE:
            at += int.from_bytes(data[at : at + 2], "big")
    return found


def is_lossless_webp(data: bytes) -> bool:
    """Whether it is one without metadata, as clean pixels are stored.

    Source: Google, "WebP Lossless Bitstream Specification", section 3.
    """
    return len(data) >= 25 and (data[:4], data[8:16], data[20]) == (b"RIFF", b"WEBPVP8L", 0x2F)


def sides_px(data: bytes) -> tuple[int, int]:
    """Width and height, as the head of a PNG, a JPEG or a lossless WebP tells them.

    Raises:
        ValueError: it is none of these, or its head is cut short.
    """
    if is_lossless_webp(data):
        sides = int.from_bytes(data[21:25], "little")
        return (sides & 0x3FFF) + 1, (sides >> 14 & 0x3FFF) + 1
    for name, body in png_chunks(data):
        if name == b"IHDR" and len(body) >= 8:
            width, height = struct.unpack_from(">II", body)
            return width, height
    for kind, body in jpeg_segments(data):
        if kind in _FRAMES and len(body) >= 5:
            height, width = struct.unpack_from(">HH", body, 1)
            return width, height
    raise ValueError(f"no PNG, JPEG or lossless WebP: {data[:16]!r}")


@dataclass(frozen=True, slots=True, kw_only=True)
class ClipHead:
    """What an animated WebP is: its sides in pixels, how many frames it has, and how long they take."""

    width: int
    height: int
    frames: int
    duration_ms: int


_ANIMATED, _OF_THE_PIXELS = 0x02, 0x12
"""Flags of an extended WebP: that it moves; all that may be set of one without metadata."""


def riff_length(data: bytes) -> int:
    """How many bytes the WebP at the beginning of `data` says that it has."""
    return 8 + int.from_bytes(data[4:8], "little") if data[:4] == b"RIFF" else 0


def clip_head(data: bytes) -> ClipHead:
    """Reads an animated, lossless WebP without metadata, as clean clips are stored.

    Source: Google, "WebP Container Specification", "Animation".

    Raises:
        ValueError: it is none.
    """
    chunks = list(_webp_chunks(data))
    names = [name for name, _body in chunks]
    if names[:2] != [b"VP8X", b"ANIM"] or set(names[2:]) != {b"ANMF"} or riff_length(data) != len(data):
        raise ValueError(f"no animated WebP: {names[:4]!r}")
    head = chunks[0][1]
    if len(head) != 10 or not head[0] & _ANIMATED or head[0] & ~_OF_THE_PIXELS:
        raise ValueError("a WebP that does not move, or with metadata")
    duration_ms = 0
    for _name, body in chunks[2:]:
        if len(body) < 24 or body[16:20] != b"VP8L" or len(body) - 24 - _whole(body[20:24]) not in {0, 1}:
            raise ValueError("a frame that is not lossless")
        duration_ms += _whole(body[12:15])
    width, height = _whole(head[4:7]) + 1, _whole(head[7:10]) + 1
    return ClipHead(width=width, height=height, frames=len(chunks) - 2, duration_ms=duration_ms)


def _webp_chunks(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    at = 12
    while data[8:12] == b"WEBP" and at < len(data):
        length = _whole(data[at + 4 : at + 8])
        yield data[at : at + 4], data[at + 8 : at + 8 + length]
        at += 8 + length + length % 2


def _whole(data: bytes) -> int:
    return int.from_bytes(data, "little")


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
