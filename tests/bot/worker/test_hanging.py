"""A painting that goes on no more, or does not end when told to, costs the process and not the service."""

import asyncio
from collections.abc import AsyncIterator, Generator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from bot.db import Database
from bot.domain.jobs import queue
from bot.domain.jobs.model import Job, State
from bot.worker.attempt import PaintingHangs
from tests.support.databases import BOTH
from tests.support.rows import ADA, read_job
from tests.support.worker import STARTED, Gate, ScriptedPainter, WorkerHarness, step
from tests.support.worker_processes import SHORT, DataFolder

HANGING = "tests.support.hanging_worker"
PATIENCE_S = 120.0


@pytest.fixture
def gate() -> Generator[Gate, None, None]:
    """What a painting hangs on until the test has ended."""
    gate = Gate()
    yield gate
    gate.set()


@asynccontextmanager
async def hanging(harness: WorkerHarness, gate: Gate, **given: Any) -> AsyncIterator[None]:
    """A worker at a painting that stands still; it must end by itself."""
    worker = harness.worker(ScriptedPainter(STARTED, step(1), gate), **given)
    running = asyncio.create_task(worker.run(harness.stop))
    try:
        async with asyncio.timeout(60):
            yield
            with pytest.raises(PaintingHangs):
                await running
    finally:
        running.cancel()


async def test_the_lease_of_a_painting_that_stands_still_is_not_renewed_and_the_worker_ends(
    harness: WorkerHarness, gate: Gate
) -> None:
    job_id = await harness.submit()
    async with hanging(harness, gate, stall_s=2.0):
        await harness.until(job_id, lambda job: job.step == 1)
    assert (await read_job(harness.database, job_id)).state is State.RUNNING
    assert (await harness.take_over(job_id)).attempt == 2, "it has cost the job an attempt"


async def test_a_cancel_frees_the_worker_of_a_painting_that_does_not_end(
    harness: WorkerHarness, gate: Gate
) -> None:
    job_id = await harness.submit()
    async with hanging(harness, gate, last_step_s=0.05):
        await harness.until(job_id, lambda job: job.step == 1)
        await harness.cancel(job_id)
    assert (await read_job(harness.database, job_id)).state is State.CANCELLED


async def test_a_stop_releases_each_job_of_a_batch_that_does_not_end(
    harness: WorkerHarness, gate: Gate
) -> None:
    job_ids = await harness.submit_alike(7, 8)
    async with hanging(harness, gate, batch=2, last_step_s=0.05):
        for job_id in job_ids:
            await harness.until(job_id, lambda job: job.step == 1)
        harness.stop.set()
    for job_id in job_ids:
        assert (await read_job(harness.database, job_id)).state is State.QUEUED


async def test_a_device_that_does_not_say_how_much_it_can_do_ends_the_worker(
    harness: WorkerHarness, gate: Gate
) -> None:
    job_id = await harness.submit()

    def never(_job: Job) -> int:
        gate.wait()
        return 1

    worker = harness.worker(ScriptedPainter(STARTED), batch_size=never, stall_s=0.01)
    with pytest.raises(PaintingHangs):
        await asyncio.wait_for(worker.run(harness.stop), 30)
    assert (await read_job(harness.database, job_id)).state is State.RUNNING


@pytest.mark.parametrize("url", BOTH, indirect=True)
async def test_sigterm_ends_a_worker_whose_painting_hangs_and_its_job_is_released(
    database: Database, tmp_path: Path
) -> None:
    folder = DataFolder(tmp_path, database)
    job_id = await folder.submit(SHORT)
    async with asyncio.timeout(PATIENCE_S), folder.worker("w", module=HANGING) as process:
        await folder.until(job_id, lambda job: job.steps is not None)
        process.terminate()
        await process.wait()
    job = await read_job(database, job_id)
    assert (job.state, job.attempt) == (State.QUEUED, 1)
    assert await folder.living() == 0


@pytest.mark.parametrize("url", BOTH, indirect=True)
async def test_a_cancel_ends_a_worker_whose_painting_hangs(database: Database, tmp_path: Path) -> None:
    folder = DataFolder(tmp_path, database)
    job_id = await folder.submit(SHORT)
    async with asyncio.timeout(PATIENCE_S), folder.worker("w", module=HANGING) as process:
        await folder.until(job_id, lambda job: job.steps is not None)
        async with database.begin() as connection:
            assert await queue.cancel(connection, job_id, user_id=ADA, now=0.0)
        await process.wait()
    assert (await read_job(database, job_id)).state is State.CANCELLED


@pytest.mark.parametrize("url", BOTH, indirect=True)
async def test_a_worker_whose_painting_stands_still_ends_and_leaves_its_job_to_others(
    database: Database, tmp_path: Path
) -> None:
    folder = DataFolder(tmp_path, database)
    job_id = await folder.submit(SHORT)
    async with (
        asyncio.timeout(PATIENCE_S),
        folder.worker("w", module=HANGING, EASEL_STALL_S="2") as process,
    ):
        await process.wait()
    assert process.returncode == 1
    assert (await read_job(database, job_id)).state is State.RUNNING
    assert list(await folder.engine.sweep(dead_worker="w")) == [job_id]
