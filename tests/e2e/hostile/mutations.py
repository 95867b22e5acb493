"""What is done to honest files: cuts, flips, swaps, wrong lengths, noise in metadata, foreign bytes."""

import random
import re
import struct
import zipfile
from collections.abc import Callable
from io import BytesIO
from typing import Final

from tests.e2e.hostile.bombs import chunk

Mutation = Callable[[random.Random, bytes], bytes]

LEAST_BYTES: Final = 64
"""A shorter file has no room for some mutations."""
_ODD: Final = (0, 1, 0x7F, 0x80, 0xFF, 0x7FFF, 0xFFFF, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF)
_WORDS: Final = re.compile(rb"[A-Za-z]{3}[A-Za-z0-9 ]|\xff[\xc0-\xfe]")
_STARTS: Final = (
    b"\xff\xd8\xff\xe0",
    b"\x89PNG\r\n\x1a\n",
    b"GIF89a",
    b"BM",
    b"II*\0",
    b"RIFF\x00\xff\0\0WEBP",
)
_HTML: Final = b"<!DOCTYPE html><script>alert(document.cookie)</script><img src=x onerror=alert(1)>"
_JS: Final = b"/*\xff\xd8*/=1;alert(1)//"


def truncate(rng: random.Random, data: bytes) -> bytes:
    return data[: rng.randrange(len(data))]  # also to nothing at all


def flip_bytes(rng: random.Random, data: bytes) -> bytes:
    changed = bytearray(data)
    for _ in range(rng.choice((1, 2, 8, 64))):
        changed[rng.randrange(len(changed))] = rng.randrange(256)
    return bytes(changed)


def flip_head(rng: random.Random, data: bytes) -> bytes:
    """Behind the signature, where the sides and the counts stand."""
    changed = bytearray(data)
    for _ in range(rng.choice((1, 2, 4))):
        changed[rng.randrange(8, max(9, min(200, len(changed))))] ^= 1 << rng.randrange(8)
    return bytes(changed)


def odd_number(rng: random.Random, data: bytes) -> bytes:
    """A number at an edge of its type, at any place and in either byte order."""
    changed = bytearray(data)
    form = rng.choice((">I", "<I", ">H", "<H", "B"))
    size = struct.calcsize(form)
    place = rng.randrange(max(1, len(changed) - size))
    changed[place : place + size] = struct.pack(form, rng.choice(_ODD) & (256**size - 1))
    return bytes(changed)


def wrong_length(rng: random.Random, data: bytes) -> bytes:
    """The length before or behind a chunk's or segment's name is another one."""
    places = [found.start() for found in _WORDS.finditer(data)]
    if not places:
        return odd_number(rng, data)
    place = max(0, rng.choice(places) + rng.choice((-4, 2, 4)))
    return data[:place] + struct.pack(rng.choice((">I", "<I")), rng.choice(_ODD)) + data[place + 4 :]


def _cut(rng: random.Random, data: bytes) -> list[bytes]:
    """In pieces, at chunks and segments where there are enough."""
    places = [found.start() for found in _WORDS.finditer(data, 8)]
    if len(places) < 3:
        places = [rng.randrange(len(data)) for _ in range(3)]
    one, two, three = sorted(rng.sample(places, 3))
    return [data[:one], data[one:two], data[two:three], data[three:]]


def swap_chunks(rng: random.Random, data: bytes) -> bytes:
    head, one, two, tail = _cut(rng, data)
    return head + two + one + tail


def drop_chunk(rng: random.Random, data: bytes) -> bytes:
    head, _, two, tail = _cut(rng, data)
    return head + two + tail


def repeat_chunk(rng: random.Random, data: bytes) -> bytes:
    head, one, two, tail = _cut(rng, data)
    return head + one * rng.choice((2, 3, 50)) + two + tail


def insert_noise(rng: random.Random, data: bytes) -> bytes:
    place = rng.randrange(len(data))
    return data[:place] + rng.randbytes(rng.choice((1, 4, 100, 5000))) + data[place:]


def other_start(rng: random.Random, data: bytes) -> bytes:
    """One format's signature before another's content."""
    start = rng.choice(_STARTS)
    return start + data[rng.choice((0, len(start), 12)) :]


def append_zip(_rng: random.Random, data: bytes) -> bytes:
    """A picture that is an archive too."""
    target = BytesIO()
    with zipfile.ZipFile(target, "w") as archive:
        archive.writestr("../../etc/cron.d/easel", "* * * * * root true")
    return data + target.getvalue()


def append_html(_rng: random.Random, data: bytes) -> bytes:
    return data + _HTML


def prepend_html(_rng: random.Random, data: bytes) -> bytes:
    return _HTML + data


def prepend_script(_rng: random.Random, data: bytes) -> bytes:
    return _JS + data


def two_pictures(rng: random.Random, data: bytes) -> bytes:
    return data + data[rng.randrange(len(data)) :] + data


def garbage_profile(rng: random.Random, data: bytes) -> bytes:
    """A colour profile and EXIF of noise, with lengths that lie."""
    noise = rng.randbytes(rng.choice((0, 3, 128, 3000)))
    if rng.random() < 0.5:  # a head that looks right
        noise = struct.pack(">I", rng.choice(_ODD)) + b"lcms\x04\0\0\0mntrRGB XYZ " + noise
    if data.startswith(b"\xff\xd8"):
        profile = b"ICC_PROFILE\0" + bytes((rng.randrange(4), rng.randrange(4))) + noise
        exif = b"Exif\0\0" + rng.choice((b"II*\0", b"MM\0*", b"")) + noise
        segments = b"".join(
            bytes((0xFF, marker)) + struct.pack(">H", len(body) + 2) + body
            for marker, body in ((0xE2, profile), (0xE1, exif))
        )
        return data[:2] + segments + data[2:]
    if data.startswith(b"\x89PNG"):
        return data[:33] + chunk(b"iCCP", b"p\0\0" + noise) + chunk(b"eXIf", noise) + data[33:]
    for word in (b"ICCP", b"EXIF", b"colr", b"Exif", b"mntr"):
        place = data.find(word)
        if place > 0:
            return data[: place + 8] + noise + data[place + 8 + len(noise) :]
    return flip_head(rng, data)


def several(rng: random.Random, data: bytes) -> bytes:
    for _ in range(rng.randrange(2, 6)):
        changed = rng.choice(SINGLE)(rng, data)
        data = changed if len(changed) >= LEAST_BYTES else data
    return data


SINGLE: Final[tuple[Mutation, ...]] = (
    truncate,
    flip_bytes,
    flip_head,
    odd_number,
    wrong_length,
    swap_chunks,
    drop_chunk,
    repeat_chunk,
    insert_noise,
    other_start,
    append_zip,
    append_html,
    prepend_html,
    prepend_script,
    two_pictures,
    garbage_profile,
)
MUTATIONS: Final[tuple[Mutation, ...]] = (*SINGLE, several)
