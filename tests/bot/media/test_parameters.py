"""Parameters read from files that anybody may have made."""

import json
import struct

import numpy as np
import pytest

from bot.media.parameters import MAX_TEXT_BYTES, parameters_in
from nst_core.images import io
from nst_core.images.io import Picture
from nst_core.params import Params

PICTURE = Picture(rgb=np.zeros((20, 30, 3), dtype=np.float32))
PARAMS = Params(size=64, seed=7).as_dict()


def chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I4s", len(body), kind) + body + b"crc!"


def png(*chunks: bytes) -> bytes:
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
        png(said(b"no JSON")),
        png(said(b"[1, 2]")),
        png(said(b"[" * 10_000)),
        png(said(b'{"a": ' + b"9" * 5000 + b"}")),
        png(said(b"\xff\xfe")),
        png(said(json.dumps({"a": "x" * MAX_TEXT_BYTES}).encode())),
        png(chunk(b"iTXt", b"easel\0\1\0\0\0" + b"{}")),
        png(chunk(b"IDAT", b""), said(b"{}")),
        png(struct.pack(">I4s", 2**32 - 1, b"iTXt")),
    ],
)
def test_what_is_broken_or_foreign_says_nothing(data: bytes) -> None:
    assert not parameters_in(data)


def test_other_texts_are_passed_over() -> None:
    foreign = chunk(b"iTXt", b"other\0\0\0\0\0{}")
    assert parameters_in(png(foreign, said(b"no JSON"), said(b'{"size": 1}'))) == {"size": 1}
