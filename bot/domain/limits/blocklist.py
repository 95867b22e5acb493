"""Whom the operator has shut out: people and servers from which no request is taken."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from sqlalchemy import and_, delete, or_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.db import upsert
from bot.tables import blocks

Kind = Literal["user", "guild"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """The operator's `reason` is for the operator: who is refused gets a neutral sentence."""

    kind: Kind
    id: int
    reason: str
    created_at: float


async def block(connection: AsyncConnection, new: Block) -> None:
    """Shuts out from now on; a second block of the same replaces the reason."""
    key = {"kind": new.kind, "id": new.id}
    await upsert(connection, blocks, key, {"reason": new.reason, "created_at": new.created_at})


async def unblock(connection: AsyncConnection, kind: Kind, blocked_id: int) -> bool:
    """False: there was no such block."""
    where = and_(blocks.c.kind == kind, blocks.c.id == blocked_id)
    return (await connection.execute(delete(blocks).where(where))).rowcount == 1


async def every(connection: AsyncConnection) -> Sequence[Block]:
    """All blocks, the oldest first."""
    query = select(blocks).order_by(blocks.c.created_at, blocks.c.kind, blocks.c.id)
    return [Block(**row) for row in (await connection.execute(query)).mappings()]


async def is_blocked(connection: AsyncConnection, *, user_id: int, guild_id: int | None) -> bool:
    """Whether the person, or the server that the request comes from, is shut out."""
    person = and_(blocks.c.kind == "user", blocks.c.id == user_id)
    server = and_(blocks.c.kind == "guild", blocks.c.id == guild_id)
    query = select(blocks.c.id).where(or_(person, server)).limit(1)
    return (await connection.execute(query)).first() is not None
