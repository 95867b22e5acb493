"""Whom a server's moderators have blocked: from them no picture is asked for there."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import and_, delete, select
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.db import upsert
from bot.tables.people import server_blocks


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerBlock:
    """One blocked person; `reason` is for the moderators' eyes."""

    guild_id: int
    blocked_id: int
    reason: str
    created_at: float


async def block(connection: AsyncConnection, new: ServerBlock) -> None:
    """Refuses their requests in this server from now on; blocking them again replaces the reason."""
    key = {"guild_id": new.guild_id, "blocked_id": new.blocked_id}
    await upsert(connection, server_blocks, key, {"reason": new.reason, "created_at": new.created_at})


async def unblock(connection: AsyncConnection, guild_id: int, blocked_id: int) -> bool:
    """False: there was no such block."""
    this = and_(server_blocks.c.guild_id == guild_id, server_blocks.c.blocked_id == blocked_id)
    return (await connection.execute(delete(server_blocks).where(this))).rowcount == 1


async def of_guild(connection: AsyncConnection, guild_id: int) -> Sequence[ServerBlock]:
    """The oldest first."""
    query = select(server_blocks).where(server_blocks.c.guild_id == guild_id)
    query = query.order_by(server_blocks.c.created_at, server_blocks.c.blocked_id)
    return [ServerBlock(**row) for row in (await connection.execute(query)).mappings()]


async def is_blocked(connection: AsyncConnection, *, user_id: int, guild_id: int | None) -> bool:
    """Whether this server's moderators have blocked the person."""
    this = and_(server_blocks.c.guild_id == guild_id, server_blocks.c.blocked_id == user_id)
    return (await connection.execute(select(server_blocks.c.blocked_id).where(this))).first() is not None
