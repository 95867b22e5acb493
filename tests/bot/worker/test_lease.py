"""An engine that is away for a while, and previews that come and go."""

import pytest

from bot.db import Database
from bot.domain.jobs.model import State
from bot.errors import Failure
from bot.media.blobs.folder import FolderBlobs
from bot.worker.pictures import KEPT
from tests.support.rows import read_job
from tests.support.worker import (
    FINISHED,
    STARTED,
    EndlessPainter,
    Gate,
    ScriptedPainter,
    WorkerHarness,
    preview,
    step,
)


@pytest.mark.parametrize(
    "faults", [{"renew": 3}, {"render": 3}, {"claim": 3}, {"renew": 2, "render": 2, "claim": 1}]
)
async def test_a_database_that_is_away_for_a_moment_costs_no_job(
    harness: WorkerHarness, faults: dict[str, int]
) -> None:
    harness.engine.faults = dict(faults)
    job_id, gate = await harness.submit(), Gate()
    async with harness.working(ScriptedPainter(STARTED, step(1), gate, FINISHED)):
        await harness.until(job_id, lambda job: job.step == 1)  # progress is written as soon as it can be
        gate.set()
        job = await harness.until(job_id, lambda job: job.ended_at is not None)
    assert (job.state, job.attempt) == (State.RENDERED, 1)
    assert not any(harness.engine.faults.values())


async def test_a_failure_is_written_once_the_database_is_back(harness: WorkerHarness) -> None:
    harness.engine.faults = {"fail": 2}
    job = await harness.paint(ScriptedPainter(RuntimeError("no luck")))
    assert job.state is State.FAILED


async def test_a_job_is_released_once_the_database_is_back(harness: WorkerHarness) -> None:
    harness.engine.faults = {"release": 2}
    job_id = await harness.submit()
    async with harness.working(EndlessPainter(STARTED)):
        await harness.until(job_id, lambda job: job.step == 1)
    assert (await read_job(harness.database, job_id)).state is State.QUEUED


@pytest.mark.parametrize("call", ["renew", "render"])
async def test_a_worker_gives_up_when_its_lease_has_run_out_meanwhile(
    database: Database, harness: WorkerHarness, call: str
) -> None:
    short = WorkerHarness(database, harness.folder, lease_s=0.0)
    short.engine.faults = {call: 1_000_000}
    job_id, painter = await short.submit(), ScriptedPainter(FINISHED)
    claim = await short.engine.claim("w")
    assert claim is not None
    await short.worker(painter).work([claim], short.stop)
    assert (await read_job(database, job_id)).state is State.RUNNING  # for a sweep to take back
    assert short.engine.calls.count("render") <= 1


async def test_old_previews_are_deleted_while_a_job_runs_and_all_at_its_end(harness: WorkerHarness) -> None:
    job_id = await harness.submit()
    pictures = harness.kept()
    gates = [Gate() for _ in range(5)]
    script = [
        entry for number, gate in enumerate(gates) for entry in (preview(number / 10), step(number), gate)
    ]
    async with harness.working(ScriptedPainter(STARTED, *script, FINISHED)):
        seen = set[str]()
        for gate in gates:
            job = await harness.until(
                job_id, lambda job: job.preview_blob is not None and job.preview_blob not in seen
            )
            assert job.preview_blob is not None
            seen.add(job.preview_blob)
            await harness.until_called("renew", 2)
            assert len(harness.kept() - pictures) <= KEPT
            assert job.preview_blob in harness.kept()
            gate.set()
        job = await harness.until(job_id, lambda job: job.state is State.RENDERED)
    assert len(seen) == len(gates)
    assert job.preview_blob is None
    assert harness.kept() == pictures | {job.result_blob, job.timelapse_blob}


async def test_a_failed_job_leaves_no_preview(harness: WorkerHarness) -> None:
    job_id, gate = await harness.submit(), Gate()
    pictures = harness.kept()
    async with harness.working(ScriptedPainter(STARTED, preview(0.5), gate, RuntimeError("no luck"))):
        await harness.until(job_id, lambda job: job.preview_blob is not None)
        gate.set()
        job = await harness.until(job_id, lambda job: job.state is State.FAILED)
    assert job.preview_blob is None
    assert harness.kept() == pictures


async def test_a_cancelled_job_leaves_no_preview(harness: WorkerHarness) -> None:
    job_id, gate = await harness.submit(), Gate()
    pictures = harness.kept()
    painter = ScriptedPainter(STARTED, preview(0.5), step(1), gate, FINISHED)
    async with harness.working(painter):
        await harness.until(job_id, lambda job: job.preview_blob is not None)
        await harness.cancel(job_id)
        gate.set()
    assert (await read_job(harness.database, job_id)).preview_blob is None
    assert harness.kept() == pictures


async def test_a_queued_job_keeps_its_preview_until_the_next_attempt_has_its_own(
    harness: WorkerHarness,
) -> None:
    job_id = await harness.submit()
    pictures = harness.kept()
    async with harness.working(EndlessPainter(STARTED, preview(0.5))):
        before = await harness.until(job_id, lambda job: job.preview_blob is not None)
    waiting = await read_job(harness.database, job_id)
    assert waiting.preview_blob == before.preview_blob
    assert harness.kept() == pictures | {before.preview_blob}
    harness.stop.clear()
    async with harness.working(ScriptedPainter(FINISHED)):
        job = await harness.until(job_id, lambda job: job.state is State.RENDERED)
    assert harness.kept() == pictures | {job.result_blob}


class FullDisk(FolderBlobs):
    """Stores nothing but PNG."""

    async def put(self, data: bytes) -> str:
        if not data.startswith(b"\x89PNG"):
            raise Failure("the disk is full")
        return await super().put(data)


async def test_a_preview_that_cannot_be_stored_costs_no_job(harness: WorkerHarness) -> None:
    job_id, gate = await harness.submit(), Gate()
    painter = ScriptedPainter(STARTED, preview(0.5), step(1), gate, FINISHED)
    async with harness.working(painter, blobs=FullDisk(harness.folder)):
        job = await harness.until(job_id, lambda job: job.step == 1)
        assert job.preview_blob is None
        gate.set()
        await harness.until(job_id, lambda job: job.state is State.RENDERED)


class BrokenDisk(FolderBlobs):
    """Keeps nothing."""

    async def put(self, data: bytes) -> str:
        raise Failure("the disk is broken")


async def test_a_result_that_cannot_be_stored_fails_its_job(harness: WorkerHarness) -> None:
    job = await harness.paint(ScriptedPainter(FINISHED), blobs=BrokenDisk(harness.folder))
    assert job.state is State.FAILED
    assert job.error == "Something broke on our side while painting: please try again."
    assert job.reference
