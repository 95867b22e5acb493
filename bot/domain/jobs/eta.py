"""When a job's picture will be there, from the times measured here and the workers that live."""

import heapq
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain.jobs import heartbeats, model
from bot.domain.jobs.cost import share_painted
from bot.domain.jobs.model import Job, State
from bot.tables import jobs as table
from nst_core.params import Params


@dataclass(frozen=True, slots=True, kw_only=True)
class QueuePosition:
    """A waiting job's place: how many are `ahead` of it, and `ready_at` in epoch seconds.

    `ready_at` is None until the first picture of this installation was timed.
    """

    ahead: int
    ready_at: float | None


def remaining_cost(job: Job) -> float:
    """The part of the job's cost that is still to be painted."""
    if job.state is not State.RUNNING or not job.step:
        return job.cost
    return job.cost * (1 - share_painted(Params.from_dict(job.params), steps=job.step, of_steps=job.steps))


def _own_cost(job: Job) -> float:
    """What lies before its end once it is begun: with it end those that are painted in the same pass."""
    return remaining_cost(job) * (job.batch_size if job.state is State.RUNNING else 1)


async def seconds_per_cost(connection: AsyncConnection, *, sample: int = 20) -> float | None:
    """The measured painting time per unit of cost over the newest finished jobs, None before the first.

    Jobs that were painted in one pass have taken its time together, each its part.
    """
    recent = (
        select(
            table.c.cost,
            ((table.c.ended_at - table.c.started_at) / table.c.batch_size).label("seconds"),
        )
        .where(table.c.result_blob.is_not(None))
        .order_by(table.c.id.desc())
        .limit(sample)
        .subquery()
    )
    query = select(func.sum(recent.c.seconds), func.sum(recent.c.cost))
    seconds, cost = (await connection.execute(query)).one()
    return float(seconds / cost) if cost else None


async def queue_position(connection: AsyncConnection, job: Job, *, now: float, workers: int) -> QueuePosition:
    """Where a queued or running job stands in the line. `workers`: this machine's, where fewer are known."""
    ahead = [] if job.state is State.RUNNING else await model.ahead_of(connection, job)
    rate = await seconds_per_cost(connection)
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

    user_id, guild_id: of this person's jobs only, of this server's only.

    None until the first picture of this installation was timed, and where nobody waits.
    """
    rate = await seconds_per_cost(connection)
    line = await model.all_waiting(connection)
    at_once = await heartbeats.at_once(connection, now=now, here=max(1, workers))
    ends = sorted(
        end
        for job, end in zip(line, _costs_until_end(line, at_once), strict=True)
        if user_id in {None, job.user_id} and guild_id in {None, job.guild_id}
    )
    if rate is None or not ends:
        return None
    return now + ends[min(leaving, len(ends)) - 1] * rate


def _costs_until_end(line: Sequence[Job], workers: int) -> list[float]:
    """How much cost lies before each job's end, when each worker takes the next job as it becomes free."""
    free = [0.0] * workers
    ends = []
    for job in line:
        end = heapq.heappop(free) + remaining_cost(job)
        heapq.heappush(free, end)
        ends.append(end)
    return ends
