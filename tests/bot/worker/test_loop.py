"""A worker's life: each way in which a job may end, and what is left of it."""

import asyncio

import pytest

from bot.domain.jobs.model import State
from nst_core.errors import DeviceLost, OutOfMemory, PictureError, WeightsError
from nst_core.images import io
from tests.support.rows import read_job
from tests.support.worker import (
    FINISHED,
    PARAMS,
    STARTED,
    EndlessPainter,
    Gate,
    ScriptedPainter,
    ScriptEntry,
    WorkerHarness,
    preview,
    step,
)

MORE_MEMORY = "That picture needs more memory than there is here: choose a smaller size."
BROKE = "Something broke on our side while painting: please try again."


async def test_progress_and_preview_reach_the_job_s_row(harness: WorkerHarness) -> None:
    job_id, gate = await harness.submit(), Gate()
    async with harness.working(ScriptedPainter(STARTED, preview(0.5), step(1), step(2), gate, FINISHED)):
        job = await harness.until(job_id, lambda job: job.step == 2 and job.preview_blob is not None)
        assert (job.scale, job.scales, job.steps, job.loss) == (1, 2, 10, 3.0)
        assert job.preview_blob is not None
        shown = io.decode(await harness.blobs.get(job.preview_blob))
        assert (shown.width, shown.height) == (64, 43), "as large as the result will be"
        gate.set()
        await harness.until(job_id, lambda job: job.state is State.RENDERED)


async def test_a_job_that_has_started_shows_how_much_there_is_to_do(harness: WorkerHarness) -> None:
    job_id, gate = await harness.submit(), Gate()
    async with harness.working(ScriptedPainter(STARTED, gate, FINISHED)):
        job = await harness.until(job_id, lambda job: job.steps is not None)
        assert (job.scale, job.scales, job.step, job.steps, job.loss) == (1, 2, 0, 10, None)
        gate.set()


async def test_a_renewal_without_news_is_no_news(harness: WorkerHarness) -> None:
    job_id, gate = await harness.submit(), Gate()
    async with harness.working(ScriptedPainter(step(1), gate, FINISHED)):
        before = await harness.until(job_id, lambda job: job.step == 1)
        await harness.until_called("renew", 5)
        assert await read_job(harness.database, job_id) == before
        gate.set()


async def test_a_finished_picture_is_kept_with_its_figures_and_its_parameters(harness: WorkerHarness) -> None:
    job = await harness.paint(ScriptedPainter(STARTED, step(10), FINISHED))
    assert job.state is State.RENDERED
    assert job.figures == {
        "beta": 25.0,
        "iterations": 10,
        "seconds": 1.5,
        "device": "cpu",
        "style_scales": [1.35],
        "notes": ["Well."],
    }
    assert job.result_blob is not None
    result = await harness.blobs.get(job.result_blob)
    assert io.read_parameters(result) == PARAMS
    assert io.decode(result).rgb.min() == 1.0
    assert result.startswith(b"\x89PNG")


async def test_one_job_after_the_other_is_painted(harness: WorkerHarness) -> None:
    job_ids = [await harness.submit() for _ in range(3)]
    painter = ScriptedPainter(FINISHED)
    async with harness.working(painter):
        for job_id in job_ids:
            await harness.until(job_id, lambda job: job.state is State.RENDERED)
    assert painter.passes == [[7], [7], [7]]


@pytest.mark.parametrize(
    ("error", "sentence"),
    [
        (WeightsError("The weights are missing."), "The weights are missing."),
        (PictureError("That picture is damaged."), "That picture is damaged."),
        (MemoryError("tried to allocate 7 TiB"), MORE_MEMORY),
        (OutOfMemory("It is full."), MORE_MEMORY),
        (RuntimeError("secret /home/easel\nTraceback"), BROKE),
        (OSError(28, "No space left on device"), BROKE),
    ],
)
async def test_an_error_ends_the_job_with_a_sentence_and_the_worker_goes_on(
    harness: WorkerHarness, error: Exception, sentence: str
) -> None:
    broken = await harness.paint(ScriptedPainter(STARTED, step(1), error))
    assert (broken.state, broken.error, broken.result_blob) == (State.FAILED, sentence, None)
    assert broken.reference
    harness.stop.clear()
    assert (await harness.paint(ScriptedPainter(FINISHED))).state is State.RENDERED


async def test_a_painting_that_ends_without_a_picture_fails(harness: WorkerHarness) -> None:
    job = await harness.paint(ScriptedPainter(STARTED, step(1)))
    assert (job.state, job.error) == (State.FAILED, BROKE)


async def test_a_job_whose_picture_is_gone_fails(harness: WorkerHarness) -> None:
    job_id = await harness.submit()
    await harness.blobs.delete((await read_job(harness.database, job_id)).content_blob)
    async with harness.working(ScriptedPainter(FINISHED)):
        job = await harness.until(job_id, lambda job: job.ended_at is not None)
    assert (job.state, job.error) == (State.FAILED, BROKE)


async def test_a_stop_hands_the_job_back(harness: WorkerHarness) -> None:
    job_id, painter = await harness.submit(), EndlessPainter(STARTED)
    async with harness.working(painter):
        await harness.until(job_id, lambda job: job.step == 1)
        harness.stop.set()
    assert painter.closed.is_set()
    job = await read_job(harness.database, job_id)
    assert (job.state, job.attempt, job.result_blob) == (State.QUEUED, 1, None)


async def test_a_stop_before_the_first_event_paints_nothing(harness: WorkerHarness) -> None:
    job_id, painter = await harness.submit(), ScriptedPainter(FINISHED)
    claim = await harness.engine.claim("w")
    assert claim is not None
    harness.stop.set()
    await harness.worker(painter).work([claim], harness.stop)
    assert painter.passes == []
    assert (await read_job(harness.database, job_id)).state is State.QUEUED


async def test_a_released_job_is_painted_by_the_next_worker(harness: WorkerHarness) -> None:
    job_id = await harness.submit()
    async with harness.working(EndlessPainter(STARTED)):
        await harness.until(job_id, lambda job: job.step == 1)
    harness.stop.clear()
    async with harness.working(ScriptedPainter(FINISHED)):
        job = await harness.until(job_id, lambda job: job.state is State.RENDERED)
    assert job.attempt == 2


async def test_a_cancel_stops_the_painting(harness: WorkerHarness) -> None:
    job_id, painter = await harness.submit(), EndlessPainter(STARTED)
    async with harness.working(painter):
        await harness.until(job_id, lambda job: job.step == 1)
        await harness.cancel(job_id)
        assert await asyncio.to_thread(painter.closed.wait, 30)
    job = await read_job(harness.database, job_id)
    assert (job.state, job.result_blob, job.error) == (State.CANCELLED, None, None)


@pytest.mark.parametrize("end", [FINISHED, RuntimeError("too late")], ids=["finished", "broken"])
async def test_a_worker_that_lost_its_lease_writes_nothing(harness: WorkerHarness, end: ScriptEntry) -> None:
    job_id, gate = await harness.submit(), Gate()
    pictures = harness.kept()
    async with harness.working(ScriptedPainter(STARTED, step(1), gate, end)):
        await harness.until(job_id, lambda job: job.step == 1)
        taken = await harness.take_over(job_id)
        gate.set()
    assert await read_job(harness.database, job_id) == taken
    assert harness.kept() == pictures


async def test_a_broken_device_ends_the_worker_and_counts_as_an_attempt(harness: WorkerHarness) -> None:
    job_id = await harness.submit()
    worker = harness.worker(ScriptedPainter(STARTED, DeviceLost("CUDA error")))
    with pytest.raises(DeviceLost):
        await worker.run(harness.stop)
    assert (await read_job(harness.database, job_id)).state is State.RUNNING
    assert (await harness.take_over(job_id)).attempt == 2
