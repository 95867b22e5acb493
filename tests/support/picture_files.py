"""Picture files: plain, noisy and malicious ones."""

import struct
import zlib
from io import BytesIO

import numpy as np
from PIL import Image

SIGNATURE = b"\x89PNG\r\n\x1a\n"


def png(width: int = 96, height: int = 64, colour: str | tuple[int, ...] = "teal") -> bytes:
    """One colour; four numbers are one with alpha."""
    target = BytesIO()
    mode = "RGBA" if isinstance(colour, tuple) and len(colour) == 4 else "RGB"
    Image.new(mode, (width, height), colour).save(target, "PNG")
    return target.getvalue()


def noise_png(edge_px: int = 200) -> bytes:
    """What no format makes much smaller."""
    pixels = np.random.default_rng(1).integers(0, 256, (edge_px, edge_px, 3), dtype=np.uint8)
    target = BytesIO()
    Image.fromarray(pixels).save(target, "PNG")
    return target.getvalue()


def black_png(side: int) -> bytes:
    """A square of single bits: a small file that takes a lot of memory."""
    rows = bytes((side + 7) // 8 + 1) * side
    header = struct.pack(">IIBBBBB", side, side, 1, 0, 0, 0, 0)
    return (
        SIGNATURE + _chunk(b"IHDR", header) + _chunk(b"IDAT", zlib.compress(rows, 1)) + _chunk(b"IEND", b"")
    )


def endless_png(chunks: int = 3_000_000) -> bytes:
    """So many chunks that say nothing: a small picture that takes a lot of time."""
    head, body = png(16, 16)[:33], png(16, 16)[33:]
    return head + _chunk(b"noNe", b"") * chunks + body


def _chunk(name: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))


def jpeg_of_many_scans(scans: int, edge_px: int = 2048) -> bytes:
    """A grey square whose last scan, which refines what is not there, is repeated."""
    target = BytesIO()
    Image.new("L", (edge_px, edge_px), 128).save(target, "JPEG", progressive=True)
    data = target.getvalue()
    last, end = data.rindex(b"\xff\xda"), len(data) - 2
    return data[:end] + data[last:end] * (scans - data.count(b"\xff\xda")) + data[end:]
