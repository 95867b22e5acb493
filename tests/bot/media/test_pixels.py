"""Thumbnails are small JPEGs of the same shape."""

from io import BytesIO
from json import dumps

import pytest
from PIL import Image

from bot.domain.styles.builtin import BUILT_IN
from bot.media.pixels import LABEL_PX, STRIP_GAP_PX, STRIP_PX, legible, strip, thumbnail


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


def stripped(*pictures: tuple[str, bytes]) -> Image.Image:
    labels, files = [label for label, _file in pictures], [file for _label, file in pictures]
    whole = strip(b"".join(files), lengths=dumps([len(one) for one in files]), labels=dumps(labels))
    return Image.open(BytesIO(whole))


def test_a_strip_holds_its_pictures_side_by_side_over_their_labels() -> None:
    whole = stripped(("The picture", kept(200, 100)), ("Starry Night", kept(64, 64, "RGBA")))
    assert whole.size == (2 * STRIP_PX + STRIP_GAP_PX + STRIP_PX, STRIP_PX + LABEL_PX)
    for left, width in ((0, 2 * STRIP_PX), (2 * STRIP_PX + STRIP_GAP_PX, STRIP_PX)):
        label = whole.crop((left, STRIP_PX + 2, left + width, STRIP_PX + LABEL_PX))
        assert min(label.convert("L").tobytes()) < 64, "something is written below"
    gap = whole.crop((2 * STRIP_PX + 2, 0, 2 * STRIP_PX + STRIP_GAP_PX - 2, STRIP_PX))
    assert min(gap.convert("L").tobytes()) > 240, "white between them"


def test_a_label_that_is_too_long_stays_within_its_picture() -> None:
    whole = stripped(("x" * 300, kept(64, 64)), ("y", kept(64, 64)))
    gap = whole.crop((STRIP_PX + 2, 0, STRIP_PX + STRIP_GAP_PX - 2, whole.height))
    assert min(gap.convert("L").tobytes()) > 200


def test_letters_that_the_font_lacks_are_not_written() -> None:
    assert legible("Café Terrace, größer") == ""
    assert legible("Café Terrace") == "Cafe Terrace"
    assert legible("星月夜") == ""
