"""What a clip costs, how much of it is painted, and as how many pictures it counts."""

from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain.jobs import eta, queue
from bot.domain.jobs.clip_costs import frame_costs, frames_painted, share_of_clip
from bot.domain.jobs.eta import cost_of, queue_position, remaining_cost
from bot.domain.jobs.model import Progress
from bot.domain.limits import quotas
from bot.domain.limits.access import Requester, UserLimits
from bot.domain.limits.quotas import DAY_S, Kind
from bot.domain.servers.server_settings import GuildSettings
from nst_core.params import Params
from tests.support.rows import ADA, BEN, BLOB, NOW, add, claim_one, job_of, set_columns

PARAMS = Params(size=256)


def test_the_first_frame_costs_as_much_as_a_still_and_each_further_one_about_a_quarter() -> None:
    costs = frame_costs(PARAMS, width=320, height=240)
    assert costs.of(1) == pytest.approx(cost_of(PARAMS, width=320, height=240))
    assert 0.15 < costs.each / costs.first < 0.35
    assert costs.of(9) == pytest.approx(costs.first + 8 * costs.each)


def test_a_higher_quality_goes_over_all_but_one_frame_again() -> None:
    costs = frame_costs(replace(PARAMS, quality="high"), width=320, height=240)
    assert costs.passes == 2
    assert costs.of(5) == pytest.approx(costs.first + 4 * costs.each + 4 * costs.again)
    assert costs.until(turn=2, frame=5, frames=5) == pytest.approx(costs.of(5))


def progressing(**given: int) -> Progress:
    known: dict[str, Any] = {"scale": 1, "scales": 2, "step": 0, "steps": 10, "frame": 0, **given}
    return Progress(loss=None, preview_blob=None, **known)


async def test_the_share_grows_from_frame_to_frame_and_ends_at_one(connection: AsyncConnection) -> None:
    await add(connection, frames=4, cost=100.0, params=replace(PARAMS, quality="high").as_dict())
    claim = await claim_one(connection)
    shares = []
    for turn in (1, 2):
        for frame in range(4):
            for step in (0, 5):
                known = progressing(scale=turn, frame=frame, step=step)
                await queue.renew(connection, claim, known, now=NOW, lease_s=20.0)
                shares.append(share_of_clip(await job_of(connection, claim.job.id)))
    assert shares == sorted(shares)
    assert (shares[0], len(set(shares)) > 12) == (0.0, True)
    last = progressing(scale=2, frame=4)
    await queue.renew(connection, claim, last, now=NOW, lease_s=20.0)
    job = await job_of(connection, claim.job.id)
    assert (share_of_clip(job), remaining_cost(job)) == (1.0, 0.0)


async def test_what_another_worker_has_painted_stays_painted_and_says_nothing_of_the_pace(
    connection: AsyncConnection,
) -> None:
    job_id = await add(connection, frames=4, cost=10.0, params=PARAMS.as_dict())
    claim = await claim_one(connection)
    await queue.renew(connection, claim, progressing(frame=2), now=NOW, lease_s=20.0)
    await queue.requeue_stalled(connection, now=NOW + 100, lease_s=20.0, max_attempts=3, reference="r")
    left = remaining_cost(await job_of(connection, job_id))
    assert 0 < left < 6
    again = await claim_one(connection, now=NOW + 100)
    position = await queue_position(connection, again.job, now=NOW + 101, workers=1)
    assert position.ready_at is None, "one second is not the time of two frames"
    await queue.render(connection, again, result_blob=BLOB, figures={}, now=NOW + 110)
    assert await eta.seconds_per_cost(connection) is None


async def test_a_clip_counts_as_several_pictures_within_a_day(connection: AsyncConnection) -> None:
    await add(connection, ADA, frames=12, created_at=NOW - 100)
    await add(connection, ADA, created_at=NOW - 50)
    requester = Requester(user_id=ADA, guild_id=10, channel_ids=(20,), role_ids=())

    async def of_day(limit: int) -> quotas.Quota:
        limits = UserLimits(at_once=100, per_day=limit)
        found = await quotas.quotas_of(connection, requester, GuildSettings(), limits, now=NOW, workers=1)
        return next(one for one in found if one.kind is Kind.PER_DAY)

    assert ((await of_day(5)).used, (await of_day(5)).left) == (4, 1)
    full = await of_day(4)
    assert (full.left, full.returns_at) == (0, NOW - 100 + DAY_S)
    assert (await of_day(1)).returns_at == NOW - 50 + DAY_S


async def test_after_a_clip_others_have_as_many_turns(connection: AsyncConnection) -> None:
    await add(connection, ADA, frames=9)
    await add(connection, ADA)
    for _ in range(3):
        await add(connection, BEN)
    order = [(await claim_one(connection)).job.user_id for _ in range(5)]
    assert order == [ADA, BEN, BEN, BEN, ADA]


async def test_from_the_second_pass_on_all_frames_are_painted(connection: AsyncConnection) -> None:
    job_id = await add(connection, frames=4, params=PARAMS.as_dict())
    counts = []
    for frame, scale in ((None, None), (1, 1), (3, 1), (0, 2), (2, 2)):
        await set_columns(connection, job_id, frame=frame, scale=scale)
        counts.append(frames_painted(await job_of(connection, job_id)))
    assert counts == [0, 1, 3, 4, 4]
