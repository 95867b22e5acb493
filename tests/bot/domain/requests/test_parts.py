"""Which picture of a request a refusal means."""

from dataclasses import replace

import pytest

from bot.domain.requests.parts import Part, check_told, named
from bot.domain.styles.style import PictureSource, Style
from bot.errors import Busy, Refusal
from tests.support.submit import CONTENT, LIMITS, STYLE, SubmitHarness

PLAIN = PictureSource(name="holiday.png", url=CONTENT, size_bytes=1000, media_type="image/png")


@pytest.mark.parametrize("media_type", ["image/heic", "application/octet-stream", None])
def test_what_may_be_a_picture_is_left_to_the_decoder(harness: SubmitHarness, media_type: str | None) -> None:
    content = replace(PLAIN, media_type=media_type)
    check_told(harness.request(content=content), [Style(given=content)], LIMITS)


def test_each_part_is_called_by_its_name(harness: SubmitHarness) -> None:
    words = PictureSource(name="words.txt", url=STYLE, media_type="text/plain")
    request = harness.request(content=PLAIN)
    with pytest.raises(Refusal, match=r"The picture to paint, “words.txt”, cannot be used. That is not a"):
        check_told(replace(request, content=words), [], LIMITS)
    with pytest.raises(Refusal, match=r"The mask “words.txt” cannot be used. That is not a picture"):
        check_told(replace(request, mask=words), [], LIMITS)
    with pytest.raises(Refusal, match=r"The style picture “words.txt” cannot be used. That is not a picture"):
        check_told(request, [Style(given=PLAIN), Style(given=words)], LIMITS)


def test_a_file_that_says_it_is_too_large_is_not_fetched(harness: SubmitHarness) -> None:
    request = harness.request(content=replace(PLAIN, size_bytes=3 * 2**20))
    check_told(request, [], replace(LIMITS, max_file_bytes=3 * 2**20))
    with pytest.raises(Refusal, match=r"“holiday.png”, cannot be used. That file is larger than 2 MiB"):
        check_told(request, [], replace(LIMITS, max_file_bytes=2 * 2**20))


def test_what_is_no_picture_s_fault_names_none() -> None:
    busy = Busy("Wait.", back_at=7.0)
    assert named(Part.STYLE, PLAIN, busy) is busy
    refused = named(Part.STYLE, PLAIN, Refusal("Too small."))
    assert str(refused) == "The style picture “holiday.png” cannot be used. Too small."


async def test_of_several_pictures_the_refused_one_is_named(harness: SubmitHarness) -> None:
    mask = PictureSource(name="stencil.png", url="https://cdn/gone")
    with pytest.raises(Refusal, match=r"The mask “stencil.png” cannot be used. That attachment's link"):
        await harness.submit(preset="The Scream", mask=mask)
