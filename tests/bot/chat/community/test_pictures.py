"""Small pictures with their number in a corner; and a card that points to where its picture hangs."""

from io import BytesIO

import pytest
from PIL import Image

from bot.chat.cards.card_upload import place_of
from bot.chat.community.pictures import EDGE_PX
from bot.domain.gallery.exhibits import Hanging
from bot.media.pixels import thumbnail
from tests.support.picture_files import png


@pytest.mark.parametrize(
    ("size", "expected"), [((2000, 1000), (EDGE_PX, EDGE_PX // 2)), ((64, 48), (64, 48))]
)
def test_a_thumbnail_keeps_its_shape_and_is_never_larger(
    size: tuple[int, int], expected: tuple[int, int]
) -> None:
    with Image.open(BytesIO(thumbnail(png(*size), EDGE_PX, badge="7"))) as small:
        assert (small.size, small.format) == (expected, "JPEG")


def test_the_number_stands_dark_on_light_whatever_the_picture() -> None:
    for colour in ("black", "white"):
        with Image.open(BytesIO(thumbnail(png(600, 400, colour), EDGE_PX, badge="8"))) as small:
            corner = small.crop((0, 0, 60, 60)).convert("L").getextrema()
            assert corner[0] < 60, "the number"  # type: ignore[operator] # one band, two numbers
            assert corner[1] > 200, "its ground"  # type: ignore[operator] # one band, two numbers


def test_without_a_number_nothing_is_drawn() -> None:
    with Image.open(BytesIO(thumbnail(png(600, 400, "black"), EDGE_PX))) as small:
        assert small.convert("L").getextrema() == (0, 0)


def test_a_transparent_picture_has_a_thumbnail_too() -> None:
    out = BytesIO()
    Image.new("RGBA", (100, 100), (1, 2, 3, 0)).save(out, "PNG")
    assert Image.open(BytesIO(thumbnail(out.getvalue(), EDGE_PX, badge="1"))).mode == "RGB"


@pytest.mark.parametrize(
    ("link", "removed", "sentence"),
    [
        (None, False, "This picture hangs in <#5>."),
        ("https://discord.com/x", False, "This picture hangs in <#5>: https://discord.com/x"),
        ("https://discord.com/x", True, "This picture was taken down from <#5>."),
    ],
)
def test_a_card_says_where_its_picture_hangs(link: str | None, removed: bool, sentence: str) -> None:
    assert place_of(Hanging(channel_id=5, link=link, removed=removed)) == sentence
