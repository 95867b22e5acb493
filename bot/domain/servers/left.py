"""Servers that removed the bot: recorded at once, deleted some days later unless the bot comes back."""

from collections.abc import Callable, Collection
from typing import Any

from sqlalchemy import and_, delete, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.db import insert, upsert
from bot.domain.jobs import stats
from bot.domain.jobs.model import WAITING
from bot.tables.people import challenges, digests, exhibits, guilds, log_entries, server_blocks, stars
from bot.tables.pictures import deliveries, jobs, mentions, server_presets

BATCH = 200


async def left(connection: AsyncConnection, guild_id: int, *, now: float) -> None:
    """The bot was removed from the server."""
    await upsert(connection, guilds, {"guild_id": guild_id}, {"left_at": now}, new={"settings": {}})


async def joined(connection: AsyncConnection, guild_id: int) -> None:
    """The bot is in the server, for the first time or again."""
    await upsert(connection, guilds, {"guild_id": guild_id}, {"left_at": None}, new={"settings": {}})


async def catch_up(
    connection: AsyncConnection, present: Collection[int], *, now: float, of_shards: Callable[[int], bool]
) -> None:
    """Records what happened while the bot was offline: it is in the servers `present` and in no others.

    of_shards: whether a server belongs to the shards that `present` is about.
    """
    known = (await connection.execute(select(guilds.c.guild_id, guilds.c.left_at))).all()
    noted = {guild_id: left_at for guild_id, left_at in known if of_shards(guild_id)}
    back = [guild_id for guild_id in present if guild_id not in noted or noted[guild_id] is not None]
    if back:
        here = {"left_at": None}
        statement = insert(connection, guilds).on_conflict_do_update(index_elements=["guild_id"], set_=here)
        rows: list[dict[str, Any]] = [{"guild_id": guild_id, "settings": {}, **here} for guild_id in back]
        await connection.execute(statement, rows)
    for guild_id, left_at in noted.items():
        if left_at is None and guild_id not in present:
            await left(connection, guild_id, now=now)


async def gone_before(connection: AsyncConnection, moment: float) -> list[int]:
    """The servers that were left before `moment`."""
    query = select(guilds.c.guild_id).where(guilds.c.left_at < moment).order_by(guilds.c.left_at)
    return list((await connection.execute(query)).scalars())


async def forget_some(connection: AsyncConnection, guild_id: int, *, before: float) -> bool:
    """Deletes a part of a server's data: some of its jobs' links, and the rest once no link is left.

    False: nothing more to do, or the bot has come back.
    """
    still_gone = select(guilds.c.left_at).where(guilds.c.guild_id == guild_id).with_for_update()
    left_at = (await connection.execute(still_gone)).scalar_one_or_none()
    if left_at is None or left_at >= before:
        return False
    # People who installed the app for themselves may go on painting in a server that the bot has left.
    its_jobs = and_(jobs.c.guild_id == guild_id, jobs.c.created_at <= left_at, jobs.c.state.not_in(WAITING))
    some = list((await connection.execute(select(jobs.c.id).where(its_jobs).limit(BATCH))).scalars())
    for statement in (
        delete(stars).where(stars.c.job_id.in_(some)),
        update(exhibits).where(exhibits.c.job_id.in_(some)).values(stars=0),
        delete(deliveries).where(deliveries.c.job_id.in_(some)),
        delete(mentions).where(mentions.c.job_id.in_(some)),
        update(jobs).where(jobs.c.id.in_(some)).values(guild_id=None, channel_id=0, challenge_id=None),
    ):
        await connection.execute(statement)
    if len(some) == BATCH:
        return True
    await stats.forget_server(connection, guild_id)
    for table in (server_presets, exhibits, digests, challenges, server_blocks, log_entries, guilds):
        await connection.execute(delete(table).where(table.c.guild_id == guild_id))
    return False
