"""A job's pictures as a worker fetches them, and its previews as a worker stores them."""

from typing import Any

import pytest

from bot.media.blobs.protocol import BlobMissing
from bot.worker.pictures import Pictures, Previews, pictures_of
from nst_core.images import io
from tests.support.rows import read_job
from tests.support.worker import (
    FINISHED,
    ScriptedPainter,
    WorkerHarness,
    picture,
    png,
)


async def test_a_job_of_two_pictures_has_one_style_of_weight_one(harness: WorkerHarness) -> None:
    job = await read_job(harness.database, await harness.submit())
    assert await pictures_of(job, harness.blobs) == Pictures(
        content=png("teal"), styles=(png("orange"),), weights=(1.0,)
    )


async def test_all_pictures_of_a_job_reach_the_painter(harness: WorkerHarness) -> None:
    navy, mask, start = [await harness.blobs.put(png(colour)) for colour in ("navy", "white", "red")]
    more = [{"blob": navy, "name": "navy", "weight": 0.25}]
    job_id = await harness.submit(style_weight=0.75, more_styles=more, mask_blob=mask, start_blob=start)
    painter = ScriptedPainter(FINISHED)
    async with harness.working(painter):
        await harness.until(job_id, lambda job: job.ended_at is not None)
    assert painter.pictures == Pictures(
        content=png("teal"),
        styles=(png("orange"), png("navy")),
        weights=(0.75, 0.25),
        mask=png("white"),
        start=png("red"),
    )


@pytest.mark.parametrize("column", ["mask_blob", "start_blob"])
async def test_a_picture_that_is_gone_is_missed(harness: WorkerHarness, column: str) -> None:
    given: dict[str, Any] = {column: "f" * 64}
    job = await read_job(harness.database, await harness.submit(**given))
    with pytest.raises(BlobMissing):
        await pictures_of(job, harness.blobs)


async def test_no_two_jobs_share_a_preview_whatever_it_shows(harness: WorkerHarness) -> None:
    first, second = [await read_job(harness.database, await harness.submit()) for _ in range(2)]
    ours, theirs = Previews(harness.blobs, first), Previews(harness.blobs, second)
    await ours.put(picture(0.5))
    await theirs.put(picture(0.5))
    await ours.forget()
    assert theirs.newest is not None
    assert io.decode(await harness.blobs.get(theirs.newest)).width == 64


async def test_a_preview_of_the_content_s_own_pixels_is_not_the_content(harness: WorkerHarness) -> None:
    job = await read_job(harness.database, await harness.submit())
    previews = Previews(harness.blobs, job)
    await previews.put(io.decode(png("teal")))
    await previews.forget()
    assert await harness.blobs.get(job.content_blob) == png("teal")
