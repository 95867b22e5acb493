"""A job's pictures as a worker fetches them, and its previews as a worker stores them."""

from io import BytesIO
from typing import Any

import numpy as np
import pytest
from PIL import Image

from bot.domain.jobs.model import State
from bot.errors import Failure
from bot.media.blobs.folder import FolderBlobs
from bot.media.blobs.protocol import BlobMissing
from bot.worker.attempt import Attempt
from bot.worker.pictures import (
    EDGE_PX,
    MAX_BYTES,
    MAX_FRAMES,
    RESULT_MS,
    Pictures,
    Previews,
    Timelapse,
    pictures_of,
)
from nst_core.images import io
from nst_core.images.picture import Picture
from tests.support.rows import read_job
from tests.support.worker import (
    FINISHED,
    PARAMS,
    STARTED,
    ScriptedPainter,
    WorkerHarness,
    picture,
    png,
    preview,
    step,
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


def frames(webp: bytes) -> list[tuple[tuple[int, int], int, int]]:
    """Each frame's size, its duration in ms, and how bright its first pixel is."""
    film = Image.open(BytesIO(webp))
    found = []
    for number in range(getattr(film, "n_frames", 1)):
        film.seek(number)
        film.load()
        pixel = int(np.asarray(film.convert("L"))[0, 0])
        found.append((film.size, int(film.info["duration"]), pixel))
    return found


def large(shade: float) -> Picture:
    return Picture(rgb=np.full((200, 600, 3), shade, dtype=np.float32))


def film_of(count: int) -> bytes:
    lapse = Timelapse()
    for number in range(count):
        lapse.add(large(number / count))
    webp = lapse.encode(large(1.0))
    assert webp is not None
    assert len(webp) <= MAX_BYTES
    return webp


def test_a_film_shows_every_preview_of_a_short_run_and_stays_on_the_result() -> None:
    shown = frames(film_of(4))
    assert [pixel for _, _, pixel in shown] == pytest.approx([0, 64, 128, 191, 255], abs=4)
    assert {size for size, _, _ in shown} == {(EDGE_PX, 85)}
    assert shown[-1][1] == RESULT_MS
    assert all(duration < 500 for _, duration, _ in shown[:-1])


@pytest.mark.parametrize("count", [23, 24, 100, 1000])
def test_a_film_of_a_long_run_has_few_frames_in_even_distances(count: int) -> None:
    shown = [pixel for _, _, pixel in frames(film_of(count))]
    assert MAX_FRAMES / 2 <= len(shown) <= MAX_FRAMES
    steps = np.diff(shown[:-1])
    assert shown[0] == 0
    assert steps.min() > 0
    assert steps.max() <= steps.min() + 6


def test_previews_of_every_scale_have_the_result_s_size_in_the_film() -> None:
    lapse = Timelapse()
    lapse.add(Picture(rgb=np.zeros((7, 11, 3), dtype=np.float32)))
    lapse.add(Picture(rgb=np.zeros((90, 130, 3), dtype=np.float32)))
    webp = lapse.encode(Picture(rgb=np.ones((40, 60, 3), dtype=np.float32)))
    assert webp is not None
    assert {size for size, _, _ in frames(webp)} == {(60, 40)}


def test_what_is_transparent_is_white_in_the_film() -> None:
    lapse = Timelapse()
    clear = Picture(rgb=np.zeros((40, 60, 3), dtype=np.float32), alpha=np.zeros((40, 60), dtype=np.float32))
    lapse.add(large(0.0))
    webp = lapse.encode(clear)
    assert webp is not None
    assert frames(webp)[-1][2] == pytest.approx(255, abs=2)


def test_there_is_no_film_of_a_result_alone() -> None:
    assert Timelapse().encode(picture(1.0)) is None


async def test_the_film_of_a_run_is_kept_beside_its_picture(harness: WorkerHarness) -> None:
    job = await harness.paint(ScriptedPainter(STARTED, preview(0.2), step(1), preview(0.6), FINISHED))
    assert job.timelapse_blob is not None
    assert len(frames(await harness.blobs.get(job.timelapse_blob))) == 3


async def test_no_film_is_made_where_none_is_wanted(harness: WorkerHarness) -> None:
    job = await harness.paint(ScriptedPainter(STARTED, preview(0.2), FINISHED), timelapse=False)
    assert (job.state, job.timelapse_blob) == (State.RENDERED, None)


class NoRoomForFilms(FolderBlobs):
    async def put(self, data: bytes) -> str:
        if data.startswith(b"RIFF"):
            raise Failure("the disk is full")
        return await super().put(data)


async def test_a_film_that_cannot_be_stored_costs_no_job(harness: WorkerHarness) -> None:
    job = await harness.paint(ScriptedPainter(preview(0.2), FINISHED), blobs=NoRoomForFilms(harness.folder))
    assert (job.state, job.timelapse_blob) == (State.RENDERED, None)


@pytest.mark.parametrize("call", ["add", "encode"])
def test_a_film_that_breaks_costs_no_picture(call: str) -> None:
    class Broken(Timelapse):
        def add(self, preview: Picture) -> None:
            if call == "add":
                raise MemoryError
            super().add(preview)

        def encode(self, result: Picture) -> bytes | None:
            raise OSError("no encoder")

    attempt = Attempt(parameters=PARAMS, timelapse=Broken())
    for event in (STARTED, preview(0.2), FINISHED):
        attempt.take(event)
    assert attempt.result() is not None
    assert attempt.timelapse() is None
