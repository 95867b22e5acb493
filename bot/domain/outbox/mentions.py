"""Who is to be told that a picture is ready, because it took long: once for each picture.

A row is added in the transaction in which the picture is delivered, and stays when it is told.
"""

from dataclasses import dataclass
from typing import Final

from sqlalchemy import Select, select
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.db import insert
from bot.domain.jobs import model
from bot.domain.jobs.model import Job
from bot.domain.outbox import deliveries, schedule, takedowns
from bot.domain.outbox.schedule import is_due
from bot.domain.servers import server_settings, users
from bot.tables.pictures import jobs, mentions

WAITED_S: Final = 60.0
"""Whoever waits for longer is likely to look elsewhere."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Mention:
    """A person who has yet to be told; card_id: the card's message, None if it is gone by now.

    tries: how often telling was begun, this time included.
    """

    job: Job
    card_id: int | None
    tries: int

    @property
    def key(self) -> tuple[int]:
        return (self.job.id,)


async def add(connection: AsyncConnection, job: Job, *, now: float) -> bool:
    """The picture is on its card now: its person is to be told. False: they need not, or want not, be.

    A card that only they see, or that came to them directly, is one that nobody has to be called to.
    """
    if job.private or now - job.created_at <= WAITED_S:
        return False
    address = await deliveries.address_of(connection, job.id)
    if address is None or not address.channel_reachable or address.message_channel_id is not None:
        return False
    person = await users.settings_of(connection, job.user_id)
    server = await server_settings.settings_of(connection, job.guild_id)
    if not person.mention_when_ready or server.mention_when_ready is False:
        return False
    statement = insert(connection, mentions).values(job_id=job.id, created_at=now)
    await connection.execute(statement.on_conflict_do_nothing())
    return True


def _due(now: float) -> Select[tuple[int]]:
    return select(mentions.c.job_id).where(is_due(mentions, now)).order_by(mentions.c.job_id)


async def anything_due(connection: AsyncConnection, *, now: float) -> bool:
    return (await connection.execute(_due(now).limit(1))).first() is not None


async def claim_due(connection: AsyncConnection, *, now: float, limit: int, holder: str) -> list[Mention]:
    """Leases some of those that are due, the oldest first."""
    rows = await schedule.claim(connection, mentions, _due(now).limit(limit), now=now, holder=holder)
    found = []
    for row in rows:
        job = await model.get(connection, row["job_id"])
        address = await deliveries.address_of(connection, row["job_id"])
        if job is not None:
            card_id = address.message_id if address else None
            found.append(Mention(job=job, card_id=card_id, tries=row["tries"] + 1))
    return found


async def settle(connection: AsyncConnection, job_id: int, *, message_id: int | None) -> bool:
    """It is told, by this message, or never will be. False: its row was deleted meanwhile."""
    return await schedule.settle(connection, mentions, (job_id,), due_at=None, message_id=message_id)


async def messages_of(connection: AsyncConnection, *, user_id: int) -> dict[int, int]:
    """The channels of the messages that have told a person, by the messages' ids."""
    query = (
        select(mentions.c.message_id, jobs.c.channel_id)
        .join(jobs, jobs.c.id == mentions.c.job_id)
        .where(jobs.c.user_id == user_id, mentions.c.message_id.is_not(None))
    )
    return {row.message_id: row.channel_id for row in await connection.execute(query)}


async def take_down(connection: AsyncConnection, job: Job) -> None:
    """What has called people to a picture goes with it."""
    query = select(mentions.c.message_id).where(mentions.c.job_id == job.id)
    message_id = (await connection.execute(query)).scalar_one_or_none()
    if message_id is not None:
        await takedowns.add(connection, {message_id: job.channel_id})
