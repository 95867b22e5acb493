"""What jobs cost, when a picture will be ready, and when the next one may be requested."""

from dataclasses import replace

import pytest
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain.jobs import eta, heartbeats, queue
from bot.domain.jobs.eta import FIXED_COST, cost_of, free_at, queue_position, remaining_cost, share_painted
from bot.domain.jobs.model import Claim, Job, State
from nst_core.params import Params
from nst_core.pyramid import scales
from tests.support.rows import ADA, BEN, BLOB, LEASE_S, NOW, add, claim_one, job_of, progress


def test_a_draft_costs_the_fixed_work_alone() -> None:
    assert cost_of(Params(quality="draft", size=1024), width=10, height=10) == FIXED_COST


def test_cost_is_the_megapixels_of_all_steps() -> None:
    params = Params(size=100, steps=50)  # one scale
    assert cost_of(params, width=200, height=100) == pytest.approx(FIXED_COST + 50 * 100 * 50 / 1e6)


def test_cost_does_not_depend_on_the_side_that_is_longer() -> None:
    params = Params(size=256)
    assert cost_of(params, width=30, height=20) == cost_of(params, width=20, height=30)


def test_the_share_that_is_painted_grows_with_the_pixels_and_ends_at_one() -> None:
    params = Params(size=384)
    steps = sum(scale.steps for scale in scales(params))
    shares = [share_painted(params, steps=step) for step in range(steps + 1)]
    assert (shares[0], shares[-1]) == (0.0, 1.0)
    assert shares == sorted(shares)
    coarse = scales(params)[0].steps
    assert shares[coarse] < coarse / steps  # the first steps are the cheap ones
    assert share_painted(params, steps=steps + 100) == 1.0


def test_a_draft_has_no_share() -> None:
    assert share_painted(Params(quality="draft"), steps=5) == 0.0


def test_a_picture_to_start_from_saves_the_cost_of_its_sizes() -> None:
    params = Params(size=384)
    last = scales(params)[-1]
    started = cost_of(params, width=30, height=20, started_px=192)
    assert started == pytest.approx(FIXED_COST + last.steps * 384 * 384 * (2 / 3) / 1e6)
    assert started < cost_of(params, width=30, height=20)
    assert share_painted(params, steps=8, of_steps=last.steps) == pytest.approx(8 / last.steps)


STEPS = Params(size=64, steps=10).as_dict()


async def painted(connection: AsyncConnection, *, cost: float, seconds: float) -> None:
    await add(connection, cost=cost)
    claim = await claim_one(connection)
    await queue.render(connection, claim, result_blob=BLOB, figures={}, now=NOW + seconds)


async def running(connection: AsyncConnection, *, cost: float, step: int | None = None) -> Job:
    await add(connection, cost=cost, params=STEPS)
    claim = await claim_one(connection)
    if step is not None:
        await queue.renew(connection, claim, progress(step), now=NOW, lease_s=LEASE_S)
    return await job_of(connection, claim.job.id)


async def test_nobody_knows_the_time_before_the_first_picture_and_worker(connection: AsyncConnection) -> None:
    job = await job_of(connection, await add(connection))
    found = await queue_position(connection, job, now=NOW, workers=1)
    assert (found.ahead, found.ready_at) == (0, None)


@pytest.mark.parametrize(
    ("devices", "pace_s"), [(["cpu"], 9.0), (["cuda:0"], 0.15), (["cuda:0", "cpu"], 9.0)]
)
async def test_before_the_first_picture_the_device_gives_a_first_estimate(
    connection: AsyncConnection, devices: list[str], pace_s: float
) -> None:
    for number, device in enumerate(devices):
        await heartbeats.record(connection, f"w{number}", device=device, now=NOW)
    job = await job_of(connection, await add(connection, cost=2))
    found = await queue_position(connection, job, now=NOW, workers=1)
    assert found.ready_at == pytest.approx(NOW + 2 * pace_s)


async def test_the_first_picture_s_own_pace_takes_the_estimate_s_place(connection: AsyncConnection) -> None:
    await heartbeats.record(connection, "w", device="cpu", now=NOW)
    job = await running(connection, cost=11, step=5)  # half of it
    found = await queue_position(connection, job, now=NOW + 30, workers=1)
    assert found.ready_at == pytest.approx(NOW + 30 + 25)


async def test_the_pace_of_the_first_steps_counts_the_work_before_them(connection: AsyncConnection) -> None:
    await heartbeats.record(connection, "w", device="cpu", now=NOW)
    job = await running(connection, cost=10, step=1)
    found = await queue_position(connection, job, now=NOW + 19, workers=1)
    assert found.ready_at == pytest.approx(NOW + 19 + 81), "1.9 of 10 are done, not 1"


async def test_the_rate_is_the_time_per_cost_of_the_newest_pictures(connection: AsyncConnection) -> None:
    assert await eta.seconds_per_cost(connection) is None
    await painted(connection, cost=1, seconds=1000)
    await painted(connection, cost=1, seconds=2)
    await painted(connection, cost=3, seconds=10)
    assert await eta.seconds_per_cost(connection, sample=2) == pytest.approx(3.0)


async def test_jobs_that_ended_without_a_picture_do_not_count(connection: AsyncConnection) -> None:
    await add(connection)
    await queue.fail(connection, await claim_one(connection), error="No.", reference="r", now=NOW + 99)
    assert await eta.seconds_per_cost(connection) is None


async def test_a_job_waits_for_those_ahead_and_for_itself(connection: AsyncConnection) -> None:
    await painted(connection, cost=1, seconds=2)
    await running(connection, cost=11, step=5)
    await add(connection, 3, cost=3)
    mine = await job_of(connection, await add(connection, BEN, cost=4))
    last = await job_of(connection, await add(connection, ADA, cost=100))
    found = await queue_position(connection, mine, now=NOW, workers=1)
    assert found.ahead == 2
    assert found.ready_at == pytest.approx(NOW + 2 * (5 + 3 + 4))
    assert (await queue_position(connection, last, now=NOW, workers=1)).ahead == 3


async def test_several_workers_share_what_is_ahead(connection: AsyncConnection) -> None:
    await painted(connection, cost=1, seconds=1)
    await add(connection, cost=6)
    mine = await job_of(connection, await add(connection, cost=4))
    found = await queue_position(connection, mine, now=NOW, workers=3)
    assert found.ready_at == pytest.approx(NOW + 6 / 3 + 4)


async def test_workers_elsewhere_share_what_is_ahead(connection: AsyncConnection) -> None:
    await painted(connection, cost=1, seconds=1)
    await running(connection, cost=6)
    mine = await job_of(connection, await add(connection, BEN, cost=4))
    for name in ("idle", "busy", "third"):
        await heartbeats.record(connection, name, device="cuda", now=NOW)
    found = await queue_position(connection, mine, now=NOW, workers=1)
    assert found.ready_at == pytest.approx(NOW + 6 / 3 + 4)
    assert await free_at(connection, now=NOW, workers=1) == pytest.approx(NOW + 4)
    later = NOW + heartbeats.SILENT_S + 1
    found = await queue_position(connection, mine, now=later, workers=2)
    assert found.ready_at == pytest.approx(later + 6 / 2 + 4), "those elsewhere are silent"


async def test_a_running_job_has_nobody_ahead(connection: AsyncConnection) -> None:
    await painted(connection, cost=1, seconds=1)
    await running(connection, cost=10)
    second = await running(connection, cost=11, step=9)
    found = await queue_position(connection, second, now=NOW, workers=2)
    assert found.ahead == 0
    assert found.ready_at == pytest.approx(NOW + 1)


async def test_a_job_behind_a_thousand_others_knows_its_place(connection: AsyncConnection) -> None:
    for user in range(100, 1102):
        await add(connection, user)
    mine = await job_of(connection, await add(connection, ADA))
    assert (await queue_position(connection, mine, now=NOW, workers=1)).ahead == 1002


async def test_a_full_queue_is_free_again_when_the_next_job_ends(connection: AsyncConnection) -> None:
    assert await free_at(connection, now=NOW, workers=1) is None
    await painted(connection, cost=1, seconds=2)
    assert await free_at(connection, now=NOW, workers=1) is None, "nobody waits"
    await running(connection, cost=11, step=5)
    await add(connection, BEN, cost=3)
    assert await free_at(connection, now=NOW, workers=1) == pytest.approx(NOW + 2 * 5)
    assert await free_at(connection, now=NOW, workers=1, leaving=2) == pytest.approx(NOW + 2 * (5 + 3))
    assert await free_at(connection, now=NOW, workers=2) == pytest.approx(NOW + 2 * 3)
    assert await free_at(connection, now=NOW, workers=2, leaving=9) == pytest.approx(NOW + 2 * 5)


async def test_a_person_s_own_place_is_free_when_their_first_job_ends(connection: AsyncConnection) -> None:
    await painted(connection, cost=1, seconds=1)
    await running(connection, cost=10)
    await add(connection, BEN, cost=3)
    assert await free_at(connection, now=NOW, workers=1, user_id=BEN) == pytest.approx(NOW + 13)
    assert await free_at(connection, now=NOW, workers=1, user_id=99) is None


@pytest.mark.parametrize(("step", "remaining"), [(None, 9.0), (0, 9.0), (5, 4.0), (10, 0.0), (11, 0.0)])
async def test_what_is_painted_already_costs_nothing_more(
    connection: AsyncConnection, step: int | None, remaining: float
) -> None:
    job = await running(connection, cost=9.0, step=step)
    assert remaining_cost(job) == pytest.approx(remaining)
    assert remaining_cost(replace(job, state=State.QUEUED)) == 9.0


async def test_jobs_of_one_pass_have_taken_its_time_together(connection: AsyncConnection) -> None:
    for _ in range(2):
        await add(connection, cost=1)
    claims = [await claim_one(connection) for _ in range(2)]
    await queue.note_batch(connection, claims)
    for claim in claims:
        await queue.render(connection, claim, result_blob=BLOB, figures={}, now=NOW + 6)
    assert await eta.seconds_per_cost(connection) == pytest.approx(3.0)


async def test_a_running_job_ends_with_those_in_its_pass(connection: AsyncConnection) -> None:
    await painted(connection, cost=1, seconds=1)
    mine, others = await running(connection, cost=10), [await running(connection, cost=10) for _ in range(2)]
    claims = [Claim(job=job, worker="w", lease_s=LEASE_S) for job in (mine, *others)]
    await queue.note_batch(connection, claims)
    found = await queue_position(connection, await job_of(connection, mine.id), now=NOW, workers=1)
    assert found.ready_at == pytest.approx(NOW + 30)
    behind = await job_of(connection, await add(connection, BEN, cost=5))
    assert (await queue_position(connection, behind, now=NOW, workers=1)).ready_at == pytest.approx(NOW + 35)
