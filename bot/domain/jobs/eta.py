"""What a job costs, and when its picture will be ready: by the times measured here and the living workers."""

import heapq
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from sqlalchemy import func, or_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain.jobs import heartbeats, model
from bot.domain.jobs.clip_costs import share_of_clip
from bot.domain.jobs.model import Job, State
from bot.tables.pictures import jobs as table
from nst_core.params import Params
from nst_core.pyramid import scales

FIXED_COST = 1.0
"""What every picture costs (decoding, the first AdaIN picture, scoring), in painted megapixels."""
GUESS_S: Final = {"cpu": 9.0}
"""Seconds per unit of cost before the first picture, by device.

Source: benchmarks/RESULTS.md, whole runs at 512 px on two cores.
"""
GUESS_ELSEWHERE_S: Final = 0.15
"""The same for a GPU: 1.5 TFLOP a megapixel, at 10 TFLOP/s. None was measured yet."""
TELLING_SHARE: Final = 0.02
"""How much of a picture has to be painted until its own pace says more than a guess."""


def cost_of(params: Params, *, width: int, height: int, started_px: int = 0) -> float:
    """Megapixels painted over all steps for a content of `width` x `height`: the unit of every ETA.

    started_px: the long edge of the picture to start from, which saves the sizes up to its own.
    """
    shape = min(width, height) / max(width, height)
    plan = scales(params, started_px=started_px)
    painted = sum(scale.steps * scale.edge_px**2 * shape for scale in plan)
    return FIXED_COST + painted / 1e6


def share_painted(params: Params, *, steps: int, of_steps: int | None = None) -> float:
    """How much of a painting is done after `steps` steps, 0 to 1: a step costs as much as it has pixels.

    of_steps: the steps of the whole run, which are fewer if it started from a picture.
    """
    plan = list(scales(params))
    while of_steps is not None and len(plan) > 1 and sum(scale.steps for scale in plan) > of_steps:
        del plan[0]
    done = whole = 0
    for scale in plan:
        done += min(steps, scale.steps) * scale.edge_px**2
        whole += scale.steps * scale.edge_px**2
        steps -= min(steps, scale.steps)
    return done / whole if whole else 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class QueuePosition:
    """A waiting job's place: how many are `ahead` of it, and `ready_at` in epoch seconds.

    `ready_at` is None before the first picture, while no worker is alive.
    """

    ahead: int
    ready_at: float | None


def remaining_cost(job: Job) -> float:
    """The part of the job's cost that is still to be painted. By the first step the fixed work is done."""
    if job.is_clip:
        return job.cost * (1 - share_of_clip(job))
    if job.state is not State.RUNNING or not job.step:
        return job.cost
    share = share_painted(Params.from_dict(job.params), steps=job.step, of_steps=job.steps)
    return max(0.0, job.cost - FIXED_COST) * (1 - share)


def _own_cost(job: Job) -> float:
    """What is painted from its start to its end: all jobs of one pass end together."""
    return remaining_cost(job) * (job.batch_size if job.state is State.RUNNING else 1)


async def seconds_per_cost(connection: AsyncConnection, *, sample: int = 20) -> float | None:
    """The measured painting time per unit of cost, over the newest finished jobs; None before the first.

    Jobs that were painted in one pass share its time. A clip that another worker has gone on with does not
    count: its time is that of the last attempt alone.
    """
    whole = or_(table.c.frames == 1, table.c.attempt == 1)
    recent = (
        select(
            table.c.cost,
            ((table.c.ended_at - table.c.started_at) / table.c.batch_size).label("seconds"),
        )
        .where(model.PAINTED, table.c.started_at.is_not(None), whole)
        .order_by(table.c.id.desc())
        .limit(sample)
        .subquery()
    )
    query = select(func.sum(recent.c.seconds), func.sum(recent.c.cost))
    seconds, cost = (await connection.execute(query)).one()
    return float(seconds / cost) if cost else None


async def _guessed(connection: AsyncConnection, *, now: float) -> float | None:
    """What `seconds_per_cost` may turn out to be, by the living workers' devices; the slowest counts."""
    kinds = {device.partition(":")[0] for device in await heartbeats.devices(connection, now=now)}
    return max((GUESS_S.get(kind, GUESS_ELSEWHERE_S) for kind in kinds), default=None)


def _own_pace(job: Job, *, now: float) -> float | None:
    """The seconds per unit of cost of a picture that is being painted, once there is enough of it."""
    done = job.cost - remaining_cost(job)
    resumed = job.is_clip and job.attempt > 1
    if job.started_at is None or resumed or done < job.cost * TELLING_SHARE:
        return None
    return max(0.0, now - job.started_at) / (done * job.batch_size)


async def queue_position(connection: AsyncConnection, job: Job, *, now: float, workers: int) -> QueuePosition:
    """Where a queued or running job stands in the queue. workers: this machine's, if fewer are on record."""
    ahead = [] if job.state is State.RUNNING else await model.ahead_of(connection, job)
    rate = await seconds_per_cost(connection) or _own_pace(job, now=now)
    rate = rate or await _guessed(connection, now=now)
    if rate is None:
        return QueuePosition(ahead=len(ahead), ready_at=None)
    at_once = await heartbeats.at_once(connection, now=now, here=max(1, workers))
    cost = sum(map(remaining_cost, ahead)) / at_once + _own_cost(job)
    return QueuePosition(ahead=len(ahead), ready_at=now + cost * rate)


async def free_at(
    connection: AsyncConnection,
    *,
    now: float,
    workers: int,
    leaving: int = 1,
    user_id: int | None = None,
    guild_id: int | None = None,
) -> float | None:
    """When `leaving` of the waiting jobs will have ended, in epoch seconds.

    user_id, guild_id: count only this person's jobs, only this server's.

    None until this installation has timed its first picture, or if no job waits.
    """
    rate = await seconds_per_cost(connection)
    waiting = await model.all_waiting(connection)
    at_once = await heartbeats.at_once(connection, now=now, here=max(1, workers))
    ends = sorted(
        end
        for job, end in zip(waiting, _costs_until_end(waiting, at_once), strict=True)
        if user_id in {None, job.user_id} and guild_id in {None, job.guild_id}
    )
    if rate is None or not ends:
        return None
    return now + ends[min(leaving, len(ends)) - 1] * rate


def _costs_until_end(waiting: Sequence[Job], workers: int) -> list[float]:
    """How much is painted before each job ends, if each worker takes the next job as soon as it is free."""
    free = [0.0] * workers
    ends = []
    for job in waiting:
        end = heapq.heappop(free) + remaining_cost(job)
        heapq.heappush(free, end)
        ends.append(end)
    return ends
