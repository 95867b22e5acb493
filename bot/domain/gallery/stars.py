"""Stars: one for each person and picture, given and taken back by the same button."""

from dataclasses import dataclass

from sqlalchemy import delete, func, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain.gallery import exhibits
from bot.errors import Refusal
from bot.language import _
from bot.tables import stars


@dataclass(frozen=True, slots=True, kw_only=True)
class Starred:
    """What a click has come to: whether the person's star stands now, and how many there are."""

    given: bool
    count: int


async def toggle(
    connection: AsyncConnection, job_id: int, *, guild_id: int | None, user_id: int, now: float
) -> Starred:
    """Gives the person's star to an exhibit, or takes it back.

    Raises:
        Refusal: the picture does not hang in this server, or is their own.
    """
    exhibit = await exhibits.require(connection, job_id, guild_id=guild_id)
    if exhibit.job.user_id == user_id:
        raise Refusal(_("Stars come from others: you cannot star a picture of your own."))
    mine = (stars.c.job_id == job_id, stars.c.user_id == user_id)
    taken = (await connection.execute(delete(stars).where(*mine))).rowcount
    if not taken:
        values = {"job_id": job_id, "user_id": user_id, "created_at": now}
        try:
            async with connection.begin_nested():
                await connection.execute(stars.insert().values(**values))
        except IntegrityError:
            pass  # a second click at the same moment: the star stands
    await exhibits.touch(connection, [job_id])
    return Starred(given=not taken, count=await count(connection, job_id))


async def count(connection: AsyncConnection, job_id: int) -> int:
    query = select(func.count()).select_from(stars).where(stars.c.job_id == job_id)
    return int((await connection.execute(query)).scalar_one())
