"""Whose turn it is: each job's fair tag, by which the line is ordered."""

from sqlalchemy import func, or_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.tables import jobs


async def tag_for(connection: AsyncConnection, user_id: int) -> int:
    """Start-time fair queueing: the k-th waiting job of a user waits behind everybody's (k-1)-th.

    A job that was cancelled before it started has cost nobody anything, and does not count.

    Source: Goyal, Vin & Cheng 1996, "Start-time Fair Queueing", section 2, with all jobs of length 1.
    """
    costs = or_(jobs.c.started_at.is_not(None), jobs.c.ended_at.is_(None))
    virtual_time = select(func.max(jobs.c.fair_tag)).where(jobs.c.started_at.is_not(None))
    last_of_user = select(func.max(jobs.c.fair_tag)).where(jobs.c.user_id == user_id, costs)
    query = select(virtual_time.scalar_subquery(), last_of_user.scalar_subquery())
    now, last = (await connection.execute(query)).one()
    return max(now or 0, (last or 0) + 1)
