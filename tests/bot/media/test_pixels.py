"""Thumbnails are small JPEGs of the same shape."""

from io import BytesIO

import pytest
from PIL import Image

from bot.domain.styles.builtin import BUILT_IN
from bot.media.pixels import thumbnail


def kept(width: int, height: int, mode: str = "RGB") -> bytes:
    out = BytesIO()
    Image.new(mode, (width, height), "teal").save(out, "PNG")
    return out.getvalue()


@pytest.mark.parametrize(
    ("size", "small"), [((800, 400), (160, 80)), ((30, 90), (30, 90)), ((1, 2000), (1, 160))]
)
def test_the_long_edge_is_no_longer_than_asked_for(size: tuple[int, int], small: tuple[int, int]) -> None:
    picture = Image.open(BytesIO(thumbnail(kept(*size), 160)))
    assert (picture.format, picture.size) == ("JPEG", small)


@pytest.mark.parametrize("mode", ["L", "RGBA"])
def test_any_mode_becomes_rgb(mode: str) -> None:
    assert Image.open(BytesIO(thumbnail(kept(20, 20, mode), 160))).mode == "RGB"


def test_a_painting_s_thumbnail_is_small_in_bytes() -> None:
    assert all(len(thumbnail(one.read(), 160)) < 20_000 for one in BUILT_IN)
