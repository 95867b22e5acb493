"""Several jobs in one pass: what each of them keeps for itself."""

import asyncio
from collections.abc import Generator, Sequence

import pytest

from bot.db import Database
from bot.domain.jobs.model import State
from bot.worker.pictures import Work
from bot.worker.render import paint
from nst_core.errors import DeviceLost
from nst_core.events import Event
from nst_core.images import io
from nst_core.params import Params
from nst_core.video.events import ClipEvent
from tests.support.rows import BEN, read_job
from tests.support.worker import (
    FINISHED,
    PARAMS,
    STARTED,
    EndlessPainter,
    Gate,
    ScriptedPainter,
    WorkerHarness,
    preview,
    step,
)


async def states(harness: WorkerHarness, job_ids: list[int]) -> list[State]:
    return [(await read_job(harness.database, job_id)).state for job_id in job_ids]


async def test_jobs_of_a_kind_are_painted_in_one_pass_each_with_its_own_picture(
    harness: WorkerHarness,
) -> None:
    submitted = await harness.submit_alike(1, 2, 3)
    painter = ScriptedPainter(STARTED, step(1), preview(0.2), FINISHED)
    async with harness.working(painter, batch=2):
        jobs = [await harness.until(one, lambda job: job.state is State.RENDERED) for one in submitted]
    assert painter.passes == [[1, 2], [3]]
    assert [job.batch_size for job in jobs] == [2, 2, 1]
    results = [await harness.blobs.get(job.result_blob or "") for job in jobs]
    assert [io.read_parameters(one) for one in results] == [{**PARAMS, "seed": seed} for seed in (1, 2, 3)]
    assert all(job.timelapse_blob is not None for job in jobs)


async def test_a_worker_that_paints_one_by_one_takes_no_companion(harness: WorkerHarness) -> None:
    submitted, painter = await harness.submit_alike(1, 2), ScriptedPainter(FINISHED)
    async with harness.working(painter):
        for one in submitted:
            await harness.until(one, lambda job: job.state is State.RENDERED)
    assert painter.passes == [[1], [2]]


async def test_each_shows_its_own_progress_and_preview(harness: WorkerHarness) -> None:
    first, second = await harness.submit_alike(1, 2)
    gate = Gate()
    script = (STARTED, (0, preview(0.1)), (1, preview(0.9)), (0, step(1)), (1, step(2)), gate, FINISHED)
    async with harness.working(ScriptedPainter(*script), batch=2):
        one = await harness.until(first, lambda job: job.step == 1 and job.preview_blob is not None)
        other = await harness.until(second, lambda job: job.step == 2 and job.preview_blob is not None)
        shown = [io.decode(await harness.blobs.get(job.preview_blob or "")) for job in (one, other)]
        assert shown[0].rgb.max() < 0.5 < shown[1].rgb.min()
        gate.set()


async def test_who_is_ready_first_is_rendered_while_the_other_goes_on(harness: WorkerHarness) -> None:
    first, second = await harness.submit_alike(1, 2)
    gate = Gate()
    async with harness.working(
        ScriptedPainter(STARTED, step(1), (0, FINISHED), gate, (1, FINISHED)), batch=2
    ):
        await harness.until(first, lambda job: job.state is State.RENDERED)
        assert (await read_job(harness.database, second)).state is State.RUNNING
        gate.set()
        await harness.until(second, lambda job: job.state is State.RENDERED)


async def test_one_that_is_cancelled_leaves_the_other_to_its_end(harness: WorkerHarness) -> None:
    first, second = await harness.submit_alike(1, 2)
    pictures, gate = harness.kept(), Gate()
    painter = ScriptedPainter(STARTED, preview(0.2), step(1), gate, preview(0.3), step(2), FINISHED)
    async with harness.working(painter, batch=2):
        await harness.until(first, lambda job: job.preview_blob is not None)
        await harness.cancel(first)
        cancelled = await read_job(harness.database, first)
        await harness.until_called("renew", 4)
        gate.set()
        other = await harness.until(second, lambda job: job.state is State.RENDERED)
    assert await read_job(harness.database, first) == cancelled
    assert (cancelled.state, painter.passes) == (State.CANCELLED, [[1, 2]])
    assert harness.kept() == pictures | {other.result_blob, other.timelapse_blob}


async def test_one_that_is_lost_to_another_worker_leaves_the_other_to_its_end(
    database: Database, harness: WorkerHarness
) -> None:
    first, second = await harness.submit_alike(1, 2)
    gate = Gate()
    async with harness.working(ScriptedPainter(STARTED, step(1), gate, FINISHED), batch=2):
        await harness.until(second, lambda job: job.step == 1)
        async with database.begin() as connection:
            await connection.exec_driver_sql(
                "UPDATE jobs SET attempt = attempt + 1, worker = 'another' WHERE id = ?", (second,)
            )
        await harness.until_called("renew", 4)
        gate.set()
        await harness.until(first, lambda job: job.state is State.RENDERED)
    taken = await read_job(database, second)
    assert (taken.state, taken.attempt, taken.result_blob) == (State.RUNNING, 2, None)


async def test_a_pass_that_nobody_waits_for_any_more_is_broken_off(harness: WorkerHarness) -> None:
    submitted, painter = await harness.submit_alike(1, 2), EndlessPainter(STARTED)
    async with harness.working(painter, batch=2):
        for one in submitted:
            await harness.until(one, lambda job: job.step == 1)
        for one in submitted:
            await harness.cancel(one)
        assert await asyncio.to_thread(painter.closed.wait, 30)
    assert await states(harness, submitted) == [State.CANCELLED] * 2


async def test_one_that_breaks_the_pass_fails_alone(harness: WorkerHarness) -> None:
    submitted = await harness.submit_alike(1, 2, 3)
    painter = ScriptedPainter(STARTED, step(1), FINISHED)
    painter.poison = 2
    async with harness.working(painter, batch=3):
        jobs = [await harness.until(one, lambda job: job.ended_at is not None) for one in submitted]
    assert painter.passes == [[1, 2, 3], [1], [2], [3]]
    assert [job.state for job in jobs] == [State.RENDERED, State.FAILED, State.RENDERED]
    assert [job.attempt for job in jobs] == [1, 1, 1]
    assert jobs[1].reference


async def test_who_waits_for_its_turn_alone_keeps_its_lease(
    database: Database, harness: WorkerHarness
) -> None:
    first, second = await harness.submit_alike(1, 2)
    gate = Gate()

    class Shaky(ScriptedPainter):
        """Breaks once."""

        def __call__(self, works: Sequence[Work], *, device: str) -> Generator[tuple[int, Event], None, None]:
            if not self.passes:
                self.passes.append([])
                raise MemoryError
            yield from super().__call__(works, device=device)

    painter = Shaky(STARTED, step(1), gate, FINISHED)
    async with harness.working(painter, batch=2):
        await harness.until(first, lambda job: job.step == 1)
        before = harness.engine.calls.count("renew")
        await harness.until_called("renew", 6)
        assert harness.engine.calls.count("renew") > before
        waiting = await read_job(database, second)
        assert (waiting.state, waiting.step) == (State.RUNNING, None)
        gate.set()
        await harness.until(second, lambda job: job.state is State.RENDERED)
    assert painter.passes == [[], [1], [2]]


async def test_one_whose_picture_is_gone_fails_before_the_pass(harness: WorkerHarness) -> None:
    first, second, third = await harness.submit_alike(1, 2, 3)
    async with harness.database.begin() as connection:
        await connection.exec_driver_sql(f"UPDATE jobs SET content_blob = '{'0' * 64}' WHERE id = {second}")
    painter = ScriptedPainter(FINISHED)
    async with harness.working(painter, batch=3):
        jobs = [
            await harness.until(one, lambda job: job.ended_at is not None) for one in (first, second, third)
        ]
    assert [job.state for job in jobs] == [State.RENDERED, State.FAILED, State.RENDERED]
    assert painter.passes == [[1, 3]]


async def test_a_stop_hands_each_back(harness: WorkerHarness) -> None:
    submitted, painter = await harness.submit_alike(1, 2), EndlessPainter(STARTED, preview(0.2))
    async with harness.working(painter, batch=2):
        before = [await harness.until(one, lambda job: job.preview_blob is not None) for one in submitted]
        harness.stop.set()
    assert painter.closed.is_set()
    jobs = [await read_job(harness.database, one) for one in submitted]
    assert [(job.state, job.attempt, job.releases) for job in jobs] == [(State.QUEUED, 1, 1)] * 2
    assert [job.preview_blob for job in jobs] == [job.preview_blob for job in before]
    harness.stop.clear()
    again = ScriptedPainter(FINISHED)
    async with harness.working(again, batch=2):
        for one in submitted:
            await harness.until(one, lambda job: job.state is State.RENDERED)
    assert again.passes == [[1, 2]]


async def test_a_broken_device_leaves_all_but_the_ready_to_others(harness: WorkerHarness) -> None:
    first, *rest = await harness.submit_alike(1, 2, 3)
    worker = harness.worker(ScriptedPainter(STARTED, (0, FINISHED), DeviceLost("CUDA error")), batch=3)
    with pytest.raises(DeviceLost):
        await worker.run(harness.stop)
    assert await states(harness, [first, *rest]) == [State.RENDERED, State.RUNNING, State.RUNNING]
    assert list(await harness.engine.sweep(dead_worker="w")) == rest
    painter = ScriptedPainter(FINISHED)
    async with harness.working(painter, batch=3):
        for one in rest:
            await harness.until(one, lambda job: job.state is State.RENDERED)
    assert painter.passes == [[2], [3]], "what may have broken it takes no others with it"


async def test_a_database_that_is_away_when_companions_are_asked_for_costs_no_job(
    harness: WorkerHarness,
) -> None:
    harness.engine.faults = {"claim_alike": 1}
    submitted, painter = await harness.submit_alike(1, 2), ScriptedPainter(FINISHED)
    async with harness.working(painter, batch=2):
        for one in submitted:
            await harness.until(one, lambda job: job.state is State.RENDERED)
    assert painter.passes == [[1], [2]]


async def test_a_busy_user_s_batch_waits_for_others_too(harness: WorkerHarness) -> None:
    mine = await harness.submit_alike(1, 2, 3)
    other = await harness.submit(seed=4, user_id=BEN)
    painter = ScriptedPainter(FINISHED)
    async with harness.working(painter, batch=8):
        for one in (*mine, other):
            await harness.until(one, lambda job: job.state is State.RENDERED)
    assert painter.passes == [[1, 2], [4], [3]]


async def test_the_real_engine_paints_a_batch(harness: WorkerHarness) -> None:
    submitted = [
        await harness.submit(
            seed=seed, batch_key="alike", params=Params(size=64, steps=3, seed=seed).as_dict()
        )
        for seed in (1, 2)
    ]
    passes: list[list[int]] = []

    def real(works: Sequence[Work], *, device: str) -> Generator[tuple[int, Event | ClipEvent], None, None]:
        passes.append([int(work.params["seed"]) for work in works])
        yield from paint(works, device=device)

    async with asyncio.timeout(120), harness.working(real, batch=2):
        jobs = [await harness.until(one, lambda job: job.ended_at is not None) for one in submitted]
    assert [job.state for job in jobs] == [State.RENDERED] * 2
    assert passes == [[1, 2]]
