"""The picture on a card, made to fit."""

from io import BytesIO

import pytest
from PIL import Image

from bot.chat.cards.card_picture import album
from bot.media.pixels import shrink
from tests.support.chat import ChatHarness
from tests.support.picture_files import noise_png


@pytest.mark.parametrize("limit_bytes", [60_000, 20_000, 3_000])
def test_a_picture_is_made_to_fit_whatever_the_limit(limit_bytes: int) -> None:
    small = shrink(noise_png(), limit_bytes)
    assert len(small) <= limit_bytes
    assert Image.open(BytesIO(small)).format == "JPEG"


def test_it_loses_quality_before_it_loses_size() -> None:
    assert Image.open(BytesIO(shrink(noise_png(), 60_000))).size == (200, 200)


async def test_a_result_over_the_channels_limit_says_that_it_is_smaller(chat: ChatHarness) -> None:
    await chat.stylize(content=("noise.png", noise_png()), size=128)
    await chat.paint()
    job = await chat.job()
    whole = await album(job, chat.services.picture_store, limit_bytes=10_000_000)
    fitted = await album(job, chat.services.picture_store, limit_bytes=10_000)
    assert whole is not None
    assert whole.filename == "easel-1.png"
    assert whole.note is None
    assert fitted is not None
    assert fitted.filename == "easel-1.jpg"
    assert fitted.note is not None
    assert len(fitted.data) <= 10_000


async def test_a_preview_that_was_superseded_meanwhile_is_left_out(chat: ChatHarness) -> None:
    await chat.stylize()
    await chat.paint_halfway()
    job = await chat.job()
    assert job.preview_blob is not None
    assert await album(job, chat.services.picture_store, limit_bytes=10_000_000) is not None
    await chat.services.picture_store.blobs.delete(job.preview_blob)
    assert await album(job, chat.services.picture_store, limit_bytes=10_000_000) is None


def test_transparency_becomes_white_where_jpeg_has_none() -> None:
    out = BytesIO()
    Image.new("RGBA", (80, 80), (0, 0, 0, 0)).save(out, "PNG")
    small = Image.open(BytesIO(shrink(out.getvalue(), 1)))
    assert small.convert("RGB").getpixel((10, 10)) == (255, 255, 255)
