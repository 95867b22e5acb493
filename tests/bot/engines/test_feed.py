"""Procrastinate's worker, on a real PostgreSQL: what it brings, what ends it, and what it leaves behind."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import pytest
from sqlalchemy import text

from bot.domain.jobs.model import Claim, State
from bot.engines import invitations
from bot.engines.choice import feed_for, queue_listener_for
from bot.engines.feed import ProcrastinateFeed
from bot.engines.notices import QueueListener
from testbed.postgres import Server
from tests.bot.engines.test_procrastinate import another_worker, count
from tests.support.engine import EngineHarness
from tests.support.rows import ADA, BEN, BLOB

TIMEOUT_S = 60.0
INVITATIONS = "procrastinate_jobs WHERE task_name = 'easel.paint'"


@pytest.fixture
async def feed(harness: EngineHarness) -> AsyncIterator[ProcrastinateFeed]:
    queue_listener = QueueListener(harness.database.url, invitations.CHANNEL)
    opened = feed_for(harness.database, harness.engine, queue_listener)
    assert opened is not None
    yield opened
    await queue_listener.close()


@asynccontextmanager
async def running(
    feed: ProcrastinateFeed, work: Callable[[Claim], Awaitable[None]]
) -> AsyncIterator[asyncio.Event]:
    """The feed beside the test; it is stopped at the end."""
    stop = asyncio.Event()
    async with asyncio.timeout(TIMEOUT_S), asyncio.TaskGroup() as group:
        group.create_task(feed.run("w", work, stop))
        try:
            yield stop
        finally:
            stop.set()


def test_only_a_database_of_many_machines_brings_jobs_to_its_workers(harness: EngineHarness) -> None:
    assert queue_listener_for(harness.database) is not None
    assert feed_for(harness.database, harness.engine, None) is None


async def test_jobs_are_brought_one_after_the_other_and_leave_nothing(
    harness: EngineHarness, feed: ProcrastinateFeed
) -> None:
    brought: asyncio.Queue[Claim] = asyncio.Queue()

    async def work(claim: Claim) -> None:
        await harness.engine.render(claim, result_blob=BLOB, figures={})
        brought.put_nowait(claim)

    first = await harness.submit()
    async with running(feed, work):
        assert (await brought.get()).job.id == first
        later = [await harness.submit(BEN), await harness.submit(ADA)]
        claims = [await brought.get() for _ in later]
        assert {claim.job.id for claim in claims} == set(later)
        assert {(claim.worker, claim.job.attempt) for claim in claims} == {("w", 1)}
    assert await count(harness, INVITATIONS) == 0


async def test_a_stop_waits_for_the_job_in_hand_which_may_go_back_to_its_place(
    harness: EngineHarness, feed: ProcrastinateFeed
) -> None:
    begun, stopping = asyncio.Event(), asyncio.Event()

    async def work(claim: Claim) -> None:
        begun.set()
        await stopping.wait()
        assert await harness.engine.release(claim)

    job_id = await harness.submit()
    async with running(feed, work) as stop:
        await begun.wait()
        stop.set()
        stopping.set()
    assert await harness.state(job_id) is State.QUEUED
    assert await count(harness, INVITATIONS) == 1
    assert (await harness.claim()).job.id == job_id


async def test_what_the_work_raises_ends_the_feed(harness: EngineHarness, feed: ProcrastinateFeed) -> None:
    async def work(_: Claim) -> None:
        raise RuntimeError("the device is broken")

    first, second = await harness.submit(), await harness.submit()
    async with asyncio.timeout(TIMEOUT_S):
        with pytest.raises(RuntimeError, match="the device is broken"):
            await feed.run("w", work, asyncio.Event())
    assert await harness.state(first) is State.RUNNING, "its lease runs out"
    assert await harness.state(second) is State.QUEUED


async def test_the_invitation_of_a_dead_worker_is_looked_at_again_and_leaves_nothing(
    harness: EngineHarness, feed: ProcrastinateFeed
) -> None:
    brought: asyncio.Queue[Claim] = asyncio.Queue()

    async def work(claim: Claim) -> None:
        brought.put_nowait(claim)

    job_id = await harness.submit()
    async with another_worker(harness) as (manager, number):
        assert await manager.fetch_job(None, worker_id=number) is not None
    async with running(feed, work):
        assert (await brought.get()).job.id == job_id
        while await count(harness, INVITATIONS):  # noqa: ASYNC110 - a row tells nobody
            await asyncio.sleep(0.05)
    assert brought.empty()


async def test_the_work_goes_on_while_the_server_restarts_and_the_next_job_is_brought(
    harness: EngineHarness, feed: ProcrastinateFeed, postgres_server: Server
) -> None:
    begun, restarted = asyncio.Event(), asyncio.Event()
    brought: asyncio.Queue[int] = asyncio.Queue()

    async def work(claim: Claim) -> None:
        begun.set()
        await restarted.wait()
        assert await harness.engine.render(claim, result_blob=BLOB, figures={})
        brought.put_nowait(claim.job.id)

    first = await harness.submit()
    async with running(feed, work):
        await begun.wait()
        await asyncio.to_thread(postgres_server.restart)
        restarted.set()
        assert await brought.get() == first
        second = await harness.submit()
        assert await brought.get() == second


async def test_invitations_of_an_older_version_go_and_their_jobs_are_brought(harness: EngineHarness) -> None:
    job_id = await harness.submit()
    async with harness.database.begin() as connection:
        await connection.execute(
            text("UPDATE procrastinate_jobs SET task_name = 'paint', queue_name = 'user-1'")
        )
    await harness.database.migrate()
    assert await count(harness, "procrastinate_jobs") == 0
    assert (await harness.claim()).job.id == job_id
