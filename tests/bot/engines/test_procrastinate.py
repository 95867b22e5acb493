"""The engine for many machines, on a real PostgreSQL."""

import asyncio
import signal
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import pytest
from procrastinate import App, PsycopgConnector
from procrastinate.manager import JobManager
from sqlalchemy import text

from bot.db import Database
from bot.domain.jobs import queue
from bot.domain.jobs.model import State
from bot.engines import invitations
from bot.engines.choice import engine_for
from bot.engines.local import LocalEngine
from bot.engines.procrastinate import ProcrastinateEngine
from bot.engines.protocol import EngineUnavailable
from bot.settings import Settings
from testbed.postgres import Server
from tests.bot.engines.conformance import Conformance, Opened
from tests.support.engine import EngineHarness, open_procrastinate
from tests.support.rows import ADA, BEN, BLOB, LEASE_S, NOW, add, read_job

POSTGRESQL = pytest.mark.parametrize("url", ["postgresql"], indirect=True)


@POSTGRESQL
class TestProcrastinateEngine(Conformance):
    @staticmethod
    def open(url: str, clock: Callable[[], float]) -> Opened:
        return open_procrastinate(url, clock)


async def count(harness: EngineHarness, table: str) -> int:
    async with harness.database.read() as connection:
        return int((await connection.execute(text(f"SELECT count(*) FROM {table}"))).scalar_one())


async def test_the_database_says_which_engine_runs_its_jobs(
    harness: EngineHarness, database: Database
) -> None:
    assert type(engine_for(database, Settings())) is LocalEngine
    assert type(engine_for(harness.database, Settings())) is ProcrastinateEngine


async def test_procrastinate_keeps_nothing_of_a_job_that_was_taken(harness: EngineHarness) -> None:
    await harness.submit()
    assert await count(harness, "procrastinate_jobs") == 1
    claim = await harness.claim()
    await harness.engine.release(claim)
    assert await count(harness, "procrastinate_jobs") == 1
    await harness.engine.render(await harness.claim(), result_blob=BLOB, figures={})
    assert (await count(harness, "procrastinate_jobs"), await count(harness, "procrastinate_events")) == (
        0,
        0,
    )


async def test_a_second_invitation_spoils_nothing_of_its_transaction(harness: EngineHarness) -> None:
    async with harness.database.begin() as connection:
        first = await add(connection)
        await harness.engine.enqueue(connection, first)
        await harness.engine.enqueue(connection, first)
        second = await add(connection)
        await harness.engine.enqueue(connection, second)
    assert [(await harness.claim()).job.id, (await harness.claim()).job.id] == [first, second]
    assert await harness.engine.claim("w") is None


async def test_a_rolled_back_submission_leaves_neither_row(harness: EngineHarness) -> None:
    with pytest.raises(asyncio.CancelledError):
        await harness.submit_and_roll_back()
    assert (await count(harness, "jobs"), await count(harness, "procrastinate_jobs")) == (0, 0)


async def test_a_worker_that_dies_between_the_invitation_and_the_claim_loses_no_job(
    harness: EngineHarness,
) -> None:
    job_id = await harness.submit()
    with pytest.raises(asyncio.CancelledError):
        await take_and_die(harness)
    assert (await harness.claim()).job.id == job_id


@asynccontextmanager
async def another_worker(harness: EngineHarness) -> AsyncIterator[tuple[JobManager, int]]:
    """Of Procrastinate's, with its number; it is as dead as one that was killed when the context is left."""
    url = harness.database.url.replace("+psycopg", "")
    app = App(connector=PsycopgConnector(conninfo=url, min_size=1, max_size=1))
    async with app.open_async():
        number = await app.job_manager.register_worker()
        try:
            yield app.job_manager, number
        finally:
            await app.job_manager.prune_stalled_workers(0)


async def take_and_die(harness: EngineHarness) -> None:
    async with another_worker(harness) as (manager, number):
        assert await manager.fetch_job(None, worker_id=number) is not None
        raise asyncio.CancelledError


async def test_an_invitation_that_another_worker_is_accepting_is_passed_over(harness: EngineHarness) -> None:
    first, second = await harness.submit(ADA), await harness.submit(BEN)
    async with another_worker(harness) as (manager, number):
        taken = await manager.fetch_job(None, worker_id=number)
        assert taken is not None
        assert taken.task_kwargs["job_id"] == first
        assert (await harness.claim()).job.id == second
        assert await harness.engine.claim("w") is None


async def test_a_job_without_an_invitation_gets_one_at_the_next_sweep(harness: EngineHarness) -> None:
    assert await harness.engine.claim("w") is None
    async with harness.database.begin() as connection:
        job_id = await add(connection)
    assert await harness.engine.claim("w") is None
    assert await harness.engine.sweep() == []
    assert (await harness.claim()).job.id == job_id


async def test_idle_workers_sweep_once_per_lease_and_go_on_after_a_clock_was_set_back(
    harness: EngineHarness,
) -> None:
    assert await harness.engine.claim("w") is None
    for passed_s, mended in ((LEASE_S - 1, False), (1.0, True), (-3600.0, True)):
        harness.clock.now += passed_s
        async with harness.database.begin() as connection:
            await add(connection)
        claim = await harness.engine.claim("w")
        assert (claim is not None) is mended
        if not mended:
            await harness.engine.sweep()
            await harness.claim()


async def test_companions_leave_no_invitation_and_a_released_one_gets_one(harness: EngineHarness) -> None:
    for _ in range(3):
        await harness.submit(kind="a")
    claim = await harness.claim()
    companions = await harness.engine.claim_alike(claim, limit=2)
    assert (len(companions), await count(harness, "procrastinate_jobs")) == (2, 0)
    assert await harness.engine.release(companions[0])
    assert await count(harness, "procrastinate_jobs") == 1
    assert (await harness.claim()).job.id == companions[0].job.id


async def test_a_companion_whose_invitation_another_worker_is_accepting_is_left_to_it(
    harness: EngineHarness,
) -> None:
    first, second, third = [await harness.submit(kind="a") for _ in range(3)]
    claim = await harness.claim()
    assert claim.job.id == first
    async with another_worker(harness) as (manager, number):
        taken = await manager.fetch_job(None, worker_id=number)
        assert taken is not None
        assert taken.task_kwargs["job_id"] == second
        assert await harness.alike(claim) == [third]
        await manager.retry_job(taken)
    assert (await harness.claim()).job.id == second


async def test_batches_claims_and_cancels_at_once_meet_no_deadlock(harness: EngineHarness) -> None:
    submitted = [await harness.submit(number % 7, kind="a") for number in range(40)]
    claims = [await harness.claim(f"w{number}") for number in range(5)]

    async def cancel(job_id: int) -> None:
        async with harness.database.begin() as connection:
            user_id = submitted.index(job_id) % 7
            await queue.cancel(connection, job_id, user_id=user_id, now=NOW)

    batches = [harness.engine.claim_alike(claim, limit=4) for claim in claims]
    singles = [harness.engine.claim(f"s{number}") for number in range(5)]
    await asyncio.gather(*batches, *singles, *(cancel(job_id) for job_id in submitted[::2]))
    while await harness.engine.claim("last") is not None:
        pass
    states = [(await read_job(harness.database, job_id)).state for job_id in submitted]
    assert set(states[::2]) == {State.CANCELLED}
    assert set(states[1::2]) == {State.RUNNING}
    assert await count(harness, "procrastinate_jobs") == 0


async def test_a_cancelled_job_s_invitation_leads_to_the_next_job(harness: EngineHarness) -> None:
    cancelled, next_one = await harness.submit(), await harness.submit(BEN)
    await harness.cancel(cancelled)
    assert (await harness.claim()).job.id == next_one
    assert await count(harness, "procrastinate_jobs") == 0


async def test_users_take_turns_and_who_comes_back_goes_before_its_equals(harness: EngineHarness) -> None:
    submitted = [await harness.submit("?ABC".index(name)) for name in "AAAABBCC"]
    first, *_ = [await harness.claim() for _ in range(3)]
    assert first.job.id == submitted[0]
    await harness.engine.release(first)
    order = ""
    while (claim := await harness.engine.claim("w")) is not None:
        order += "?ABC"[claim.job.user_id]
        await harness.engine.render(claim, result_blob=BLOB, figures={})
    assert order == "AABCAA"


async def test_a_user_with_enough_running_jobs_waits_behind_others_and_keeps_its_place(
    harness: EngineHarness,
) -> None:
    submitted = [await harness.submit("?ABC".index(name)) for name in "AAAAA"]
    running = [await harness.claim() for _ in range(2)]
    other = await harness.submit(BEN)
    assert (await harness.claim()).job.id == other
    assert (await harness.claim()).job.id == submitted[2], "nobody else waits"
    for claim in running:
        await harness.engine.render(claim, result_blob=BLOB, figures={})
    assert [(await harness.claim()).job.id, (await harness.claim()).job.id] == submitted[3:]
    assert await count(harness, "procrastinate_jobs") == 0


async def test_a_cancelled_job_of_somebody_else_lets_the_busy_user_s_next_one_through(
    harness: EngineHarness,
) -> None:
    submitted = [await harness.submit() for _ in range(3)]
    other = await harness.submit(BEN)
    async with harness.database.begin() as connection:
        await queue.cancel(connection, other, user_id=BEN, now=NOW)
    assert [(await harness.claim()).job.id for _ in range(3)] == submitted
    assert await harness.engine.claim("w") is None


async def test_a_tag_beyond_procrastinate_s_priorities_stands_last(harness: EngineHarness) -> None:
    async with harness.database.begin() as connection:
        late, first = await add(connection), await add(connection, BEN)
        await invitations.make(connection, late, tag=2**40, released=False)
        await invitations.make(connection, first, tag=1, released=False)
    assert [(await harness.claim()).job.id, (await harness.claim()).job.id] == [first, late]


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGQUIT])
async def test_a_restart_of_the_database_loses_no_job(
    harness: EngineHarness, postgres_server: Server, how: signal.Signals
) -> None:
    running, queued = await harness.submit(), await harness.submit()
    claim = await harness.claim()
    await asyncio.to_thread(postgres_server.stop, how)
    for call in (harness.engine.claim("w"), harness.engine.renew(claim), harness.engine.sweep()):
        with pytest.raises(EngineUnavailable):
            await call
    await asyncio.to_thread(postgres_server.start)
    assert await harness.engine.renew(claim)
    assert await harness.engine.render(claim, result_blob=BLOB, figures={})
    assert (await harness.claim()).job.id == queued
    assert await harness.state(running) is State.RENDERED


async def test_connections_that_broke_while_idle_are_replaced_unseen(
    harness: EngineHarness, postgres_server: Server
) -> None:
    job_id = await harness.submit()
    await asyncio.to_thread(postgres_server.restart)
    assert (await read_job(harness.database, job_id)).state is State.QUEUED
    await harness.claim()


async def test_a_process_that_freezes_in_a_transaction_holds_its_locks_for_a_while_only(
    harness: EngineHarness,
) -> None:
    async with harness.database.read() as connection:
        for name, limit in (("idle_in_transaction_session_timeout", "20s"), ("lock_timeout", "30s")):
            assert (await connection.execute(text(f"SHOW {name}"))).scalar_one() == limit


async def test_claims_of_several_workers_and_cancels_at_once_meet_no_deadlock(harness: EngineHarness) -> None:
    submitted = [await harness.submit(user_id) for user_id in range(20)]

    async def cancel(job_id: int) -> None:
        async with harness.database.begin() as connection:
            user_id = submitted.index(job_id)
            await queue.cancel(connection, job_id, user_id=user_id, now=NOW)

    claims = [harness.engine.claim(f"w{number}") for number in range(20)]
    sweeps = [harness.engine.sweep(dead_worker=f"w{number}") for number in range(5)]
    await asyncio.gather(*claims, *sweeps, *(cancel(job_id) for job_id in submitted[::2]))
    while await harness.engine.claim("last") is not None:
        pass
    states = [(await read_job(harness.database, job_id)).state for job_id in submitted]
    assert set(states[::2]) == {State.CANCELLED}
    assert set(states[1::2]) == {State.RUNNING}


async def test_as_many_invitations_are_withdrawn_as_are_wanted_however_it_is_planned(
    harness: EngineHarness,
) -> None:
    """PostgreSQL may evaluate a subquery anew for each row, and what is deleted already counts no more."""
    job_ids = [await harness.submit() for _ in range(4)]
    async with harness.database.begin() as connection:
        for way in ("hashjoin", "mergejoin", "hashagg", "material", "sort"):
            await connection.execute(text(f"SET LOCAL enable_{way} = off"))
        assert await invitations.withdraw(connection, job_ids[1:], most=1) == {job_ids[1]}
    assert await count(harness, "procrastinate_jobs") == 3
