"""Small pictures with their number on them; and a card that points to where its picture hangs."""

from io import BytesIO

import pytest
from PIL import Image, ImageChops

from bot.chat.cards.card_message import place_of
from bot.chat.community.pictures import EDGE_PX
from bot.domain.gallery.hanging import Hanging
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


@pytest.mark.parametrize("size", [(600, 400), (1200, 400), (400, 1200), (500, 500)])
@pytest.mark.parametrize("badge", ["8", "25"])
def test_the_number_stands_dark_on_light_and_whole_in_the_middle_square(
    size: tuple[int, int], badge: str
) -> None:
    """Discord's gallery shows no more than that of a long picture."""
    for colour in ("black", "white"):
        numbered, bare = (
            Image.open(BytesIO(thumbnail(png(*size, colour), EDGE_PX, badge=text))).convert("L")
            for text in (badge, "")
        )
        changed = ImageChops.difference(numbered, bare).point(lambda value: 255 * (value > 24)).getbbox()
        assert changed is not None
        width, height = numbered.size
        side = min(width, height)
        left, top = (width - side) // 2, (height - side) // 2
        assert left < changed[0] < changed[2] < left + side
        assert top < changed[1] < changed[3] < top + side
        darkest, lightest = numbered.crop(changed).getextrema()
        assert darkest < 60, "the number"  # type: ignore[operator] # one band, two numbers
        assert lightest > 200, "its ground"  # type: ignore[operator] # one band, two numbers


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
