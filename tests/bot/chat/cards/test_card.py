"""A job's card: what it says, and its picture, made to fit."""

from io import BytesIO
from typing import Any

import pytest
from PIL import Image

from bot.chat.cards import card
from bot.chat.cards.card_picture import card_picture
from bot.db import Database
from bot.domain.jobs import queue
from bot.domain.jobs.model import State
from bot.media.pixels import shrink
from tests.support.chat import ChatHarness
from tests.support.picture_files import noise_png
from tests.support.rows import BLOB, NOW, add, add_in, claim_one, job_of


def texts(view: Any) -> str:
    return "\n".join(str(item.content) for item in view.walk_children() if hasattr(item, "content"))


async def test_a_finished_card_says_what_went_otherwise_than_asked_once(database: Database) -> None:
    note = "Memory was short at 512 px: it was painted in a thriftier way."
    async with database.begin() as connection:
        job_id = await add(connection)
        claim = await claim_one(connection)
        figures = {"notes": [note, note]}
        await queue.render(connection, claim, result_blob=BLOB, figures=figures, now=NOW)
        job = await job_of(connection, job_id)
    assert texts(card.render(job)).count(note) == 1


async def test_a_card_without_notes_has_none(database: Database) -> None:
    async with database.begin() as connection:
        job = await add_in(connection, State.RENDERED)
    assert texts(card.render(job)).rstrip().endswith(" s")


@pytest.mark.parametrize("limit_bytes", [60_000, 20_000, 3_000])
def test_a_picture_is_made_to_fit_whatever_the_limit(limit_bytes: int) -> None:
    small = shrink(noise_png(), limit_bytes)
    assert len(small) <= limit_bytes
    assert Image.open(BytesIO(small)).format == "JPEG"


def test_it_loses_quality_before_it_loses_size() -> None:
    assert Image.open(BytesIO(shrink(noise_png(), 60_000))).size == (200, 200)


async def test_a_result_over_the_channels_limit_says_that_it_is_smaller(chat: ChatHarness) -> None:
    await chat.stylize(content=("noise.png", noise_png()), look={"size_px": 128})
    await chat.paint()
    job = await chat.job()
    whole = await card_picture(job, chat.services.picture_store, limit_bytes=10_000_000)
    fitted = await card_picture(job, chat.services.picture_store, limit_bytes=10_000)
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
    assert await card_picture(job, chat.services.picture_store, limit_bytes=10_000_000) is not None
    await chat.services.picture_store.blobs.delete(job.preview_blob)
    assert await card_picture(job, chat.services.picture_store, limit_bytes=10_000_000) is None


def test_transparency_becomes_white_where_jpeg_has_none() -> None:
    out = BytesIO()
    Image.new("RGBA", (80, 80), (0, 0, 0, 0)).save(out, "PNG")
    small = Image.open(BytesIO(shrink(out.getvalue(), 1)))
    assert small.convert("RGB").getpixel((10, 10)) == (255, 255, 255)
