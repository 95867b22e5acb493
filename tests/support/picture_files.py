"""Picture files for the tests of this folder."""

import struct
import zlib
from io import BytesIO

from PIL import Image

SIGNATURE = b"\x89PNG\r\n\x1a\n"


def png(width: int, height: int, colour: tuple[int, ...] = (200, 30, 90)) -> bytes:
    target = BytesIO()
    Image.new("RGB" if len(colour) == 3 else "RGBA", (width, height), colour).save(target, "PNG")
    return target.getvalue()


def black_png(side: int) -> bytes:
    """A square of single bits: a small file that takes a lot of memory."""
    rows = bytes((side + 7) // 8 + 1) * side
    header = struct.pack(">IIBBBBB", side, side, 1, 0, 0, 0, 0)
    return (
        SIGNATURE + _chunk(b"IHDR", header) + _chunk(b"IDAT", zlib.compress(rows, 1)) + _chunk(b"IEND", b"")
    )


def endless_png() -> bytes:
    """Three million chunks that say nothing: a small picture that takes a lot of time."""
    head, body = png(16, 16)[:33], png(16, 16)[33:]
    return head + _chunk(b"noNe", b"") * 3_000_000 + body


def _chunk(name: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))
