"""`python -m bot.worker`: a real process that paints with real weights, is stopped, and is killed."""

import asyncio
import os
import sys
from asyncio.subprocess import PIPE
from pathlib import Path

import psutil
import pytest

from bot.db import Database
from bot.domain.jobs.model import State
from nst_core.images import io
from nst_core.params import Params
from testbed.postgres import Server
from tests.support.rows import column
from tests.support.worker_processes import ENDLESS, SHORT, DataFolder

PATIENCE_S = 240.0
LONG_S = 600.0


@pytest.fixture
def folder(database: Database, tmp_path: Path) -> DataFolder:
    return DataFolder(tmp_path, database)


async def test_a_job_is_painted_at_low_priority_and_the_end_of_input_ends_the_worker(
    folder: DataFolder,
) -> None:
    params = Params(size=64, quality="draft")
    job_id = await folder.submit(params)
    async with asyncio.timeout(PATIENCE_S), folder.worker("w") as process:
        await folder.until(job_id, lambda job: job.state is State.RUNNING)
        assert psutil.Process(process.pid).nice() >= min(19, os.nice(0) + 10)
        assert await folder.living() == 1
        job = await folder.until(job_id, lambda job: job.ended_at is not None)
        assert process.stdin is not None
        process.stdin.close()
        assert await process.wait() == 0
    assert await folder.living() == 0
    assert (job.state, job.error) == (State.RENDERED, None)
    assert job.figures is not None
    assert job.figures["device"] == "cpu"
    assert job.result_blob is not None
    result = await folder.blobs.get(job.result_blob)
    picture = io.decode(result)
    assert max(picture.width, picture.height) == 64
    assert io.read_parameters(result) == params.as_dict()


async def test_a_killed_worker_s_job_is_painted_once_by_the_next_and_sigterm_hands_a_job_back(
    folder: DataFolder,
) -> None:
    job_id = await folder.submit(SHORT)
    async with asyncio.timeout(PATIENCE_S), folder.worker("killed") as killed:
        await folder.until(job_id, lambda job: job.state is State.RUNNING)
        killed.kill()
        await killed.wait()
    assert list(await folder.engine.sweep(dead_worker="killed")) == [job_id]
    async with asyncio.timeout(PATIENCE_S), folder.worker("next") as process:
        job = await folder.until(job_id, lambda job: job.ended_at is not None)
        assert (job.state, job.attempt) == (State.RENDERED, 2)
        endless = await folder.submit(ENDLESS)
        await folder.until(endless, lambda job: (job.step or 0) > 0)
        process.terminate()
        assert await process.wait() == 0
    async with folder.database.read() as connection:
        assert await column(connection, endless, "state") == State.QUEUED
        assert await column(connection, endless, "releases") == 1
        assert await column(connection, job_id, "state") == State.RENDERED


async def test_a_worker_killed_within_a_batch_loses_none_of_it_and_each_is_then_painted_alone(
    folder: DataFolder,
) -> None:
    submitted = [await folder.submit(SHORT, batch_key="alike") for _ in range(2)]
    async with asyncio.timeout(PATIENCE_S), folder.worker("killed", batch=2) as killed:
        for job_id in submitted:
            job = await folder.until(job_id, lambda job: (job.step or 0) > 0)
            assert job.batch_size == 2
        killed.kill()
        await killed.wait()
    assert list(await folder.engine.sweep(dead_worker="killed")) == submitted
    async with asyncio.timeout(PATIENCE_S), folder.worker("next", batch=2):
        for job_id in submitted:
            job = await folder.until(job_id, lambda job: job.ended_at is not None)
            assert (job.state, job.attempt, job.batch_size) == (State.RENDERED, 2, 1)


@pytest.mark.parametrize("url", ["postgresql"], indirect=True)
async def test_on_postgresql_an_idle_worker_is_woken_and_a_restart_of_the_server_costs_nothing(
    folder: DataFolder, postgres_server: Server
) -> None:
    # A server that takes its time to restart costs no lease.
    async with asyncio.timeout(PATIENCE_S), folder.worker("w", lease_s=LONG_S) as process:
        first = await folder.submit(Params(size=64, quality="draft"))
        await folder.until(first, lambda job: job.ended_at is not None)
        job_id = await folder.submit(SHORT)
        await folder.until(job_id, lambda job: (job.step or 0) > 0)
        await asyncio.to_thread(postgres_server.restart)
        job = await folder.until(job_id, lambda job: job.ended_at is not None)
        assert (job.state, job.attempt) == (State.RENDERED, 1)
        next_one = await folder.submit(Params(size=64, quality="draft"))
        assert (await folder.until(next_one, lambda job: job.ended_at is not None)).error is None
        process.terminate()
        assert await process.wait() == 0


async def test_bad_settings_end_the_worker_with_a_sentence(tmp_path: Path) -> None:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "bot.worker"),
        env={**os.environ, "EASEL_LEASE_S": "0"},
        cwd=tmp_path,
        stderr=PIPE,
    )
    _, complaint = await process.communicate()
    assert process.returncode == 1
    assert complaint.decode().startswith("EASEL_LEASE_S: ")
    assert "Traceback" not in complaint.decode()
