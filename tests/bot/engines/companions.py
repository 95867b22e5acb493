"""What every job engine must hold of jobs that are painted in one pass; a part of `Conformance`."""

import asyncio

from bot.domain.jobs.model import State
from tests.support.engine import EngineHarness
from tests.support.rows import ADA, BEN, BLOB, LEASE_S, progress


class Companions:
    """Its engine is that of the subclass's `harness`."""

    async def test_companions_are_of_one_kind_and_come_in_the_line_s_order(
        self, harness: EngineHarness
    ) -> None:
        kinds = ["a", "b", "a", None, "a", "b", "a"]
        submitted = [await harness.submit(10 + number, kind=kind) for number, kind in enumerate(kinds)]
        claim = await harness.claim("mine")
        companions = await harness.engine.claim_alike(claim, limit=2)
        assert [one.job.id for one in companions] == [submitted[2], submitted[4]]
        assert {(one.worker, one.lease_s, one.job.attempt) for one in companions} == {("mine", LEASE_S, 1)}
        assert await harness.states([submitted[2], submitted[4]]) == {State.RUNNING}
        assert await harness.batch_sizes(*submitted) == [3, 1, 3, 1, 3, 1, 1]
        rest = [(await harness.claim()).job.id for _ in range(4)]
        assert rest == [submitted[1], submitted[3], submitted[5], submitted[6]]
        assert await harness.engine.claim("w") is None

    async def test_a_job_of_no_kind_and_one_without_its_like_have_no_companions(
        self, harness: EngineHarness
    ) -> None:
        for kind in (None, None, "a", "b"):
            await harness.submit(kind=kind)
        claims = [await harness.claim() for _ in range(3)]
        assert [await harness.alike(claim) for claim in claims] == [[], [], []]
        assert await harness.batch_sizes(*(claim.job.id for claim in claims)) == [1, 1, 1]

    async def test_no_companion_beyond_the_limit(self, harness: EngineHarness) -> None:
        for _ in range(3):
            await harness.submit(kind="a")
        claim = await harness.claim()
        assert await harness.alike(claim, limit=0) == []
        assert len(await harness.alike(claim, limit=1)) == 1

    async def test_companions_of_several_workers_are_each_taken_once(self, harness: EngineHarness) -> None:
        submitted = [await harness.submit(10 + number, kind="a") for number in range(12)]
        claims = [await harness.claim(f"w{number}") for number in range(3)]
        found = await asyncio.gather(*(harness.engine.claim_alike(claim, limit=3) for claim in claims))
        companions = [one.job.id for claimed in found for one in claimed]
        taken = [claim.job.id for claim in claims] + companions
        while (claim := await harness.engine.claim("last")) is not None:
            taken.append(claim.job.id)
        assert companions
        assert sorted(taken) == submitted

    async def test_a_user_s_dozen_of_one_kind_does_not_overtake_who_waits(
        self, harness: EngineHarness
    ) -> None:
        dozen = [await harness.submit(ADA, kind="a") for _ in range(12)]
        like = await harness.submit(BEN, kind="a")
        await harness.submit(BEN, kind="b")
        claim = await harness.claim()
        assert await harness.alike(claim) == [like, dozen[1]], "two of Ada's run, and Ben still waits"

    async def test_a_user_whom_nobody_waits_for_fills_the_pass(self, harness: EngineHarness) -> None:
        dozen = [await harness.submit(ADA, kind="a") for _ in range(12)]
        claim = await harness.claim()
        assert await harness.alike(claim, limit=7) == dozen[1:8]

    async def test_users_take_turns_in_a_pass_too(self, harness: EngineHarness) -> None:
        submitted = [await harness.submit("?ABC".index(name), kind="a") for name in "AAABBC"]
        claim = await harness.claim()
        assert await harness.alike(claim, limit=3) == [submitted[3], submitted[5], submitted[1]]

    async def test_what_does_not_wait_any_more_is_no_companion(self, harness: EngineHarness) -> None:
        cancelled, running, waiting = [await harness.submit(kind="a") for _ in range(3)]
        first = await harness.submit(BEN, kind="a")
        await harness.cancel(cancelled)
        claims = [await harness.claim(), await harness.claim()]
        assert [claim.job.id for claim in claims] == [first, running]
        assert await harness.alike(claims[0]) == [waiting]
        assert await harness.state(cancelled) is State.CANCELLED

    async def test_what_has_cost_a_worker_its_life_is_painted_alone(self, harness: EngineHarness) -> None:
        first, suspect = await harness.submit(kind="a"), await harness.submit(kind="a")
        assert await harness.alike(await harness.claim()) == [suspect]
        assert len(await harness.engine.sweep(dead_worker="w")) == 2
        fresh = await harness.submit(BEN, kind="a")
        again = await harness.claim()
        assert (again.job.id, again.job.attempt) == (first, 2)
        assert await harness.alike(again) == []
        assert await harness.batch_sizes(first) == [1]
        assert await harness.alike(await harness.claim()) == []
        assert (await harness.claim()).job.id in {fresh, suspect}

    async def test_what_has_cost_a_worker_its_life_joins_nobody_s_pass(self, harness: EngineHarness) -> None:
        suspect, first = await harness.submit(kind="a"), await harness.submit(BEN, kind="a")
        assert (await harness.claim("killed")).job.id == suspect
        claim = await harness.claim("alive")
        assert claim.job.id == first
        assert list(await harness.engine.sweep(dead_worker="killed")) == [suspect]
        fresh = await harness.submit(BEN, kind="a")
        assert await harness.alike(claim) == [fresh]
        assert await harness.state(suspect) is State.QUEUED

    async def test_a_released_job_finds_companions_again(self, harness: EngineHarness) -> None:
        first, second = await harness.submit(kind="a"), await harness.submit(kind="a")
        claim = await harness.claim()
        [companion] = await harness.engine.claim_alike(claim, limit=1)
        assert await harness.engine.release(claim)
        assert await harness.engine.release(companion)
        again = await harness.claim("another")
        assert {again.job.id, *await harness.alike(again)} == {first, second}
        await harness.refuses(companion)

    async def test_each_of_a_batch_keeps_its_own_lease(self, harness: EngineHarness) -> None:
        first, second = await harness.submit(kind="a"), await harness.submit(kind="a")
        claim = await harness.claim("old")
        [companion] = await harness.engine.claim_alike(claim, limit=1)
        harness.clock.now += LEASE_S * 0.9
        assert await harness.engine.renew(claim, progress(1))
        harness.clock.now += LEASE_S * 0.9
        other = await harness.claim("new")
        assert (other.job.id, other.job.attempt) == (second, 2)
        await harness.refuses(companion)
        assert await harness.engine.render(claim, result_blob=BLOB, figures={})
        assert await harness.state(first) is State.RENDERED
