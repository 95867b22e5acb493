"""Messages on Discord that show pictures which were deleted here, and have yet to be taken down.

A row says where a message is, but not whose picture it shows.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Select, delete, select
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain.outbox import schedule
from bot.domain.outbox.schedule import is_due
from bot.tables import takedowns


@dataclass(frozen=True, slots=True, kw_only=True)
class Takedown:
    """A message of the bot's that is to be taken down; tries: how often that was tried."""

    channel_id: int
    message_id: int
    tries: int

    @property
    def key(self) -> tuple[int]:
        return (self.message_id,)


async def add(connection: AsyncConnection, channels: Mapping[int, int]) -> None:
    """Adds messages to take down. channels: each message's channel."""
    rows = [{"message_id": message, "channel_id": channel} for message, channel in channels.items()]
    if rows:
        await connection.execute(takedowns.insert(), rows)


def _due(now: float) -> Select[Any]:
    newest_first = takedowns.c.message_id.desc()
    return select(takedowns.c.message_id).where(is_due(takedowns, now)).order_by(newest_first)


async def anything_due(connection: AsyncConnection, *, now: float) -> bool:
    return (await connection.execute(_due(now).limit(1))).first() is not None


async def claim_due(
    connection: AsyncConnection, *, now: float, limit: int, holder: str | None = None
) -> list[Takedown]:
    """Leases some of the messages that are due, the newest first."""
    rows = await schedule.claim(connection, takedowns, _due(now).limit(limit), now=now, holder=holder)
    return [
        Takedown(channel_id=row["channel_id"], message_id=row["message_id"], tries=row["tries"] + 1)
        for row in rows
    ]


async def forget(connection: AsyncConnection, message_id: int) -> None:
    await connection.execute(delete(takedowns).where(takedowns.c.message_id == message_id))
