"""When a job's picture will be there, from the times measured on this machine."""

from dataclasses import dataclass

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.features import jobs, looks
from bot.features.jobs import Job, State
from bot.tables import jobs as table
from nst_core.params import Params


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """A waiting job's place: how many are `ahead` of it, and `ready_at` in epoch seconds.

    `ready_at` is None until the first picture of this installation was timed.
    """

    ahead: int
    ready_at: float | None


def remaining_cost(job: Job) -> float:
    """The part of the job's cost that is still to be painted."""
    if job.state is not State.RUNNING or not job.step:
        return job.cost
    return job.cost * (
        1 - looks.share_painted(Params.from_dict(job.params), steps=job.step, of_steps=job.steps)
    )


async def seconds_per_cost(connection: AsyncConnection, *, sample: int = 20) -> float | None:
    """The measured painting time per unit of cost over the newest finished jobs, None before the first."""
    recent = (
        select(table.c.cost, (table.c.ended_at - table.c.started_at).label("seconds"))
        .where(table.c.result_blob.is_not(None))
        .order_by(table.c.id.desc())
        .limit(sample)
        .subquery()
    )
    query = select(func.sum(recent.c.seconds), func.sum(recent.c.cost))
    seconds, cost = (await connection.execute(query)).one()
    return float(seconds / cost) if cost else None


async def standing(connection: AsyncConnection, job: Job, *, now: float, workers: int) -> Standing:
    """Where a queued or running job stands in the line."""
    ahead = [] if job.state is State.RUNNING else await jobs.ahead_of(connection, job)
    rate = await seconds_per_cost(connection)
    if rate is None:
        return Standing(ahead=len(ahead), ready_at=None)
    cost = sum(map(remaining_cost, ahead)) / max(1, workers) + remaining_cost(job)
    return Standing(ahead=len(ahead), ready_at=now + cost * rate)
