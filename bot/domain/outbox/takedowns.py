"""Messages on Discord that show pictures which were deleted here, and have yet to be taken down.

A row says where a message is, but not whose picture it shows.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Select, delete, select
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.db import insert
from bot.domain.jobs.model import Address
from bot.domain.outbox import schedule
from bot.domain.outbox.schedule import is_due
from bot.tables.people import takedowns


@dataclass(frozen=True, slots=True, kw_only=True)
class Takedown:
    """A message of the bot's that is to be taken down; tries: how often that was tried.

    interaction_token: through which it can be deleted where only its person sees it, until `token_until`.
    """

    channel_id: int
    message_id: int
    tries: int
    interaction_token: str | None = None
    token_until: float | None = None

    @property
    def key(self) -> tuple[int]:
        return (self.message_id,)


@dataclass(frozen=True, slots=True, kw_only=True)
class Token:
    """An interaction's token, and when it expires."""

    token: str
    until: float


async def add(
    connection: AsyncConnection, channels: Mapping[int, int], *, tokens: Mapping[int, Token] | None = None
) -> None:
    """Adds messages to take down, as far as they are not added yet.

    channels: each message's channel; tokens: of messages that only their person sees.
    """
    given = tokens or {}
    rows = [
        {
            "message_id": message,
            "channel_id": channel,
            "interaction_token": given[message].token if message in given else None,
            "token_until": given[message].until if message in given else None,
        }
        for message, channel in channels.items()
    ]
    if rows:
        await connection.execute(insert(connection, takedowns).on_conflict_do_nothing(), rows)


async def add_card(connection: AsyncConnection, card: Address, *, channel_id: int) -> None:
    """Adds a card's message, in whatever way it can be deleted. channel_id: where it is."""
    if card.message_id is not None:
        tokens = {} if card.by_channel else {card.message_id: token_of(card)}
        await add(connection, {card.message_id: channel_id}, tokens=tokens)


def token_of(card: Address) -> Token:
    return Token(token=card.interaction_token, until=card.token_until)


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
        Takedown(
            channel_id=row["channel_id"],
            message_id=row["message_id"],
            tries=row["tries"] + 1,
            interaction_token=row["interaction_token"],
            token_until=row["token_until"],
        )
        for row in rows
    ]


async def forget(connection: AsyncConnection, message_id: int) -> None:
    await connection.execute(delete(takedowns).where(takedowns.c.message_id == message_id))
