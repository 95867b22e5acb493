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
from bot.engines.protocol import JobEngine
from bot.features import fleet
from bot.features.jobs import State
from bot.tables import workers
from nst_core.params import VERSION
from tests.bot.builders import ADA, BEN, BLOB, LEASE_S, NOW, progress, read_job
from tests.bot.engines.companions import Companions
from tests.bot.engines.house import Clock, House
from tests.bot.engines.stranger import Stranger, start

Opened = AbstractAsyncContextManager[tuple[Database, JobEngine]]
Strangers = Callable[[str], AbstractAsyncContextManager[Stranger]]


class Conformance(Companions, ABC):
    """A subclass says how its engine is opened; other processes find it by the subclass's name."""

    @staticmethod
    @abstractmethod
    def open(url: str, clock: Callable[[], float]) -> Opened:
        """The engine on a migrated database, closed with the context."""

    @pytest.fixture
    async def house(self, url: str) -> AsyncIterator[House]:
        clock = Clock()
        async with self.open(url, clock) as (database, engine):
            yield House(database, engine, clock)

    @pytest.fixture
    def strangers(self, url: str) -> Strangers:
        suite = f"{type(self).__module__}:{type(self).__name__}"

        @asynccontextmanager
        async def open_stranger(task: str) -> AsyncIterator[Stranger]:
            stranger = await start(suite, url, task)
            try:
                yield stranger
            finally:
                await stranger.end()

        return open_stranger

    async def test_there_is_nothing_to_claim_at_first(self, house: House) -> None:
        assert await house.engine.claim("w") is None

    async def test_a_job_is_claimed_once(self, house: House) -> None:
        job_id = await house.submit()
        claim = await house.claim()
        assert (claim.job.id, claim.job.attempt, claim.worker) == (job_id, 1, "w")
        assert claim.job.state is State.RUNNING
        assert claim.lease_s == LEASE_S
        assert await house.engine.claim("another") is None

    async def test_a_rolled_back_submission_is_never_claimed(self, house: House) -> None:
        with pytest.raises(asyncio.CancelledError):
            await house.submit_and_roll_back()
        assert await house.engine.claim("w") is None

    async def test_a_job_enqueued_twice_is_claimed_once(self, house: House) -> None:
        job_id = await house.submit()
        async with house.database.begin() as connection:
            await house.engine.enqueue(connection, job_id)
        await house.claim()
        assert await house.engine.claim("another") is None

    async def test_several_processes_claim_each_job_once(self, house: House, strangers: Strangers) -> None:
        submitted = [await house.submit(user_id) for user_id in range(30)]
        async with strangers("drain") as one, strangers("drain") as other, strangers("drain") as third:
            claimed = [*await one.rest(), *await other.rest(), *await third.rest()]
        assert Counter(claimed) == Counter(f"{job_id} rendered" for job_id in submitted)
        assert await house.states(submitted) == {State.RENDERED}
        assert {(await read_job(house.database, job_id)).attempt for job_id in submitted} == {1}

    async def test_workers_that_claim_at_once_keep_to_the_cap_of_a_user(self, house: House) -> None:
        for user_id in (ADA, ADA, ADA, ADA, BEN, BEN):
            await house.submit(user_id)
        claims = await asyncio.gather(*(house.claim(f"w{number}") for number in range(4)))
        assert Counter(claim.job.user_id for claim in claims) == {ADA: 2, BEN: 2}
        assert (await house.claim()).job.user_id == ADA, "nobody else waits"

    async def test_a_job_whose_lease_ran_out_goes_to_another_worker(self, house: House) -> None:
        job_id = await house.submit()
        old = await house.claim("old")
        house.clock.now += LEASE_S + 1
        new = await house.claim("new")
        assert (new.job.id, new.job.attempt) == (job_id, 2)
        await house.refuses(old)
        assert await house.engine.render(new, result_blob=BLOB, figures={})

    async def test_beats_keep_a_lease_alive(self, house: House) -> None:
        job_id = await house.submit()
        claim = await house.claim()
        for step in range(5):
            house.clock.now += LEASE_S * 0.9
            assert await house.engine.beat(claim, progress(step) if step % 2 else None)
            assert await house.engine.claim("another") is None
        assert (await read_job(house.database, job_id)).step == 3

    async def test_a_late_beat_that_nobody_has_overtaken_keeps_the_job(self, house: House) -> None:
        await house.submit()
        claim = await house.claim()
        house.clock.now += LEASE_S + 1
        assert await house.engine.beat(claim)
        assert await house.engine.claim("another") is None

    async def test_a_worker_that_lost_its_job_can_change_nothing(self, house: House) -> None:
        await house.submit()
        claim = await house.claim("old")
        house.clock.now += LEASE_S + 1
        await house.engine.sweep()
        await house.refuses(claim)

    async def test_a_job_that_was_handed_back_goes_to_another_worker(self, house: House) -> None:
        job_id = await house.submit()
        old = await house.claim()
        assert await house.engine.hand_back(old)
        new = await house.claim("another")
        assert (new.job.id, new.job.attempt) == (job_id, 2)
        await house.refuses(old)

    async def test_a_job_that_kills_its_workers_fails(self, house: House) -> None:
        job_id = await house.submit()
        await house.engine.hand_back(await house.claim())  # does not count
        for attempt in (2, 3, 4):
            assert (await house.claim()).job.attempt == attempt
            house.clock.now += LEASE_S + 1
        assert await house.engine.claim("w") is None
        job = await read_job(house.database, job_id)
        assert job.state is State.FAILED
        assert job.error is not None
        assert job.reference

    async def test_a_sweep_says_what_it_took_back(self, house: House) -> None:
        first, second = await house.submit(), await house.submit()
        dead, alive = await house.claim("dead"), await house.claim("alive")
        assert await house.engine.sweep() == []
        assert list(await house.engine.sweep(dead_worker="nobody")) == []
        assert list(await house.engine.sweep(dead_worker="dead")) == [first]
        await house.refuses(dead)
        assert await house.engine.beat(alive)
        house.clock.now += LEASE_S + 1
        assert list(await house.engine.sweep()) == [second]

    async def test_a_sweep_keeps_the_record_of_living_workers(self, house: House) -> None:
        async with house.database.begin() as connection:
            for name in ("alive", "killed", "silent"):
                await fleet.say(connection, name, device="cpu", now=NOW)
        assert await house.living() == 3
        await house.engine.sweep(dead_worker="killed")
        assert await house.living() == 2
        house.clock.now += fleet.FORGOTTEN_S
        async with house.database.begin() as connection:
            await fleet.say(connection, "alive", device="cpu", now=house.clock.now)
        assert await house.living() == 1
        house.clock.now += 1
        await house.engine.sweep()
        async with house.database.read() as connection:
            names = (await connection.execute(select(workers.c.name))).scalars().all()
        assert list(names) == ["alive"]

    async def test_a_job_with_newer_parameters_waits_for_a_newer_worker(self, house: House) -> None:
        newer = await house.submit(params_version=VERSION + 1)
        mine, other = await house.submit(), await house.submit(BEN)
        assert [(await house.claim()).job.id for _ in range(2)] == [other, mine]
        assert await house.engine.claim("older") is None
        claim = await house.newer().claim("newer")
        assert claim is not None
        assert (claim.job.id, claim.job.attempt) == (newer, 1)
        assert await house.engine.hand_back(claim)
        assert await house.engine.claim("older") is None
        again = await house.newer().claim("newer")
        assert again is not None
        assert again.job.id == newer

    async def test_who_has_enough_running_is_painted_before_nobody(self, house: House) -> None:
        await house.submit(BEN, params_version=VERSION + 1)
        for _ in range(3):
            await house.submit()
        assert [(await house.claim()).job.user_id for _ in range(3)] == [ADA, ADA, ADA]
        assert await house.engine.claim("older") is None

    async def test_a_newer_job_that_was_cancelled_holds_nobody_up(self, house: House) -> None:
        newer, mine = await house.submit(params_version=VERSION + 1), await house.submit()
        await house.cancel(newer)
        assert (await house.claim()).job.id == mine
        assert await house.engine.claim("older") is None
        assert await house.newer().claim("newer") is None

    async def test_a_job_that_no_worker_knows_fails_after_a_while(self, house: House) -> None:
        await house.say("newer", VERSION + 1)
        job_id = await house.submit(params_version=VERSION + 1, created_at=NOW)
        house.clock.now += fleet.FORGOTTEN_S
        await house.say("older", VERSION)
        house.clock.now -= 1
        assert await house.engine.sweep() == []
        house.clock.now += 2
        assert list(await house.engine.sweep()) == [job_id]
        job = await read_job(house.database, job_id)
        assert (job.state, job.attempt, job.ended_at) == (State.FAILED, 0, house.clock.now)
        assert job.error == "No worker here knows yet how to paint this: please try again later."
        assert job.reference
        assert await house.newer().claim("newer") is None

    @pytest.mark.parametrize("others", [(), (VERSION, VERSION + 1)])
    async def test_a_newer_job_waits_for_workers_that_stopped_or_are_yet_to_come(
        self, house: House, others: Iterable[int]
    ) -> None:
        job_id = await house.submit(params_version=VERSION + 1, created_at=NOW)
        house.clock.now += 10 * fleet.FORGOTTEN_S
        for version in others:
            await house.say(f"of {version}", version)
        assert await house.engine.sweep(dead_worker=f"of {VERSION + 1}") == []
        assert await house.state(job_id) is State.QUEUED

    async def test_a_job_that_was_cancelled_in_the_line_is_never_claimed(self, house: House) -> None:
        job_id = await house.submit()
        await house.cancel(job_id)
        assert await house.engine.claim("w") is None

    async def test_a_job_that_was_cancelled_while_running_is_out_of_its_worker_s_hands(
        self, house: House
    ) -> None:
        job_id = await house.submit()
        claim = await house.claim()
        await house.cancel(job_id)
        await house.refuses(claim)
        house.clock.now += LEASE_S + 1
        assert await house.engine.sweep(dead_worker="w") == []
        assert await house.state(job_id) is State.CANCELLED

    async def test_an_ended_job_is_never_claimed_again(self, house: House) -> None:
        rendered, failed = await house.submit(), await house.submit()
        first, second = await house.claim(), await house.claim()
        assert await house.engine.render(first, result_blob=BLOB, figures={"total": 1.0})
        assert await house.engine.fail(second, error="No.", reference="r")
        house.clock.now += 10 * LEASE_S
        assert await house.engine.sweep(dead_worker="w") == []
        assert await house.engine.claim("w") is None
        await house.refuses(first)
        await house.refuses(second)
        assert (await read_job(house.database, rendered)).figures == {"total": 1.0}
        assert (await read_job(house.database, failed)).error == "No."

    @pytest.mark.parametrize("jump_s", [-3600.0, 3600.0])
    async def test_a_clock_that_jumps_ends_no_job_twice(self, house: House, jump_s: float) -> None:
        job_id = await house.submit()
        first = await house.claim("first")
        house.clock.now += jump_s
        second = await house.engine.claim("second")
        ends = [
            await house.engine.render(claim, result_blob=BLOB, figures={})
            for claim in (first, second)
            if claim is not None
        ]
        assert ends.count(True) == 1
        assert await house.state(job_id) is State.RENDERED

    async def test_a_lease_from_before_the_clock_was_set_back_holds_no_job(self, house: House) -> None:
        job_id = await house.submit()
        house.clock.now += 3600
        dead = await house.claim("dead")
        house.clock.now -= 3600
        assert list(await house.engine.sweep()) == [job_id]
        await house.refuses(dead)
        new = await house.claim("new")
        assert (new.job.id, new.job.attempt) == (job_id, 2)

    async def test_clocks_that_differ_by_less_than_a_lease_take_nothing_away(self, house: House) -> None:
        await house.submit()
        house.clock.now += LEASE_S
        claim = await house.claim("ahead")
        house.clock.now -= LEASE_S
        assert await house.engine.sweep() == []
        assert await house.engine.claim("another") is None
        assert await house.engine.beat(claim)

    async def test_a_killed_process_s_job_is_taken_back_and_done_once(
        self, house: House, strangers: Strangers
    ) -> None:
        job_id = await house.submit()
        async with strangers("hold") as stranger:
            assert await stranger.line() == f"{job_id} claimed"
            os.kill(stranger.pid, signal.SIGKILL)
            await stranger.rest()
        assert await house.engine.claim("another") is None
        assert list(await house.engine.sweep(dead_worker="hold")) == [job_id]
        assert await house.engine.render(await house.claim("another"), result_blob=BLOB, figures={})
        assert (await read_job(house.database, job_id)).attempt == 2

    async def test_a_frozen_process_that_wakes_up_can_change_nothing(
        self, house: House, strangers: Strangers
    ) -> None:
        job_id = await house.submit()
        async with strangers("hold") as stranger:
            assert await stranger.line() == f"{job_id} claimed"
            os.kill(stranger.pid, signal.SIGSTOP)
            house.clock.now += LEASE_S + 1
            claim = await house.claim("another")
            os.kill(stranger.pid, signal.SIGCONT)
            await stranger.go_on()
            assert await stranger.line() == f"{job_id} lost"
        assert await house.engine.render(claim, result_blob=BLOB, figures={})
