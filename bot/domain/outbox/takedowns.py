"""Leftovers: messages on Discord that show pictures which are deleted here, until they are taken down too.

A row says where a message is, and not whose picture it shows.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import ColumnElement, delete, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.tables import leftovers

LEASE_S = 60.0
"""How long one process may be busy with a message before another takes it up."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Takedown:
    """A message of the bot's that is to be taken down; tries: how often that was begun."""

    channel_id: int
    message_id: int
    tries: int


async def add(connection: AsyncConnection, channels: Mapping[int, int]) -> None:
    """Notes messages to be taken down. channels: each message's channel."""
    rows = [{"message_id": message, "channel_id": channel} for message, channel in channels.items()]
    if rows:
        await connection.execute(leftovers.insert(), rows)


def _due(now: float) -> ColumnElement[bool]:
    return leftovers.c.due_at <= now


async def anything_due(connection: AsyncConnection, *, now: float) -> bool:
    return (
        await connection.execute(select(leftovers.c.message_id).where(_due(now)).limit(1))
    ).first() is not None


async def claim_due(connection: AsyncConnection, *, now: float, limit: int) -> list[Takedown]:
    """Takes on some of what is to be taken down, the newest first: nobody else gets it for `LEASE_S`."""
    first = (
        select(leftovers.c.message_id).where(_due(now)).order_by(leftovers.c.message_id.desc()).limit(limit)
    )
    claimed = await connection.execute(
        update(leftovers)
        .where(leftovers.c.message_id.in_(first.with_for_update(skip_locked=True)))
        .values(due_at=now + LEASE_S, tries=leftovers.c.tries + 1)
        .returning(leftovers.c.channel_id, leftovers.c.message_id, leftovers.c.tries)
    )
    return [Takedown(**row) for row in claimed.mappings()]


async def forget(connection: AsyncConnection, message_id: int) -> None:
    """It is gone, or Discord will never let us."""
    await connection.execute(delete(leftovers).where(leftovers.c.message_id == message_id))


async def postpone(connection: AsyncConnection, message_id: int, *, retry_at: float) -> None:
    mine = leftovers.c.message_id == message_id
    await connection.execute(update(leftovers).where(mine).values(due_at=retry_at))
