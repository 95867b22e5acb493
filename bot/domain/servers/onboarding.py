"""Which servers have been shown around: each once."""

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.db import insert
from bot.tables import guilds


async def is_toured(connection: AsyncConnection, guild_id: int) -> bool:
    query = select(guilds.c.toured_at).where(guilds.c.guild_id == guild_id)
    return (await connection.execute(query)).scalar_one_or_none() is not None


async def claim(connection: AsyncConnection, guild_id: int, *, now: float) -> bool:
    """True for the first who asks and for nobody after, also where two ask at once."""
    statement = insert(connection, guilds).values(guild_id=guild_id, settings={}, toured_at=now)
    claimed = await connection.execute(
        statement.on_conflict_do_update(
            index_elements=["guild_id"], set_={"toured_at": now}, where=guilds.c.toured_at.is_(None)
        ).returning(guilds.c.guild_id)
    )
    return claimed.first() is not None
