"""Blocks of a file that carry no pixels are left out before it is decoded: damaged, they would spoil it all.

What is kept is what decides how the pixels look. Damage in the pixels themselves is left as it is.
"""

import struct
import zlib
from collections.abc import Iterator
from typing import Final

_PNG: Final = b"\x89PNG\r\n\x1a\n"
_SOI, _EOI, _SOS, _COMMENT = 0xD8, 0xD9, 0xDA, 0xFE
_OURS: Final = (b"easel\0", b"easel:")
"""Where a painting's parameters stand, see `nst_core.images.io`."""
_LEAST_BYTES: Final = {b"acTL": 8, b"cICP": 4, b"eXIf": 8, b"fcTL": 26, b"gAMA": 4, b"sRGB": 1, b"tRNS": 1}
"""The ancillary chunks that are kept, and how long each must be."""
_MOST_PROFILE_BYTES: Final = 8 * 1024 * 1024
_SEGMENTS: Final = {0xE0: b"JFIF\0", 0xE1: b"Exif\0\0", 0xE2: b"ICC_PROFILE\0", 0xEE: b"Adobe"}
_LEAST_SEGMENT_BYTES: Final = {0xE0: 14, 0xE1: 14, 0xE2: 14, 0xEE: 12}
_FIRST_APP, _LAST_APP = 0xE0, 0xEF
_RESTARTS: Final = range(0xD0, 0xD8)


def mended(data: bytes) -> bytes:
    """The file without what is not needed; one of another format, or broken before its pixels, as it is."""
    if data.startswith(_PNG):
        return _PNG + b"".join(_needed_chunks(data))
    if data.startswith(b"\xff\xd8\xff"):
        return _mended_jpeg(data)
    return data


def png_profile(data: bytes) -> bytes | None:
    """The ICC profile of a PNG, of up to 8 MiB; None where it has none that can be unpacked."""
    for name, body, _whole in _chunks(data):
        if name == b"iCCP":
            _title, _null, packed = body.partition(b"\0")
            try:
                unpacking = zlib.decompressobj()
                profile = unpacking.decompress(packed[1:], _MOST_PROFILE_BYTES)
            except zlib.error:
                return None
            return profile if packed[:1] == b"\0" and unpacking.eof else None
        if name == b"IDAT":
            break
    return None


def png_chunk(data: bytes, wanted: bytes) -> bytes | None:
    """The body of a sound chunk before the pixels."""
    for name, body, whole in _chunks(data):
        if name == wanted and _is_sound(name, body, whole):
            return body
        if name == b"IDAT":
            break
    return None


def _chunks(data: bytes) -> Iterator[tuple[bytes, bytes, bytes]]:
    """Name, body and the whole of each chunk; the last may be cut short."""
    at = len(_PNG)
    while data.startswith(_PNG) and at + 8 <= len(data):
        length, name = struct.unpack_from(">I4s", data, at)
        yield name, data[at + 8 : at + 8 + length], data[at : at + 12 + length]
        at += 12 + length


def _needed_chunks(data: bytes) -> Iterator[bytes]:
    for name, body, whole in _chunks(data):
        critical = not name[0] & 0x20
        if critical or name == b"fdAT" or _is_sound(name, body, whole):
            yield whole


def _is_sound(name: bytes, body: bytes, whole: bytes) -> bool:
    needed = body.startswith(_OURS[0]) if name == b"iTXt" else len(body) >= _LEAST_BYTES.get(name, 2**32)
    return needed and struct.pack(">I", zlib.crc32(name + body)) == whole[-4:]


def _mended_jpeg(data: bytes) -> bytes:
    """Source: ITU-T T.81, annex B. Nothing is changed from the first scan on."""
    kept, at = [b"\xff\xd8"], 2
    while at + 4 <= len(data):
        mark, kind, length = struct.unpack_from(">BBH", data, at)
        if mark != 0xFF:
            return data
        if kind in {_SOI, 0xFF} or kind in _RESTARTS:
            at += 1 if kind == 0xFF else 2
            continue
        if kind in {_SOS, _EOI}:
            break
        segment = data[at : at + 2 + length]
        if _is_needed(kind, segment[4:]):
            kept.append(segment)
        at += 2 + length
    return b"".join(kept) + data[at:]


def _is_needed(kind: int, body: bytes) -> bool:
    if kind == _COMMENT:
        return body.startswith(_OURS[1])
    if _FIRST_APP <= kind <= _LAST_APP:
        return body.startswith(_SEGMENTS.get(kind, b"\xff")) and len(body) >= _LEAST_SEGMENT_BYTES[kind]
    return True
