"""Files that say much in few bytes: huge sides, streams that unfold, animations, megabytes of metadata."""

import struct
import zlib
from collections.abc import Callable, Iterator, Mapping
from typing import Final

from tests.e2e.hostile.pictures import honest

MIB: Final = 1024 * 1024
_SIGNATURE: Final = b"\x89PNG\r\n\x1a\n"


def chunk(name: bytes, data: bytes) -> bytes:
    """A PNG chunk with a right checksum."""
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))


def png_of(
    width: int, height: int, stream: bytes, *, bits: int = 8, colour: int = 2, extra: bytes = b""
) -> bytes:
    header = struct.pack(">IIBBBBB", width, height, bits, colour, 0, 0, 0)
    return _SIGNATURE + chunk(b"IHDR", header) + extra + chunk(b"IDAT", stream) + chunk(b"IEND", b"")


def zeros(size: int) -> bytes:
    """A zlib stream of so many zeros, made without holding them."""
    packer = zlib.compressobj(9)
    block = bytes(MIB)
    parts = [packer.compress(block) for _ in range(size // MIB)] + [packer.compress(bytes(size % MIB))]
    return b"".join(parts) + packer.flush()


def gif_of(width: int, height: int, frames: int) -> bytes:
    """Frames of one pixel on a canvas of any size."""
    head = b"GIF89a" + struct.pack("<HHBBB", width, height, 0x80, 0, 0) + b"\0\0\0\xff\xff\xff"
    frame = b"\x2c" + struct.pack("<HHHHB", 0, 0, 1, 1, 0) + b"\x02\x02\x44\x01\x00"
    return head + frame * frames + b"\x3b"


def _animated_png() -> bytes:
    """Ten thousand full frames of 4,000 x 4,000."""
    control = struct.pack(">IIIIIHHBB", 0, 4000, 4000, 0, 0, 1, 30, 0, 0)
    frames = (
        chunk(b"fcTL", control) + chunk(b"fdAT", struct.pack(">I", number) + b"x") for number in range(10_000)
    )
    extra = chunk(b"acTL", struct.pack(">II", 10_000, 0)) + b"".join(frames)
    return png_of(4000, 4000, zeros(4000 * 12_001), extra=extra)


def _webp_of(frames: int) -> bytes:
    """The animation's own frames over and over, on the largest canvas that the format knows."""
    whole = honest("webp-animated")
    start = whole.index(b"ANMF")
    size = struct.unpack_from("<I", whole, start + 4)[0] + 8
    canvas = bytearray(whole[12:start])
    place = canvas.index(b"VP8X") + 12
    canvas[place : place + 6] = b"\xfe\x3f\0\xfe\x3f\0"
    body = b"WEBP" + bytes(canvas) + whole[start : start + size + size % 2] * frames
    return b"RIFF" + struct.pack("<I", len(body)) + body


def _jpeg_segments(marker: int, payload: bytes, times: int) -> bytes:
    whole = honest("jpeg")
    segment = bytes((0xFF, marker)) + struct.pack(">H", len(payload) + 2) + payload
    return whole[:2] + segment * times + whole[2:]


def _tiff_of(width: int, height: int, *, tags: int = 0) -> bytes:
    """A header with sides, and tags that point nowhere."""
    entries = [(256, 4, 1, width), (257, 4, 1, height), (258, 3, 1, 8), (259, 3, 1, 1), (262, 3, 1, 1)]
    entries += [(273, 4, 1, 8), (277, 3, 1, 1), (278, 4, 1, height), (279, 4, 1, width * height % 2**32)]
    entries += [(40_000 + number % 20_000, 7, 0x7FFFFFFF, 0xFFFFFFF0) for number in range(tags)]
    body = b"".join(struct.pack("<HHII", *entry) for entry in entries)
    return b"II*\0" + struct.pack("<IH", 8, len(entries)) + body + bytes(4)


def _tiff_loop() -> bytes:
    """A directory that names itself as the next one."""
    whole = bytearray(_tiff_of(64, 64))
    whole[-4:] = struct.pack("<I", 8)
    return bytes(whole)


def _bmp_of(width: int, height: int) -> bytes:
    whole = bytearray(honest("bmp"))
    struct.pack_into("<ii", whole, 18, width, height)
    return bytes(whole)


def _heif_of(name: str, width: int, height: int) -> bytes:
    """Other sides in every box that tells them."""
    whole = honest(name)
    for place in _places(whole, b"ispe"):
        whole = whole[: place + 8] + struct.pack(">II", width, height) + whole[place + 16 :]
    return whole


def _places(data: bytes, word: bytes) -> Iterator[int]:
    place = data.find(word)
    while place >= 0:
        yield place
        place = data.find(word, place + 1)


def _nested_boxes() -> bytes:
    """A container in a container, twenty thousand deep."""
    box = b""
    for depth in range(20_000):
        box = struct.pack(">I4s", depth * 8 + 8, b"meta") + box if depth < 2 else b"\0\0\xff\xffmeta" + box
    return struct.pack(">I4s4sI4s", 20, b"ftyp", b"heic", 0, b"mif1") + box


_MAKERS: Final[Mapping[str, Callable[[], bytes]]] = {
    "png: 60,000 pixels a side": lambda: png_of(60_000, 60_000, zeros(MIB)),
    "png: 2 to the 31 pixels a side": lambda: png_of(2**31 - 1, 2**31 - 1, b""),
    "png: no width": lambda: png_of(0, 10, b""),
    "png: 59 million pixels unfold": lambda: png_of(59_000_000 // 4000, 4000, zeros(4000 * 3 * 14_751)),
    "png: 59 million deep pixels": lambda: png_of(
        14_750, 4000, zeros(4000 * (8 * 14_750 + 1)), bits=16, colour=6
    ),
    "png: a stream of 300 MiB for 16 pixels a side": lambda: png_of(16, 16, zeros(300 * MIB)),
    "png: a text that unfolds": lambda: png_of(
        32, 32, zeros(3200), extra=chunk(b"zTXt", b"k\0\0" + zeros(200 * MIB))
    ),
    "png: two thousand texts": lambda: png_of(
        32, 32, zeros(3200), extra=chunk(b"zTXt", b"k\0\0" + zeros(MIB - 1)) * 2000
    ),
    "png: a profile that unfolds": lambda: png_of(
        32, 32, zeros(3200), extra=chunk(b"iCCP", b"p\0\0" + zeros(200 * MIB))
    ),
    "png: ten megabytes of EXIF": lambda: png_of(
        32, 32, zeros(3200), extra=chunk(b"eXIf", b"II*\0" * 2_500_000)
    ),
    "png: half a million empty chunks": lambda: png_of(
        32, 32, zeros(3200), extra=chunk(b"noNe", b"") * 500_000
    ),
    "png: animation of 10,000 frames": _animated_png,
    "gif: canvas of 65,535": lambda: gif_of(65_535, 65_535, 1),
    "gif: 200,000 frames": lambda: gif_of(64, 64, 200_000),
    "gif: frames of a large canvas": lambda: gif_of(7000, 7000, 1000),
    "webp: animation on the largest canvas": lambda: _webp_of(2000),
    "jpeg: 60,000 pixels a side": lambda: _with_jpeg_sides(60_000, 60_000),
    "jpeg: twelve megabytes of comments": lambda: _jpeg_segments(0xFE, b"c" * 60_000, 200),
    "jpeg: twelve megabytes of profile": lambda: _jpeg_segments(
        0xE2, b"ICC_PROFILE\0\1\1" + b"p" * 60_000, 200
    ),
    "jpeg: twelve megabytes of EXIF": lambda: _jpeg_segments(
        0xE1, b"Exif\0\0II*\0\x08\0\0\0" + b"\xff" * 60_000, 200
    ),
    "jpeg: a hundred thousand markers": lambda: _jpeg_segments(0xD0, b"", 100_000),
    "jpeg: a thousand scans": lambda: _scans(1000),
    "bmp: 60,000 pixels a side": lambda: _bmp_of(60_000, 60_000),
    "bmp: less than nothing": lambda: _bmp_of(-5, -(2**31)),
    "tiff: 60,000 pixels a side": lambda: _tiff_of(60_000, 60_000),
    "tiff: 50 million pixels of nothing": lambda: _tiff_of(10_000, 5000),
    "tiff: tags that point nowhere": lambda: _tiff_of(64, 64, tags=60_000),
    "tiff: a directory after itself": _tiff_loop,
    "heic: 60,000 pixels a side": lambda: _heif_of("heic", 60_000, 60_000),
    "heic: 7,000 pixels a side": lambda: _heif_of("heic", 7000, 7000),
    "heic: boxes in boxes": _nested_boxes,
    "avif: 60,000 pixels a side": lambda: _heif_of("avif", 60_000, 60_000),
    "avif: 7,000 pixels a side": lambda: _heif_of("avif", 7000, 7000),
}

NAMES: Final = tuple(_MAKERS)
MOVING: Final = tuple(name for name in NAMES if "frames" in name or "animation" in name)


def bomb(name: str) -> bytes:
    return _MAKERS[name]()


def _with_jpeg_sides(width: int, height: int) -> bytes:
    whole = bytearray(honest("jpeg"))
    struct.pack_into(">HH", whole, whole.index(b"\xff\xc0") + 5, height, width)
    return bytes(whole)


def _scans(times: int) -> bytes:
    """A progressive picture of 7,000 x 7,000 whose scans are repeated."""
    whole = bytearray(honest("jpeg-progressive"))
    struct.pack_into(">HH", whole, whole.index(b"\xff\xc2") + 5, 7000, 7000)
    start = whole.index(b"\xff\xda")
    return bytes(whole[:start] + whole[start:-2] * times + b"\xff\xd9")
