"""What every job engine must hold; each engine's test module subclasses `Conformance`."""

import asyncio
import os
import signal
from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import AbstractAsyncContextManager, asynccontextmanager

import pytest
from sqlalchemy import select

from bot.db import Database
from bot.domain.jobs import heartbeats
from bot.domain.jobs.model import State
from bot.engines.protocol import JobEngine
from bot.tables.pictures import workers
from nst_core.params import VERSION
from tests.bot.engines.companions import Companions
from tests.support.clock import Clock
from tests.support.engine import EngineHarness
from tests.support.engine_process import EngineProcess, start
from tests.support.rows import ADA, BEN, BLOB, LEASE_S, NOW, progress, read_job

Opened = AbstractAsyncContextManager[tuple[Database, JobEngine]]
OpenProcess = Callable[[str], AbstractAsyncContextManager[EngineProcess]]


class Conformance(Companions, ABC):
    """A subclass says how its engine is opened; other processes find it by the subclass's name."""

    @staticmethod
    @abstractmethod
    def open(url: str, clock: Callable[[], float]) -> Opened:
        """The engine on a migrated database, closed with the context."""

    @pytest.fixture
    async def harness(self, url: str) -> AsyncIterator[EngineHarness]:
        clock = Clock()
        async with self.open(url, clock) as (database, engine):
            yield EngineHarness(database, engine, clock)

    @pytest.fixture
    def engine_process(self, url: str) -> OpenProcess:
        suite = f"{type(self).__module__}:{type(self).__name__}"

        @asynccontextmanager
        async def open_process(task: str) -> AsyncIterator[EngineProcess]:
            process = await start(suite, url, task)
            try:
                yield process
            finally:
                await process.end()

        return open_process

    async def test_there_is_nothing_to_claim_at_first(self, harness: EngineHarness) -> None:
        assert await harness.engine.claim("w") is None

    async def test_a_job_is_claimed_once(self, harness: EngineHarness) -> None:
        job_id = await harness.submit()
        claim = await harness.claim()
        assert (claim.job.id, claim.job.attempt, claim.worker) == (job_id, 1, "w")
        assert claim.job.state is State.RUNNING
        assert claim.lease_s == LEASE_S
        assert await harness.engine.claim("another") is None

    async def test_a_rolled_back_submission_is_never_claimed(self, harness: EngineHarness) -> None:
        with pytest.raises(asyncio.CancelledError):
            await harness.submit_and_roll_back()
        assert await harness.engine.claim("w") is None

    async def test_a_job_enqueued_twice_is_claimed_once(self, harness: EngineHarness) -> None:
        job_id = await harness.submit()
        async with harness.database.begin() as connection:
            await harness.engine.enqueue(connection, job_id)
        await harness.claim()
        assert await harness.engine.claim("another") is None

    async def test_several_processes_claim_each_job_once(
        self, harness: EngineHarness, engine_process: OpenProcess
    ) -> None:
        submitted = [await harness.submit(user_id) for user_id in range(30)]
        async with (
            engine_process("drain") as one,
            engine_process("drain") as other,
            engine_process("drain") as third,
        ):
            claimed = [*await one.rest(), *await other.rest(), *await third.rest()]
        assert Counter(claimed) == Counter(f"{job_id} rendered" for job_id in submitted)
        assert await harness.states(submitted) == {State.RENDERED}
        assert {(await read_job(harness.database, job_id)).attempt for job_id in submitted} == {1}

    async def test_workers_that_claim_at_once_keep_to_the_cap_of_a_user(self, harness: EngineHarness) -> None:
        for user_id in (ADA, ADA, ADA, ADA, BEN, BEN):
            await harness.submit(user_id)
        claims = await asyncio.gather(*(harness.claim(f"w{number}") for number in range(4)))
        assert Counter(claim.job.user_id for claim in claims) == {ADA: 2, BEN: 2}
        assert (await harness.claim()).job.user_id == ADA, "nobody else waits"

    async def test_who_has_enough_running_waits_while_others_go_on(self, harness: EngineHarness) -> None:
        ada = [await harness.submit(ADA) for _ in range(4)]
        ben = [await harness.submit(BEN) for _ in range(4)]
        running = [await harness.claim() for _ in range(4)]
        assert [claim.job.id for claim in running] == [ada[0], ben[0], ada[1], ben[1]]
        for claim in running[1::2]:
            assert await harness.engine.render(claim, result_blob=BLOB, figures={})
        others = [(await harness.claim()).job.id for _ in range(2)]
        assert others == ben[2:], f"Ada's stand before them: {others}, {ada}, {ben}"
        assert (await harness.claim()).job.id == ada[2], "nobody else waits"
        assert await harness.engine.render(running[0], result_blob=BLOB, figures={})
        assert (await harness.claim()).job.id == ada[3]

    async def test_a_job_whose_lease_ran_out_goes_to_another_worker(self, harness: EngineHarness) -> None:
        job_id = await harness.submit()
        old = await harness.claim("old")
        harness.clock.now += LEASE_S + 1
        new = await harness.claim("new")
        assert (new.job.id, new.job.attempt) == (job_id, 2)
        await harness.refuses(old)
        assert await harness.engine.render(new, result_blob=BLOB, figures={})

    async def test_who_claims_looks_for_leases_that_ran_out_once_per_lease(
        self, harness: EngineHarness
    ) -> None:
        stalled, *others = [await harness.submit(user_id) for user_id in (ADA, BEN, BEN)]
        assert await harness.newer().claim("dead") is not None
        harness.clock.now += 1
        assert (await harness.claim()).job.id == others[0], "and it has looked"
        harness.clock.now += LEASE_S - 0.5
        assert (await harness.claim()).job.id == others[1]
        assert (await read_job(harness.database, stalled)).attempt == 1
        harness.clock.now += 0.5
        assert (await harness.claim()).job.id == stalled
        assert (await read_job(harness.database, stalled)).attempt == 2

    async def test_renewals_keep_a_lease_alive(self, harness: EngineHarness) -> None:
        job_id = await harness.submit()
        claim = await harness.claim()
        for step in range(5):
            harness.clock.now += LEASE_S * 0.9
            assert await harness.engine.renew(claim, progress(step) if step % 2 else None)
            assert await harness.engine.claim("another") is None
        assert (await read_job(harness.database, job_id)).step == 3

    async def test_a_late_renewal_keeps_the_job_that_nobody_else_has(self, harness: EngineHarness) -> None:
        await harness.submit()
        claim = await harness.claim()
        harness.clock.now += LEASE_S + 1
        assert await harness.engine.renew(claim)
        assert await harness.engine.claim("another") is None

    async def test_a_worker_that_lost_its_job_can_change_nothing(self, harness: EngineHarness) -> None:
        await harness.submit()
        claim = await harness.claim("old")
        harness.clock.now += LEASE_S + 1
        await harness.engine.sweep()
        await harness.refuses(claim)

    async def test_a_released_job_goes_to_another_worker(self, harness: EngineHarness) -> None:
        job_id = await harness.submit()
        old = await harness.claim()
        assert await harness.engine.release(old)
        new = await harness.claim("another")
        assert (new.job.id, new.job.attempt) == (job_id, 2)
        await harness.refuses(old)

    async def test_a_job_that_kills_its_workers_fails(self, harness: EngineHarness) -> None:
        job_id = await harness.submit()
        await harness.engine.release(await harness.claim())  # does not count
        for attempt in (2, 3, 4):
            assert (await harness.claim()).job.attempt == attempt
            harness.clock.now += LEASE_S + 1
        assert await harness.engine.claim("w") is None
        job = await read_job(harness.database, job_id)
        assert job.state is State.FAILED
        assert job.error is not None
        assert job.reference

    async def test_a_sweep_says_what_it_took_back(self, harness: EngineHarness) -> None:
        first, second = await harness.submit(), await harness.submit()
        dead, alive = await harness.claim("dead"), await harness.claim("alive")
        assert await harness.engine.sweep() == []
        assert list(await harness.engine.sweep(dead_worker="nobody")) == []
        assert list(await harness.engine.sweep(dead_worker="dead")) == [first]
        await harness.refuses(dead)
        assert await harness.engine.renew(alive)
        harness.clock.now += LEASE_S + 1
        assert list(await harness.engine.sweep()) == [second]

    async def test_a_sweep_keeps_the_record_of_living_workers(self, harness: EngineHarness) -> None:
        async with harness.database.begin() as connection:
            for name in ("alive", "killed", "silent"):
                await heartbeats.record(connection, name, device="cpu", now=NOW)
        assert await harness.living() == 3
        await harness.engine.sweep(dead_worker="killed")
        assert await harness.living() == 2
        harness.clock.now += heartbeats.FORGOTTEN_S
        async with harness.database.begin() as connection:
            await heartbeats.record(connection, "alive", device="cpu", now=harness.clock.now)
        assert await harness.living() == 1
        harness.clock.now += 1
        await harness.engine.sweep()
        async with harness.database.read() as connection:
            names = (await connection.execute(select(workers.c.name))).scalars().all()
        assert list(names) == ["alive"]

    async def test_a_job_with_newer_parameters_waits_for_a_newer_worker(self, harness: EngineHarness) -> None:
        newer = await harness.submit(params_version=VERSION + 1)
        mine, other = await harness.submit(), await harness.submit(BEN)
        assert [(await harness.claim()).job.id for _ in range(2)] == [other, mine]
        assert await harness.engine.claim("older") is None
        claim = await harness.newer().claim("newer")
        assert claim is not None
        assert (claim.job.id, claim.job.attempt) == (newer, 1)
        assert await harness.engine.release(claim)
        assert await harness.engine.claim("older") is None
        again = await harness.newer().claim("newer")
        assert again is not None
        assert again.job.id == newer

    async def test_who_has_enough_running_is_painted_before_nobody(self, harness: EngineHarness) -> None:
        await harness.submit(BEN, params_version=VERSION + 1)
        for _ in range(3):
            await harness.submit()
        assert [(await harness.claim()).job.user_id for _ in range(3)] == [ADA, ADA, ADA]
        assert await harness.engine.claim("older") is None

    async def test_a_newer_job_that_was_cancelled_holds_nobody_up(self, harness: EngineHarness) -> None:
        newer, mine = await harness.submit(params_version=VERSION + 1), await harness.submit()
        await harness.cancel(newer)
        assert (await harness.claim()).job.id == mine
        assert await harness.engine.claim("older") is None
        assert await harness.newer().claim("newer") is None

    async def test_a_job_that_no_worker_knows_fails_after_a_while(self, harness: EngineHarness) -> None:
        await harness.record_heartbeat("newer", VERSION + 1)
        job_id = await harness.submit(params_version=VERSION + 1, created_at=NOW)
        harness.clock.now += heartbeats.FORGOTTEN_S
        await harness.record_heartbeat("older", VERSION)
        harness.clock.now -= 1
        assert await harness.engine.sweep() == []
        harness.clock.now += 2
        assert list(await harness.engine.sweep()) == [job_id]
        job = await read_job(harness.database, job_id)
        assert (job.state, job.attempt, job.ended_at) == (State.FAILED, 0, harness.clock.now)
        assert job.error == "No worker here knows yet how to paint this: please try again later."
        assert job.reference
        assert await harness.newer().claim("newer") is None

    async def test_a_new_job_waits_for_a_rolling_upgrade_s_first_worker(self, harness: EngineHarness) -> None:
        await harness.record_heartbeat("older", VERSION)
        job_id = await harness.submit(params_version=VERSION + 1, created_at=NOW)
        harness.clock.now += heartbeats.FORGOTTEN_S
        await harness.record_heartbeat("older", VERSION)
        assert await harness.engine.sweep() == []
        assert await harness.state(job_id) is State.QUEUED
        harness.clock.now += 1
        assert list(await harness.engine.sweep()) == [job_id]

    @pytest.mark.parametrize("others", [(), (VERSION, VERSION + 1)])
    async def test_a_newer_job_waits_for_workers_that_stopped_or_are_yet_to_come(
        self, harness: EngineHarness, others: Iterable[int]
    ) -> None:
        job_id = await harness.submit(params_version=VERSION + 1, created_at=NOW)
        harness.clock.now += 10 * heartbeats.FORGOTTEN_S
        for version in others:
            await harness.record_heartbeat(f"of {version}", version)
        assert await harness.engine.sweep(dead_worker=f"of {VERSION + 1}") == []
        assert await harness.state(job_id) is State.QUEUED

    async def test_a_job_that_was_cancelled_in_the_line_is_never_claimed(
        self, harness: EngineHarness
    ) -> None:
        job_id = await harness.submit()
        await harness.cancel(job_id)
        assert await harness.engine.claim("w") is None

    async def test_a_job_that_was_cancelled_while_running_is_out_of_its_worker_s_hands(
        self, harness: EngineHarness
    ) -> None:
        job_id = await harness.submit()
        claim = await harness.claim()
        await harness.cancel(job_id)
        await harness.refuses(claim)
        harness.clock.now += LEASE_S + 1
        assert await harness.engine.sweep(dead_worker="w") == []
        assert await harness.state(job_id) is State.CANCELLED

    async def test_an_ended_job_is_never_claimed_again(self, harness: EngineHarness) -> None:
        rendered, failed = await harness.submit(), await harness.submit()
        first, second = await harness.claim(), await harness.claim()
        assert await harness.engine.render(first, result_blob=BLOB, figures={"total": 1.0})
        assert await harness.engine.fail(second, error="No.", reference="r")
        harness.clock.now += 10 * LEASE_S
        assert await harness.engine.sweep(dead_worker="w") == []
        assert await harness.engine.claim("w") is None
        await harness.refuses(first)
        await harness.refuses(second)
        assert (await read_job(harness.database, rendered)).figures == {"total": 1.0}
        assert (await read_job(harness.database, failed)).error == "No."

    @pytest.mark.parametrize("jump_s", [-3600.0, 3600.0])
    async def test_a_clock_that_jumps_ends_no_job_twice(self, harness: EngineHarness, jump_s: float) -> None:
        job_id = await harness.submit()
        first = await harness.claim("first")
        harness.clock.now += jump_s
        second = await harness.engine.claim("second")
        ends = [
            await harness.engine.render(claim, result_blob=BLOB, figures={})
            for claim in (first, second)
            if claim is not None
        ]
        assert ends.count(True) == 1
        assert await harness.state(job_id) is State.RENDERED

    async def test_a_lease_from_before_the_clock_was_set_back_holds_no_job(
        self, harness: EngineHarness
    ) -> None:
        job_id = await harness.submit()
        harness.clock.now += 3600
        dead = await harness.claim("dead")
        harness.clock.now -= 3600
        assert list(await harness.engine.sweep()) == [job_id]
        await harness.refuses(dead)
        new = await harness.claim("new")
        assert (new.job.id, new.job.attempt) == (job_id, 2)

    async def test_clocks_that_differ_by_less_than_a_lease_take_nothing_away(
        self, harness: EngineHarness
    ) -> None:
        await harness.submit()
        harness.clock.now += LEASE_S
        claim = await harness.claim("ahead")
        harness.clock.now -= LEASE_S
        assert await harness.engine.sweep() == []
        assert await harness.engine.claim("another") is None
        assert await harness.engine.renew(claim)

    async def test_a_killed_process_s_job_is_taken_back_and_done_once(
        self, harness: EngineHarness, engine_process: OpenProcess
    ) -> None:
        job_id = await harness.submit()
        async with engine_process("hold") as process:
            assert await process.line() == f"{job_id} claimed"
            os.kill(process.pid, signal.SIGKILL)
            await process.rest()
        assert await harness.engine.claim("another") is None
        assert list(await harness.engine.sweep(dead_worker="hold")) == [job_id]
        assert await harness.engine.render(await harness.claim("another"), result_blob=BLOB, figures={})
        assert (await read_job(harness.database, job_id)).attempt == 2

    async def test_a_frozen_process_that_wakes_up_can_change_nothing(
        self, harness: EngineHarness, engine_process: OpenProcess
    ) -> None:
        job_id = await harness.submit()
        async with engine_process("hold") as process:
            assert await process.line() == f"{job_id} claimed"
            os.kill(process.pid, signal.SIGSTOP)
            harness.clock.now += LEASE_S + 1
            claim = await harness.claim("another")
            os.kill(process.pid, signal.SIGCONT)
            await process.go_on()
            assert await process.line() == f"{job_id} lost"
        assert await harness.engine.render(claim, result_blob=BLOB, figures={})
