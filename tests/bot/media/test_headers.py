"""What the head of a file says: its sides, and the parameters of files that anybody may have made."""

import json
import struct
from io import BytesIO

import numpy as np
import pytest
from PIL import Image

from bot.domain.styles.builtin import BUILT_IN
from bot.media.headers import (
    MAX_TEXT_BYTES,
    ClipHead,
    clip_head,
    jpeg_scans,
    parameters_in,
    riff_length,
    sides_px,
)
from nst_core.images import io
from nst_core.images.picture import Picture
from nst_core.params import Params
from nst_core.video.writing import encode_clip, encode_lossless
from tests.support.clips import moving_square
from tests.support.picture_files import jpeg_of_many_scans, noise_png, png


@pytest.mark.parametrize("kind", ["PNG", "JPEG"])
@pytest.mark.parametrize("options", [{}, {"progressive": True, "comment": b"a word", "exif": b"Exif\0\0"}])
def test_the_head_tells_what_pillow_tells(kind: str, options: dict[str, object]) -> None:
    out = BytesIO()
    Image.new("RGB", (70, 30)).save(out, kind, **options)
    assert sides_px(out.getvalue()) == (70, 30)


@pytest.mark.parametrize("mode", ["RGB", "RGBA"])
def test_the_head_of_clean_pixels_tells_their_sides(mode: str) -> None:
    out = BytesIO()
    Image.new(mode, (1070, 16)).save(out, "WEBP", lossless=True, exact=True)
    assert sides_px(out.getvalue()) == (1070, 16)
    lossy = BytesIO()
    Image.new("RGB", (70, 30)).save(lossy, "WEBP")
    with pytest.raises(ValueError, match="no PNG, JPEG or lossless WebP"):
        sides_px(lossy.getvalue())


def test_the_sides_of_every_painting_are_known() -> None:
    for painting in BUILT_IN:
        with Image.open(BytesIO(painting.read())) as image:
            assert sides_px(painting.read()) == image.size


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"GIF89a",
        png(9, 9)[:20],
        b"\xff\xd8\xff\xe0\x00\x01",
        b"\xff\xd8\xff\xc4\x00\x09\x08\0\x07\0\x07\0\0",
    ],
)
def test_what_does_not_say_it_is_refused(data: bytes) -> None:
    with pytest.raises(ValueError, match="no PNG, JPEG or lossless WebP"):
        sides_px(data)


PICTURE = Picture(rgb=np.zeros((20, 30, 3), dtype=np.float32))
PARAMS = Params(size=64, seed=7).as_dict()


def chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I4s", len(body), kind) + body + b"crc!"


def png_of(*chunks: bytes) -> bytes:
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunks)


def said(text: bytes) -> bytes:
    return chunk(b"iTXt", b"easel\0\0\0\0\0" + text)


@pytest.mark.parametrize("form", ["png", "jpeg"])
def test_what_the_engine_has_written_is_read(form: str) -> None:
    data = io.encode(PICTURE, format="png" if form == "png" else "jpeg", parameters=PARAMS)
    assert parameters_in(data) == PARAMS == io.read_parameters(data)


@pytest.mark.parametrize("form", ["png", "jpeg"])
def test_a_picture_without_parameters_has_none(form: str) -> None:
    assert parameters_in(io.encode(PICTURE, format="png" if form == "png" else "jpeg")) is None


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"no picture",
        b"\x89PNG\r\n\x1a\n",
        b"\xff\xd8",
        b"\xff\xd8\xff\xfe\x00\x00easel:{}",
        b"\xff\xd8\xff\xfe\x00",
        b"\xff\xd8\xff\xda\x00\x08easel:{}",
        png_of(said(b"no JSON")),
        png_of(said(b"[1, 2]")),
        png_of(said(b"[" * 10_000)),
        png_of(said(b'{"a": ' + b"9" * 5000 + b"}")),
        png_of(said(b"\xff\xfe")),
        png_of(said(json.dumps({"a": "x" * MAX_TEXT_BYTES}).encode())),
        png_of(chunk(b"iTXt", b"easel\0\1\0\0\0" + b"{}")),
        png_of(chunk(b"IDAT", b""), said(b"{}")),
        png_of(struct.pack(">I4s", 2**32 - 1, b"iTXt")),
    ],
)
def test_what_is_broken_or_foreign_says_nothing(data: bytes) -> None:
    assert not parameters_in(data)


def test_other_texts_are_passed_over() -> None:
    foreign = chunk(b"iTXt", b"other\0\0\0\0\0{}")
    assert parameters_in(png_of(foreign, said(b"no JSON"), said(b'{"size": 1}'))) == {"size": 1}


def jpeg(**options: object) -> bytes:
    out = BytesIO()
    with Image.open(BytesIO(noise_png(64))) as image:
        image.save(out, "JPEG", **options)
    return out.getvalue()


@pytest.mark.parametrize(
    ("data", "scans"),
    [
        (jpeg(), 1),
        (jpeg(restart_marker_blocks=2), 1),
        (jpeg(progressive=True), 10),
        (jpeg(exif=b"Exif\0\0" + b"\xff\xda" * 500), 1),
        (jpeg() + b"\xff\xda" * 500, 1),
        (jpeg()[:-2], 1),
        (jpeg_of_many_scans(77), 77),
        (jpeg_of_many_scans(6000), 101),
        (b"\xff\xd8\xff", 0),
        (b"\xff\xd8" + b"\xff\xff\xff\xda\0\x02" * 3, 3),
        (png(9, 9), 0),
    ],
)
def test_scans_are_counted_up_to_the_limit(data: bytes, scans: int) -> None:
    assert jpeg_scans(data, most=100) == scans


@pytest.mark.parametrize("alpha", [False, True])
def test_the_head_of_a_clean_clip_tells_its_sides_its_frames_and_its_time(alpha: bool) -> None:
    data = encode_lossless(moving_square(frames=5, width=300, alpha=alpha))
    assert clip_head(data) == ClipHead(width=300, height=32, frames=5, duration_ms=60 + 70 + 80 + 90 + 100)
    assert riff_length(data + b"thinned") == len(data)


def changed(data: bytes, place: int, byte: int) -> bytes:
    return data[:place] + bytes([byte]) + data[place + 1 :]


def test_what_is_no_clean_clip_has_no_head_of_one() -> None:
    clip = encode_lossless(moving_square())
    still = BytesIO()
    Image.new("RGB", (20, 20)).save(still, "WEBP", lossless=True)
    first = clip.index(b"ANMF")
    for data in (
        *(b"", b"RIFF", still.getvalue(), clip[:-1], clip + b"EXIF\0\0\0\0"),
        encode_clip(moving_square(), ".webp"),  # lossy
        changed(clip, 20, 0x10),  # it says that it does not move
        changed(clip, 20, 0x0A),  # it says that it has EXIF
        changed(clip, first + 28, 0xFF),  # a frame that is longer than its chunk
        clip[:first],
    ):
        with pytest.raises(ValueError, match=r"WebP|lossless"):
            clip_head(data)
