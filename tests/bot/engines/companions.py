"""What every job engine must hold of jobs that are painted in one pass; a part of `Conformance`."""

import asyncio

from bot.features.jobs import State
from tests.bot.builders import ADA, BEN, BLOB, LEASE_S, progress
from tests.bot.engines.house import House


class Companions:
    """Its engine is that of the subclass's `house`."""

    async def test_companions_are_of_one_kind_and_come_in_the_line_s_order(self, house: House) -> None:
        kinds = ["a", "b", "a", None, "a", "b", "a"]
        submitted = [await house.submit(10 + number, kind=kind) for number, kind in enumerate(kinds)]
        claim = await house.claim("mine")
        companions = await house.engine.claim_alike(claim, limit=2)
        assert [one.job.id for one in companions] == [submitted[2], submitted[4]]
        assert {(one.worker, one.lease_s, one.job.attempt) for one in companions} == {("mine", LEASE_S, 1)}
        assert await house.states([submitted[2], submitted[4]]) == {State.RUNNING}
        assert await house.batch_sizes(*submitted) == [3, 1, 3, 1, 3, 1, 1]
        rest = [(await house.claim()).job.id for _ in range(4)]
        assert rest == [submitted[1], submitted[3], submitted[5], submitted[6]]
        assert await house.engine.claim("w") is None

    async def test_a_job_of_no_kind_and_one_without_its_like_have_no_companions(self, house: House) -> None:
        for kind in (None, None, "a", "b"):
            await house.submit(kind=kind)
        claims = [await house.claim() for _ in range(3)]
        assert [await house.alike(claim) for claim in claims] == [[], [], []]
        assert await house.batch_sizes(*(claim.job.id for claim in claims)) == [1, 1, 1]

    async def test_no_companion_beyond_the_limit(self, house: House) -> None:
        for _ in range(3):
            await house.submit(kind="a")
        claim = await house.claim()
        assert await house.alike(claim, limit=0) == []
        assert len(await house.alike(claim, limit=1)) == 1

    async def test_companions_of_several_workers_are_each_taken_once(self, house: House) -> None:
        submitted = [await house.submit(10 + number, kind="a") for number in range(12)]
        claims = [await house.claim(f"w{number}") for number in range(3)]
        found = await asyncio.gather(*(house.engine.claim_alike(claim, limit=3) for claim in claims))
        companions = [one.job.id for claimed in found for one in claimed]
        taken = [claim.job.id for claim in claims] + companions
        while (claim := await house.engine.claim("last")) is not None:
            taken.append(claim.job.id)
        assert companions
        assert sorted(taken) == submitted

    async def test_a_user_s_dozen_of_one_kind_does_not_overtake_who_waits(self, house: House) -> None:
        dozen = [await house.submit(ADA, kind="a") for _ in range(12)]
        like = await house.submit(BEN, kind="a")
        await house.submit(BEN, kind="b")
        claim = await house.claim()
        assert await house.alike(claim) == [like, dozen[1]], "two of Ada's run, and Ben still waits"

    async def test_a_user_whom_nobody_waits_for_fills_the_pass(self, house: House) -> None:
        dozen = [await house.submit(ADA, kind="a") for _ in range(12)]
        claim = await house.claim()
        assert await house.alike(claim, limit=7) == dozen[1:8]

    async def test_users_take_turns_in_a_pass_too(self, house: House) -> None:
        submitted = [await house.submit("?ABC".index(name), kind="a") for name in "AAABBC"]
        claim = await house.claim()
        assert await house.alike(claim, limit=3) == [submitted[3], submitted[5], submitted[1]]

    async def test_what_does_not_wait_any_more_is_no_companion(self, house: House) -> None:
        cancelled, running, waiting = [await house.submit(kind="a") for _ in range(3)]
        first = await house.submit(BEN, kind="a")
        await house.cancel(cancelled)
        claims = [await house.claim(), await house.claim()]
        assert [claim.job.id for claim in claims] == [first, running]
        assert await house.alike(claims[0]) == [waiting]
        assert await house.state(cancelled) is State.CANCELLED

    async def test_what_has_cost_a_worker_its_life_is_painted_alone(self, house: House) -> None:
        first, suspect = await house.submit(kind="a"), await house.submit(kind="a")
        assert await house.alike(await house.claim()) == [suspect]
        assert len(await house.engine.sweep(dead_worker="w")) == 2
        fresh = await house.submit(BEN, kind="a")
        again = await house.claim()
        assert (again.job.id, again.job.attempt) == (first, 2)
        assert await house.alike(again) == []
        assert await house.batch_sizes(first) == [1]
        assert await house.alike(await house.claim()) == []
        assert (await house.claim()).job.id in {fresh, suspect}

    async def test_what_was_handed_back_finds_companions_again(self, house: House) -> None:
        first, second = await house.submit(kind="a"), await house.submit(kind="a")
        claim = await house.claim()
        [companion] = await house.engine.claim_alike(claim, limit=1)
        assert await house.engine.hand_back(claim)
        assert await house.engine.hand_back(companion)
        again = await house.claim("another")
        assert {again.job.id, *await house.alike(again)} == {first, second}
        await house.refuses(companion)

    async def test_each_of_a_batch_keeps_its_own_lease(self, house: House) -> None:
        first, second = await house.submit(kind="a"), await house.submit(kind="a")
        claim = await house.claim("old")
        [companion] = await house.engine.claim_alike(claim, limit=1)
        house.clock.now += LEASE_S * 0.9
        assert await house.engine.beat(claim, progress(1))
        house.clock.now += LEASE_S * 0.9
        other = await house.claim("new")
        assert (other.job.id, other.job.attempt) == (second, 2)
        await house.refuses(companion)
        assert await house.engine.render(claim, result_blob=BLOB, figures={})
        assert await house.state(first) is State.RENDERED
