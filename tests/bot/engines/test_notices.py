"""LISTEN and NOTIFY on a real PostgreSQL: what wakes the card updater and idle workers."""

import asyncio
import time
from collections.abc import AsyncIterator

import pytest
from sqlalchemy import text

from bot.db import Database
from bot.domain.jobs import queue
from bot.engines import invitations, notices
from bot.engines.choice import listener_for, queue_listener_for
from bot.engines.notices import Listener, QueueListener
from testbed.postgres import Server
from tests.support.engine import EngineHarness
from tests.support.rows import ADA, BLOB, NOW, add, claim_one, progress

TIMEOUT_S = 60.0
LONG_S = 600.0
"""A wait of this length that hears nothing ends by TIMEOUT_S."""


@pytest.fixture
async def queue_listener(harness: EngineHarness) -> AsyncIterator[QueueListener]:
    queue_listener = QueueListener(harness.database.url, invitations.CHANNEL)
    yield queue_listener
    await queue_listener.close()


async def test_only_a_database_of_many_machines_needs_to_be_listened_to(
    harness: EngineHarness, database: Database
) -> None:
    assert (queue_listener_for(database), listener_for(database, print)) == (None, None)
    assert isinstance(queue_listener_for(harness.database), QueueListener)
    assert isinstance(listener_for(harness.database, print), Listener)


async def test_a_listener_hears_of_changed_states_and_not_of_progress(harness: EngineHarness) -> None:
    heard: asyncio.Queue[None] = asyncio.Queue()
    listener = Listener(harness.database.url, notices.JOBS, lambda: heard.put_nowait(None))
    async with asyncio.timeout(TIMEOUT_S), asyncio.TaskGroup() as group:
        running = group.create_task(listener.run())
        await heard.get()  # some may have been missed before
        async with harness.database.begin() as connection:
            await add(connection)
        async with harness.database.begin() as connection:
            claim = await claim_one(connection)
        await heard.get()
        async with harness.database.begin() as connection:
            await queue.renew(connection, claim, progress(1), now=NOW, lease_s=1.0)
        async with harness.database.begin() as connection:
            await queue.cancel(connection, claim.job.id, user_id=ADA, now=NOW)
        await heard.get()
        assert heard.empty()
        running.cancel()


async def test_a_listener_reconnects_after_a_restart_and_says_so(
    harness: EngineHarness, postgres_server: Server
) -> None:
    heard = asyncio.Event()
    async with asyncio.timeout(TIMEOUT_S), asyncio.TaskGroup() as group:
        running = group.create_task(Listener(harness.database.url, notices.JOBS, heard.set).run())
        await heard.wait()
        heard.clear()
        await asyncio.to_thread(postgres_server.restart)
        await heard.wait()
        running.cancel()


async def _woken_by_a_new_job(harness: EngineHarness, queue_listener: QueueListener) -> bool:
    async with asyncio.TaskGroup() as group:
        waiting = group.create_task(queue_listener.wait(LONG_S))
        await harness.submit()
    return waiting.result()


async def test_a_new_job_wakes_the_listener_even_if_it_came_before_it_listened(
    harness: EngineHarness, queue_listener: QueueListener
) -> None:
    async with asyncio.timeout(TIMEOUT_S):
        assert not await queue_listener.wait(LONG_S), "it returns at once, to poll once more"
        assert await _woken_by_a_new_job(harness, queue_listener)
    await harness.claim()
    await queue_listener.found()


async def test_a_listener_that_hears_nothing_lets_its_worker_poll(
    harness: EngineHarness, queue_listener: QueueListener
) -> None:
    await queue_listener.wait(0.1)
    begun = time.monotonic()
    assert not await queue_listener.wait(0.2)
    assert time.monotonic() - begun > 0.14


async def test_a_busy_worker_does_not_listen(harness: EngineHarness, queue_listener: QueueListener) -> None:
    await queue_listener.wait(LONG_S)
    await queue_listener.found()
    await harness.submit()
    async with asyncio.timeout(TIMEOUT_S):
        assert not await queue_listener.wait(LONG_S), "it listens again, and polls once more"
    assert not await queue_listener.wait(0.1)


async def test_a_worker_woken_for_nothing_reacts_to_fewer_notices_until_it_misses_one(
    harness: EngineHarness, queue_listener: QueueListener
) -> None:
    await queue_listener.wait(0.1)
    woken = 0
    for _ in range(40):
        async with harness.database.begin() as connection:
            await connection.execute(text(f"SELECT pg_notify('{invitations.CHANNEL}', '')"))
        woken += await queue_listener.wait(0.05)
    assert 1 <= woken < 25
    while await queue_listener.wait(0.05):
        pass
    await queue_listener.found()  # by polling: now it reacts to every notice again
    await queue_listener.wait(0.1)
    async with asyncio.timeout(TIMEOUT_S):
        assert await _woken_by_a_new_job(harness, queue_listener)


async def test_a_queue_listener_survives_a_database_that_is_away(
    harness: EngineHarness, queue_listener: QueueListener, postgres_server: Server
) -> None:
    await queue_listener.wait(0.1)
    await asyncio.to_thread(postgres_server.stop)
    begun = time.monotonic()
    for _ in range(3):
        await queue_listener.wait(0.1)
        await queue_listener.found()
    assert time.monotonic() - begun > 0.2, "it must not turn into a busy loop"
    await asyncio.to_thread(postgres_server.start)
    await queue_listener.wait(0.1)
    async with asyncio.timeout(TIMEOUT_S):
        assert await _woken_by_a_new_job(harness, queue_listener)
    await harness.engine.render(await harness.claim(), result_blob=BLOB, figures={})
