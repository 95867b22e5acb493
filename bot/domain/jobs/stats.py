"""How much has been painted, and how fast."""

from statistics import median

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain.jobs.model import State
from bot.tables import jobs

PAINTED = (State.RENDERED, State.DELIVERED)


async def count_painted(
    connection: AsyncConnection, *, guild_id: int | None = None, user_id: int | None = None
) -> int:
    """Finished pictures: all, or those of one server or one person."""
    query = select(func.count()).select_from(jobs).where(jobs.c.state.in_(PAINTED))
    if guild_id is not None:
        query = query.where(jobs.c.guild_id == guild_id)
    if user_id is not None:
        query = query.where(jobs.c.user_id == user_id)
    return int((await connection.execute(query)).scalar_one())


async def median_seconds(connection: AsyncConnection, *, sample: int = 200) -> float | None:
    """How long the newest pictures took to paint; None before the first."""
    query = (
        select(jobs.c.ended_at - jobs.c.started_at)
        .where(jobs.c.state.in_(PAINTED), jobs.c.started_at.is_not(None))
        .order_by(jobs.c.id.desc())
        .limit(sample)
    )
    seconds = list((await connection.execute(query)).scalars())
    return median(seconds) if seconds else None
