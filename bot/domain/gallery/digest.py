"""The weekly digest: which servers are due one, what is in it, and that each comes once."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from sqlalchemy import delete, exists, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.db import insert
from bot.domain.gallery import listing
from bot.domain.gallery.exhibits import Exhibit
from bot.domain.gallery.listing import Choice
from bot.domain.servers.server_settings import GuildSettings
from bot.domain.styles import server_presets
from bot.domain.styles.looks import BUILT_IN
from bot.tables import digests, guilds

FROM_HOUR_UTC = 9
"""Monday's digest comes at this hour or, where the bot was away, later in the week."""
PICTURES = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Week:
    """A week by ISO 8601, from Monday 00:00 UTC; `start` and `end` are epoch seconds."""

    name: str
    start: float
    end: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Due:
    """A server that waits for its digest."""

    guild_id: int
    settings: GuildSettings


def told_week(now: float) -> Week:
    """The newest week whose digest may be told: it ended on a Monday, and that is past 09:00 UTC."""
    told = datetime.fromtimestamp(now, UTC) - timedelta(hours=FROM_HOUR_UTC)
    monday = told.replace(hour=0, minute=0, second=0, microsecond=0) - timedelta(days=told.weekday())
    start = monday - timedelta(days=7)
    year, week, _day = start.isocalendar()
    return Week(name=f"{year}-W{week:02}", start=start.timestamp(), end=monday.timestamp())


async def due(connection: AsyncConnection, week: Week) -> list[Due]:
    """The servers with an art channel that want the digest of `week` and have not had it."""
    had = exists().where(digests.c.guild_id == guilds.c.guild_id, digests.c.week == week.name)
    query = select(guilds.c.guild_id, guilds.c.settings).where(
        guilds.c.settings["art_channel"].as_string().is_not(None), guilds.c.left_at.is_(None), ~had
    )
    found = [
        Due(guild_id=row.guild_id, settings=GuildSettings.from_dict(row.settings))
        for row in await connection.execute(query)
    ]
    return [one for one in found if one.settings.art_channel is not None and one.settings.art_digest]


async def claim(connection: AsyncConnection, guild_id: int, week: Week, *, now: float) -> bool:
    """Takes on the digest before it is posted, so that a crash does not post it twice. False: it is taken."""
    values = {"guild_id": guild_id, "week": week.name, "created_at": now}
    statement = insert(connection, digests).values(**values).on_conflict_do_nothing()
    claimed = await connection.execute(statement.returning(digests.c.guild_id))
    return claimed.first() is not None


async def posted(connection: AsyncConnection, guild_id: int, week: Week, *, message_id: int) -> None:
    own = (digests.c.guild_id == guild_id, digests.c.week == week.name)
    await connection.execute(update(digests).where(*own).values(message_id=message_id))


async def release(connection: AsyncConnection, guild_id: int, week: Week) -> None:
    """Discord refused it for now: the next look at the clock tries again."""
    own = (digests.c.guild_id == guild_id, digests.c.week == week.name, digests.c.message_id.is_(None))
    await connection.execute(delete(digests).where(*own))


async def best(
    connection: AsyncConnection, guild_id: int, week: Week, *, age_restricted: bool
) -> list[Exhibit]:
    """The week's most starred pictures; none where nobody gave a star."""
    choice = Choice(
        guild_id=guild_id,
        age_restricted=age_restricted,
        since=week.start,
        until=week.end,
        starred=True,
    )
    return await listing.hanging(connection, choice, limit=PICTURES)


async def shared_styles(connection: AsyncConnection, guild_id: int) -> list[str]:
    """The styles that everybody in a server can paint in: the built-in paintings and the server's presets."""
    shared = await server_presets.of_guild(connection, guild_id)
    return [*(one.name for one in BUILT_IN), *(one.name for one in shared)]
